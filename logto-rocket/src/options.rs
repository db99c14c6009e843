//! Options of a sign-in: what Logto asks the user, and where they return to.

mod lists;
mod names;

use std::collections::BTreeMap;
use std::fmt;

use self::lists::some_or_list;
pub(crate) use self::lists::{names, texts};
pub use self::names::{DirectSignIn, FirstScreen, Identifier, Prompt};
use crate::error::{Error, ErrorKind, Result};

/// Parameters of an authorization request that this crate sets: an extra parameter must
/// not add a second value.
const PROTOCOL_PARAMETERS: &[&str] = &[
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "direct_sign_in",
    "first_screen",
    "identifier",
    "login_hint",
    "nonce",
    "one_time_token",
    "organization_id",
    "prompt",
    "redirect_uri",
    "request",
    "request_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "ui_locales",
];

/// Parameters that ask for a fresh or a strong sign-in, or for a certain user (OpenID
/// Connect Core, sections 3.1.2.1 and 5.5.1.1). Logto may let anybody through, and a user
/// can edit the address: only a check of the ID token would tell.
const UNCHECKED_PARAMETERS: &[&str] = &["acr_values", "claims", "id_token_hint", "max_age"];

/// Options of a sign-in.
///
/// Set the same options in the configuration under `sign_in` for every sign-in, or per
/// call to [`LogtoClient::sign_in()`](crate::LogtoClient::sign_in), where they add to the
/// configured scopes, resources and extra parameters and replace the rest. See the chapter
/// [`guide::logto`](crate::guide::logto#what-a-sign-in-asks-for).
///
/// # Example
///
/// ```rust
/// use logto_rocket::{FirstScreen, Identifier, SignInOptions, UserScope};
///
/// let options = SignInOptions::new()
///     .scopes([UserScope::Email])
///     .scopes(["read:items"])
///     .first_screen(FirstScreen::IdentifierRegister)
///     .identifiers([Identifier::Email])
///     .post_redirect_path("/welcome");
///
/// assert_eq!(options.scopes, ["email", "read:items"]);
/// ```
///
/// # Sign-ins that begin elsewhere
///
/// An identity provider sends its users to the application with the id of its connector,
/// and an email has a link with a one-time token. For both, begin the application's own
/// sign-in in a hand-written route: an answer that no sign-in of this browser asked for
/// is refused.
///
/// ```rust
/// use logto_rocket::{DirectSignIn, Error, LogtoClient, Prompt, Redirect, SignInOptions};
/// use rocket::{FromForm, get};
///
/// #[derive(FromForm)]
/// struct Sso {
///     #[field(name = "ssoConnectorId")]
///     connector: String,
/// }
///
/// // The SSO connector's "IdP-initiated" redirect URI: `{base_url}/sso`.
/// // `login` because the user comes from the provider, not from a session at Logto;
/// // `consent` because there is no refresh token without it.
/// #[get("/sso?<sso..>")]
/// async fn sso(sso: Sso, logto: LogtoClient<'_>) -> Result<Redirect, Error> {
///     let options = SignInOptions::new()
///         .prompt([Prompt::Login, Prompt::Consent])
///         .direct_sign_in(DirectSignIn::Sso(sso.connector));
///     logto.sign_in(options).await
/// }
///
/// // The link of a magic link: `{base_url}/magic-link?token=…&email=…`.
/// #[get("/magic-link?<token>&<email>")]
/// async fn magic_link(
///     token: String, email: String, logto: LogtoClient<'_>,
/// ) -> Result<Redirect, Error> {
///     logto.sign_in(SignInOptions::new().one_time_token(token).login_hint(email)).await
/// }
/// ```
///
/// # Silent sign-in
///
/// A public page can recognize users who are signed in at Logto without asking them anything:
/// with `prompt=none` Logto signs in users that it knows, and otherwise answers with an error
/// of kind [`InteractionRequired`](crate::ErrorKind::InteractionRequired), which the hook
/// sends back to the page. The page tries only once, or it would loop forever: a cookie
/// records the attempt, and a browser without cookies ends at the callback. A prefetch or a
/// script sees the page for strangers, and so does everybody while Logto is down. If one user
/// is signed in here and another at Logto, nothing changes and the error is the same.
///
/// ```rust
/// use logto_rocket::{Error, ErrorKind, Hooks, Logto, LogtoClient, Prompt, Redirect, SignInOptions};
/// use rocket::http::{Cookie, CookieJar, SameSite};
/// use rocket::response::{self, Responder, Response};
/// use rocket::{Request, get, routes};
///
/// #[get("/")]
/// async fn home(
///     logto: LogtoClient<'_>, jar: &CookieJar<'_>,
/// ) -> Result<Result<String, Redirect>, Error> {
///     if let Some(user) = logto.user().await? {
///         return Ok(Ok(format!("Hello, {}!", user.display_name())));
///     }
///     let silently = SignInOptions::new().prompt([Prompt::None]).post_redirect_path("/");
///     if jar.get("tried").is_none()
///         && let Ok(redirect) = logto.sign_in(silently).await
///     {
///         // `Lax`, as a strict one would not come back from Logto.
///         jar.add(Cookie::build(("tried", "1")).same_site(SameSite::Lax));
///         return Ok(Err(redirect));
///     }
///     Ok(Ok("Hello, stranger!".into()))
/// }
///
/// struct Silent;
///
/// #[rocket::async_trait]
/// impl Hooks for Silent {
///     async fn on_error<'r>(&self, request: &'r Request<'_>, error: &Error) -> Option<Response<'r>> {
///         let is_silent = error.kind() == ErrorKind::InteractionRequired;
///         let page = error.return_to().filter(|_| is_silent)?;
///         response::Redirect::to(page.to_owned()).respond_to(request).ok()
///     }
/// }
///
/// # fn app() -> rocket::Rocket<rocket::Build> {
/// rocket::build().attach(Logto::fairing().hooks(Silent)).mount("/", routes![home])
/// # }
/// ```
#[derive(Clone, Default, PartialEq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SignInOptions {
    /// Scopes beyond the reserved ones. **(default: none)**
    #[serde(deserialize_with = "texts")]
    pub scopes: Vec<String>,
    /// API resources whose tokens the session may ask for. **(default: none)**
    #[serde(deserialize_with = "texts")]
    pub resources: Vec<String>,
    /// What Logto asks of the user. **(default: `consent`)**
    #[serde(deserialize_with = "some_or_list")]
    pub prompt: Option<Vec<Prompt>>,
    /// Logto's first page. **(default: its sign-in page)**
    pub first_screen: Option<FirstScreen>,
    /// What the first page may ask for, with the `identifier:` pages and
    /// [`FirstScreen::ResetPassword`]. **(default: all)** Sent as `identifier`.
    #[serde(deserialize_with = "some_or_list")]
    pub identifiers: Option<Vec<Identifier>>,
    /// A connector to go to directly. **(default: none)**
    pub direct_sign_in: Option<DirectSignIn>,
    /// The user expected to sign in: prefills the form. **(default: none)**
    pub login_hint: Option<String>,
    /// The token of a magic link. **(default: none)** Secret; only per call.
    #[serde(skip_deserializing)]
    pub one_time_token: Option<String>,
    /// Languages of Logto's pages, separated by spaces. **(default: the browser's)**
    pub ui_locales: Option<String>,
    /// The organization whose branding Logto's pages carry. **(default: none)**
    pub organization_id: Option<String>,
    /// Further parameters of the authorization request. **(default: none)** They cannot
    /// set another value for a parameter that this crate sends. Nor can they be
    /// `max_age`, `acr_values`, `claims` or `id_token_hint`: whether Logto complied is
    /// not checked yet. In the configuration such a parameter stops the launch; in a
    /// call, [`sign_in()`](crate::LogtoClient::sign_in) fails with
    /// [`ErrorKind::InvalidOptions`].
    pub extra_params: BTreeMap<String, String>,
    /// Path on this site to return to after sign-in, if no page asked for the sign-in.
    /// **(default: `/`)**
    pub post_redirect_path: Option<String>,
    /// The page that asked for this sign-in, as named in a link. **(default: none)** Only per
    /// call.
    #[serde(skip_deserializing)]
    pub return_to: Option<String>,
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, value: impl Into<$type>) -> Self {
            self.$name = Some(value.into());
            self
        }
    )*};
}

impl SignInOptions {
    /// Options that change nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds scopes: a [`UserScope`](crate::UserScope) or a name.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// Adds API resources.
    #[must_use]
    pub fn resources(mut self, resources: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.resources.extend(resources.into_iter().map(Into::into));
        self
    }

    /// Sets what Logto asks of the user.
    #[must_use]
    pub fn prompt(mut self, prompt: impl IntoIterator<Item = Prompt>) -> Self {
        self.prompt = Some(prompt.into_iter().collect());
        self
    }

    /// Sets where the user goes after this sign-in, from the query of a link: a path on this
    /// site, or its full address. Anything else is ignored, so it may come from anybody; the
    /// user then goes to `post_redirect_path` of the options or the configuration, else home.
    ///
    /// ```rust
    /// use logto_rocket::{LogtoClient, Redirect, Result, SignInOptions};
    /// use rocket::get;
    ///
    /// #[get("/sign-in?<return_to>")]
    /// async fn sign_in(return_to: Option<&str>, logto: LogtoClient<'_>) -> Result<Redirect> {
    ///     logto.sign_in(SignInOptions::new().return_to(return_to)).await
    /// }
    /// ```
    #[must_use]
    pub fn return_to(mut self, page: Option<&str>) -> Self {
        self.return_to = page.map(Into::into);
        self
    }

    /// Whether Logto must not ask the user anything.
    pub(crate) fn is_silent(&self) -> bool {
        self.prompt.as_deref() == Some(&[Prompt::None])
    }

    /// Sets what the first page may ask for.
    #[must_use]
    pub fn identifiers(mut self, identifiers: impl IntoIterator<Item = Identifier>) -> Self {
        self.identifiers = Some(identifiers.into_iter().collect());
        self
    }

    /// Adds a parameter to the authorization request. Not every one is allowed: see
    /// [`extra_params`](Self::extra_params).
    #[must_use]
    pub fn extra_param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.extra_params.insert(name.into(), value.into());
        self
    }

    setters! {
        /// Sets Logto's first page.
        first_screen: FirstScreen;
        /// Sets a connector to go to directly.
        direct_sign_in: DirectSignIn;
        /// Sets the user expected to sign in.
        login_hint: String;
        /// Sets the token of a magic link.
        one_time_token: String;
        /// Sets the languages of Logto's pages.
        ui_locales: String;
        /// Sets the organization whose branding Logto's pages carry.
        organization_id: String;
        /// Sets the path on this site to return to. With anything else the sign-in fails:
        /// pass values from a link to [`return_to()`](Self::return_to).
        post_redirect_path: String;
    }

    /// These options with those of a call: lists add up, the rest is replaced.
    pub(crate) fn with(&self, call: &Self) -> Self {
        let join = |a: &[String], b: &[String]| [a, b].concat();
        let mut extra_params = self.extra_params.clone();
        extra_params.extend(call.extra_params.clone());
        Self {
            scopes: join(&self.scopes, &call.scopes),
            resources: join(&self.resources, &call.resources),
            prompt: call.prompt.clone().or_else(|| self.prompt.clone()),
            first_screen: call.first_screen.or(self.first_screen),
            identifiers: call.identifiers.clone().or_else(|| self.identifiers.clone()),
            direct_sign_in: call.direct_sign_in.clone().or_else(|| self.direct_sign_in.clone()),
            login_hint: call.login_hint.clone().or_else(|| self.login_hint.clone()),
            one_time_token: call.one_time_token.clone(),
            ui_locales: call.ui_locales.clone().or_else(|| self.ui_locales.clone()),
            organization_id: call.organization_id.clone().or_else(|| self.organization_id.clone()),
            extra_params,
            post_redirect_path: call
                .post_redirect_path
                .clone()
                .or_else(|| self.post_redirect_path.clone()),
            return_to: call.return_to.clone(),
        }
    }

    /// Returns the extra parameters.
    ///
    /// # Errors
    ///
    /// One of them is a protocol parameter, which could widen the request or redirect its
    /// answer, or asks for something that is not checked.
    pub(crate) fn checked_extra_params(&self) -> Result<&BTreeMap<String, String>> {
        for name in self.extra_params.keys() {
            let why = match name.as_str() {
                name if PROTOCOL_PARAMETERS.contains(&name) => "it has its own option",
                name if UNCHECKED_PARAMETERS.contains(&name) => "its effect is not checked yet",
                _ => continue,
            };
            let detail = format!("`{name}` cannot be an extra parameter; {why}");
            return Err(Error::new(ErrorKind::InvalidOptions, detail));
        }
        Ok(&self.extra_params)
    }

    /// The parameters that Logto adds to those of OpenID Connect.
    pub(crate) fn logto_params(&self) -> Vec<(&'static str, String)> {
        let identifiers = self.identifiers.as_deref().unwrap_or_default();
        let identifiers: Vec<_> =
            identifiers.iter().map(|identifier| identifier.as_str()).collect();
        let all = [
            ("first_screen", self.first_screen.map(|screen| screen.as_str().to_owned())),
            ("identifier", (!identifiers.is_empty()).then(|| identifiers.join(" "))),
            ("direct_sign_in", self.direct_sign_in.as_ref().map(ToString::to_string)),
            ("login_hint", self.login_hint.clone()),
            ("one_time_token", self.one_time_token.clone()),
            ("ui_locales", self.ui_locales.clone()),
            ("organization_id", self.organization_id.clone()),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

impl fmt::Debug for SignInOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInOptions")
            .field("scopes", &self.scopes)
            .field("resources", &self.resources)
            .field("prompt", &self.prompt)
            .field("first_screen", &self.first_screen)
            .field("identifiers", &self.identifiers)
            .field("direct_sign_in", &self.direct_sign_in)
            .field("one_time_token", &self.one_time_token.as_ref().map(|_| "[redacted]"))
            .field("extra_params", &self.extra_params.keys())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_of_a_call_add_to_the_configured_ones_or_replace_them() {
        let configured: SignInOptions = serde_json::from_str(
            r#"{"scopes":"email phone","prompt":"login consent","direct_sign_in":"social:google"}"#,
        )
        .expect("options");
        let call = SignInOptions::new().scopes(["roles"]).first_screen(FirstScreen::Register);
        let both = configured.with(&call);
        assert_eq!(both.scopes, ["email", "phone", "roles"]);
        assert_eq!(both.prompt, Some(vec![Prompt::Login, Prompt::Consent]));
        let params = both.logto_params();
        assert_eq!(params[0], ("first_screen", "register".into()));
        assert_eq!(params[1], ("direct_sign_in", "social:google".into()));
    }

    #[test]
    fn identifiers_go_by_the_name_that_logto_reads() {
        let options = SignInOptions::new().identifiers([Identifier::Email, Identifier::Phone]);
        assert_eq!(options.logto_params(), [("identifier", "email phone".into())]);
    }

    /// A13: a caller cannot override the protocol.
    #[test]
    fn an_extra_parameter_cannot_be_one_of_the_protocol() {
        for name in PROTOCOL_PARAMETERS {
            let options = SignInOptions::new().extra_param(*name, "evil");
            let error = options.checked_extra_params().expect_err(name);
            assert_eq!(error.kind(), ErrorKind::InvalidOptions);
        }
        assert!(SignInOptions::new().extra_param("theme", "dark").checked_extra_params().is_ok());
    }

    /// A29: a caller that asks for a fresh or strong sign-in must not get just any
    /// sign-in.
    #[test]
    fn an_extra_parameter_cannot_ask_for_what_is_not_checked() {
        for name in ["max_age", "acr_values", "claims", "id_token_hint"] {
            let options = SignInOptions::new().extra_param(name, "0");
            let error = options.checked_extra_params().expect_err(name);
            assert_eq!(error.kind(), ErrorKind::InvalidOptions);
            let told = error.to_string();
            assert!(told.contains(name) && told.contains("not checked yet"), "{told}");
        }
    }

    #[test]
    fn a_one_time_token_is_not_in_the_debug_form() {
        let options = SignInOptions::new().one_time_token("secret-token");
        assert!(!format!("{options:?}").contains("secret-token"));
    }
}

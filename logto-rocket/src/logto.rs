//! The managed [`Logto`]: it composes the parts, and has the public methods.

mod requests;
mod sessions;
mod stores;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rocket::request::Request;
use tokio::sync::Semaphore;

pub(crate) use self::stores::Stores;
use self::stores::{instances, sealer, storage};
use crate::bearer::BearerTokens;
use crate::client::Client;
use crate::clock::{Clock, OnceAMinute};
use crate::config::{Checked, Config, RoutePath};
use crate::discovery::ProviderMetadata;
use crate::error::Result;
use crate::hooks::Hooks;
use crate::jwt::Verifier;
use crate::location::{ReturnPath, Site};
use crate::resource::ResourceMetadata;
use crate::seal::{Cookies, Kind};
use crate::sender::Origins;
use crate::session::Sessions;
use crate::sign_in::SignIns;
use crate::sign_out::SignOuts;
use crate::token::{AccessToken, Audience, TokenExchange};
use crate::tokens::{MachineTokens, Tokens};
use crate::transaction::Transactions;

/// Sign-in with Logto: attach [`Logto::fairing()`] to an application to add it.
///
/// The fairing reads the [`Config`](crate::Config), mounts the routes for
/// sign-in, callback and sign-out, and manages a `Logto`. A cheap handle: cloning
/// it clones no state. See the chapter [`guide::start`](crate::guide::start).
///
/// # Example
///
/// ```rust
/// # use rocket::{get, launch, routes};
/// use logto_rocket::{authenticated, Logto, User};
///
/// #[authenticated(redirect)]
/// #[get("/profile")]
/// fn profile(user: &User) -> String {
///     format!("Hello, {}!", user.display_name())
/// }
///
/// # fn app() -> rocket::Rocket<rocket::Build> {
/// rocket::build().attach(Logto::fairing()).mount("/", routes![profile])
/// # }
/// ```
#[derive(Clone)]
pub struct Logto(Arc<Parts>);

/// Bytes of our cookies in an answer that are worth a warning. nginx accepts 4 KiB of
/// headers by default, and the application has its own.
const LARGE_HEADER: usize = 3500;

/// The state that all handles share.
struct Parts {
    checked: Checked,
    client: Arc<Client>,
    sessions: Arc<Sessions>,
    tokens: Arc<Tokens>,
    machine_tokens: MachineTokens,
    sign_ins: Arc<SignIns>,
    sign_outs: Arc<SignOuts>,
    bearer_tokens: BearerTokens,
    hooks: Arc<dyn Hooks>,
    drains: Semaphore,
    clock: Clock,
    /// When it was last logged that an answer has large cookies.
    large_header: OnceAMinute,
}

impl Logto {
    /// Builds it from the configuration and the application's own stores.
    pub(crate) fn new(checked: Checked, own: Stores, hooks: Box<dyn Hooks>) -> Result<Self> {
        let (config, clock) = (&checked.config, Clock::default());
        let hooks: Arc<dyn Hooks> = hooks.into();
        let base_url = checked.site.url("");
        let cookies = Cookies::new(&checked.app_id, &base_url, checked.secure_cookies);
        let client = Arc::new(Client::new(&checked, clock.clone())?);
        let Stores { sessions: store, marks } = own.or_configured(&config.session)?;
        let sessions = Arc::new(Sessions::new(
            config.session.clone(),
            cookies.clone(),
            (clock.clone(), checked.clock_skew()),
            Arc::clone(&client),
            Arc::new(instances(&checked, store.clone().or(marks))),
            storage(&checked, store),
        ));
        let tokens = Tokens::new(
            Arc::clone(&client),
            Arc::clone(&sessions),
            clock.clone(),
            Duration::from_secs(config.session.revalidate),
        );
        let sign_ins = SignIns::new(
            (config.sign_in_options(), checked.site.clone()),
            Arc::clone(&client),
            Arc::clone(&sessions),
            Arc::clone(&hooks),
            clock.clone(),
            Transactions { cookies, sealer: sealer(&checked, Kind::Transaction) },
        );
        let verifier = || Verifier::new(&checked, Arc::clone(&client.signatures), clock.clone());
        let bearer_tokens =
            BearerTokens::new(verifier(), clock.clone(), checked.clock_skew().as_secs());
        let sign_outs = SignOuts::new(
            Arc::clone(&client),
            verifier(),
            Arc::clone(&sessions),
            Arc::clone(&hooks),
            checked.origins.clone(),
            clock.clone(),
            checked.clock_skew(),
        );
        Ok(Self(Arc::new(Parts {
            machine_tokens: MachineTokens::new(Arc::clone(&client), clock.clone()),
            client,
            sessions,
            tokens: Arc::new(tokens),
            sign_ins: Arc::new(sign_ins),
            sign_outs: Arc::new(sign_outs),
            bearer_tokens,
            hooks,
            drains: Semaphore::new(usize::try_from(config.drain.requests).unwrap_or(usize::MAX)),
            clock,
            large_header: OnceAMinute::default(),
            checked,
        })))
    }

    /// The managed `Logto`, if its fairing is attached.
    pub(crate) fn of<'r>(request: &'r Request<'_>) -> Option<&'r Self> {
        request.rocket().state()
    }

    /// The configuration, as it was read at the launch from `Rocket.toml`, the environment and
    /// files: for other APIs of Logto that an application calls. It has secrets, which its
    /// `Debug` output leaves out.
    ///
    /// # Example
    ///
    /// ```rust
    /// use logto_rocket::Logto;
    ///
    /// fn account_api(logto: &Logto) -> String {
    ///     let config = logto.config();
    ///     let endpoint = config.internal_endpoint.as_ref().unwrap_or(&config.endpoint);
    ///     format!("{endpoint}/api/my-account")
    /// }
    /// ```
    pub fn config(&self) -> &Config {
        &self.0.checked.config
    }

    /// Whether users sign in here; otherwise it is an API without sessions.
    pub(crate) fn signs_in(&self) -> bool {
        self.0.checked.signs_in
    }

    pub(crate) fn app_id(&self) -> &str {
        &self.0.checked.app_id
    }

    /// The metadata of API resources to publish; none unless the configuration says so.
    pub(crate) fn resource_metadata(&self) -> &[ResourceMetadata] {
        &self.0.checked.resource_metadata
    }

    pub(crate) fn site(&self) -> &Site {
        &self.0.checked.site
    }

    /// The path of the callback on this site.
    pub(crate) fn callback(&self) -> &str {
        &self.0.checked.callback
    }

    /// Waits until all sessions are saved.
    pub(crate) async fn all_saved(&self) {
        self.0.tokens.all_refreshed().await;
        self.0.sessions.all_saved().await;
    }

    pub(crate) fn origins(&self) -> &Origins {
        &self.0.checked.origins
    }

    pub(crate) fn hooks(&self) -> &dyn Hooks {
        &*self.0.hooks
    }

    /// Warns, once a minute, of an answer with so many bytes of our cookies that servers in
    /// front may refuse it.
    pub(crate) fn warn_of_large_header(&self, bytes: usize) {
        if bytes >= LARGE_HEADER && self.0.large_header.is_due(self.0.clock.now()) {
            log::warn!(
                "logto: an answer sets {bytes} bytes of cookies: nginx answers 502 above 4 KB of \
                 headers, unless `proxy_buffer_size` is larger, like `16k`; or set \
                 `session.store`, which leaves only an id in the cookie"
            );
        }
    }

    /// The audience with its resource's indicator in place of the name.
    ///
    /// # Errors
    ///
    /// The configuration does not have the name.
    pub(crate) fn resolved<'a>(&self, audience: &'a Audience) -> Result<Cow<'a, Audience>> {
        let Some(given) = audience.indicator() else { return Ok(Cow::Borrowed(audience)) };
        let indicator = self.config().resources.indicator(given)?;
        Ok(match indicator == given {
            true => Cow::Borrowed(audience),
            false => Cow::Owned(audience.with_indicator(indicator)),
        })
    }

    /// The places for requests that are refused and whose bodies are read to their end.
    pub(crate) fn drains(&self) -> &Semaphore {
        &self.0.drains
    }

    #[cfg(feature = "testing")]
    pub(crate) fn client(&self) -> &Client {
        &self.0.client
    }

    #[cfg(feature = "testing")]
    pub(crate) fn sessions(&self) -> &Arc<Sessions> {
        &self.0.sessions
    }

    #[cfg(feature = "testing")]
    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// `{endpoint}/oidc`.
    pub(crate) fn issuer(&self) -> &str {
        &self.0.checked.issuer
    }

    #[cfg(test)]
    pub(crate) fn sign_ins(&self) -> &SignIns {
        &self.0.sign_ins
    }

    /// The `Location` of the sign-in route.
    pub(crate) fn sign_in_location(&self, return_to: Option<&ReturnPath>) -> String {
        self.route_location(&self.config().routes.sign_in, return_to)
    }

    /// The `Location` of one of the routes.
    pub(crate) fn route_location(
        &self,
        route: &RoutePath,
        return_to: Option<&ReturnPath>,
    ) -> String {
        self.site().page_returning(&self.config().routes.full(route), return_to)
    }

    /// The `Location` of the page after a sign-out that does not lead to Logto.
    pub(crate) fn after_sign_out(&self) -> String {
        let path = &self.config().post_sign_out_path;
        self.site().page(&ReturnPath::parse(path).unwrap_or_else(ReturnPath::root))
    }

    /// Logto's metadata: fetched on first use, kept, and renewed every hour.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unreachable`] if Logto did not answer, [`ErrorKind::InvalidAnswer`]
    /// if the answer is from another Logto, or not from Logto.
    ///
    /// [`ErrorKind::Unreachable`]: crate::ErrorKind::Unreachable
    /// [`ErrorKind::InvalidAnswer`]: crate::ErrorKind::InvalidAnswer
    pub async fn provider_metadata(&self) -> Result<Arc<ProviderMetadata>> {
        self.0.client.within_patience(self.0.client.metadata()).await
    }

    /// An access token for the application itself, without a user (OAuth's client
    /// credentials). Works anywhere, even in a background task: take `&State<Logto>`, or
    /// `rocket.state::<Logto>()`.
    ///
    /// Logto issues them to machine-to-machine applications only: configure one under
    /// [`machine`](crate::Config::machine). Logto grants only scopes that are requested
    /// here and that the application's roles allow. A token is kept in the process and
    /// requested once, however many callers want it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Denied`] if the application is not in the organization,
    /// [`ErrorKind::NotGranted`] if there is no such resource, or none was named,
    /// [`ErrorKind::Refused`] if the application is not of this type or its secret is
    /// wrong, [`ErrorKind::Unreachable`] if Logto does not answer, and
    /// [`ErrorKind::InvalidAnswer`] if its answer cannot be used.
    ///
    /// [`ErrorKind::Denied`]: crate::ErrorKind::Denied
    /// [`ErrorKind::NotGranted`]: crate::ErrorKind::NotGranted
    /// [`ErrorKind::Refused`]: crate::ErrorKind::Refused
    /// [`ErrorKind::Unreachable`]: crate::ErrorKind::Unreachable
    /// [`ErrorKind::InvalidAnswer`]: crate::ErrorKind::InvalidAnswer
    ///
    /// # Example
    ///
    /// ```rust
    /// use logto_rocket::{Audience, Error, Logto};
    /// use rocket::{State, get};
    ///
    /// #[get("/report")]
    /// async fn report(logto: &State<Logto>) -> Result<String, Error> {
    ///     let api = Audience::resource("https://api.example.com");
    ///     let token = logto.client_credentials(api, ["read:items"]).await?;
    ///     Ok(format!("good until {:?}", token.expires_at()))
    /// }
    /// ```
    pub async fn client_credentials(
        &self,
        audience: impl Into<Audience>,
        scopes: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<AccessToken> {
        let scopes: Vec<String> = scopes.into_iter().map(Into::into).collect();
        let audience = self.resolved(&audience.into())?.into_owned();
        let token = self.0.machine_tokens.token(audience, scopes.join(" ")).await?;
        Ok(AccessToken::new(token))
    }

    /// Exchanges a token for another (RFC 8693). Nothing is kept: a subject token may be
    /// valid only once.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSubjectToken`] if the subject token is not valid, or no longer;
    /// otherwise the same as for [`client_credentials()`](Self::client_credentials).
    ///
    /// [`ErrorKind::InvalidSubjectToken`]: crate::ErrorKind::InvalidSubjectToken
    pub async fn exchange_token(&self, exchange: &TokenExchange) -> Result<AccessToken> {
        let audience = self.resolved(exchange.requested_audience())?;
        let exchange = exchange.clone().audience(audience.into_owned());
        let grant = self.0.client.within_patience(self.0.client.exchange(&exchange)).await?;
        Ok(AccessToken::new(Arc::new(grant.token)))
    }

    /// Ends the sessions that a logout token names (OpenID Connect Back-Channel Logout
    /// 1.0). If the token names a session at Logto (`sid`), these are its sessions, and
    /// those of its user (`sub`) for which Logto sent no `sid`, as is the case until "Is
    /// session required" is turned on; otherwise all of the user's sessions. For a route
    /// of your own; the fairing mounts one that answers as the protocol requires.
    ///
    /// A session ends if it began before the token was first received, and if Logto issued
    /// its ID token no later than the logout token: a user who has signed in again stays
    /// signed in, even if the token arrives again. If instances share a store, Logto's
    /// clock alone decides, and a sign-in in the same second ends too. Refresh tokens of
    /// the ended sessions are revoked. With sessions in the cookie and no
    /// [`session.marks`](crate::SessionConfig::marks), only this process knows of it, until
    /// it stops.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidLogoutToken`](crate::ErrorKind::InvalidLogoutToken), which is 400
    /// Bad Request; nothing was ended. [`ErrorKind::Store`](crate::ErrorKind::Store) if the
    /// store failed, and [`ErrorKind::Unreachable`](crate::ErrorKind::Unreachable) or
    /// [`ErrorKind::InvalidAnswer`](crate::ErrorKind::InvalidAnswer) if Logto's keys are not
    /// available; retry with the same token.
    ///
    /// # Example
    ///
    /// ```rust
    /// use logto_rocket::{Error, Logto};
    /// use rocket::form::Form;
    /// use rocket::{FromForm, State, post};
    ///
    /// #[derive(FromForm)]
    /// struct Body {
    ///     logout_token: String,
    /// }
    ///
    /// #[post("/logged-out", data = "<body>")]
    /// async fn logged_out(body: Form<Body>, logto: &State<Logto>) -> Result<(), Error> {
    ///     logto.handle_backchannel_logout(&body.logout_token).await
    /// }
    /// ```
    pub async fn handle_backchannel_logout(&self, logout_token: &str) -> Result<()> {
        self.0.sign_outs.log_out(logout_token).await
    }
}

impl fmt::Debug for Logto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let checked = &self.0.checked;
        f.debug_struct("Logto")
            .field("issuer", &checked.issuer)
            .field("app_id", &checked.app_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use rocket::figment::Figment;

    use super::*;
    use crate::config::check;
    use crate::hooks::NoHooks;

    pub(crate) fn logto() -> Logto {
        let mut config = Config::new("https://foo.logto.app", "app");
        config.base_url = Some("https://app.example.com/app".into());
        config.cookie_secret = ["a secret of at least 32 random bytes"].into();
        let checked = check(&config, &Figment::new()).expect("a configuration");
        Logto::new(checked, Stores::default(), Box::new(NoHooks)).expect("a client")
    }
}

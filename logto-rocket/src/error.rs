//! What can go wrong, and what the application can do about it.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use rocket::http::Status;

/// A [`Result`](std::result::Result) whose error is [`Error`] unless said
/// otherwise.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong while talking to Logto or reading a session.
///
/// An `Error` says what failed ([`kind()`](Error::kind)), what it means for an
/// answer ([`status()`](Error::status)) and keeps the error of a store, or of the connection
/// to Logto, as its [`source()`](StdError::source). Neither its `Display` nor its `Debug` form
/// contains a token, a code, a secret or a cookie value, so both may be logged.
///
/// A stranger is not an error for a guard: guards forward then. See the chapter
/// [`guide::recipes`](crate::guide::recipes#error-pages) for pages.
///
/// `Error` is a responder. It answers with [`status()`](Error::status), through
/// the application's catcher for that status where there is one.
///
/// # Example
///
/// ```rust
/// # use rocket::get;
/// use logto_rocket::{ErrorKind, User};
///
/// #[get("/me")]
/// fn me(user: logto_rocket::Result<&User>) -> String {
///     match user {
///         Ok(user) => user.subject().into(),
///         Err(e) if e.kind() == ErrorKind::Unreachable => "Logto is down".into(),
///         Err(_) => "try again later".into(),
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Error {
    kind: ErrorKind,
    detail: Cow<'static, str>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
    /// Whether Logto answered that it will not do this now.
    is_busy: bool,
    refusal: Option<Arc<Refusal>>,
    /// Where the sign-in was to lead to whose callback failed.
    return_to: Option<Arc<str>>,
}

/// What Logto said when it refused (RFC 6749 sections 4.1.2.1 and 5.2).
struct Refusal {
    code: String,
    description: Option<String>,
}

/// The kind of an [`Error`]: what happened, and what can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The operation needs a signed-in user and there is none. Send the user to
    /// the sign-in route.
    NotAuthenticated,
    /// The callback does not belong to a sign-in that this browser began: its
    /// `state` is absent, unknown, expired or used up. The user can sign in again.
    SignInNotFound,
    /// The browser signed in several times within minutes and came back each time
    /// without its session, so that another sign-in would not end either. It does not
    /// keep the session's cookie, or the application runs in several processes that do
    /// not share sessions or the time, or Logto ends the session at once. The next
    /// sign-in begins again.
    SignInLoop,
    /// The callback's parameters contradict themselves or the sign-in: given
    /// twice, missing, or from another issuer (RFC 9207). The user can sign in
    /// again.
    InvalidCallback,
    /// The user turned back on Logto's pages, or may not use this application: Logto says
    /// `access_denied` of both. Also a callback without any parameter while a sign-in of this
    /// browser is under way, which is how Logto's consent page is left. Offer to sign in
    /// again.
    Cancelled,
    /// Logto would have had to ask the user something, and `prompt=none` forbade it
    /// (`login_required`, `consent_required`, `interaction_required` or
    /// `account_selection_required`), or somebody else is signed in at Logto than here. An
    /// application that signs in silently goes on without a user; see
    /// [`SignInOptions`](crate::SignInOptions).
    InteractionRequired,
    /// The application refused the sign-in, by
    /// [`Hooks::after_sign_in()`](crate::Hooks::after_sign_in). The message is its
    /// own.
    SignInRefused,
    /// Logto denied a token (`access_denied`): the user is no member of the
    /// organization or lacks the second factor it asks for, or the application may
    /// not act there.
    Denied,
    /// Whoever asks is known and may not: a role, scope or permission is missing, which the
    /// message names. The log has it, and in the `debug` profile the answer too.
    NotAllowed,
    /// The access token that a request presented does not prove anything here: wrong
    /// signature, issuer, audience, type or time, or no token of this Logto. The client gets
    /// a new one and tries again (RFC 6750 section 3.1, `invalid_token`).
    InvalidAccessToken,
    /// A request presented its access token in a form that cannot be read: two
    /// `Authorization` headers, or no token in one (RFC 6750 section 3.1,
    /// `invalid_request`).
    InvalidRequest,
    /// A token was asked for that the sign-in did not ask for, or for which there is
    /// no such resource. Add to the configuration what the message names; users then
    /// sign in again.
    NotGranted,
    /// New tokens cannot be had any more: the answer has begun, and with it the
    /// chance of writing the session's cookie is gone. Ask before a stream begins,
    /// or keep sessions in a store.
    AnswerBegun,
    /// Logto refused a request with an OAuth error code, which the message names.
    /// Usually a matter of the configuration here or in the Logto Console. So is a token
    /// without a user that Logto refuses; the message says what to change.
    Refused,
    /// The ID token does not prove who the user is: wrong signature, issuer,
    /// audience, nonce or time. Nobody is signed in. Check this machine's clock
    /// and the endpoint.
    InvalidIdToken,
    /// A logout token does not prove that Logto sent it for this application: wrong
    /// signature, claims or time. Nothing was ended.
    InvalidLogoutToken,
    /// The token that was to be exchanged is not good, or no longer (`invalid_grant`): it
    /// has expired, or was used. It says nothing of the user's session, which stays.
    InvalidSubjectToken,
    /// Logto's user info cannot be used: it is of another user or malformed.
    InvalidUserInfo,
    /// Logto answered something that is not an answer of its protocol.
    InvalidAnswer,
    /// Logto could not be reached, did not answer in time or answered that it
    /// cannot serve now. Retrying may help; nothing is lost.
    Unreachable,
    /// Logto ended the session: the user was suspended or deleted, or the grant was
    /// revoked (`invalid_grant`), or Logto no longer admits the user to this application
    /// (`access_denied` at a refresh). The user can sign in again.
    SessionEnded,
    /// The session store failed; its own error is the source. Retrying may help;
    /// nothing is lost.
    Store,
    /// The session does not fit into cookies, as
    /// [`max_cookie_bytes`](crate::SessionConfig::max_cookie_bytes) says. Ask for fewer
    /// scopes or keep sessions in a store.
    SessionTooLarge,
    /// The user has no session of this handle: it has ended, or is another user's, or never
    /// was. Show the list anew.
    SessionNotFound,
    /// Sessions live in cookies, so nobody can tell which ones a user has. Set
    /// [`session.store`](crate::SessionConfig::store), or give the fairing a
    /// [`SessionStore`](crate::SessionStore).
    SessionsInCookies,
    /// A page of another site sent the request, or of another host of this site, and it
    /// would have changed something or signed the user out. If that page is yours, add
    /// its origin to [`trusted_origins`](crate::Config::trusted_origins).
    CrossSite,
    /// The request would have begun a sign-in or signed the user out, and nobody asked for
    /// that with it: it was a HEAD, or a GET that is no navigation, as of a prefetch, an
    /// image, a frame or a script. Link to the route, or send a POST.
    NotNavigation,
    /// The options of a sign-in contradict the protocol. A mistake in the
    /// application's code; the message names it.
    InvalidOptions,
}

impl ErrorKind {
    /// The status that an answer to this kind of failure carries.
    pub fn status(self) -> Status {
        match self {
            Self::NotAuthenticated
            | Self::SessionEnded
            | Self::InteractionRequired
            | Self::InvalidAccessToken => Status::Unauthorized,
            Self::SignInNotFound
            | Self::InvalidCallback
            | Self::Cancelled
            | Self::InvalidLogoutToken
            | Self::InvalidSubjectToken
            | Self::InvalidRequest => Status::BadRequest,
            Self::CrossSite
            | Self::NotNavigation
            | Self::SignInRefused
            | Self::Denied
            | Self::NotAllowed
            | Self::NotGranted => Status::Forbidden,
            Self::SessionNotFound => Status::NotFound,
            Self::SessionTooLarge
            | Self::SessionsInCookies
            | Self::InvalidOptions
            | Self::AnswerBegun
            | Self::SignInLoop => Status::InternalServerError,
            Self::Refused | Self::InvalidIdToken | Self::InvalidUserInfo | Self::InvalidAnswer => {
                Status::BadGateway
            }
            Self::Unreachable | Self::Store => Status::ServiceUnavailable,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::NotAuthenticated => "nobody is signed in",
            Self::SignInNotFound => "the sign-in was not begun in this browser or is over",
            Self::SignInLoop => "sign-in keeps repeating without a session",
            Self::InvalidCallback => "the callback does not fit the sign-in",
            Self::Cancelled => "the sign-in was cancelled",
            Self::InteractionRequired => "Logto would have to ask the user",
            Self::SignInRefused => "the application refused the sign-in",
            Self::Denied => "Logto denied the token",
            Self::NotAllowed => "not allowed",
            Self::InvalidAccessToken => "the access token is not valid",
            Self::InvalidRequest => "the access token cannot be read",
            Self::NotGranted => "the sign-in did not ask for this token",
            Self::AnswerBegun => "the answer has begun, so no new token can be had",
            Self::Refused => "Logto refused the request",
            Self::InvalidIdToken => "the ID token is not valid",
            Self::InvalidLogoutToken => "the logout token is not valid",
            Self::InvalidSubjectToken => "the token cannot be exchanged",
            Self::InvalidUserInfo => "the user info is not valid",
            Self::InvalidAnswer => "Logto's answer cannot be understood",
            Self::Unreachable => "Logto cannot be reached",
            Self::SessionEnded => "Logto ended the session",
            Self::Store => "the session store failed",
            Self::SessionTooLarge => "the session does not fit into cookies",
            Self::SessionNotFound => "the user has no such session",
            Self::SessionsInCookies => "sessions live in cookies, which tell of no others",
            Self::CrossSite => "a page of another site sent the request",
            Self::NotNavigation => "nobody opened a page with this request",
            Self::InvalidOptions => "the sign-in options are not valid",
        }
    }
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        Self { kind, detail, source: None, is_busy: false, refusal: None, return_to: None }
    }

    /// Logto refused with this code, and said this of it.
    pub(crate) fn refused(kind: ErrorKind, code: &str, description: Option<&str>) -> Self {
        let description = description.map(harmless).filter(|text| !text.is_empty());
        let refusal = Some(Arc::new(Refusal { code: code.to_owned(), description }));
        Self { refusal, ..Self::new(kind, code.to_owned()) }
    }

    /// A failure that something outside explains.
    pub(crate) fn caused(
        kind: ErrorKind,
        detail: String,
        cause: impl StdError + Send + Sync + 'static,
    ) -> Self {
        Self { source: Some(Arc::new(cause)), ..Self::new(kind, detail) }
    }

    /// The same refusal, of another kind, with what it means here.
    pub(crate) fn reread(self, kind: ErrorKind, meaning: &str) -> Self {
        Self { kind, detail: format!("{}: {meaning}", self.detail).into(), ..self }
    }

    /// Logto answered that it will not do this now, which is no outage.
    pub(crate) fn busy(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { is_busy: true, ..Self::new(ErrorKind::Unreachable, detail) }
    }

    /// Whether Logto did not answer: no connection, no answer in time, or 5xx.
    pub(crate) fn is_outage(&self) -> bool {
        self.kind == ErrorKind::Unreachable && !self.is_busy
    }

    /// Whether Logto answered, if only with a refusal.
    pub(crate) fn is_answer(&self) -> bool {
        use ErrorKind::{Denied, InvalidIdToken, NotGranted, Refused, SessionEnded};
        let is_refusal =
            matches!(self.kind, Denied | InvalidIdToken | NotGranted | Refused | SessionEnded);
        is_refusal || self.is_busy
    }

    /// Wraps the error of a session store, as a [`SessionStore`] reports it.
    ///
    /// Any error will do: one of a database, an `anyhow::Error`, a boxed one, or a text. It
    /// becomes the [`source()`](StdError::source); its message is not part of this
    /// error's own. It is logged with its own sources, once, where the failure is
    /// answered: keep passwords of the store out of its errors.
    ///
    /// ```rust
    /// use logto_rocket::Error;
    ///
    /// fn count(text: &str) -> logto_rocket::Result<u32> {
    ///     text.parse().map_err(|error: std::num::ParseIntError| Error::store(error))
    /// }
    ///
    /// assert_eq!(count("x").unwrap_err().to_string(), "the session store failed");
    /// ```
    ///
    /// [`SessionStore`]: crate::SessionStore
    pub fn store(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: Some(Arc::from(cause.into())), ..Self::new(ErrorKind::Store, "") }
    }

    /// What the source says, and the source of that, on one line.
    pub(crate) fn causes(&self) -> Option<String> {
        let (mut causes, mut next) = (Vec::new(), self.source());
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        // A line break in it would begin a record that is not ours.
        (!causes.is_empty()).then(|| causes.join(": ").replace(char::is_control, " "))
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The OAuth error code that Logto refused with, as `access_denied` (RFC 6749 sections
    /// 4.1.2.1 and 5.2); `None` if it did not refuse.
    pub fn oauth_error(&self) -> Option<&str> {
        self.refusal.as_ref().map(|refusal| refusal.code.as_str())
    }

    /// What Logto said of its refusal, in English (`error_description`). `None` if it did not
    /// refuse, or said nothing.
    ///
    /// On the callback anybody can have written it: escape it on a page, and base nothing on
    /// it. It has 200 characters at most, and no control characters; what is as long as a
    /// token is left out.
    pub fn description(&self) -> Option<&str> {
        self.refusal.as_ref().and_then(|refusal| refusal.description.as_deref())
    }

    /// The sign-in that failed was to lead to this page of this site.
    pub(crate) fn returning_to(self, page: String) -> Self {
        Self { return_to: Some(page.into()), ..self }
    }

    /// Where the user was going, if a callback failed: a path of this site, as the browser
    /// sees it, with its query. `/` where the sign-in is unknown; `None` for other failures.
    ///
    /// It is never the address of another site, whatever the callback says: redirect there, as
    /// after a silent sign-in that found nobody, or give it to
    /// [`sign_in_link()`](crate::LogtoClient::sign_in_link) for a link to sign in again.
    ///
    /// ```rust
    /// use logto_rocket::{LogtoClient, Redirect};
    /// use rocket::{get, http::Status, response::content::RawHtml};
    ///
    /// #[get("/callback")]
    /// async fn callback(logto: LogtoClient<'_>) -> Result<Redirect, (Status, RawHtml<String>)> {
    ///     logto.handle_sign_in_callback().await.map_err(|error| {
    ///         let link = logto.sign_in_link(error.return_to()).replace('&', "&amp;");
    ///         let page = format!(r#"You are not signed in. <a href="{link}">Try again</a>"#);
    ///         (error.status(), RawHtml(page))
    ///     })
    /// }
    /// ```
    pub fn return_to(&self) -> Option<&str> {
        self.return_to.as_deref()
    }

    /// What happened in particular; empty if the kind says it all.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// The status that an answer to this failure carries: 400, 401, 403, 404, 500,
    /// 502 or 503.
    pub fn status(&self) -> Status {
        self.kind.status()
    }

    /// Whether the request is one of a stranger: nobody is signed in any more.
    pub(crate) fn is_stranger(&self) -> bool {
        matches!(self.kind, ErrorKind::NotAuthenticated | ErrorKind::SessionEnded)
    }

    /// Whether a token that is still good must not be used in place of the one that
    /// could not be had.
    pub(crate) fn is_final(&self) -> bool {
        use ErrorKind::{Denied, InvalidIdToken, NotGranted, SessionEnded, Store};
        matches!(self.kind, SessionEnded | InvalidIdToken | Denied | NotGranted | Store)
    }

    /// Whether trying again may help and nothing was lost: Logto or the store
    /// did not answer.
    pub fn is_transient(&self) -> bool {
        matches!(self.kind, ErrorKind::Unreachable | ErrorKind::Store)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.as_str())?;
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    // The source is left out: what its `Debug` shows is not ours to promise.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("kind", &self.kind).field("detail", &self.detail).finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}

/// Somebody else's text, for the log: on one line, and without anything that may be a token.
fn harmless(text: &str) -> String {
    let text: String = text.chars().take(200).collect();
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let shown = words.filter(|word| !word.is_empty()).map(|word| match word.len() {
        ..=40 => word,
        _ => "…",
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A31: it is for the log, whoever wrote it.
    #[test]
    fn a_description_has_one_line_and_no_token() {
        let error = |text: &str| Error::refused(ErrorKind::Refused, "invalid_request", Some(text));
        let token = "eyJhbGciOiJFUzM4NCJ9".repeat(4);
        let said = error(&format!("no\r\nINFO signed in\t{token} \u{7f} good"));
        assert_eq!(said.description(), Some("no INFO signed in … good"));
        assert_eq!(said.oauth_error(), Some("invalid_request"));
        assert_eq!(error("").description(), None);
        assert_eq!(error(&"a ".repeat(4000)).description().map(str::len), Some(199));
        let plain = Error::new(ErrorKind::Refused, "x");
        assert_eq!((plain.oauth_error(), plain.description()), (None, None));
    }

    #[test]
    fn an_error_says_the_kind_then_the_detail_and_not_its_source() {
        let error = Error::new(ErrorKind::Refused, "invalid_client");
        assert_eq!(error.to_string(), "Logto refused the request: invalid_client");

        let store = Error::store(std::io::Error::other("password=hunter2"));
        assert_eq!(store.to_string(), "the session store failed");
        assert!(!format!("{store:?}").contains("hunter2"));
        assert_eq!(store.source().expect("a cause").to_string(), "password=hunter2");
        assert_eq!(store.status(), Status::ServiceUnavailable);
    }

    #[test]
    fn a_store_fails_with_an_error_of_any_type() {
        let boxed: Box<dyn StdError + Send + Sync> = "a box".into();
        let context = anyhow::anyhow!("refused").context("no\nconnection");
        for (error, causes) in [
            (Error::store(std::io::Error::other("refused")), "refused"),
            (Error::store(boxed), "a box"),
            (Error::store("a text"), "a text"),
            (Error::store(context), "no connection: refused"),
            (Error::store(Error::store("below")), "the session store failed: below"),
        ] {
            assert_eq!((error.kind(), &*error.causes().expect(causes)), (ErrorKind::Store, causes));
            assert_eq!(error.to_string(), "the session store failed");
        }
        assert_eq!(Error::new(ErrorKind::Refused, "invalid_client").causes(), None);
    }
}

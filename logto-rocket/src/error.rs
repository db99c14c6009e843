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
/// A stranger is not an error for a guard: guards then forward. See the chapter
/// [`guide::recipes`](crate::guide::recipes#error-pages) for pages.
///
/// `Error` is a responder. It answers with [`status()`](Error::status), through the
/// application's catcher for that status if there is one.
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
    /// Where a failed sign-in was going.
    return_to: Option<Arc<str>>,
}

/// What Logto said in its refusal (RFC 6749 sections 4.1.2.1 and 5.2).
struct Refusal {
    code: String,
    description: Option<String>,
}

/// The kind of an [`Error`]: what happened, and what can be done.
///
/// [`guide::troubleshooting`](crate::guide::troubleshooting#errors-in-code) has the causes of
/// each, and the fixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The operation needs a signed-in user, but there is none. Send the user to the
    /// sign-in route.
    NotAuthenticated,
    /// The callback does not belong to a sign-in that this browser began: its `state` is
    /// absent, unknown, expired or already used. The user can sign in again.
    SignInNotFound,
    /// The browser signed in several times within minutes and came back each time without
    /// its session, so another sign-in would not help. It does not keep the session's
    /// cookie, or the application runs in several processes that do not share sessions or
    /// whose clocks differ, or Logto ends the session at once. The next sign-in starts
    /// over.
    SignInLoop,
    /// The callback's parameters contradict themselves or the sign-in: given
    /// twice, missing, or from another issuer (RFC 9207). The user can sign in
    /// again.
    InvalidCallback,
    /// The user turned back on Logto's pages, or may not use this application: Logto says
    /// `access_denied` for both. Also a callback without parameters while a sign-in of this
    /// browser is in progress, which is how users leave Logto's consent page. Offer to sign
    /// in again.
    Cancelled,
    /// Logto would have had to ask the user something, and `prompt=none` forbade it
    /// (`login_required`, `consent_required`, `interaction_required` or
    /// `account_selection_required`), or a different user is signed in at Logto than here.
    /// An application that signs in silently continues without a user; see
    /// [`SignInOptions`](crate::SignInOptions).
    InteractionRequired,
    /// The application refused the sign-in, in
    /// [`Hooks::after_sign_in()`](crate::Hooks::after_sign_in). The message is its own.
    SignInRefused,
    /// Logto denied a token (`access_denied`): the user is not a member of the
    /// organization or lacks the second factor it requires, or the application may not
    /// act there.
    Denied,
    /// The caller is known but not allowed: the message names the missing role, scope or
    /// permission. The log has it, and in the `debug` profile so does the answer.
    NotAllowed,
    /// The access token that a request presented is not valid here: wrong signature, issuer,
    /// audience, type or time, or not a token from this Logto. The client should get a new
    /// one and try again (RFC 6750 section 3.1, `invalid_token`).
    InvalidAccessToken,
    /// A request presented its access token in a malformed way: two `Authorization`
    /// headers, or one without a token (RFC 6750 section 3.1, `invalid_request`).
    InvalidRequest,
    /// The sign-in did not ask for this token, or there is no such resource. Add what the
    /// message names to the configuration; users then sign in again.
    NotGranted,
    /// New tokens are no longer available: the answer has begun, so the session's cookie
    /// cannot be written. Ask before a stream begins, or keep sessions in a store.
    AnswerBegun,
    /// Logto refused a request with an OAuth error code, which the message names. Usually
    /// a matter of the configuration here or in the Logto Console. The same goes for
    /// refused tokens without a user; the message says what to change.
    Refused,
    /// The ID token does not prove who the user is: wrong signature, issuer, audience,
    /// nonce or time. The user is not signed in. Check this machine's clock and the
    /// endpoint.
    InvalidIdToken,
    /// A logout token does not prove that Logto sent it for this application: wrong
    /// signature, claims or time. Nothing was ended.
    InvalidLogoutToken,
    /// The token to exchange is not valid, or no longer (`invalid_grant`): it has
    /// expired, or was used. This does not affect the user's session.
    InvalidSubjectToken,
    /// Logto's user info cannot be used: it is another user's or malformed.
    InvalidUserInfo,
    /// Logto's answer does not follow the protocol.
    InvalidAnswer,
    /// Logto could not be reached, did not answer in time or is temporarily unavailable.
    /// Retrying may help; nothing is lost.
    Unreachable,
    /// Logto ended the session: the user was suspended or deleted, or the grant was
    /// revoked (`invalid_grant`), or Logto no longer admits the user to this application
    /// (`access_denied` at a refresh). The user can sign in again.
    SessionEnded,
    /// The session store failed; its own error is the source. Retrying may help;
    /// nothing is lost.
    Store,
    /// The session does not fit into cookies, within
    /// [`max_cookie_bytes`](crate::SessionConfig::max_cookie_bytes). Ask for fewer scopes
    /// or keep sessions in a store.
    SessionTooLarge,
    /// The user has no session with this handle: it has ended, is another user's, or never
    /// existed. Reload the list.
    SessionNotFound,
    /// Sessions live in cookies, so a user's sessions cannot be listed. Set
    /// [`session.store`](crate::SessionConfig::store), or give the fairing a
    /// [`SessionStore`](crate::SessionStore).
    SessionsInCookies,
    /// A page on another site, or on another host of this site, sent the request, and it
    /// would have changed something or signed the user out. If that page is yours, add
    /// its origin to [`trusted_origins`](crate::Config::trusted_origins).
    CrossSite,
    /// The request would have begun a sign-in or signed the user out, but the user did not
    /// ask for that: it was a HEAD, or a GET that is not a navigation, such as a prefetch,
    /// an image, a frame or a script. Link to the route, or send a POST.
    NotNavigation,
    /// The options of a sign-in contradict the protocol: a mistake in the application's
    /// code, which the message names.
    InvalidOptions,
}

impl ErrorKind {
    /// The status of an answer to this kind of failure.
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
            Self::SignInNotFound => "the sign-in was not started in this browser or is over",
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
            Self::AnswerBegun => "the answer has begun, so no new token is available",
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
            Self::SessionsInCookies => "sessions live in cookies and cannot be listed",
            Self::CrossSite => "a page on another site sent the request",
            Self::NotNavigation => "the request is not a navigation by the user",
            Self::InvalidOptions => "the sign-in options are not valid",
        }
    }
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        Self { kind, detail, source: None, is_busy: false, refusal: None, return_to: None }
    }

    /// Logto refused with this code and this description.
    pub(crate) fn refused(kind: ErrorKind, code: &str, description: Option<&str>) -> Self {
        let description = description.map(harmless).filter(|text| !text.is_empty());
        let refusal = Some(Arc::new(Refusal { code: code.to_owned(), description }));
        Self { refusal, ..Self::new(kind, code.to_owned()) }
    }

    /// A failure with an external cause.
    pub(crate) fn caused(
        kind: ErrorKind,
        detail: String,
        cause: impl StdError + Send + Sync + 'static,
    ) -> Self {
        Self { source: Some(Arc::new(cause)), ..Self::new(kind, detail) }
    }

    /// The same refusal, as another kind, with its meaning here.
    pub(crate) fn reread(self, kind: ErrorKind, meaning: &str) -> Self {
        Self { kind, detail: format!("{}: {meaning}", self.detail).into(), ..self }
    }

    /// Logto answered that it will not do this now, which is not an outage.
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
    /// Any error will do: a database's, an `anyhow::Error`, a boxed one, or a string. It
    /// becomes the [`source()`](StdError::source); its message is not part of this error's
    /// own. It is logged with its own sources, once, when the failure is answered: keep the
    /// store's passwords out of its errors.
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

    /// The messages of the source and its own sources, on one line.
    pub(crate) fn causes(&self) -> Option<String> {
        let (mut causes, mut next) = (Vec::new(), self.source());
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        // A line break in it could forge a log record.
        (!causes.is_empty()).then(|| causes.join(": ").replace(char::is_control, " "))
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The OAuth error code of Logto's refusal, like `access_denied` (RFC 6749 sections
    /// 4.1.2.1 and 5.2); `None` if it did not refuse.
    pub fn oauth_error(&self) -> Option<&str> {
        self.refusal.as_ref().map(|refusal| refusal.code.as_str())
    }

    /// Logto's description of its refusal, in English (`error_description`). `None` if it did
    /// not refuse, or gave none.
    ///
    /// On the callback anybody may have written it: escape it on a page, and base no
    /// decision on it. It has at most 200 characters and no control characters; words as
    /// long as a token are left out.
    pub fn description(&self) -> Option<&str> {
        self.refusal.as_ref().and_then(|refusal| refusal.description.as_deref())
    }

    /// Adds the page on this site where the failed sign-in was going.
    pub(crate) fn returning_to(self, page: String) -> Self {
        Self { return_to: Some(page.into()), ..self }
    }

    /// Where the user was going, if a callback failed: a path on this site, as the browser
    /// sees it, with its query. `/` if the sign-in is unknown; `None` for other failures.
    ///
    /// It is never an address on another site, whatever the callback says: redirect there, for
    /// example after a silent sign-in that found no user, or pass it to
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

    /// The details; empty if the kind says it all.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// The status of an answer to this failure: 400, 401, 403, 404, 500, 502 or 503.
    pub fn status(&self) -> Status {
        self.kind.status()
    }

    /// Whether the request is a stranger's: the user is no longer signed in.
    pub(crate) fn is_stranger(&self) -> bool {
        matches!(self.kind, ErrorKind::NotAuthenticated | ErrorKind::SessionEnded)
    }

    /// Whether a still valid token must not be used in place of the unavailable one.
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
    // The source is left out: we cannot promise what its `Debug` shows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("kind", &self.kind).field("detail", &self.detail).finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}

/// External text, for the log: on one line, and without anything that may be a token.
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

    /// A31: it is safe to log, whoever wrote it.
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

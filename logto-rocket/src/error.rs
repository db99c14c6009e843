//! What can go wrong, and what the application can do about it.

mod kind;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use rocket::http::Status;

pub use self::kind::ErrorKind;

/// A [`Result`](std::result::Result) whose error is [`Error`] unless said
/// otherwise.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong while talking to Logto or reading a session.
///
/// An `Error` says what failed ([`kind()`](Error::kind)), what it means for an
/// answer ([`status()`](Error::status)) and keeps the error of a store, of a hook or of the
/// connection to Logto as its [`source()`](StdError::source). Neither its `Display` nor its
/// `Debug` form contains a token, a code, a secret or a cookie value, so both may be logged.
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

    /// Wraps the error of something that a hook needs, such as the application's own
    /// database, for [`Hooks::after_sign_in()`](crate::Hooks::after_sign_in) to return.
    ///
    /// The sign-in fails: the answer is **503** Service Unavailable with `Retry-After`, and a
    /// page that asks the user to try again shortly. A session that the browser had before
    /// stays. Any error will do, as for [`Error::store()`]. It becomes the
    /// [`source()`](StdError::source), and the mounted callback logs it with its own sources;
    /// the page shows nothing of it. To turn a user away, return
    /// [`AfterSignIn::Refuse`](crate::AfterSignIn::Refuse) instead.
    ///
    /// ```rust
    /// use logto_rocket::{Error, ErrorKind};
    ///
    /// let error = Error::hook("no connection to the database");
    /// assert_eq!(error.kind(), ErrorKind::Hook);
    /// assert_eq!(error.to_string(), "a hook of the application failed");
    /// ```
    pub fn hook(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: Some(Arc::from(cause.into())), ..Self::new(ErrorKind::Hook, "") }
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

    /// Whether trying again may help and nothing was lost: Logto, the store or what a hook
    /// needs did not answer.
    pub fn is_transient(&self) -> bool {
        matches!(self.kind, ErrorKind::Unreachable | ErrorKind::Store | ErrorKind::Hook)
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

        let hook = Error::hook(std::io::Error::other("password=hunter2"));
        assert_eq!(hook.to_string(), "a hook of the application failed");
        assert!(!format!("{hook:?}").contains("hunter2"));
        assert_eq!(hook.causes().as_deref(), Some("password=hunter2"));
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

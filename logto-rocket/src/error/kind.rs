//! What went wrong, and the status of its answer.

use rocket::http::Status;

/// The kind of an [`Error`](crate::Error): what happened, and what can be done.
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
    /// [`Hooks::after_sign_in()`](crate::Hooks::after_sign_in) failed with
    /// [`Error::hook()`](crate::Error::hook), for example because the application's database
    /// is down; the hook's own error is the source. The sign-in failed; a session that the
    /// browser had before stays. Retrying may help.
    Hook,
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
            Self::Unreachable | Self::Store | Self::Hook => Status::ServiceUnavailable,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::NotAuthenticated => "nobody is signed in",
            Self::SignInNotFound => "the sign-in was not started in this browser or is over",
            Self::SignInLoop => "sign-in keeps repeating without a session",
            Self::InvalidCallback => "the callback does not fit the sign-in",
            Self::Cancelled => "the sign-in was cancelled",
            Self::InteractionRequired => "Logto would have to ask the user",
            Self::SignInRefused => "the application refused the sign-in",
            Self::Hook => "a hook of the application failed",
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

//! What is sent with the answer to a request.

use std::sync::Arc;

use rocket::http::Cookie;

use crate::error::Error;
use crate::session::Session;

/// What the answer to a request must do.
#[derive(Default)]
pub(crate) struct Outgoing {
    pub(crate) session: SessionCookie,
    pub(crate) transactions: Vec<Cookie<'static>>,
    /// Whether it depends on the request's cookies.
    pub(crate) depends_on_cookies: bool,
    /// Whether it depends on the access token that the request presents.
    pub(crate) depends_on_token: bool,
    /// How to present one, for a refusal (RFC 6750 section 3).
    pub(crate) challenge: Option<String>,
    /// The address of the metadata of the challenges' resource.
    pub(crate) metadata: Option<Arc<str>>,
    pub(crate) failure: Option<Error>,
}

/// What the answer does to the session's cookie.
#[derive(Default)]
pub(crate) enum SessionCookie {
    #[default]
    Untouched,
    /// It carries this session.
    Carries(Session),
    /// It is removed: the session was ended.
    Removed,
    /// It is removed, as it is not a session, unless the browser has another one by now.
    Cleared,
}

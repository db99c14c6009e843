//! An answer of the application under test, read to its end.

use rocket::http::{Cookie, Status};
use rocket::local::asynchronous::LocalResponse;
use serde_json::Value;

use crate::browser::is_session;

/// Status, headers and body of an answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: Status,
    /// The headers, in the order in which they were set.
    pub headers: Vec<(String, String)>,
    /// The cookies that are set, deletions among them.
    pub cookies: Vec<Cookie<'static>>,
    /// The body.
    pub body: String,
}

impl Answer {
    pub(crate) async fn of(response: LocalResponse<'_>) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let lines = headers.get("set-cookie").map(str::to_owned);
        let cookies = lines.map(|line| Cookie::parse(line).expect("a cookie")).collect();
        let headers =
            headers.iter().map(|h| (h.name().to_string(), h.value().to_owned())).collect();
        let body = response.into_string().await.unwrap_or_default();
        Self { status, headers, cookies, body }
    }

    /// Returns the only value of a header; `None` if it is absent.
    ///
    /// # Panics
    ///
    /// If it appears twice.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let first = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} is there twice");
        first
    }

    /// Returns where the answer redirects to.
    ///
    /// # Panics
    ///
    /// If it does not redirect.
    pub fn location(&self) -> &str {
        self.header("location").unwrap_or_else(|| panic!("no redirect: {self:?}"))
    }

    /// Returns the body as JSON.
    ///
    /// # Panics
    ///
    /// If it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e} in {self:?}"))
    }

    /// Returns the session's cookies that are set with a value.
    pub fn session_cookies(&self) -> Vec<&Cookie<'static>> {
        let set = self.cookies.iter().filter(|cookie| is_session(cookie.name()));
        set.filter(|cookie| !cookie.value().is_empty()).collect()
    }

    /// Asserts that this is a failed sign-in: a page, no redirect, no session.
    ///
    /// # Panics
    ///
    /// If it is not.
    pub fn assert_no_sign_in(&self) {
        assert!(self.status.code >= 400, "a failure has a status: {self:?}");
        assert_eq!(self.header("location"), None, "a failure redirects nobody");
        assert!(self.session_cookies().is_empty(), "a failure sets no session: {self:?}");
        let content_type = self.header("content-type").unwrap_or_default();
        assert!(content_type.starts_with("text/html"), "a person reads a page: {self:?}");
        assert!(self.body.contains("/sign-in"), "the page offers another try: {}", self.body);
    }
}

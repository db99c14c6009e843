//! What every route answers with.

use std::io::Cursor;

use rocket::http::{Header, Status};
use rocket::request::Request;
use rocket::response::{Responder, Response};
use serde::Serialize;

use crate::hash;

/// A finished response.
pub(crate) struct Answer(Response<'static>);

impl Answer {
    /// JSON with a status. Like Logto, it names the charset.
    pub(crate) fn json(status: Status, body: &impl Serialize) -> Self {
        Self::text(status, "application/json; charset=utf-8", to_json(body))
    }

    /// JSON with an `ETag`, so that clients need not read it again.
    pub(crate) fn tagged(content_type: &'static str, body: &impl Serialize) -> Self {
        let body = to_json(body);
        let tag = format!("\"{:x}-{}\"", body.len(), &hash::sha256(&body)[..27]);
        Self::text(Status::Ok, content_type, body).header("ETag", tag)
    }

    /// An empty plain text, as Logto answers a revocation.
    pub(crate) fn empty() -> Self {
        Self::text(Status::Ok, "text/plain; charset=utf-8", String::new())
    }

    /// Plain text with a status.
    pub(crate) fn plain(status: Status, body: &str) -> Self {
        Self::text(status, "text/plain; charset=utf-8", body.to_string())
    }

    /// A page. `policy` is its content security policy.
    pub(crate) fn page(status: Status, policy: String, html: String) -> Self {
        Self::text(status, "text/html; charset=utf-8", html)
            .header("Content-Security-Policy", policy)
            .no_store()
    }

    /// A picture that can run nothing.
    pub(crate) fn svg(picture: String) -> Self {
        Self::text(Status::Ok, "image/svg+xml", picture)
            .header("Content-Security-Policy", "default-src 'none'")
            .no_store()
    }

    /// A redirect that turns a POST into a GET.
    pub(crate) fn see_other(location: String) -> Self {
        Self::text(Status::SeeOther, "text/html; charset=utf-8", "Redirecting.".to_string())
            .header("Location", location)
            .no_store()
    }

    /// Forbids caches to store the answer.
    pub(crate) fn no_store(self) -> Self {
        self.header("Cache-Control", "no-store")
    }

    /// Sets a header.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.set_header(Header::new(name, value.into()));
        self
    }

    fn text(status: Status, content_type: &'static str, body: String) -> Self {
        let response = Response::build()
            .status(status)
            .raw_header("Content-Type", content_type)
            .sized_body(body.len(), Cursor::new(body))
            .finalize();
        Self(response)
    }
}

impl<'r> Responder<'r, 'static> for Answer {
    fn respond_to(mut self, request: &'r Request<'_>) -> rocket::response::Result<'static> {
        let tag = self.0.headers().get_one("ETag");
        if tag.is_some() && tag == request.headers().get_one("If-None-Match") {
            self.0.set_status(Status::NotModified);
            self.0.set_sized_body(0, Cursor::new(""));
            self.0.remove_header("Content-Type");
        }
        Ok(self.0)
    }
}

fn to_json(body: &impl Serialize) -> String {
    serde_json::to_string(body).expect("the provider's answers are maps with text keys")
}

//! A handler, and its answers to a user and a stranger.

use rocket::http::Method;
use rocket::local::asynchronous::LocalRequest;

use crate::support::{App, runs};

/// One handler: its request, and what a user and a stranger get.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// What is special about the handler.
    pub(crate) what: &'static str,
    method: Method,
    path: &'static str,
    content_type: Option<&'static str>,
    body: &'static str,
    /// Where a stranger is sent; `None` means 401.
    location: Option<&'static str>,
    /// What the user gets.
    status: u16,
    answer: &'static str,
    caught: bool,
}

impl Shape {
    /// A GET that gets a stranger 401.
    pub(crate) const fn get(what: &'static str, path: &'static str, answer: &'static str) -> Self {
        Self {
            what,
            method: Method::Get,
            path,
            content_type: None,
            body: "",
            location: None,
            status: 200,
            answer,
            caught: false,
        }
    }

    /// The same request by another method.
    pub(crate) const fn by(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// A POST with a body.
    pub(crate) const fn sending(self, content_type: &'static str, body: &'static str) -> Self {
        Self { method: Method::Post, content_type: Some(content_type), body, ..self }
    }

    /// A stranger is sent to `location`.
    pub(crate) const fn redirecting(self, location: &'static str) -> Self {
        Self { location: Some(location), ..self }
    }

    /// The user gets `status`.
    pub(crate) const fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The user gets `status` from Rocket's catcher.
    pub(crate) const fn caught(self, status: u16) -> Self {
        Self { status, caught: true, ..self }
    }

    /// Sends it as a stranger and as a user; says what is not as it should be.
    pub(crate) async fn check(&self, app: &App, base: &str) -> Result<(), String> {
        let before = runs();
        let answer = app.stranger(self.request(app, base)).await;
        let got = (answer.status.code, answer.header("location"));
        let expected = (if self.location.is_some() { 303 } else { 401 }, self.location);
        if got != expected {
            return Err(format!("a stranger got {got:?} and not {expected:?}"));
        }
        if runs() != before {
            return Err("the handler ran for a stranger".into());
        }

        let answer = app.user(self.request(app, base)).await;
        let page = format!("<h1>{}:", answer.status.code);
        let is_as_expected = match self.caught {
            true => answer.body.contains(&page),
            false => answer.body == self.answer,
        };
        if answer.status.code != self.status || !is_as_expected {
            let expected = (self.status, self.answer);
            return Err(format!("the user got {answer:?} and not {expected:?}"));
        }
        match runs() {
            now if now == before + 1 => Ok(()),
            now => Err(format!("the handler ran {} times for the user", now - before)),
        }
    }

    fn request<'c>(&self, app: &'c App, base: &str) -> LocalRequest<'c> {
        let request = app.client().req(self.method, format!("{base}{}", self.path)).body(self.body);
        match self.content_type {
            Some(value) => request.header(rocket::http::Header::new("Content-Type", value)),
            None => request,
        }
    }
}

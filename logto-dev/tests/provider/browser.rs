//! A browser that keeps the provider's cookie.

use reqwest::RequestBuilder;
use reqwest::header::COOKIE;
use serde_json::Value;

use crate::support::{Answer, App, query};

pub(crate) const HOME: &str = "post_logout_redirect_uri=http%3A%2F%2Flocalhost%3A8000%2F";

pub(crate) struct Browser<'a> {
    app: &'a App,
    cookie: Option<String>,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app, cookie: None }
    }

    /// Opens an address.
    pub(crate) async fn visit(&self, url: &str) -> Answer {
        self.send(self.app.http.get(url)).await
    }

    /// Begins a sign-in.
    pub(crate) async fn open(&self, changes: &[(&str, &str)]) -> Answer {
        self.visit(&self.app.url(changes)).await
    }

    /// Begins a sign-in and returns where the browser is sent to.
    pub(crate) async fn location(&self, changes: &[(&str, &str)]) -> String {
        let answer = self.open(changes).await;
        answer.header("location").unwrap_or_else(|| panic!("no redirect: {answer:?}")).to_string()
    }

    /// Signs in on the page and returns the tokens.
    pub(crate) async fn sign_in(&mut self, username: &str, changes: &[(&str, &str)]) -> Value {
        let location = self.location(changes).await;
        let page = format!("{}{location}", self.app.provider.endpoint());
        let interaction = query(&page, "interaction").expect("an interaction");
        let form = [("interaction", interaction.as_str()), ("username", username)];
        let answer = self.send(self.app.form("/sign-in", &form)).await;
        let cookie = answer.header("set-cookie").expect("a cookie");
        self.cookie = cookie.split(';').next().map(str::to_string);
        let callback = answer.header("location").expect("a callback");
        let code = query(callback, "code").unwrap_or_else(|| panic!("no code in {callback}"));
        self.app.redeem(&code, &[]).await.ok()
    }

    /// Signs out, and returns the page that asks and the answer after it.
    pub(crate) async fn sign_out(&self, parameters: &str) -> [Answer; 2] {
        let page = self.ask_to_sign_out(parameters).await;
        let value = page.body.split("name=\"xsrf\" value=\"").nth(1);
        let xsrf = value.and_then(|rest| rest.split('"').next());
        let xsrf = xsrf.unwrap_or_else(|| panic!("no form: {page:?}"));
        let form = [("xsrf", xsrf), ("logout", "yes")];
        let confirmed = self.send(self.app.form("/oidc/session/end/confirm", &form)).await;
        [page, confirmed]
    }

    /// Opens the page that asks whether to sign out.
    pub(crate) async fn ask_to_sign_out(&self, parameters: &str) -> Answer {
        let endpoint = self.app.provider.endpoint();
        self.visit(&format!("{endpoint}/oidc/session/end?{parameters}")).await
    }

    async fn send(&self, request: RequestBuilder) -> Answer {
        let request = match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        };
        Answer::of(request.send().await.expect("an answer")).await
    }
}

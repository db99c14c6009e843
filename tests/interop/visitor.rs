//! A person with a browser: it keeps cookies, and looks at every redirect.

use std::cell::RefCell;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, StatusCode};
use rocket::http::Cookie;
use rocket::time::OffsetDateTime;
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::quickstart::Quickstart;

const HTML: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// A browser with cookies, and nothing else.
pub(crate) struct Visitor {
    client: Client,
    jar: RefCell<Vec<Kept>>,
}

/// A cookie and whose it is. As in browsers, ports do not matter.
#[derive(Clone, PartialEq)]
struct Kept {
    host: String,
    path: String,
    name: String,
    value: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    url: Url,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Visitor {
    pub(crate) fn new() -> Self {
        let client = Client::builder()
            .tls_certs_only([])
            .no_proxy()
            .redirect(Policy::none())
            .timeout(Duration::from_secs(20))
            .build();
        Self { client: client.expect("a client"), jar: RefCell::default() }
    }

    /// Another browser with the same cookies.
    pub(crate) fn copy(&self) -> Self {
        Self { client: self.client.clone(), jar: self.jar.clone() }
    }

    /// Opens a page.
    pub(crate) async fn open(&self, url: &str) -> Answer {
        self.send(Method::GET, url, HTML, None).await
    }

    /// Asks for JSON, as a script does.
    pub(crate) async fn fetch(&self, url: &str) -> Answer {
        self.send(Method::GET, url, "application/json", None).await
    }

    /// Sends a form.
    pub(crate) async fn submit(&self, url: &str, fields: &[(&str, &str)]) -> Answer {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(Method::POST, url, HTML, Some(form)).await
    }

    async fn send(&self, method: Method, url: &str, accept: &str, form: Option<String>) -> Answer {
        let url = Url::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        let mut request = self.client.request(method, url.clone()).header(ACCEPT, accept);
        let cookies = self.cookies(&url);
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies);
        }
        if let Some(form) = form {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        }
        let response = request.send().await.unwrap_or_else(|error| panic!("{url}: {error}"));
        let (status, headers) = (response.status(), response.headers().clone());
        self.keep(&url, &headers);
        let body = response.text().await.expect("the answer is text");
        Answer { url, status, headers, body }
    }

    fn cookies(&self, url: &Url) -> String {
        let jar = self.jar.borrow();
        let mine = jar.iter().filter(|cookie| {
            url.host_str() == Some(&*cookie.host)
                && url
                    .path()
                    .strip_prefix(cookie.path.trim_end_matches('/'))
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        let pairs: Vec<_> = mine.map(|kept| format!("{}={}", kept.name, kept.value)).collect();
        pairs.join("; ")
    }

    fn keep(&self, url: &Url, headers: &HeaderMap) {
        let mut jar = self.jar.borrow_mut();
        for header in headers.get_all(SET_COOKIE) {
            let text = header.to_str().expect("cookies are text");
            let cookie = Cookie::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let kept = Kept {
                host: url.host_str().unwrap_or_default().to_owned(),
                path: cookie.path().unwrap_or("/").to_owned(),
                name: cookie.name().to_owned(),
                value: cookie.value().to_owned(),
            };
            jar.retain(|old| {
                (&old.host, &old.path, &old.name) != (&kept.host, &kept.path, &kept.name)
            });
            let ended = cookie.max_age().is_some_and(|age| age.whole_seconds() <= 0)
                || cookie.expires_datetime().is_some_and(|end| end <= OffsetDateTime::now_utc());
            if !ended {
                jar.push(kept);
            }
        }
    }

    /// The names of the application's cookies.
    pub(crate) fn cookie_names(&self) -> Vec<String> {
        let jar = self.jar.borrow();
        jar.iter().filter(|kept| kept.host == "localhost").map(|kept| kept.name.clone()).collect()
    }

    /// Opens `path` of the application as a stranger, and stops at the provider's page.
    pub(crate) async fn start(&self, application: &Quickstart, path: &str) -> Answer {
        let protected = self.open(&application.url(path)).await;
        let sign_in = protected.redirect();
        assert!(sign_in.starts_with(&application.url("/sign-in?return_to=")), "{protected:?}");
        let begun = self.open(&sign_in).await;
        let authorization = begun.redirect();
        assert!(authorization.contains("/oidc/auth?"), "{begun:?}");
        let asked = self.open(&authorization).await;
        self.open(&asked.redirect()).await
    }

    /// Fills in the provider's page as `user`, or cancels it if `None`, and follows the provider's
    /// redirects; returns the callback that they lead to.
    pub(crate) async fn answer(&self, page: &Answer, user: &str) -> String {
        assert!(page.body.contains("<form"), "{page:?}");
        let submitted = self.submit(page.url.as_str(), &[("username", user)]).await;
        self.until_callback(submitted).await
    }

    /// Follows redirects as far as the callback.
    pub(crate) async fn until_callback(&self, mut answer: Answer) -> String {
        loop {
            let location = answer.redirect();
            if location.contains("/callback?") {
                return location;
            }
            answer = self.open(&location).await;
        }
    }

    /// Signs in on the way to `path`, and returns that page.
    pub(crate) async fn sign_in(&self, application: &Quickstart, path: &str, user: &str) -> Answer {
        let page = self.start(application, path).await;
        let callback = self.answer(&page, user).await;
        let back = self.open(&callback).await;
        assert_eq!(back.redirect(), application.url(path));
        let page = self.open(&back.redirect()).await;
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        page
    }
}

impl Answer {
    /// Where a 303 leads.
    pub(crate) fn redirect(&self) -> String {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{self:?}");
        let location = self.headers[LOCATION].to_str().expect("locations are text");
        self.url.join(location).expect("it is a location").into()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The value of the attribute that follows `before` in a page.
    pub(crate) fn attribute(&self, before: &str) -> &str {
        let rest = self.body.split(before).nth(1);
        rest.and_then(|rest| rest.split('"').next()).unwrap_or_else(|| panic!("{self:?}"))
    }
}

/// The one value of a parameter of an address.
pub(crate) fn parameter(url: &str, name: &str) -> String {
    let url = Url::parse(url).expect("it is an address");
    let mut values = url.query_pairs().filter(|(key, _)| key == name);
    let (_, value) = values.next().unwrap_or_else(|| panic!("no {name} in {url}"));
    assert_eq!(values.next(), None, "{name} is there twice: {url}");
    value.into_owned()
}

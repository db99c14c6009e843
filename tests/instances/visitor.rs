//! A person with a browser, which keeps cookies, at an instance or at nginx.

use std::collections::BTreeMap;

use logto_tests::Hostile;
use reqwest::header::{ACCEPT, COOKIE, HOST, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};

#[derive(Clone)]
pub(crate) struct Visitor {
    client: Client,
    jar: BTreeMap<String, String>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) text: String,
}

impl Visitor {
    pub(crate) fn new() -> Self {
        let client = Client::builder().redirect(Policy::none()).pool_max_idle_per_host(0);
        Self { client: client.no_proxy().build().expect("a client"), jar: BTreeMap::new() }
    }

    /// A request as a page of this browser makes it.
    pub(crate) fn request(&self, method: Method, port: u16, path: &str) -> RequestBuilder {
        let cookies: Vec<_> =
            self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.client.request(method, format!("http://127.0.0.1:{port}{path}"));
        let request = request.header(HOST, "localhost").header(ACCEPT, "text/html");
        request.header("Sec-Fetch-Mode", "navigate").header(COOKIE, cookies.join("; "))
    }

    /// Opens a page, or the path of an address, and keeps what its answer sets.
    pub(crate) async fn visit(&mut self, port: u16, address: &str) -> Answer {
        let path = match address.strip_prefix("http://localhost:") {
            Some(rest) => &rest[rest.find('/').expect("a path")..],
            None => address,
        };
        let answer = self.request(Method::GET, port, path).send().await.expect("an answer");
        for line in answer.headers().get_all(SET_COOKIE) {
            let pair = line.to_str().expect("text").split(';').next();
            let (name, value) = pair.and_then(|pair| pair.split_once('=')).expect("a cookie");
            match value {
                "" => self.jar.remove(name),
                value => self.jar.insert(name.to_owned(), value.to_owned()),
            };
        }
        let location =
            answer.headers().get(LOCATION).map(|it| it.to_str().expect("text").to_owned());
        Answer {
            status: answer.status().as_u16(),
            location: location.unwrap_or_default(),
            text: answer.text().await.expect("its end"),
        }
    }

    /// Starts to sign in at `begin` and comes back to `end`, on the way to `/whoami`.
    pub(crate) async fn sign_in(&mut self, op: &Hostile, begin: u16, end: u16) {
        let started = self.visit(begin, "/sign-in?return_to=/whoami").await;
        let answer = self.visit(end, &op.authorize(&started.location)).await;
        assert_eq!((answer.status, &*answer.location), (303, "/whoami"), "{}", answer.text);
    }

    /// Whom an instance says the visitor is, without keeping anything.
    pub(crate) async fn whoami(&self, port: u16) -> Answer {
        self.clone().visit(port, "/whoami").await
    }
}

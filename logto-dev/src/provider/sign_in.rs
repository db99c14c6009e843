//! A whole sign-in to an application under test.

use rocket::http::{Header, HeaderMap, Status};
use rocket::local::{asynchronous, blocking};
use rocket::{Orbit, Rocket};
use url::{Position, Url};

use super::Provider;
use crate::error::Error;

/// How often the application may redirect to itself before it leads to the provider.
const REDIRECTS: usize = 5;

impl Provider {
    /// Signs a user in to an application under test, as a browser does: to its
    /// `/sign-in`, through the provider and back to the callback. Returns the page that
    /// the application then leads to, as one of its paths.
    ///
    /// The route is taken from `logto.routes` in the application's configuration.
    ///
    /// # Panics
    ///
    /// Panics if the user is not signed in afterwards: if the client keeps no cookies
    /// (open it with `Client::tracked()`), the application does not lead to this provider,
    /// there is no such user, or the application refuses the sign-in.
    ///
    /// # Example
    ///
    /// ```rust
    /// use logto_dev::Provider;
    /// use rocket::local::asynchronous::Client;
    ///
    /// # async fn test(rocket: rocket::Rocket<rocket::Build>) {
    /// let provider = Provider::start().await;
    /// let client = Client::tracked(provider.configure(rocket)).await.unwrap();
    /// provider.sign_in(&client, "alice").await;
    /// # }
    /// ```
    pub async fn sign_in(&self, client: &asynchronous::Client, username: &str) -> String {
        self.sign_in_at(client, &sign_in_route(client.rocket()), username).await
    }

    /// As [`sign_in()`](Self::sign_in), as a stranger who opens a page that leads to
    /// the sign-in.
    ///
    /// # Panics
    ///
    /// As there.
    pub async fn sign_in_at(
        &self,
        client: &asynchronous::Client,
        path: &str,
        username: &str,
    ) -> String {
        let visit = async |path: String| {
            let [accept, mode, to] = NAVIGATION.map(|(name, value)| Header::new(name, value));
            let request = client.get(path).header(accept).header(mode).header(to);
            let response = request.dispatch().await;
            Landing::of(response.status(), response.headers())
        };
        let mut way = Way::of(self, client.rocket(), path);
        let url = loop {
            let landing = visit(way.path.clone()).await;
            if let Some(url) = way.go_on(landing) {
                break url;
            }
        };
        let callback = self.approve(&url, username).await;
        let landing = visit(way.back(callback, username)).await;
        way.arrive(landing, client.cookies().iter().count())
    }

    /// As [`sign_in()`](Self::sign_in), with a blocking client. Outside of `async`, start
    /// a provider with `rocket::execute(Provider::start())`.
    ///
    /// # Panics
    ///
    /// As there.
    pub fn sign_in_blocking(&self, client: &blocking::Client, username: &str) -> String {
        let visit = |path: String| {
            let [accept, mode, to] = NAVIGATION.map(|(name, value)| Header::new(name, value));
            let request = client.get(path).header(accept).header(mode).header(to);
            let response = request.dispatch();
            Landing::of(response.status(), response.headers())
        };
        let mut way = Way::of(self, client.rocket(), &sign_in_route(client.rocket()));
        let url = loop {
            if let Some(url) = way.go_on(visit(way.path.clone())) {
                break url;
            }
        };
        let callback = self.server().runtime.block_on(self.approve(&url, username));
        way.arrive(visit(way.back(callback, username)), client.cookies().iter().count())
    }
}

/// A person opens a page. Scripts are not sent to sign in.
const NAVIGATION: [(&str, &str); 3] =
    [("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")];

/// Where the application has its sign-in route.
fn sign_in_route(rocket: &Rocket<Orbit>) -> String {
    let setting = |key: &str| rocket.figment().extract_inner::<String>(key).ok();
    let base = setting("logto.routes.base").unwrap_or_default();
    let route = setting("logto.routes.sign_in").unwrap_or_else(|| "/sign-in".to_string());
    format!("{}{route}", base.trim_end_matches('/'))
}

/// What a visit leads to.
struct Landing {
    status: Status,
    location: Option<String>,
}

impl Landing {
    fn of(status: Status, headers: &HeaderMap<'_>) -> Self {
        Self { status, location: headers.get_one("Location").map(ToString::to_string) }
    }
}

/// The steps of one sign-in so far.
struct Way {
    endpoint: String,
    /// The application's address for browsers.
    site: Url,
    /// What to open next.
    path: String,
    redirects: usize,
}

impl Way {
    fn of(provider: &Provider, rocket: &Rocket<Orbit>, path: &str) -> Self {
        let configured = rocket.figment().extract_inner::<String>("logto.base_url").ok();
        let site = configured.as_deref().unwrap_or(&provider.base_url).trim_end_matches('/');
        match Url::parse(&format!("{site}/")) {
            Ok(site) => {
                let endpoint = provider.endpoint().to_string();
                Self { endpoint, site, path: path.to_string(), redirects: 0 }
            }
            Err(error) => panic!("`logto.base_url` is {site}, which is not a URL: {error}"),
        }
    }

    /// The URL at the provider, if that is where the application leads.
    fn go_on(&mut self, landing: Landing) -> Option<String> {
        let path = &self.path;
        self.redirects += 1;
        assert!(self.redirects <= REDIRECTS, "the application keeps redirecting, last to {path}");
        let Some(location) = landing.location else {
            panic!("{path} does not lead to a sign-in: the application answers {}", landing.status)
        };
        if location.starts_with(&self.endpoint) {
            return Some(location);
        }
        self.path = self.own(&location);
        None
    }

    fn back(&self, callback: Result<String, Error>, username: &str) -> String {
        self.own(&callback.unwrap_or_else(|error| panic!("signing in as {username}: {error}")))
    }

    fn arrive(&self, landing: Landing, cookies: usize) -> String {
        match landing.location {
            Some(location) => self.own(&location),
            None if cookies == 0 => {
                panic!("the client keeps no cookies: open it with `Client::tracked()`")
            }
            None => panic!("the application refuses the sign-in with {}", landing.status),
        }
    }

    /// The application's path for what browsers see as `location`.
    fn own(&self, location: &str) -> String {
        let url = self.site.join(location).ok();
        let url = url.filter(|url| url.origin() == self.site.origin());
        // A proxy in front strips the prefix.
        let prefix = self.site.path().trim_end_matches('/');
        let path = url.as_ref().and_then(|url| url[Position::BeforePath..].strip_prefix(prefix));
        path.map_or_else(
            || panic!("{location} is not a page of {}", self.site),
            ToString::to_string,
        )
    }
}

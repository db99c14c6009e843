//! Access tokens that a test's requests present.

use rocket::local::{asynchronous, blocking};
use rocket::request::Request;
use serde_json::{Map, Value, json};

use crate::auth_info::AuthInfo;
use crate::logto::Logto;
use crate::request::RequestState;
use crate::scope::organization_urn;

/// An access token for a test's request to present, as Logto would have issued it.
///
/// # Example
///
/// ```rust
/// use logto_rocket::testing::{TestRequest, TestToken};
/// # use logto_rocket::{AuthInfo, Config, Logto, authenticated};
/// use rocket::http::Status;
/// use rocket::local::asynchronous::Client;
/// # use rocket::{Build, Rocket, get, routes};
/// #
/// # #[authenticated(bearer, resource = "https://api.example.com", scopes("read:items"))]
/// # #[get("/items")]
/// # fn items(auth: &AuthInfo) -> String { auth.sub.clone() }
/// #
/// # fn rocket() -> Rocket<Build> {
/// #     let mut config = Config::new("https://foo.logto.app", "app");
/// #     config.base_url = Some("http://localhost:8000".into());
/// #     config.cookie_secret = ["a secret of at least 32 random bytes"].into();
/// #     rocket::build().attach(Logto::fairing().config(config)).mount("/", routes![items])
/// # }
///
/// # rocket::async_test(async {
/// let client = Client::tracked(rocket()).await.unwrap();
/// let token = TestToken::for_resource("https://api.example.com").subject("alice");
/// let answer = client.get("/items").bearer(token.clone().scope("read:items")).dispatch().await;
/// assert_eq!(answer.into_string().await.as_deref(), Some("alice"));
/// let answer = client.get("/items").bearer(token).dispatch().await;
/// assert_eq!(answer.status(), Status::Forbidden);
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct TestToken {
    claims: Map<String, Value>,
    scopes: Vec<String>,
}

impl TestToken {
    /// A user's token for an API resource, by its indicator or by its name in the
    /// configuration, without any scope.
    pub fn for_resource(indicator: impl AsRef<str>) -> Self {
        Self::of(indicator.as_ref())
    }

    /// A user's token for an organization, by its id, without any scope.
    pub fn for_organization(id: impl AsRef<str>) -> Self {
        Self::of(&organization_urn(id.as_ref()))
    }

    fn of(audience: &str) -> Self {
        let claims = json!({
            "jti": "test", "sub": "test-user", "client_id": "test-client", "aud": audience,
        });
        let Value::Object(claims) = claims else { unreachable!("it is an object") };
        Self { claims, scopes: Vec::new() }
    }

    /// The same, for the resource in this organization.
    #[must_use]
    pub fn in_organization(self, id: impl Into<String>) -> Self {
        self.claim("organization_id", id.into())
    }

    /// Sets the user's id. **(default: `test-user`)**
    #[must_use]
    pub fn subject(self, id: impl Into<String>) -> Self {
        self.claim("sub", id.into())
    }

    /// Sets the application that got the token. **(default: `test-client`)**
    #[must_use]
    pub fn client(self, id: impl Into<String>) -> Self {
        self.claim("client_id", id.into())
    }

    /// The token is this machine's own.
    #[must_use]
    pub fn machine(self, client_id: impl Into<String>) -> Self {
        let id = client_id.into();
        self.subject(id.clone()).client(id)
    }

    /// Adds a scope.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// Sets any claim, as a script of the tenant can.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    fn auth(self, request: &Request<'_>) -> AuthInfo {
        let mut claims = self.claims;
        if let (Some(logto), Some(Value::String(audience))) =
            (Logto::of(request), claims.get_mut("aud"))
        {
            let resources = &logto.config().resources;
            *audience = resources.indicator(audience).expect("a resource").to_owned();
        }
        claims.insert("scope".into(), self.scopes.join(" ").into());
        let claims = serde_json::from_value(Value::Object(claims)).expect("claims");
        AuthInfo::of(claims).expect("`sub` is a text and not empty")
    }
}

/// Test methods for requests of [`rocket::local`].
///
/// The token is not a header: it is a value in this process, which nothing from a network
/// can carry. The request's own header is then ignored.
pub trait TestRequest {
    /// The request presents this access token.
    ///
    /// # Panics
    ///
    /// Panics if the claim `sub` was set to anything but text, or if the token is for a
    /// name that the configuration does not have.
    #[must_use]
    fn bearer(self, token: TestToken) -> Self;
}

impl TestRequest for asynchronous::LocalRequest<'_> {
    fn bearer(self, token: TestToken) -> Self {
        RequestState::of(self.inner()).present(token.auth(self.inner()));
        self
    }
}

impl TestRequest for blocking::LocalRequest<'_> {
    fn bearer(self, token: TestToken) -> Self {
        RequestState::of(self.inner()).present(token.auth(self.inner()));
        self
    }
}

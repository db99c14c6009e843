//! What every test needs: an application without a framework, and captures.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use logto_dev::{Builder, Provider};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use url::{Url, form_urlencoded};

pub(crate) const CALLBACK: &str = "http://localhost:8000/callback";
pub(crate) const API: &str = "https://api.example.com";
pub(crate) const ACME: &str = "8wz3nrme4n02";
pub(crate) const GLOBEX: &str = "nyb79mqzrg8c";
pub(crate) const ALL_SCOPES: &str = "openid offline_access profile email phone address custom_data \
     identities roles urn:logto:scope:organizations urn:logto:scope:organization_roles";
const VERIFIER: &str = "12345678901234567890123456789012345678901234567890";
const CHALLENGE: &str = "9Y__uhKapn7GO_ElcaQpd8C3hdOyqTzAU4VXyR2iEV0";

/// An application that signs in with a provider of its own.
pub(crate) struct App {
    pub(crate) provider: Provider,
    pub(crate) http: Client,
}

impl App {
    pub(crate) async fn start() -> Self {
        Self::with(Provider::builder()).await
    }

    pub(crate) async fn with(builder: Builder) -> Self {
        let http = Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
        Self { provider: builder.start().await, http }
    }

    /// The URL of a sign-in. A parameter with an empty value is left out.
    pub(crate) fn url(&self, changes: &[(&str, &str)]) -> String {
        let defaults = [
            ("client_id", self.provider.app_id()),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", ALL_SCOPES),
            ("prompt", "consent"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "st-1"),
            ("nonce", "n-123"),
        ];
        let kept = defaults.iter().filter(|(name, _)| !changes.iter().any(|(n, _)| n == name));
        let pairs = kept.chain(changes).filter(|(_, value)| !value.is_empty());
        format!("{}/oidc/auth?{}", self.provider.endpoint(), encode(pairs))
    }

    /// Signs in and returns the code.
    pub(crate) async fn code(&self, username: &str, changes: &[(&str, &str)]) -> String {
        let callback =
            self.provider.approve(&self.url(changes), username).await.expect("a callback");
        query(&callback, "code").unwrap_or_else(|| panic!("no code in {callback}"))
    }

    /// Signs in and returns the token endpoint's answer.
    pub(crate) async fn sign_in(&self, username: &str, changes: &[(&str, &str)]) -> Value {
        let code = self.code(username, changes).await;
        self.redeem(&code, &[]).await.ok()
    }

    pub(crate) async fn redeem(&self, code: &str, changes: &[(&str, &str)]) -> Answer {
        let defaults = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        let kept = defaults.iter().filter(|(name, _)| !changes.iter().any(|(n, _)| n == name));
        let pairs: Vec<_> = kept.chain(changes).filter(|(_, v)| !v.is_empty()).copied().collect();
        self.token(&pairs).await
    }

    pub(crate) async fn refresh(&self, token: &str, more: &[(&str, &str)]) -> Answer {
        let own = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.token(&[&own, more].concat()).await
    }

    /// Posts to the token endpoint as the application.
    pub(crate) async fn token(&self, form: &[(&str, &str)]) -> Answer {
        self.post("/oidc/token", Some((self.provider.app_id(), self.provider.app_secret())), form)
            .await
    }

    /// Requests a token as the machine-to-machine application.
    pub(crate) async fn machine(&self, form: &[(&str, &str)]) -> Answer {
        let credentials = (self.provider.machine_app_id(), self.provider.machine_app_secret());
        let grant = [("grant_type", "client_credentials")];
        self.post("/oidc/token", Some(credentials), &[&grant, form].concat()).await
    }

    pub(crate) async fn introspect(&self, token: &str) -> Answer {
        let credentials = Some((self.provider.app_id(), self.provider.app_secret()));
        self.post("/oidc/token/introspection", credentials, &[("token", token)]).await
    }

    pub(crate) async fn revoke(&self, token: &str) -> Answer {
        let credentials = Some((self.provider.app_id(), self.provider.app_secret()));
        self.post("/oidc/token/revocation", credentials, &[("token", token)]).await
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        credentials: Option<(&str, &str)>,
        form: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.form(path, form);
        if let Some((id, secret)) = credentials {
            let basic = STANDARD.encode(format!("{id}:{secret}"));
            request = request.header(AUTHORIZATION, format!("Basic {basic}"));
        }
        Answer::of(request.send().await.expect("an answer")).await
    }

    pub(crate) fn form(&self, path: &str, form: &[(&str, &str)]) -> RequestBuilder {
        let request = self.http.post(format!("{}{path}", self.provider.endpoint()));
        request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(encode(form.iter()))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let url = format!("{}{path}", self.provider.endpoint());
        Answer::of(self.http.get(url).send().await.expect("an answer")).await
    }

    pub(crate) async fn user_info(&self, token: &str) -> Answer {
        let url = format!("{}/oidc/me", self.provider.endpoint());
        let request = self.http.get(url).header(AUTHORIZATION, format!("Bearer {token}"));
        Answer::of(request.send().await.expect("an answer")).await
    }
}

/// An answer with its body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Self {
        let status = response.status();
        let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap_or("").to_string();
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), text(value))).collect();
        Self { status, headers, body: response.text().await.expect("a body") }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The JSON of a successful answer.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Compares with the status, headers and body of a capture.
    pub(crate) fn assert_is(&self, capture: &Value) {
        assert_eq!(capture[0], self.status.as_u16(), "{self:?}");
        let body = match &capture[2] {
            Value::String(text) => serde_json::from_str(text).expect("a captured JSON body"),
            body => body.clone(),
        };
        assert_eq!(self.json(), body);
        for name in ["cache-control", "content-type"] {
            assert_eq!(self.header(name), capture[1][name].as_str(), "{name}");
        }
    }
}

/// The answers of a real Logto.
pub(crate) struct Captures(Value);

impl Captures {
    pub(crate) fn v1_42() -> Self {
        Self::read("logto-1.42-oidc-provider-9.json")
    }

    pub(crate) fn v1_37() -> Self {
        Self::read("logto-1.37-oidc-provider-8.json")
    }

    fn read(name: &str) -> Self {
        let path = format!("{}/../tests/captures/{name}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).expect("the captures are in the repository");
        // The organizations of the older capture have other identifiers.
        let text = text.replace("8vr224jw20oc", ACME).replace("ln2bszog8i4a", "nyb79mqzrg8c");
        Self(serde_json::from_str(&text).expect("captures are JSON"))
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.as_object().expect("an object").keys().map(String::as_str)
    }

    pub(crate) fn of(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or_else(|| panic!("there is no capture `{name}`"))
    }
}

/// The header and the claims of a token, in the order they have there.
pub(crate) fn decode(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| {
        let bytes = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    });
    (parts.next().expect("a header"), parts.next().expect("claims"))
}

/// The names in an object.
pub(crate) fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// A parameter of a URL's query.
pub(crate) fn query(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).expect("a URL");
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// A member that must be text.
pub(crate) fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no text `{name}` in {value}")).to_string()
}

pub(crate) fn encode<'a>(pairs: impl Iterator<Item = &'a (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs.copied()).finish()
}

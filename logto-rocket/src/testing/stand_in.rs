//! The stand-in for Logto in a test.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::{AccessToken, RefreshToken};
use reqwest::{Request, Response};
use serde_json::{Map, Value, json};

use super::user::TestUser;
use crate::claims::IdTokenClaims;
use crate::clock::{Clock, Timestamp};
use crate::http::InLogtosPlace;
use crate::scope::organization_urn;
use crate::token::{Audience, Token};
use crate::wiped::Wiped;

/// How Logto answers every request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogtoAnswer {
    /// As [`TestUser`] says. **(default)** Anything it does not have is answered with
    /// 503.
    #[default]
    Granted,
    /// `access_denied` to requests for a token for an API resource or an organization; the
    /// rest as [`Granted`](Self::Granted).
    Denied,
    /// 503, to everything.
    Down,
    /// The user's tokens are no longer valid: the user was suspended or deleted, or the
    /// grant was revoked. A session ends the next time Logto is asked about it.
    Ended,
}

/// Answers in Logto's place, to one instance of one application.
pub(super) struct InLogtosStead {
    issuer: String,
    app_id: String,
    clock: Clock,
    state: Mutex<Seat>,
}

#[derive(Default)]
struct Seat {
    answer: LogtoAnswer,
    /// The users of the opaque access tokens and refresh tokens that were issued.
    users: HashMap<String, Arc<TestUser>>,
}

impl InLogtosStead {
    pub(super) fn new(issuer: String, app_id: String, clock: Clock) -> Self {
        Self { issuer, app_id, clock, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, Seat> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, answer: LogtoAnswer) {
        self.state().answer = answer;
    }

    /// A new secret for this user.
    fn secret(&self, user: &Arc<TestUser>) -> String {
        let mut state = self.state();
        let secret = format!("of-a-test-{}", state.users.len());
        state.users.insert(secret.clone(), Arc::clone(user));
        secret
    }

    fn user(&self, secret: &str) -> Option<Arc<TestUser>> {
        self.state().users.get(secret).cloned()
    }

    pub(super) fn refresh_token(&self, user: &Arc<TestUser>) -> Wiped<RefreshToken> {
        RefreshToken::new(self.secret(user)).into()
    }

    /// The token for Logto's own endpoints.
    pub(super) fn own_token(&self, user: &Arc<TestUser>, scopes: &[String]) -> Token {
        let secret = AccessToken::new(self.secret(user));
        Token::new(secret, Some(scopes.join(" ")), self.clock.now(), user.lifetime())
    }

    /// The token for an API resource or an organization; `None` if the user has none.
    pub(super) fn token(&self, user: &TestUser, audience: &Audience) -> Option<Token> {
        let scope = user.scope(audience)?;
        let secret = AccessToken::new(self.jwt(user, audience, scope));
        Some(Token::new(secret, Some(scope.to_owned()), self.clock.now(), user.lifetime()))
    }

    fn jwt(&self, user: &TestUser, audience: &Audience, scope: &str) -> String {
        let organization = audience.organization_id();
        let of = |id: &str| organization_urn(id);
        let aud = audience.indicator().map(str::to_owned).or_else(|| organization.map(of));
        let mut claims = self.protocol(user, &aud.unwrap_or_default(), self.clock.now());
        claims.insert("scope".into(), scope.into());
        claims.insert("client_id".into(), self.app_id.as_str().into());
        if let Some(id) = organization.filter(|_| audience.indicator().is_some()) {
            claims.insert("organization_id".into(), id.into());
        }
        unsigned("at+jwt", &claims)
    }

    pub(super) fn id_token(&self, user: &TestUser) -> String {
        unsigned("JWT", &self.id_token_members(user))
    }

    pub(super) fn id_token_claims(&self, user: &TestUser) -> IdTokenClaims {
        let claims = Value::Object(self.id_token_members(user));
        serde_json::from_value(claims).expect("the claims of the protocol have their types")
    }

    fn id_token_members(&self, user: &TestUser) -> Map<String, Value> {
        let issued = user.signed_in(self.clock.now());
        user.with_claims(self.protocol(user, &self.app_id, issued))
    }

    /// The claims that every token of this user has.
    fn protocol(&self, user: &TestUser, audience: &str, issued: Timestamp) -> Map<String, Value> {
        let claims = [
            ("iss", Value::from(self.issuer.as_str())),
            ("sub", user.subject().into()),
            ("aud", audience.into()),
            ("exp", issued.plus(user.lifetime()).seconds().into()),
            ("iat", issued.seconds().into()),
        ];
        claims.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
    }

    fn metadata(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.issuer);
        json!({
            "issuer": self.issuer,
            "authorization_endpoint": at("/auth"),
            "token_endpoint": at("/token"),
            "userinfo_endpoint": at("/me"),
            "jwks_uri": at("/jwks"),
            "end_session_endpoint": at("/session/end"),
            "revocation_endpoint": at("/token/revocation"),
        })
    }

    fn user_info(&self, request: &Request) -> Response {
        let bearer = request.headers().get("Authorization").and_then(|value| value.to_str().ok());
        let token = bearer.and_then(|value| value.strip_prefix("Bearer "));
        let ended = self.state().answer == LogtoAnswer::Ended;
        match token.and_then(|token| self.user(token)).filter(|_| !ended) {
            Some(user) => reply(200, &Value::Object(user.all_info())),
            None => reply(401, &json!({ "error": "invalid_token" })),
        }
    }

    fn grant(&self, request: &Request) -> Response {
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let fields: HashMap<_, _> = url::form_urlencoded::parse(body).into_owned().collect();
        let field = |name: &str| fields.get(name).map(String::as_str);
        if field("grant_type") != Some("refresh_token") {
            return untold("for a token other than a signed-in user's", WITH_LOGTO_DEV);
        }
        let answer = self.state().answer;
        let user = field("refresh_token").and_then(|token| self.user(token));
        let Some(user) = user.filter(|_| answer != LogtoAnswer::Ended) else {
            return reply(400, &json!({ "error": "invalid_grant" }));
        };
        let audience = audience(field("resource"), field("organization_id"));
        let outsider = audience.organization_id().is_some_and(|id| !user.is_member_of(id));
        if outsider || answer == LogtoAnswer::Denied && !audience.is_logto() {
            return reply(400, &json!({ "error": "access_denied" }));
        }
        self.refreshed(&user, &audience)
    }

    fn refreshed(&self, user: &Arc<TestUser>, audience: &Audience) -> Response {
        let only_member = audience.indicator().is_none() && audience.organization_id().is_some();
        let (secret, scope) = match user.scope(audience) {
            // The session's scopes stay if the answer has none.
            None if audience.is_logto() => (self.secret(user), None),
            Some(scope) => (self.jwt(user, audience, scope), Some(scope)),
            None if only_member => (self.jwt(user, audience, ""), Some("")),
            None => {
                let what = format!("for an access token for {}", audience.named());
                return untold(&what, "add `.access_token(..)` to its `TestUser`");
            }
        };
        let expires_in = user.lifetime().as_secs();
        let mut granted =
            json!({ "access_token": secret, "token_type": "Bearer", "expires_in": expires_in });
        if let Some(scope) = scope {
            granted["scope"] = scope.into();
        }
        reply(200, &granted)
    }
}

impl InLogtosPlace for InLogtosStead {
    fn answer(&self, request: &Request) -> Response {
        let path = request.url().path();
        if self.state().answer == LogtoAnswer::Down {
            return reply(503, &json!({}));
        }
        match path.rsplit('/').next() {
            Some("openid-configuration") => reply(200, &self.metadata()),
            Some("jwks") => reply(200, &json!({ "keys": [] })),
            Some("me") => self.user_info(request),
            Some("token") => self.grant(request),
            Some("revocation") => reply(200, &json!({})),
            _ => untold(&format!("at {path}"), WITH_LOGTO_DEV),
        }
    }
}

fn audience(resource: Option<&str>, organization: Option<&str>) -> Audience {
    let of = resource.map_or_else(Audience::logto, Audience::resource);
    organization.map_or(of.clone(), |id| of.in_organization(id))
}

const WITH_LOGTO_DEV: &str = "test that with `logto-dev`";

/// A test has not said how Logto answers this.
fn untold(what: &str, instead: &str) -> Response {
    log::error!("logto: a test would have asked Logto {what}; {instead}");
    reply(503, &json!({}))
}

fn reply(status: u16, body: &Value) -> Response {
    let response = http::Response::builder().status(status);
    let response = response.header("Content-Type", "application/json").body(body.to_string());
    response.expect("a status and a header that there are").into()
}

/// A token that reads like one of Logto's, but cannot be mistaken for one.
fn unsigned(kind: &str, claims: &Map<String, Value>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({ "alg": "none", "typ": kind });
    format!("{}.{}.", part(&header), part(&Value::Object(claims.clone())))
}

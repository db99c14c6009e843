use std::time::Duration;

use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::error::Result;
use crate::logto::Logto;
use crate::token::Audience;

/// A user for [`TestClient::sign_in_as()`](super::TestClient::sign_in_as).
///
/// The application sees what is set here, whichever scopes it asks for.
///
/// # Example
///
/// ```rust
/// use logto_rocket::Audience;
/// use logto_rocket::testing::TestUser;
///
/// let alice = TestUser::new("alice")
///     .name("Alice")
///     .email("alice@example.com")
///     .role("admin")
///     .organization("acme", ["owner"])
///     .access_token("https://api.example.com", ["read:items"])
///     .access_token(Audience::organization("acme"), ["invite:member"])
///     .user_info("custom_data", serde_json::json!({ "plan": "gold" }));
/// # let _ = alice;
/// ```
#[derive(Clone, Debug)]
#[must_use = "a user is signed in by `client.sign_in_as(..)`"]
pub struct TestUser {
    subject: String,
    claims: Map<String, Value>,
    info: Map<String, Value>,
    tokens: Vec<(Audience, String)>,
    token_lifetime: Duration,
    signed_in_ago: Duration,
}

impl TestUser {
    /// A user with this id (`sub`), who has just signed in and about whom nothing else is
    /// known.
    pub fn new(subject: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            claims: Map::new(),
            info: Map::new(),
            tokens: Vec::new(),
            token_lifetime: Duration::from_secs(3600),
            signed_in_ago: Duration::ZERO,
        }
    }

    /// Sets the name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.claim("name", name.into())
    }

    /// Sets the user name.
    pub fn username(self, username: impl Into<String>) -> Self {
        self.claim("username", username.into())
    }

    /// Sets a verified email address.
    pub fn email(self, email: impl Into<String>) -> Self {
        self.claim("email", email.into()).claim("email_verified", true)
    }

    /// Sets a verified phone number.
    pub fn phone_number(self, number: impl Into<String>) -> Self {
        self.claim("phone_number", number.into()).claim("phone_number_verified", true)
    }

    /// Adds a role.
    pub fn role(mut self, name: impl Into<String>) -> Self {
        self.push("roles", name.into());
        self
    }

    /// Makes the user a member of the organization with this id, with these roles there.
    ///
    /// A member gets the organization's token, without permissions unless
    /// [`access_token()`](Self::access_token) names them. Non-members are denied it.
    pub fn organization(
        mut self,
        id: impl Into<String>,
        roles: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let id = id.into();
        for role in roles {
            self.push("organization_roles", format!("{id}:{}", role.into()));
        }
        self.push("organizations", id);
        self
    }

    /// Sets a claim, in the ID token and in the user info.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Sets a claim that only the user info has, like `custom_data` and `identities` at
    /// Logto.
    pub fn user_info(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.info.insert(name.into(), value.into());
        self
    }

    /// Gives the user an access token for an API resource, for an organization or for both,
    /// with these permissions.
    pub fn access_token(
        mut self,
        audience: impl Into<Audience>,
        scopes: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let scopes: Vec<String> = scopes.into_iter().map(Into::into).collect();
        self.tokens.push((audience.into(), scopes.join(" ")));
        self
    }

    /// Sets how long access tokens live. **(default: one hour)** With zero they are
    /// refreshed at every use.
    pub fn token_lifetime(self, lifetime: Duration) -> Self {
        Self { token_lifetime: lifetime, ..self }
    }

    /// Sets how long ago the user signed in; they have used the application since. If that
    /// is longer than `session.absolute` allows, the user is a stranger.
    pub fn signed_in_ago(self, ago: Duration) -> Self {
        Self { signed_in_ago: ago, ..self }
    }

    fn push(&mut self, claim: &str, text: String) {
        match self.claims.entry(claim).or_insert_with(|| Value::Array(Vec::new())) {
            Value::Array(list) => list.push(text.into()),
            other => panic!("the claim `{claim}` was set to {other}, which is not a list"),
        }
    }

    /// The same, with the indicators of resources in place of their names.
    ///
    /// # Errors
    ///
    /// The configuration does not have a name.
    pub(super) fn resolved(mut self, logto: &Logto) -> Result<Self> {
        for (audience, _) in &mut self.tokens {
            *audience = logto.resolved(audience)?.into_owned();
        }
        Ok(self)
    }

    pub(super) fn subject(&self) -> &str {
        &self.subject
    }

    pub(super) fn lifetime(&self) -> Duration {
        self.token_lifetime
    }

    pub(super) fn signed_in(&self, now: Timestamp) -> Timestamp {
        let since_epoch = now.since(Timestamp::default());
        Timestamp::default().plus(since_epoch.saturating_sub(self.signed_in_ago))
    }

    pub(super) fn audiences(&self) -> impl Iterator<Item = &Audience> {
        self.tokens.iter().map(|(audience, _)| audience)
    }

    /// The permissions of the token for this audience; `None` if it was not set.
    pub(super) fn scope(&self, audience: &Audience) -> Option<&str> {
        // The last setting wins.
        let mut known = self.tokens.iter().rev();
        known.find(|(known, _)| known == audience).map(|(_, scope)| scope.as_str())
    }

    pub(super) fn is_member_of(&self, organization: &str) -> bool {
        let organizations = self.claims.get("organizations").and_then(Value::as_array);
        organizations.is_some_and(|ids| ids.iter().any(|id| id == organization))
    }

    /// The claims of the protocol, unless the test set them, and the user's.
    pub(super) fn with_claims(&self, protocol: Map<String, Value>) -> Map<String, Value> {
        protocol.into_iter().chain(self.claims.clone()).collect()
    }

    pub(super) fn all_info(&self) -> Map<String, Value> {
        let subject = [("sub".to_owned(), Value::from(self.subject.as_str()))];
        let claims = self.claims.clone().into_iter().chain(self.info.clone());
        subject.into_iter().chain(claims).collect()
    }
}

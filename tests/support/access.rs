//! Access tokens: opaque for the provider's own endpoints, a JWT for everything else.

use serde_json::{Value, json};

use crate::answers::now;
use crate::encode::random;
use crate::grants::Grant;
use crate::state::State;
use crate::token::compact;

const ORGANIZATIONS: &str = "urn:logto:scope:organizations";

/// What a token request wants its access token for.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) resource: Option<String>,
    pub(crate) organization: Option<String>,
}

impl Wanted {
    /// Why Logto would refuse it: its status and error.
    pub(crate) fn refusal(&self, grant: &Grant) -> Option<(u16, &'static str)> {
        let has = |list: &[String], one: &str| list.iter().any(|other| other == one);
        if self.resource.as_ref().is_some_and(|resource| !has(&grant.resources, resource)) {
            return Some((400, "invalid_target"));
        }
        let foreign = self.organization.is_some() && !has(&grant.scope, ORGANIZATIONS);
        foreign.then_some((403, "insufficient_scope"))
    }

    /// A new access token and its scope.
    pub(crate) fn token(&self, state: &mut State, grant: &Grant) -> (String, String) {
        match self.audience() {
            None => (state.grants.access_token(grant), grant.scope.join(" ")),
            Some(audience) => (self.jwt(&audience, state, grant), state.permissions.clone()),
        }
    }

    fn audience(&self) -> Option<String> {
        let organization =
            || Some(format!("urn:logto:organization:{}", self.organization.as_ref()?));
        self.resource.clone().or_else(organization)
    }

    fn jwt(&self, audience: &str, state: &State, grant: &Grant) -> String {
        let iat = now();
        let mut claims = json!({
            "jti": random(), "sub": grant.account["sub"], "iat": iat, "exp": iat + 3600,
            "scope": state.permissions, "client_id": state.app_id, "iss": state.issuer(),
            "aud": audience,
        });
        if let (Some(id), Some(_)) = (&self.organization, &self.resource) {
            claims["organization_id"] = Value::from(id.as_str());
        }
        let key = &state.keys[0];
        let header = json!({"alg": key.alg(), "typ": "at+jwt", "kid": key.kid()});
        compact(&header, &claims, |input| key.sign(input))
    }
}

//! Issued codes and tokens.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::encode::{random, sha256};

/// What a user allowed the application.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) id: String,
    pub(crate) account: Value,
    pub(crate) scope: Vec<String>,
    /// The requested resources; no others can be had later.
    pub(crate) resources: Vec<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: Option<String>,
    pub(crate) redirect_uri: String,
}

/// Everything that was issued and has not ended.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    codes: HashMap<String, (Grant, bool)>,
    refresh_tokens: HashMap<String, Grant>,
    access_tokens: HashMap<String, Grant>,
}

impl Grants {
    /// Issues a code for what an authorization request asks.
    pub(crate) fn code(&mut self, account: Value, asked: &[(String, String)]) -> String {
        let one = |name: &str| {
            asked.iter().find(|(key, _)| key == name).map(|(_, value)| value.to_owned())
        };
        let consent = one("prompt").is_some_and(|prompt| prompt.contains("consent"));
        let scope = one("scope").unwrap_or_default();
        let scope = scope.split(' ').filter(|name| consent || *name != "offline_access");
        let resources = asked.iter().filter(|(key, _)| key == "resource");
        let grant = Grant {
            id: random(),
            account,
            scope: scope.map(str::to_owned).collect(),
            resources: resources.map(|(_, value)| value.to_owned()).collect(),
            nonce: one("nonce"),
            challenge: one("code_challenge"),
            redirect_uri: one("redirect_uri").unwrap_or_default(),
        };
        let code = random();
        self.codes.insert(code.clone(), (grant, false));
        code
    }

    /// Redeems a code, once; a second attempt ends everything that the first one brought.
    pub(crate) fn redeem(&mut self, form: impl Fn(&str) -> Option<String>) -> Option<Grant> {
        let (grant, spent) = self.codes.get_mut(&form("code")?)?;
        if *spent {
            let id = grant.id.clone();
            self.end(&id);
            return None;
        }
        let verifier = form("code_verifier").map(|verifier| sha256(&verifier));
        if verifier != grant.challenge || form("redirect_uri")? != grant.redirect_uri {
            return None;
        }
        *spent = true;
        Some(grant.clone())
    }

    /// The grant of a refresh token; its access tokens end with it.
    pub(crate) fn refresh(&mut self, token: &str) -> Option<Grant> {
        let grant = self.refresh_tokens.get(token).cloned()?;
        self.access_tokens.retain(|_, other| other.id != grant.id);
        Some(grant)
    }

    pub(crate) fn account_of(&self, access_token: &str) -> Option<&Grant> {
        self.access_tokens.get(access_token)
    }

    pub(crate) fn access_token(&mut self, grant: &Grant) -> String {
        let token = random();
        self.access_tokens.insert(token.clone(), grant.clone());
        token
    }

    pub(crate) fn refresh_token(&mut self, grant: &Grant) -> Option<String> {
        let offline = grant.scope.iter().any(|scope| scope == "offline_access");
        offline.then(|| {
            let token = random();
            self.refresh_tokens.insert(token.clone(), grant.clone());
            token
        })
    }

    pub(crate) fn good_refresh_tokens(&self) -> usize {
        self.refresh_tokens.len()
    }

    pub(crate) fn forget_refresh_token(&mut self, token: &str) {
        self.refresh_tokens.remove(token);
    }

    /// Ends the grant that a token of either kind belongs to.
    pub(crate) fn revoke(&mut self, token: &str) {
        let grant = self.refresh_tokens.get(token).or_else(|| self.access_tokens.get(token));
        if let Some(id) = grant.map(|grant| grant.id.clone()) {
            self.end(&id);
        }
    }

    pub(crate) fn end_all(&mut self) {
        *self = Self::default();
    }

    fn end(&mut self, id: &str) {
        self.refresh_tokens.retain(|_, grant| grant.id != id);
        self.access_tokens.retain(|_, grant| grant.id != id);
    }
}

impl Grant {
    /// The claims about the user that the scope permits; some stay out of the ID token.
    pub(crate) fn claims(&self, in_id_token: bool) -> Value {
        let mut claims = json!({});
        for (name, value) in self.account.as_object().into_iter().flatten() {
            let scope = scope_of(name);
            let kept_out = in_id_token && name == "custom_data";
            if !kept_out && (scope == "openid" || self.scope.iter().any(|one| one == scope)) {
                claims[name] = value.clone();
            }
        }
        claims
    }
}

fn scope_of(claim: &str) -> &str {
    match claim {
        "name" | "picture" | "username" | "created_at" | "updated_at" => "profile",
        "email" | "email_verified" => "email",
        "custom_data" | "roles" => claim,
        _ => "openid",
    }
}

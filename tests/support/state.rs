//! What the hostile provider knows and remembers.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::grants::Grants;
use crate::{Deviation, Fault, Key};

pub(crate) const APP_ID: &str = "hostile-app";
/// Needs percent-encoding in a `Basic` header.
pub(crate) const APP_SECRET: &str = "s3cret%of+the:app and more";

/// The names of the endpoints, under which requests are counted, with their paths below `/oidc`.
pub(crate) const ENDPOINTS: [(&str, &str); 7] = [
    ("discovery", "/.well-known/openid-configuration"),
    ("jwks", "/jwks"),
    ("auth", "/auth"),
    ("token", "/token"),
    ("me", "/me"),
    ("revocation", "/token/revocation"),
    ("session/end", "/session/end"),
];

/// A request that the provider received.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The endpoint's name, under which it is counted.
    pub endpoint: &'static str,
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The headers, by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// The fields of the form in the body.
    pub form: Vec<(String, String)>,
}

impl Recorded {
    /// Returns the only value of a form field; `None` if it is absent or appears twice.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.form.iter().filter(|(key, _)| key == name);
        let first = values.next().map(|(_, value)| value.as_str());
        if values.next().is_some() { None } else { first }
    }
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) endpoint: String,
    /// The application that it knows.
    pub(crate) app_id: String,
    /// All published keys; the first one signs.
    pub(crate) keys: Vec<Arc<Key>>,
    pub(crate) deviations: Vec<Deviation>,
    pub(crate) account: Value,
    /// The scope of every access token for a resource or an organization.
    pub(crate) permissions: String,
    pub(crate) grants: Grants,
    pub(crate) recorded: Vec<Recorded>,
    pub(crate) authorizations: Vec<Vec<(String, String)>>,
}

impl State {
    pub(crate) fn new(endpoint: String) -> Self {
        Self {
            endpoint,
            app_id: APP_ID.to_owned(),
            keys: vec![Arc::new(Key::es384())],
            deviations: Vec::new(),
            account: account(),
            permissions: "read:items".to_owned(),
            grants: Grants::default(),
            recorded: Vec::new(),
            authorizations: Vec::new(),
        }
    }

    pub(crate) fn issuer(&self) -> String {
        format!("{}/oidc", self.endpoint)
    }

    pub(crate) fn fault(&mut self, endpoint: &str) -> Option<Fault> {
        let once = self.deviations.iter().position(
            |deviation| matches!(deviation, Deviation::AnswerOnce(name, _) if *name == endpoint),
        );
        if let Some(at) = once
            && let Deviation::AnswerOnce(_, fault) = self.deviations.remove(at)
        {
            return Some(fault);
        }
        self.deviations.iter().find_map(|deviation| match deviation {
            Deviation::Answer(name, fault) if *name == endpoint => Some(fault.clone()),
            _ => None,
        })
    }

    pub(crate) fn has(&self, switch: impl Fn(&Deviation) -> bool) -> bool {
        self.deviations.iter().any(switch)
    }

    /// Signs with a new key from now on; everything published before is gone.
    pub(crate) fn exchange_keys(&mut self, key: Key) {
        self.keys = vec![Arc::new(key)];
    }
}

fn account() -> Value {
    json!({
        "sub": "u-alice", "name": "Alice Lidell", "picture": null, "username": "alice",
        "created_at": 1_795_317_767_817_u64, "updated_at": 1_795_319_891_658_u64,
        "email": "alice@example.com", "email_verified": true,
        "custom_data": {"plan": "gold"}, "roles": ["items-admin"],
    })
}

//! Tokens that stand for a user in a token exchange (RFC 8693).

use std::collections::HashMap;
use std::time::Duration;

use crate::random::random;

/// How long an impersonation token lives.
const IMPERSONATION_TTL: Duration = Duration::from_secs(600);
/// The prefix of an impersonation token.
pub(crate) const IMPERSONATION_PREFIX: &str = "sub_";

/// The tokens that Logto's Management API would issue.
#[derive(Default)]
pub(crate) struct SubjectTokens {
    impersonation: HashMap<String, Impersonation>,
    personal: HashMap<String, String>,
}

struct Impersonation {
    sub: String,
    expires: Duration,
}

impl SubjectTokens {
    /// A token that works once.
    pub(crate) fn add_impersonation(&mut self, sub: String, now: Duration) -> String {
        let token = format!("{IMPERSONATION_PREFIX}{}", random());
        let expires = now + IMPERSONATION_TTL;
        self.impersonation.insert(token.clone(), Impersonation { sub, expires });
        token
    }

    /// A token that works until its user is deleted.
    pub(crate) fn add_personal(&mut self, sub: String) -> String {
        let token = format!("pat_{}", random());
        self.personal.insert(token.clone(), sub);
        token
    }

    /// The user of an unused impersonation token.
    pub(crate) fn impersonated(&self, token: &str, now: Duration) -> Option<String> {
        let found = self.impersonation.get(token).filter(|token| now < token.expires)?;
        Some(found.sub.clone())
    }

    /// The user of a personal access token.
    pub(crate) fn person(&self, token: &str) -> Option<String> {
        self.personal.get(token).cloned()
    }

    /// Uses up an impersonation token. Returns whether it was there.
    pub(crate) fn consume(&mut self, token: &str) -> bool {
        self.impersonation.remove(token).is_some()
    }

    /// Forgets every token of a user.
    pub(crate) fn forget(&mut self, sub: &str) {
        self.impersonation.retain(|_, token| token.sub != sub);
        self.personal.retain(|_, owner| owner != sub);
    }
}

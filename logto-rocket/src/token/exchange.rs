use std::fmt;

use super::Audience;

/// A token to exchange for another (RFC 8693): to act for a user without their password,
/// or to call another API.
///
/// Allow the application to exchange tokens in the Logto Console. Pass this to
/// [`Logto::exchange_token()`](crate::Logto::exchange_token).
///
/// # Example
///
/// ```rust
/// use logto_rocket::{Error, Logto, TokenExchange};
/// use rocket::{State, get};
///
/// // A token of the management API: `POST /api/subject-tokens`.
/// #[get("/as/<subject_token>")]
/// async fn act_as(subject_token: &str, logto: &State<Logto>) -> Result<String, Error> {
///     let exchange = TokenExchange::impersonation(subject_token)
///         .audience("https://api.example.com")
///         .scopes(["read:items"]);
///     let token = logto.exchange_token(&exchange).await?;
///     Ok(format!("granted: {}", token.scopes().collect::<Vec<_>>().join(" ")))
/// }
/// ```
#[derive(Clone)]
pub struct TokenExchange {
    subject_token: String,
    subject_token_type: &'static str,
    actor_token: Option<String>,
    audience: Audience,
    scopes: Vec<String>,
    by_machine: bool,
}

impl TokenExchange {
    /// A subject token that the management API issued for a user (`sub_…`). It can be
    /// used once.
    pub fn impersonation(subject_token: impl Into<String>) -> Self {
        Self::of(subject_token, "urn:logto:token-type:impersonation_token")
    }

    /// A personal access token of a user (`pat_…`).
    pub fn personal_access_token(token: impl Into<String>) -> Self {
        Self::of(token, "urn:logto:token-type:personal_access_token")
    }

    /// An access token of a user. Since Logto 1.38.
    pub fn access_token(token: impl Into<String>) -> Self {
        Self::of(token, "urn:ietf:params:oauth:token-type:access_token")
    }

    fn of(subject_token: impl Into<String>, subject_token_type: &'static str) -> Self {
        Self {
            subject_token: subject_token.into(),
            subject_token_type,
            actor_token: None,
            audience: Audience::logto(),
            scopes: Vec::new(),
            by_machine: false,
        }
    }

    /// The audience of the new token. **(default: Logto's own endpoints)**
    #[must_use]
    pub fn audience(mut self, audience: impl Into<Audience>) -> Self {
        self.audience = audience.into();
        self
    }

    /// Asks for scopes. **(default: none)**
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// Sets who acts for the user, by an opaque access token of theirs with the scope
    /// `openid`. The new token says so in `act`. **(default: nobody)**
    #[must_use]
    pub fn actor_token(mut self, token: impl Into<String>) -> Self {
        self.actor_token = Some(token.into());
        self
    }

    /// Exchanges as the configured machine-to-machine application. **(default: as the
    /// application that users sign in to)**
    #[must_use]
    pub fn by_machine(mut self) -> Self {
        self.by_machine = true;
        self
    }

    pub(crate) fn subject_token(&self) -> &str {
        &self.subject_token
    }

    pub(crate) fn subject_token_type(&self) -> &'static str {
        self.subject_token_type
    }

    pub(crate) fn requested_audience(&self) -> &Audience {
        &self.audience
    }

    pub(crate) fn requested_scope(&self) -> String {
        self.scopes.join(" ")
    }

    pub(crate) fn actor(&self) -> Option<&str> {
        self.actor_token.as_deref()
    }

    pub(crate) fn is_by_machine(&self) -> bool {
        self.by_machine
    }
}

impl fmt::Debug for TokenExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenExchange")
            .field("subject_token_type", &self.subject_token_type)
            .field("audience", &self.audience)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_token_of_an_exchange_is_in_the_debug_form() {
        let exchange = TokenExchange::impersonation("sub_hunter2").actor_token("hunter2");
        assert!(!format!("{exchange:?}").contains("hunter2"));
    }
}

use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::accessors::{raw_claims, user_claims};
use super::set::ClaimSet;
use super::{Claim, IdTokenClaims, UserInfo};
use crate::error::{Error, ErrorKind, Result};

/// The signed-in user.
///
/// Described by the ID token from sign-in or, on a route that says `fetch_user_info`, by
/// Logto right now. It serializes as the one or the other. See the chapter
/// [`guide::permissions`](crate::guide::permissions).
///
/// # Request Guard
///
/// `&User` succeeds if the request carries a session that this application started and
/// that has not ended. It costs no call to Logto. Otherwise:
///
///   * Without a session, or if it has ended, the guard _forwards_ with 401 Unauthorized,
///     so that a lower-ranked route may answer.
///   * If the session cannot be read because its store fails, the guard _fails_ with the
///     [`Error`](crate::Error) and 503 Service Unavailable.
///   * If [`Logto`](crate::Logto) is not attached, the application does not launch: the
///     guard is a [`Sentinel`](rocket::Sentinel).
///
/// The guard does not check which page sent the request. A route that changes something
/// needs [`#[authenticated]`](macro@crate::authenticated) as well, or its own protection
/// against requests forged by other hosts of the same site.
///
/// `Option<&User>` makes sign-in optional; it is also `None` if the store fails, which
/// [`LogtoClient::user()`](crate::LogtoClient::user) distinguishes. `Result<&User>` is
/// `Err` if the store fails and forwards for a stranger.
///
/// # Example
///
/// ```rust
/// # use rocket::get;
/// use logto_rocket::User;
///
/// #[get("/")]
/// fn home(user: Option<&User>) -> String {
///     match user {
///         Some(user) => format!("Hello, {}!", user.name().unwrap_or("you")),
///         None => "Hello, stranger.".into(),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    claims: Arc<IdTokenClaims>,
    info: Option<UserInfo>,
}

raw_claims!(User);
user_claims!(User);

impl User {
    pub(crate) fn new(claims: Arc<IdTokenClaims>, info: Option<UserInfo>) -> Self {
        Self { claims, info }
    }

    /// The same user with this user info.
    #[must_use]
    pub fn with_info(self, info: UserInfo) -> Self {
        Self { info: Some(info), ..self }
    }

    /// The user's id (`sub`). Unique and stable within one Logto.
    pub fn subject(&self) -> &str {
        self.claims.subject()
    }

    /// The name to show on a page: the name, else the username, the email address, the
    /// phone number, or the id. Empty ones are skipped, and so are those whose scopes
    /// were not asked for.
    pub fn display_name(&self) -> &str {
        let names = [self.name(), self.username(), self.email(), self.phone_number()];
        let mut given = names.into_iter().filter_map(Claim::value);
        given.find(|name| !name.is_empty()).unwrap_or(self.subject())
    }

    /// The claims of the ID token.
    pub fn id_token_claims(&self) -> &IdTokenClaims {
        &self.claims
    }

    /// The user info, if the route said `fetch_user_info`.
    pub fn info(&self) -> Option<&UserInfo> {
        self.info.as_ref()
    }

    /// Checks that the user has this role.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAllowed`](crate::ErrorKind::NotAllowed), which answers 403 Forbidden;
    /// the log has the reason.
    ///
    /// # Example
    ///
    /// ```rust
    /// use logto_rocket::{Result, User};
    /// use rocket::delete;
    ///
    /// #[delete("/posts/<id>")]
    /// fn delete(id: u32, user: &User) -> Result<()> {
    ///     user.require_role("editor")
    /// }
    /// ```
    pub fn require_role(&self, role: &str) -> Result<()> {
        match self.has_role(role) {
            true => Ok(()),
            false => {
                let detail = format!("the handler needs the role `{role}`");
                Err(Error::new(ErrorKind::NotAllowed, detail))
            }
        }
    }

    /// The claims of the user info if it was fetched, else of the ID token.
    fn claims(&self) -> &ClaimSet {
        match &self.info {
            Some(info) => info.claims(),
            None => self.claims.claims(),
        }
    }
}

/// A user without user info, for the unit test of a handler, say.
///
/// ```rust
/// use logto_rocket::{IdTokenClaims, User};
///
/// # fn profile(user: &User) -> String { format!("Hello, {}!", user.name().unwrap_or("you")) }
/// let claims: IdTokenClaims = serde_json::from_str(
///     r#"{ "iss": "i", "sub": "u1", "aud": "app", "exp": 1, "iat": 0, "name": "Alice" }"#,
/// )?;
/// assert_eq!(profile(&User::from(claims)), "Hello, Alice!");
/// # Ok::<(), serde_json::Error>(())
/// ```
impl From<IdTokenClaims> for User {
    fn from(claims: IdTokenClaims) -> Self {
        Self::new(Arc::new(claims), None)
    }
}

impl Serialize for User {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.claims().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_user_is_called_by_the_first_available_name() {
        let mut claims = json!({
            "iss": "i", "sub": "u1", "aud": "app", "exp": 1, "iat": 0, "name": "Alice",
            "username": "alice", "email": "alice@example.com", "phone_number": "1234567890",
        });
        let shown = |claims: &Value| {
            let claims: IdTokenClaims = serde_json::from_value(claims.clone()).expect("claims");
            User::from(claims).display_name().to_owned()
        };
        assert_eq!(shown(&claims), "Alice");
        for (name, gone, next) in [
            ("name", json!(null), "alice"),
            ("username", json!(""), "alice@example.com"),
            ("email", json!(7), "1234567890"),
            ("phone_number", json!(null), "u1"),
        ] {
            claims[name] = gone;
            assert_eq!(shown(&claims), next, "without {name}");
        }
    }
}

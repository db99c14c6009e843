use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::{Claim, IdTokenClaims, UserInfo};

/// The signed-in user.
///
/// As the ID token described them at sign-in, or, on a route that says
/// `fetch_user_info`, as Logto describes them now. It serializes as the one or
/// the other.
///
/// # Request Guard
///
/// `&User` succeeds if the request carries a session that this application began
/// and that has not ended. It costs no call to Logto. Otherwise:
///
///   * With no session, or one that ended, the guard _forwards_ with a status of
///     401 Unauthorized, so that a route of a lower rank may answer.
///   * When the session cannot be read because its store fails, the guard _fails_
///     with the [`Error`](crate::Error) and a status of 503 Service Unavailable.
///   * When [`Logto`](crate::Logto) is not attached, the application does not
///     launch: the guard is a [`Sentinel`](rocket::Sentinel).
///
/// `Option<&User>` is optional sign-in; it is also `None` when the store fails,
/// which [`LogtoClient::user()`](crate::LogtoClient::user) tells apart.
/// `Result<&User>` is `Err` when the store fails and forwards for a stranger.
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

/// Takes a claim from the user info if it was fetched, else from the ID token.
macro_rules! described {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {$(
        $(#[$doc])*
        pub fn $name(&self) -> $type {
            match &self.info {
                Some(info) => info.$name(),
                None => self.claims.$name(),
            }
        }
    )*};
}

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

    /// The claims of the ID token.
    pub fn id_token_claims(&self) -> &IdTokenClaims {
        &self.claims
    }

    /// The user info, if the route said `fetch_user_info`.
    pub fn info(&self) -> Option<&UserInfo> {
        self.info.as_ref()
    }

    described! {
        /// The user's name to show. Scope `profile`.
        name: Claim<&str>,
        /// The name the user signs in with. Scope `profile`.
        username: Claim<&str>,
        /// The address of the user's picture. Scope `profile`.
        picture: Claim<&str>,
        /// The user's email address. Scope `email`.
        email: Claim<&str>,
        /// Whether the email address was verified. Scope `email`.
        email_verified: Claim<bool>,
        /// The user's phone number. Scope `phone`.
        phone_number: Claim<&str>,
        /// The names of the user's roles. Scope `roles`.
        roles: Claim<Vec<&str>>,
        /// The ids of the user's organizations. Scope
        /// `urn:logto:scope:organizations`.
        organizations: Claim<Vec<&str>>,
        /// The user's roles in organizations, each as `organization:role`. Scope
        /// `urn:logto:scope:organization_roles`.
        organization_roles: Claim<Vec<&str>>,
    }

    /// The claim of this name as JSON, whichever it is.
    pub fn get(&self, name: &str) -> Claim<&serde_json::Value> {
        match &self.info {
            Some(info) => info.get(name),
            None => self.claims.get(name),
        }
    }
}

/// A user without user info, as for the unit test of a handler.
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
        match &self.info {
            Some(info) => info.serialize(serializer),
            None => self.claims.serialize(serializer),
        }
    }
}

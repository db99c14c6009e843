use serde_json::Value;

use super::Claim;
use super::set::{ClaimSet, Kind, claims};

/// The user info: what Logto knows about the user at this moment.
///
/// Unlike the ID token it is asked for when it is needed, and it alone carries
/// `custom_data`, `identities`, `sso_identities` and `organization_data`. It
/// serializes like [`IdTokenClaims`](crate::IdTokenClaims).
///
/// # Request Guard
///
/// `&UserInfo` succeeds for a signed-in user of whom Logto gave the user info; it
/// is fetched once a request. On a route with `#[authenticated]` the attribute
/// must say `fetch_user_info`, and the fetch happens before the handler runs.
///
///   * For a stranger, and for a user whose session Logto ended, the guard
///     _forwards_ with 401 Unauthorized.
///   * When Logto or the session store does not answer, it _fails_ with 503
///     Service Unavailable.
///   * When Logto's answer cannot be used, it _fails_ with 502 Bad Gateway.
///   * Without [`Logto`](crate::Logto) attached the application does not launch.
///
/// `Option<&UserInfo>` is `None` in all these cases; `Result<&UserInfo>` is `Err`
/// where the guard fails and forwards where it forwards.
///
/// # Example
///
/// ```rust
/// # use rocket::get;
/// use logto_rocket::{authenticated, UserInfo};
///
/// #[authenticated(fetch_user_info)]
/// #[get("/theme")]
/// fn theme(info: &UserInfo) -> String {
///     info.custom_data().value().map(ToString::to_string).unwrap_or_default()
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct UserInfo(ClaimSet);

const FIELDS: &[(&str, Kind)] = &[
    ("sub", Kind::Text),
    ("name", Kind::Text),
    ("username", Kind::Text),
    ("picture", Kind::Text),
    ("email", Kind::Text),
    ("email_verified", Kind::Bool),
    ("phone_number", Kind::Text),
    ("phone_number_verified", Kind::Bool),
    ("custom_data", Kind::Any),
    ("identities", Kind::Object),
    ("organizations", Kind::TextList),
    ("organization_roles", Kind::TextList),
];

claims!(UserInfo, FIELDS, &["sub"]);

impl UserInfo {
    /// What the application keeps with the user. Scope `custom_data`.
    pub fn custom_data(&self) -> Claim<&Value> {
        self.0.get("custom_data")
    }

    /// The user's social identities by connector. Scope `identities`.
    pub fn identities(&self) -> Claim<&Value> {
        self.0.get("identities")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_info_keeps_what_the_python_sdk_drops() {
        let sent = r#"{"organization_data":[{"id":"o"}],"sub":"u","custom_data":null,"name":"N"}"#;
        let info: UserInfo = serde_json::from_str(sent).expect("user info");
        assert_eq!(
            serde_json::to_string(&info).expect("JSON"),
            r#"{"sub":"u","name":"N","custom_data":null,"organization_data":[{"id":"o"}]}"#
        );
        assert_eq!(info.custom_data(), Claim::Null);
        assert_eq!(info.identities(), Claim::Absent);
    }
}

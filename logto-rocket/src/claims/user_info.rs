use super::accessors::{raw_claims, user_claims};
use super::read::{ClaimKind, Shape, claims};
use super::set::ClaimSet;

/// The user info: what Logto knows about the user at this moment.
///
/// Unlike the ID token it is fetched when it is needed, and unless Logto is configured
/// otherwise only the user info has `custom_data`, `identities`, `sso_identities` and
/// `organization_data`. It serializes like [`IdTokenClaims`](crate::IdTokenClaims). Only
/// `sub` must have its type; any other claim of the wrong type reads as absent. See the
/// chapter [`guide::python`](crate::guide::python#get-user-information).
///
/// # Request Guard
///
/// `&UserInfo` succeeds for a signed-in user whose user info Logto returned; it is
/// fetched once per request. On a route with `#[authenticated]` the attribute must say
/// `fetch_user_info`, and the fetch happens before the handler runs.
///
///   * For a stranger, and for a user whose session Logto ended, the guard
///     _forwards_ with 401 Unauthorized.
///   * If Logto or the session store does not answer, it _fails_ with 503 Service
///     Unavailable.
///   * If Logto's answer cannot be used, it _fails_ with 502 Bad Gateway.
///   * Without [`Logto`](crate::Logto) attached the application does not launch.
///
/// `Option<&UserInfo>` is `None` in all these cases; `Result<&UserInfo>` is `Err` when
/// the guard fails and forwards when it forwards.
///
/// # Example
///
/// ```rust
/// # use rocket::get;
/// use logto_rocket::{authenticated, UserInfo};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct CustomData {
///     theme: String,
/// }
///
/// #[authenticated(fetch_user_info)]
/// #[get("/theme")]
/// fn theme(info: &UserInfo) -> String {
///     match info.custom_data_as::<CustomData>() {
///         Ok(data) => data.value().map_or("light".into(), |data| data.theme),
///         Err(error) => error.to_string(),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct UserInfo(ClaimSet);

const SHAPE: Shape = Shape {
    order: &[
        "sub",
        "name",
        "username",
        "picture",
        "email",
        "email_verified",
        "phone_number",
        "phone_number_verified",
        "custom_data",
        "identities",
        "organizations",
        "organization_roles",
    ],
    required: &["sub"],
    protocol: &[("sub", ClaimKind::Text)],
};

claims!(UserInfo, SHAPE);
raw_claims!(UserInfo);
user_claims!(UserInfo);

impl UserInfo {
    /// The user's id (`sub`). Unique and stable within one Logto.
    pub fn subject(&self) -> &str {
        self.0.text("sub").unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Claim;

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

    #[test]
    fn a_claim_of_the_wrong_type_reads_as_absent_and_keeps_nobody_out() {
        let sent = r#"{"sub":"u","name":5,"email_verified":"yes","updated_at":"today",
            "roles":"admin","organizations":[5],"organization_roles":["o:r",5],
            "organization_data":[{"name":"acme"}],"address":"1 Street","identities":[],
            "sso_identities":[{"issuer":"i"}]}"#;
        let info: UserInfo = serde_json::from_str(sent).expect("user info");
        assert_eq!((info.name(), info.email_verified()), (Claim::Absent, Claim::Absent));
        assert_eq!((info.updated_at(), info.address()), (Claim::Absent, Claim::Absent));
        assert_eq!((info.roles(), info.organizations()), (Claim::Absent, Claim::Absent));
        assert_eq!(info.organization_roles(), Claim::Absent);
        assert_eq!(info.organization_data(), Claim::Absent);
        assert_eq!((info.identities(), info.sso_identities()), (Claim::Absent, Claim::Absent));
        assert!(!info.has_role("admin") && !info.has_organization_role("o", "r"));
        assert_eq!(info.get("name"), Claim::Value(&5.into()));
        assert!(serde_json::from_str::<UserInfo>(r#"{"sub":5}"#).is_err());
    }

    #[test]
    fn identities_are_found_by_the_name_of_their_connector() {
        let sent = r#"{"sub":"u","identities":{"google":{"userId":"1098","details":{"name":"A"}},
            "github":{"userId":"7"}},"sso_identities":[{"issuer":"i","identityId":"e7"}]}"#;
        let info: UserInfo = serde_json::from_str(sent).expect("user info");
        let identities = info.identities().unwrap_or_default();
        assert_eq!(identities.keys().copied().collect::<Vec<_>>(), ["github", "google"]);
        assert_eq!(identities["google"].user_id(), "1098");
        let name = identities["google"].details().value().map(|details| details.name());
        assert_eq!(name, Some(Claim::Value("A")));
        assert_eq!(info.sso_identities().unwrap_or_default()[0].identity_id(), "e7");
    }
}

//! The names of scopes, resources and organizations that Logto reserves.

use std::fmt;

/// The resource that carries the permissions of organizations.
///
/// Requested automatically if the scopes include [`UserScope::Organizations`].
pub const RESERVED_RESOURCE: &str = "urn:logto:resource:organizations";

/// The scopes that every sign-in asks for unless `include_reserved_scopes` is off.
pub(crate) const RESERVED_SCOPES: [UserScope; 3] =
    [UserScope::OpenId, UserScope::OfflineAccess, UserScope::Profile];

const ORGANIZATION_PREFIX: &str = "urn:logto:organization:";

/// A scope of Logto's own: which claims about the user the application gets.
///
/// Scopes of API resources are plain strings; every function that takes scopes accepts
/// both. From Logto's `core-kit`, `openid.ts`.
///
/// # Example
///
/// ```rust
/// use logto_rocket::UserScope;
///
/// let mut scopes: Vec<String> = vec![UserScope::Email.into()];
/// scopes.push("read:items".into());
/// assert_eq!(scopes, ["email", "read:items"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UserScope {
    /// `openid`: the ID token itself.
    OpenId,
    /// `offline_access`: a refresh token. Needs `prompt=consent`.
    OfflineAccess,
    /// `profile`: `name`, `username`, `picture` and the rest of the profile.
    Profile,
    /// `email`: `email`, `email_verified`.
    Email,
    /// `phone`: `phone_number`, `phone_number_verified`.
    Phone,
    /// `address`: `address`.
    Address,
    /// `custom_data`: `custom_data`, by default in the user info only.
    CustomData,
    /// `identities`: `identities` and `sso_identities`, by default in the user info
    /// only.
    Identities,
    /// `roles`: `roles`.
    Roles,
    /// `urn:logto:scope:organizations`: `organizations`, `organization_data`.
    Organizations,
    /// `urn:logto:scope:organization_roles`: `organization_roles`.
    OrganizationRoles,
    /// `urn:logto:scope:sessions`: the sessions of the account API.
    Sessions,
    /// `urn:logto:scope:trusted_devices`: the trusted devices of the account API.
    TrustedDevices,
}

impl UserScope {
    const ALL: [Self; 13] = [
        Self::OpenId,
        Self::OfflineAccess,
        Self::Profile,
        Self::Email,
        Self::Phone,
        Self::Address,
        Self::CustomData,
        Self::Identities,
        Self::Roles,
        Self::Organizations,
        Self::OrganizationRoles,
        Self::Sessions,
        Self::TrustedDevices,
    ];

    /// The scope that an unknown name was likely meant to be: another spelling, or one
    /// without its `urn:`.
    pub(crate) fn misspelt(given: &str) -> Option<Self> {
        let letters = |name: &str| {
            let letters = name.chars().filter(char::is_ascii_alphanumeric);
            letters.map(|letter| letter.to_ascii_lowercase()).collect::<String>()
        };
        let given_letters = letters(given);
        let is_near = |known: &Self| {
            let name = known.as_str();
            let last = name.rsplit(':').next().unwrap_or_default();
            strsim::damerau_levenshtein(&letters(name), &given_letters) <= 1
                || letters(last) == given_letters
        };
        let is_known = Self::ALL.iter().any(|known| known.as_str() == given);
        Self::ALL.into_iter().filter(|_| !is_known).find(is_near)
    }

    /// The scope as it is sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenId => "openid",
            Self::OfflineAccess => "offline_access",
            Self::Profile => "profile",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Address => "address",
            Self::CustomData => "custom_data",
            Self::Identities => "identities",
            Self::Roles => "roles",
            Self::Organizations => "urn:logto:scope:organizations",
            Self::OrganizationRoles => "urn:logto:scope:organization_roles",
            Self::Sessions => "urn:logto:scope:sessions",
            Self::TrustedDevices => "urn:logto:scope:trusted_devices",
        }
    }
}

impl fmt::Display for UserScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<UserScope> for String {
    fn from(scope: UserScope) -> Self {
        scope.as_str().into()
    }
}

/// Returns the scopes to ask for: the reserved ones first if `reserved`, then
/// `scopes`, each once.
pub(crate) fn requested_scopes(reserved: bool, scopes: &[String]) -> Vec<String> {
    let reserved = RESERVED_SCOPES.iter().filter(|_| reserved).map(|scope| scope.as_str());
    unique(reserved.chain(scopes.iter().map(String::as_str)))
}

/// Returns the resources to ask for, each once. The organizations scope adds the
/// [`RESERVED_RESOURCE`], whether written as text or not.
pub(crate) fn requested_resources(scopes: &[String], resources: &[String]) -> Vec<String> {
    let organizations = scopes.iter().any(|scope| scope == UserScope::Organizations.as_str());
    let reserved = organizations.then_some(RESERVED_RESOURCE);
    unique(resources.iter().map(String::as_str).chain(reserved))
}

fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for name in names {
        if !name.is_empty() && !kept.iter().any(|known| known == name) {
            kept.push(name.into());
        }
    }
    kept
}

/// Returns the audience of the tokens of an organization.
///
/// ```rust
/// assert_eq!(logto_rocket::organization_urn("acme"), "urn:logto:organization:acme");
/// ```
pub fn organization_urn(id: &str) -> String {
    format!("{ORGANIZATION_PREFIX}{id}")
}

/// Returns the id of the organization that an audience names, if it names one.
///
/// ```rust
/// use logto_rocket::organization_id;
///
/// assert_eq!(organization_id("urn:logto:organization:acme"), Some("acme"));
/// assert_eq!(organization_id("https://api.example.com"), None);
/// ```
pub fn organization_id(urn: &str) -> Option<&str> {
    urn.strip_prefix(ORGANIZATION_PREFIX).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_requested_once_and_the_reserved_ones_come_first() {
        let scopes = ["email".into(), "openid".into(), "email".into()];
        let expected = ["openid", "offline_access", "profile", "email"];
        assert_eq!(requested_scopes(true, &scopes), expected);
        assert_eq!(requested_scopes(false, &scopes), ["email", "openid"]);
    }

    /// The scopes that a real Logto 1.42 announces.
    #[test]
    fn every_scope_of_logto_has_a_name() {
        let captured = include_str!("../../tests/captures/logto-1.42-oidc-provider-9.json");
        let captured: serde_json::Value = serde_json::from_str(captured).expect("a capture");
        for scope in captured["discovery"]["scopes_supported"].as_array().expect("scopes") {
            let scope = scope.as_str().expect("a name");
            assert!(UserScope::ALL.iter().any(|named| named.as_str() == scope), "{scope}");
        }
    }

    #[test]
    fn a_scope_that_is_spelt_almost_like_one_of_logtos_is_noticed() {
        use UserScope::*;
        for (given, meant) in [
            ("e-mail", Email),
            ("emial", Email),
            ("Email", Email),
            ("role", Roles),
            ("open_id", OpenId),
            ("offline-access", OfflineAccess),
            ("customData", CustomData),
            ("organizations", Organizations),
            ("urn:logto:scope:organisations", Organizations),
            ("urn:logto:scope:organization-roles", OrganizationRoles),
        ] {
            assert_eq!(UserScope::misspelt(given), Some(meant), "{given}");
        }
        for other in ["", "read:items", "items", "admin", "read:email", "all", "mails", "ro"] {
            assert_eq!(UserScope::misspelt(other), None, "{other}");
        }
        assert!(UserScope::ALL.iter().all(|known| UserScope::misspelt(known.as_str()).is_none()));
    }

    #[test]
    fn the_organizations_scope_as_a_plain_string_adds_the_reserved_resource() {
        let scopes = ["urn:logto:scope:organizations".to_string()];
        let resources = ["https://a".to_string(), "https://a".to_string()];
        assert_eq!(requested_resources(&scopes, &resources), ["https://a", RESERVED_RESOURCE]);
        assert_eq!(requested_resources(&[], &resources), ["https://a"]);
    }

    /// As Logto's `core-kit` spells them.
    #[test]
    fn every_scope_is_spelt_as_logto_does() {
        use UserScope::*;
        let scopes = [
            OpenId,
            OfflineAccess,
            Profile,
            Email,
            Phone,
            Address,
            CustomData,
            Identities,
            Roles,
            Organizations,
            OrganizationRoles,
            Sessions,
        ];
        let spelt = "openid offline_access profile email phone address custom_data identities \
                     roles urn:logto:scope:organizations urn:logto:scope:organization_roles \
                     urn:logto:scope:sessions";
        assert_eq!(scopes.map(|scope| scope.to_string()).join(" "), spelt);
    }

    #[test]
    fn an_organization_is_read_from_its_own_audience_only() {
        assert_eq!(organization_id(&organization_urn("acme")), Some("acme"));
        for other in ["urn:logto:organization:", "urn:logto:organizations:acme", "acme", ""] {
            assert_eq!(organization_id(other), None, "{other}");
        }
    }
}

//! Names of the protocol: scopes, grant types and a resource.

/// The scopes that bring claims or tokens. Every other scope belongs to a
/// resource.
pub(crate) const OIDC_SCOPES: [&str; 13] = [
    "openid",
    "offline_access",
    "profile",
    "email",
    "phone",
    "address",
    "custom_data",
    "identities",
    "roles",
    ORGANIZATIONS,
    ORGANIZATION_ROLES,
    "urn:logto:scope:sessions",
    "urn:logto:scope:trusted_devices",
];

pub(crate) const ORGANIZATIONS: &str = "urn:logto:scope:organizations";
pub(crate) const ORGANIZATION_ROLES: &str = "urn:logto:scope:organization_roles";

/// The resource whose permissions are those of organizations.
pub(crate) const ORGANIZATION_RESOURCE: &str = "urn:logto:resource:organizations";

/// The grant types that Logto announces.
pub(crate) const GRANT_TYPES: [&str; 6] = [
    "implicit",
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
];

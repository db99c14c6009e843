//! Organizations, roles and API resources.

use std::collections::BTreeMap;

use serde::Deserialize;

/// An organization that users can be members of.
///
/// The provider starts with two: `8wz3nrme4n02` (acme) and `nyb79mqzrg8c`
/// (globex).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    #[serde(skip)]
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) requires_mfa: bool,
}

impl Organization {
    /// Describes an organization by its identifier and its name.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), description: None, requires_mfa: false }
    }

    /// Sets the description.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Requires a second factor of its members, which no user of this provider has: their
    /// tokens for the organization are denied.
    #[must_use]
    pub fn requires_mfa(mut self, requires: bool) -> Self {
        self.requires_mfa = requires;
        self
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn defaults() -> [Self; 2] {
        [
            Self::new("8wz3nrme4n02", "acme").description("acme org"),
            Self::new("nyb79mqzrg8c", "globex").description("globex org"),
        ]
    }
}

/// A role, and what its holders may do.
///
/// A user has roles of their own and roles in organizations. The provider
/// starts with `items-admin` and `items-reader` for the former, and `admin`
/// and `editor` for the latter.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Role {
    #[serde(skip)]
    pub(crate) name: String,
    pub(crate) permissions: Vec<String>,
    pub(crate) resources: BTreeMap<String, Vec<String>>,
}

impl Role {
    /// Describes a role without permissions.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Adds an organization permission, for a member's role.
    #[must_use]
    pub fn permission(mut self, permission: impl Into<String>) -> Self {
        self.permissions.push(permission.into());
        self
    }

    /// Adds permissions of an API resource.
    #[must_use]
    pub fn resource<P: Into<String>>(
        mut self,
        indicator: impl Into<String>,
        permissions: impl IntoIterator<Item = P>,
    ) -> Self {
        let all = self.resources.entry(indicator.into()).or_default();
        all.extend(permissions.into_iter().map(Into::into));
        self
    }

    /// Whether it is only for members of organizations: nobody else has organization
    /// permissions.
    pub(crate) fn is_for_organizations(&self) -> bool {
        !self.permissions.is_empty()
    }

    pub(crate) fn defaults() -> [Self; 4] {
        let api = "https://api.example.com";
        [
            Self::new("items-admin").resource(api, ["read:items", "write:items"]),
            Self::new("items-reader").resource(api, ["read:items"]),
            Self::new("admin")
                .permission("invite:member")
                .resource(api, ["read:items", "write:items"]),
            Self::new("editor")
                .permission("write:data")
                .permission("read:data")
                .resource(api, ["read:items"]),
        ]
    }
}

/// An API resource that applications can request access tokens for.
///
/// The provider starts with `https://api.example.com` and, with tokens of two
/// minutes, `https://other.example.com`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiResource {
    pub(crate) indicator: String,
    /// Seconds.
    #[serde(default)]
    pub(crate) access_token_ttl: Option<u64>,
}

impl ApiResource {
    /// Describes an API resource by its indicator.
    pub fn new(indicator: impl Into<String>) -> Self {
        Self { indicator: indicator.into(), access_token_ttl: None }
    }

    /// Sets how long the resource's tokens live, in whole seconds.
    /// **(default: the provider's own)**
    #[must_use]
    pub fn access_token_ttl(mut self, ttl: std::time::Duration) -> Self {
        self.access_token_ttl = Some(ttl.as_secs());
        self
    }

    pub(crate) fn defaults() -> [Self; 2] {
        let two_minutes = std::time::Duration::from_secs(120);
        [
            Self::new("https://api.example.com"),
            Self::new("https://other.example.com").access_token_ttl(two_minutes),
        ]
    }
}

use serde::{Deserialize, Serialize};

/// What an access token is for: an API resource, an organization, an API resource in an
/// organization, or Logto's own endpoints.
///
/// Wherever an audience is expected, a resource's indicator works on its own.
///
/// # Example
///
/// ```rust
/// use logto_rocket::Audience;
///
/// let resource = Audience::resource("https://api.example.com");
/// assert_eq!(resource, "https://api.example.com".into());
///
/// let in_acme = resource.in_organization("acme");
/// assert_eq!(in_acme.organization_id(), Some("acme"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Audience {
    resource: Option<String>,
    organization: Option<String>,
}

impl Audience {
    /// Logto's own endpoints, such as the user info. Such a token is opaque.
    pub fn logto() -> Self {
        Self::default()
    }

    /// An API resource, by its indicator or by its name in the configuration's
    /// [`resources`](crate::Resources).
    pub fn resource(indicator: impl Into<String>) -> Self {
        Self { resource: Some(indicator.into()), organization: None }
    }

    /// An organization, by its id: the user's permissions in it.
    pub fn organization(id: impl Into<String>) -> Self {
        Self { resource: None, organization: Some(id.into()) }
    }

    /// The same resource, with the user's permissions in this organization.
    #[must_use]
    pub fn in_organization(self, id: impl Into<String>) -> Self {
        Self { organization: Some(id.into()), ..self }
    }

    /// The same, for the resource with this indicator, if it is for a resource.
    pub(crate) fn with_indicator(&self, indicator: &str) -> Self {
        Self { resource: Some(indicator.to_owned()), organization: self.organization.clone() }
    }

    /// The indicator or name of the resource, if it is for one.
    pub fn indicator(&self) -> Option<&str> {
        self.resource.as_deref()
    }

    /// The id of the organization, if there is one.
    pub fn organization_id(&self) -> Option<&str> {
        self.organization.as_deref()
    }

    pub(crate) fn is_logto(&self) -> bool {
        self.resource.is_none() && self.organization.is_none()
    }

    /// Its name in the log. The id of an organization can come from a request's path.
    pub(crate) fn named(&self) -> String {
        let id = self.organization.as_deref().map(|id| id.chars().take(64).collect::<String>());
        match (&self.resource, id) {
            (None, None) => "Logto's own".into(),
            (Some(resource), None) => format!("resource {resource:?}"),
            (None, Some(id)) => format!("organization {id:?}"),
            (Some(resource), Some(id)) => format!("resource {resource:?} in organization {id:?}"),
        }
    }

    /// The fields of a token request (RFC 8707 section 2, and Logto's own).
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let resource = self.resource.as_deref().map(|resource| ("resource", resource));
        let organization = self.organization.as_deref().map(|id| ("organization_id", id));
        resource.into_iter().chain(organization)
    }
}

/// The resource with this indicator.
impl From<&str> for Audience {
    fn from(indicator: &str) -> Self {
        Self::resource(indicator)
    }
}

/// The resource with this indicator.
impl From<String> for Audience {
    fn from(indicator: String) -> Self {
        Self::resource(indicator)
    }
}

impl From<&Self> for Audience {
    fn from(audience: &Self) -> Self {
        audience.clone()
    }
}

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Claim;
use super::object::{Object, object};

/// A role that a user has in an organization.
///
/// Logto writes it `organization:role`; it displays and serializes the same way.
///
/// # Example
///
/// ```rust
/// use logto_rocket::{IdTokenClaims, OrganizationRole};
///
/// let claims: IdTokenClaims = serde_json::from_str(
///     r#"{ "iss": "i", "sub": "u1", "aud": "app", "exp": 1, "iat": 0,
///          "organization_roles": ["acme:admin"] }"#,
/// )?;
///
/// let roles = claims.organization_roles().unwrap_or_default();
/// assert_eq!(roles, [OrganizationRole::new("acme", "admin")]);
/// assert_eq!(roles[0].to_string(), "acme:admin");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct OrganizationRole<'a> {
    /// The id of the organization.
    pub organization: &'a str,
    /// The name of the role.
    pub role: &'a str,
}

impl<'a> OrganizationRole<'a> {
    /// The role with this name in the organization with this id, to compare with.
    pub const fn new(organization: &'a str, role: &'a str) -> Self {
        Self { organization, role }
    }

    pub(super) fn parse(text: &'a str) -> Option<Self> {
        // An organization's id has no colon; a role's name may have some.
        let (organization, role) = text.split_once(':')?;
        let both = !organization.is_empty() && !role.is_empty();
        both.then_some(Self { organization, role })
    }
}

impl fmt::Display for OrganizationRole<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.organization, self.role)
    }
}

impl Serialize for OrganizationRole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An organization that a user is a member of.
///
/// It serializes as it was sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OrganizationData<'a>(Object<'a>);

object!(OrganizationData);

impl<'a> OrganizationData<'a> {
    pub(super) fn read(value: &'a Value) -> Option<Self> {
        let object = Object::read(value)?;
        object.text(&["id"]).value().map(|_| Self(object))
    }

    /// The organization's id.
    pub fn id(&self) -> &'a str {
        self.0.text(&["id"]).unwrap_or_default()
    }

    /// The organization's name.
    pub fn name(&self) -> Claim<&'a str> {
        self.0.text(&["name"])
    }

    /// The organization's description; null if it has none.
    pub fn description(&self) -> Claim<&'a str> {
        self.0.text(&["description"])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_role_is_all_that_follows_the_first_colon() {
        let parse = OrganizationRole::parse;
        let role = |organization, role| Some(OrganizationRole { organization, role });
        assert_eq!(parse("acme:admin"), role("acme", "admin"));
        assert_eq!(parse("acme:billing:read"), role("acme", "billing:read"));
        assert_eq!(parse("acme:team lead"), role("acme", "team lead"));
        for text in ["", ":", "acme", "acme:", ":admin"] {
            assert_eq!(parse(text), None, "{text}");
        }
        let written = serde_json::to_value(parse("acme:billing:read")).expect("JSON");
        assert_eq!(written, "acme:billing:read");
    }

    #[test]
    fn organization_data_is_read_in_full_and_written_as_sent() {
        let sent = json!({"id": "o", "name": "acme", "description": null, "logo": "l"});
        let data = OrganizationData::read(&sent).expect("an organization");
        assert_eq!((data.id(), data.name()), ("o", Claim::Value("acme")));
        assert_eq!(data.description(), Claim::Null);
        assert_eq!(data.get("logo"), Claim::Value(&json!("l")));
        assert_eq!(serde_json::to_value(data).expect("JSON"), sent);
        assert_eq!(OrganizationData::read(&json!({"name": "acme"})), None);
    }
}

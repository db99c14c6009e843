//! API resources, and what their tokens need of the configuration.

mod metadata;

pub(crate) use self::metadata::{ResourceMetadata, WELL_KNOWN};

/// An API resource: a type that stands for it, for the guard
/// [`AccessToken<R>`](crate::AccessToken).
///
/// Derive it. The attribute `#[resource(..)]` takes the indicator, and the scopes
/// that the application uses there:
///
/// | argument | |
/// |---|---|
/// | `"https://api.example.com"` | the API identifier in the Logto Console: an absolute URI without a fragment (RFC 8707 section 2) |
/// | `"items"` | the same, by its name in the configuration's [`resources`](crate::Resources) |
/// | `scopes("read:items", "write:items")` | the permissions to ask for. **(default: none)** |
/// | `crate = path` | where logto-rocket is, if it has another name |
///
/// A launch fails where a route takes a token of the resource and the configuration
/// does not ask for the indicator in `resources` and for the scopes in `scopes`, and where it
/// does not have the name.
///
/// # Example
///
/// ```rust
/// use logto_rocket::ApiResource;
///
/// #[derive(ApiResource)]
/// #[resource("https://api.example.com", scopes("read:items", "write:items"))]
/// struct Items;
///
/// assert_eq!(Items::INDICATOR, "https://api.example.com");
/// assert_eq!(Items::SCOPES, ["read:items", "write:items"]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no API resource",
    label = "this type stands for no API resource",
    note = "derive it: `#[derive(ApiResource)] #[resource(\"https://api.example.com\")]`"
)]
pub trait ApiResource {
    /// The indicator, which is the API identifier in the Logto Console, or its name in the
    /// configuration.
    const INDICATOR: &'static str;

    /// The scopes that the application uses. A token has those of them that the
    /// user's roles allow.
    const SCOPES: &'static [&'static str];
}

/// What a route needs every sign-in to ask for.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// By its indicator, or by its name in the configuration.
    pub(crate) resource: Option<&'static str>,
    /// Whether it is for users who signed in. Nothing is asked for tokens that requests present.
    pub(crate) session: bool,
    /// Scopes, from wherever the need for them comes.
    pub(crate) scopes: [&'static [&'static str]; 4],
}

impl Needs {
    /// What is to be added to the configuration; `None` if it has all. `resource` is the
    /// indicator of the one that is needed.
    pub(crate) fn missing(
        &self,
        resource: Option<&str>,
        resources: &[String],
        scopes: &[String],
    ) -> Option<String> {
        let not_in = |known: &[String], name: &&str| known.iter().all(|known| known != name);
        let resource = resource.filter(|resource| not_in(resources, resource));
        let scopes: Vec<_> = self
            .scopes
            .into_iter()
            .flatten()
            .filter(|scope| not_in(scopes, scope))
            .map(|scope| format!("`{scope}`"))
            .collect();
        let resource = resource.map(|resource| format!("`{resource}` to `resources`"));
        let scopes = (!scopes.is_empty()).then(|| format!("{} to `scopes`", scopes.join(", ")));
        let both: Vec<_> = resource.into_iter().chain(scopes).collect();
        (!both.is_empty()).then(|| both.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_the_key_that_it_belongs_to() {
        let resource = Some("https://a.example");
        let needs =
            Needs { resource, session: true, scopes: [&["read", "write"], &[], &["openid"], &[]] };
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let missing = |resources: &[&str], scopes: &[&str]| {
            needs.missing(resource, &owned(resources), &owned(scopes))
        };
        assert_eq!(
            missing(&["https://a.example/"], &["openid"]).as_deref(),
            Some("`https://a.example` to `resources` and `read`, `write` to `scopes`")
        );
        assert_eq!(
            missing(&["https://a.example"], &["openid", "read"]).as_deref(),
            Some("`write` to `scopes`")
        );
        assert_eq!(missing(&["https://a.example"], &["write", "openid", "read"]), None);
    }
}

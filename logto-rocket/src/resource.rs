//! API resources, and what their tokens require of the configuration.

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
/// | `crate = path` | where logto-rocket is, if it is renamed |
///
/// The launch fails if a route takes a token for the resource and the configuration lacks the
/// indicator or its name in `resources`, or the scopes in `scopes`.
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
    message = "`{Self}` is not an API resource",
    label = "this type does not stand for an API resource",
    note = "derive it: `#[derive(ApiResource)] #[resource(\"https://api.example.com\")]`"
)]
pub trait ApiResource {
    /// The indicator, which is the API identifier in the Logto Console, or its name in the
    /// configuration.
    const INDICATOR: &'static str;

    /// The scopes that the application uses. A token has those that the user's roles
    /// allow.
    const SCOPES: &'static [&'static str];
}

/// What every sign-in must ask for so that a route works.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// By its indicator, or by its name in the configuration.
    pub(crate) resource: Option<&'static str>,
    /// Whether it is for users who signed in. Presented tokens need nothing of sign-in.
    pub(crate) session: bool,
    /// Scopes, by the origin of the requirement.
    pub(crate) scopes: [&'static [&'static str]; 4],
}

impl Needs {
    /// What sign-ins do not request, and what to add to which key; `None` if nothing is
    /// missing. `resource` is the indicator of the required one.
    pub(crate) fn missing(
        &self,
        resource: Option<&str>,
        resources: &[String],
        scopes: &[String],
    ) -> Option<(String, String)> {
        let not_in = |known: &[String], name: &&str| known.iter().all(|known| known != name);
        let resource = resource.filter(|resource| not_in(resources, resource));
        let scopes: Vec<_> = self
            .scopes
            .into_iter()
            .flatten()
            .filter(|scope| not_in(scopes, scope))
            .map(|scope| format!("`{scope}`"))
            .collect();
        let resource = resource.map(|resource| {
            (format!("the resource `{resource}`"), format!("`{resource}` to `resources`"))
        });
        let word = if scopes.len() == 1 { "scope" } else { "scopes" };
        let names = scopes.join(", ");
        let scopes = (!scopes.is_empty())
            .then(|| (format!("the {word} {names}"), format!("{names} to `scopes`")));
        let (what, add): (Vec<_>, Vec<_>) = resource.into_iter().chain(scopes).unzip();
        (!what.is_empty()).then(|| (what.join(" and "), add.join(" and ")))
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
            let missing = needs.missing(resource, &owned(resources), &owned(scopes));
            missing.map(|(what, add)| format!("{what}: {add}"))
        };
        assert_eq!(
            missing(&["https://a.example/"], &["openid"]).as_deref(),
            Some(
                "the resource `https://a.example` and the scopes `read`, `write`: \
                 `https://a.example` to `resources` and `read`, `write` to `scopes`"
            )
        );
        assert_eq!(
            missing(&["https://a.example"], &["openid", "read"]).as_deref(),
            Some("the scope `write`: `write` to `scopes`")
        );
        assert_eq!(missing(&["https://a.example"], &["write", "openid", "read"]), None);
    }
}

use super::organization::Organization;
use crate::answer::Stranger;
use crate::resource::Needs;
use crate::scope::UserScope;
use crate::uri::{is_indicator, is_path};

/// Who may use a route, what strangers get, and what is fetched first.
///
/// [`#[authenticated]`](macro@crate::authenticated) makes one of its arguments;
/// [`protect()`](crate::protect()) takes one.
///
/// # Example
///
/// ```rust
/// use logto_rocket::Policy;
///
/// const PAGES: Policy = Policy::new().redirect();
/// const ITEMS: Policy = PAGES.resource("https://api.example.com").organization("<org>");
/// # assert_ne!(PAGES, ITEMS);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    pub(super) stranger: Stranger,
    pub(super) fetch_user_info: bool,
    pub(super) resource: Option<&'static str>,
    pub(super) organization: Option<Organization>,
    pub(super) allow_cross_origin: bool,
}

impl Policy {
    /// Signed-in users only; strangers get 401 Unauthorized.
    pub const fn new() -> Self {
        Self {
            stranger: Stranger::Unauthorized,
            fetch_user_info: false,
            resource: None,
            organization: None,
            allow_cross_origin: false,
        }
    }

    /// Sends strangers who navigate to the sign-in route, and back afterwards.
    #[must_use]
    pub const fn redirect(mut self) -> Self {
        self.stranger = Stranger::SignIn;
        self
    }

    /// Sends strangers who navigate to a page of this site.
    ///
    /// # Panics
    ///
    /// `path` is not a path of this site: it must begin with one `/`, have no `\` and no
    /// fragment, and nothing that must be percent-encoded in a URI.
    #[must_use]
    pub const fn redirect_to(mut self, path: &'static str) -> Self {
        assert!(is_path(path.as_bytes()), "`redirect` takes a path of this site, as \"/welcome\"");
        self.stranger = Stranger::Page(path);
        self
    }

    /// Fetches the user info before the handler runs.
    #[must_use]
    pub const fn fetch_user_info(mut self) -> Self {
        self.fetch_user_info = true;
        self
    }

    /// Fetches the user's access token for an API resource before the handler runs,
    /// which takes it as [`AccessToken`](crate::AccessToken).
    ///
    /// # Panics
    ///
    /// `indicator` is not an absolute URI, or it has a fragment (RFC 8707 section 2).
    #[must_use]
    pub const fn resource(mut self, indicator: &'static str) -> Self {
        assert!(
            is_indicator(indicator.as_bytes()),
            "`resource` takes an absolute URI without a fragment, as \"https://api.example.com\""
        );
        self.resource = Some(indicator);
        self
    }

    /// Admits members of an organization only: their token for it is fetched before
    /// the handler runs, which takes it as
    /// [`OrganizationToken`](crate::OrganizationToken). With
    /// [`resource()`](Self::resource) the token is for the resource in the
    /// organization.
    ///
    /// `organization` is an id, or a parameter of the route's path in brackets:
    /// `"<org>"`.
    ///
    /// # Panics
    ///
    /// It is neither. [`protect()`](crate::protect()) panics where a route has no
    /// such parameter.
    #[must_use]
    pub const fn organization(mut self, organization: &'static str) -> Self {
        self.organization = Organization::parse(organization);
        assert!(
            self.organization.is_some(),
            "`organization` takes an id or one parameter of the path, as \"<org>\""
        );
        self
    }

    /// Admits requests that pages of other origins send, whatever their method.
    ///
    /// Without it, a request of a signed-in user with a method other than GET, HEAD or
    /// OPTIONS gets 403 Forbidden if it comes from a page of another origin than that of
    /// [`base_url`](crate::Config::base_url), unless
    /// [`trusted_origins`](crate::Config::trusted_origins) has it. `SameSite=Lax` cookies
    /// come along where that page is on another host of the same site. With it the route
    /// needs a protection of its own against forgery, as a token in the form.
    #[must_use]
    pub const fn allow_cross_origin(mut self) -> Self {
        self.allow_cross_origin = true;
        self
    }

    #[doc(hidden)]
    pub const fn needs(&self) -> Needs {
        Needs::new(self.resource, if self.organization.is_some() { ORGANIZATIONS } else { &[] })
    }
}

const ORGANIZATIONS: &[&str] = &[UserScope::Organizations.as_str()];

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    /// R1, R2, R5, R9: where strangers are sent is a page of this site, and a resource is one
    /// as in the attribute and in the configuration.
    #[test]
    fn a_policy_takes_the_paths_and_indicators_of_the_tables() {
        let paths: &[(&str, bool)] = include!("../../../tests/cases/paths.txt");
        for (path, expected) in paths {
            let taken = catch_unwind(|| Policy::new().redirect_to(path)).is_ok();
            assert_eq!(taken, *expected, "{path:?}");
        }
        let indicators: &[(&str, bool)] = include!("../../../tests/cases/indicators.txt");
        for (uri, expected) in indicators {
            let taken = catch_unwind(|| Policy::new().resource(uri)).is_ok();
            assert_eq!(taken, *expected, "{uri:?}");
        }
    }

    #[test]
    #[should_panic(expected = "takes a path of this site")]
    fn a_page_elsewhere_is_a_panic() {
        let _ = Policy::new().redirect_to("https://evil.example");
    }
}

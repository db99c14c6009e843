use super::organization::Organization;
use super::rules;
use crate::answer::Stranger;
use crate::conditions::{About, Conditions};
use crate::guard::REFRESH;
use crate::resource::Needs;
use crate::scope::UserScope;
use crate::uri::{is_indicator, is_name, is_path};

/// Who may use a route, what strangers get, and what is fetched first.
///
/// [`#[authenticated]`](macro@crate::authenticated) builds one from its arguments;
/// [`protect()`](crate::protect()) takes one. See the chapter
/// [`guide::permissions`](crate::guide::permissions).
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
    pub(super) session: bool,
    pub(super) bearer: bool,
    pub(super) conditions: Conditions,
    pub(super) any_client: bool,
    pub(super) any_organization: bool,
}

impl Policy {
    /// Signed-in users only; strangers get 401 Unauthorized.
    pub const fn new() -> Self {
        Self {
            session: false,
            bearer: false,
            conditions: Conditions::NONE,
            any_client: false,
            any_organization: false,
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

    /// Sends strangers who navigate to a page on this site.
    ///
    /// # Panics
    ///
    /// `path` is not a path on this site: it must begin with a single `/`, and have no
    /// `\`, no fragment, and nothing that must be percent-encoded in a URI.
    #[must_use]
    pub const fn redirect_to(mut self, path: &'static str) -> Self {
        assert!(
            is_path(path.as_bytes()),
            "`redirect` takes a path on this site, like \"/welcome\""
        );
        self.stranger = Stranger::Page(path);
        self
    }

    /// Fetches the user info before the handler runs.
    #[must_use]
    pub const fn fetch_user_info(mut self) -> Self {
        self.fetch_user_info = true;
        self
    }

    /// Fetches the user's access token for an API resource before the handler runs, which
    /// takes it as [`AccessToken`](crate::AccessToken). With [`bearer()`](Self::bearer) a
    /// presented token must be for this resource; a token for another gets 401 Unauthorized.
    ///
    /// `indicator` may also be its name in the configuration's
    /// [`resources`](crate::Resources).
    ///
    /// # Panics
    ///
    /// `indicator` is neither an absolute URI without a fragment (RFC 8707 section 2) nor a
    /// name.
    #[must_use]
    pub const fn resource(mut self, indicator: &'static str) -> Self {
        assert!(
            is_indicator(indicator.as_bytes()) || is_name(indicator.as_bytes()),
            "`resource` takes an absolute URI without a fragment, like \
             \"https://api.example.com\", or a name in the configuration, like \"items\""
        );
        self.resource = Some(indicator);
        self
    }

    /// Admits members of an organization only: their token for it is fetched before
    /// the handler runs, which takes it as
    /// [`OrganizationToken`](crate::OrganizationToken). With
    /// [`resource()`](Self::resource) the token is for the resource in the
    /// organization. With [`bearer()`](Self::bearer) a presented token must be for it.
    /// Non-members, and tokens for another organization or none, get 403 Forbidden.
    ///
    /// `organization` is an id, or a parameter of the route's path in brackets:
    /// `"<org>"`.
    ///
    /// # Panics
    ///
    /// It is neither. [`protect()`](crate::protect()) panics if a route has no such
    /// parameter.
    #[must_use]
    pub const fn organization(mut self, organization: &'static str) -> Self {
        self.organization = Organization::parse(organization);
        assert!(
            self.organization.is_some(),
            "`organization` takes an id or one parameter of the path, like \"<org>\""
        );
        self
    }

    /// Admits requests from pages of other origins, whatever their method.
    ///
    /// Without it, a request of a signed-in user with a method other than GET, HEAD or
    /// OPTIONS gets 403 Forbidden if it comes from a page of an origin other than that of
    /// [`base_url`](crate::Config::base_url), unless
    /// [`trusted_origins`](crate::Config::trusted_origins) lists it. Browsers send
    /// `SameSite=Lax` cookies if that page is on another host of the same site. With it
    /// the route needs its own protection against forgery, such as a token in the form.
    #[must_use]
    pub const fn allow_cross_origin(mut self) -> Self {
        self.allow_cross_origin = true;
        self
    }

    /// Admits requests that present an access token (RFC 6750) for the policy's
    /// [`resource()`](Self::resource) or [`organization()`](Self::organization), and no
    /// sessions unless the policy has [`session()`](Self::session) too. The handler takes
    /// [`&AuthInfo`](crate::AuthInfo).
    ///
    /// A token's audience authorizes nothing: Logto issues a token for any API resource to any
    /// application of the tenant that asks. So the policy also needs scopes, roles, an
    /// organization or [`clients()`](Self::clients), or an explicit
    /// [`any_client()`](Self::any_client).
    ///
    /// A request without a valid token gets 401 Unauthorized, with a malformed header 400 Bad
    /// Request, and with a token that permits too little 403 Forbidden. While Logto's keys are
    /// not available, it gets 503 Service Unavailable.
    #[must_use]
    pub const fn bearer(mut self) -> Self {
        self.bearer = true;
        self
    }

    /// Admits users with a session; a policy without [`bearer()`](Self::bearer) does so anyway.
    /// With both, a presented token decides: if it is not valid, the session does not help.
    #[must_use]
    pub const fn session(mut self) -> Self {
        self.session = true;
        self
    }

    /// Admits only callers whose token for the policy's resource or organization,
    /// presented or fetched, has all of these scopes. Others get 403 Forbidden.
    ///
    /// # Panics
    ///
    /// There is no scope, or one with a space in it.
    #[must_use]
    pub const fn scopes(mut self, scopes: &'static [&'static str]) -> Self {
        rules::check_scopes(scopes);
        self.conditions.scopes.all = scopes;
        self
    }

    /// Admits only callers whose token has at least one of these scopes. Others get 403
    /// Forbidden.
    ///
    /// # Panics
    ///
    /// There is no scope, or one with a space in it.
    #[must_use]
    pub const fn any_scope(mut self, scopes: &'static [&'static str]) -> Self {
        rules::check_scopes(scopes);
        self.conditions.scopes.any = scopes;
        self
    }

    /// Admits only users with all of these roles; others get 403 Forbidden.
    ///
    /// For a session they come from the ID token, or from the user info if it is fetched
    /// (scope `roles`). They are as fresh as
    /// [`session.revalidate`](crate::SessionConfig::revalidate) says: older ones are renewed
    /// first, and a session without a refresh token signs in again. For a token they are its
    /// custom claim `roles`, which a script of the tenant has to set; if the script fails,
    /// Logto issues tokens without it, which means no.
    ///
    /// # Panics
    ///
    /// There is no role, or one without a name.
    #[must_use]
    pub const fn roles(mut self, roles: &'static [&'static str]) -> Self {
        rules::check_names(roles);
        self.conditions.roles.all = roles;
        self
    }

    /// Admits only users with at least one of these roles; see [`roles()`](Self::roles).
    ///
    /// # Panics
    ///
    /// There is no role, or one without a name.
    #[must_use]
    pub const fn any_role(mut self, roles: &'static [&'static str]) -> Self {
        rules::check_names(roles);
        self.conditions.roles.any = roles;
        self
    }

    /// Admits only users who have all of these roles in the policy's organization (scope
    /// `urn:logto:scope:organization_roles`); others get 403 Forbidden. No token is fetched
    /// for it.
    ///
    /// # Panics
    ///
    /// There is no role, or one without a name.
    #[must_use]
    pub const fn organization_roles(mut self, roles: &'static [&'static str]) -> Self {
        rules::check_names(roles);
        self.conditions.organization_roles.all = roles;
        self
    }

    /// Admits only users who have at least one of these roles in the policy's organization;
    /// see [`organization_roles()`](Self::organization_roles).
    ///
    /// # Panics
    ///
    /// There is no role, or one without a name.
    #[must_use]
    pub const fn any_organization_role(mut self, roles: &'static [&'static str]) -> Self {
        rules::check_names(roles);
        self.conditions.organization_roles.any = roles;
        self
    }

    /// Admits only tokens issued to one of these applications, by id; others get 403
    /// Forbidden. Nothing else in a token distinguishes a third party's from your own. It
    /// does not apply to users with a session, if the policy admits them.
    ///
    /// # Panics
    ///
    /// There is no id, or an empty one.
    #[must_use]
    pub const fn clients(mut self, ids: &'static [&'static str]) -> Self {
        rules::check_names(ids);
        self.conditions.clients = ids;
        self
    }

    /// Admits any application of the tenant that has a token for the resource, even a third
    /// party's: only the audience is checked.
    #[must_use]
    pub const fn any_client(mut self) -> Self {
        self.any_client = true;
        self
    }

    /// Admits only tokens of users; a machine's own, and a token that does not say which
    /// application got it, get 403 Forbidden. A user's token counts as the user's whichever
    /// application got it.
    ///
    /// # Panics
    ///
    /// The policy has [`machine_only()`](Self::machine_only).
    #[must_use]
    pub const fn user_only(mut self) -> Self {
        assert!(!matches!(self.conditions.about, About::Machine), "{}", rules::BOTH);
        self.conditions.about = About::User;
        self
    }

    /// Admits only machines with their own token (`sub` is `client_id`); others get 403
    /// Forbidden.
    ///
    /// # Panics
    ///
    /// The policy has [`user_only()`](Self::user_only).
    #[must_use]
    pub const fn machine_only(mut self) -> Self {
        assert!(!matches!(self.conditions.about, About::User), "{}", rules::BOTH);
        self.conditions.about = About::Machine;
        self
    }

    /// Admits tokens for the resource in any organization, in addition to those without one;
    /// without this they get 403 Forbidden. The handler must check
    /// [`organization_id`](crate::AuthInfo::organization_id): a token without one mixes the
    /// user's permissions of all organizations.
    #[must_use]
    pub const fn any_organization(mut self) -> Self {
        self.any_organization = true;
        self
    }

    /// Whether users with a session are admitted.
    pub(super) const fn takes_sessions(&self) -> bool {
        self.session || !self.bearer
    }

    /// The same policy, if it makes sense.
    ///
    /// # Panics
    ///
    /// It contradicts itself; the message says what to write.
    #[doc(hidden)]
    #[must_use]
    pub const fn checked(self) -> Self {
        rules::check(&self);
        self
    }

    /// Whether to fetch a token for a session before the handler. If roles in the
    /// organization decide, the ID token has them.
    pub(super) const fn fetches_token(&self) -> bool {
        let Conditions { scopes, organization_roles, .. } = &self.conditions;
        self.resource.is_some()
            || self.organization.is_some()
                && (!scopes.is_nothing() || organization_roles.is_nothing())
    }

    #[doc(hidden)]
    pub const fn needs(&self) -> Needs {
        let (resource, session) = (self.resource, self.takes_sessions());
        if !session {
            return Needs { resource, session, scopes: [&[]; 4] };
        }
        let Conditions { scopes, roles, organization_roles, .. } = &self.conditions;
        let roles: &[&str] = match (roles.is_nothing(), organization_roles.is_nothing()) {
            (true, true) => &[],
            (false, true) => &[ROLES],
            (true, false) => &[ORGANIZATION_ROLES],
            (false, false) => &[ROLES, ORGANIZATION_ROLES],
        };
        if !self.fetches_token() {
            return Needs { resource, session, scopes: [roles, &[], &[], &[]] };
        }
        let organizations: &[&str] =
            if self.organization.is_some() { &[ORGANIZATIONS] } else { &[] };
        Needs { resource, session, scopes: [scopes.all, organizations, roles, REFRESH] }
    }
}

const ROLES: &str = UserScope::Roles.as_str();
const ORGANIZATIONS: &str = UserScope::Organizations.as_str();
const ORGANIZATION_ROLES: &str = UserScope::OrganizationRoles.as_str();

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    /// R1, R2, R5, R9: strangers are sent to a page on this site, and a resource follows the
    /// same rules as in the attribute and the configuration.
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
        let names: &[(&str, bool)] = include!("../../../tests/cases/resource_names.txt");
        for (name, expected) in names {
            let taken = catch_unwind(|| Policy::new().resource(name)).is_ok();
            assert_eq!(taken, *expected, "{name:?}");
        }
    }

    #[test]
    #[should_panic(expected = "takes a path on this site")]
    fn a_page_elsewhere_is_a_panic() {
        let _ = Policy::new().redirect_to("https://evil.example");
    }
}

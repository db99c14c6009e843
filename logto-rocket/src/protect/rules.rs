//! Which policies make sense: one function for the attribute, where it runs at compile
//! time, and for policies in code.

use super::policy::Policy;
use crate::answer::Stranger;
use crate::conditions::About;

pub(super) const BOTH: &str = "`user_only` and `machine_only` leave nobody";

/// The mistake in a policy; `None` if it makes sense.
pub(super) const fn mistake(policy: &Policy) -> Option<&'static str> {
    let conditions = &policy.conditions;
    let has_audience = policy.resource.is_some() || policy.organization.is_some();
    let asks_scopes = !conditions.scopes.is_nothing();
    let asks_organization_roles = !conditions.organization_roles.is_nothing();
    let has_condition = asks_scopes
        || conditions.ask_roles()
        || policy.organization.is_some()
        || !conditions.clients.is_empty();
    if policy.bearer {
        if !has_audience {
            return Some(
                "`bearer` needs `resource = \"https://..\"` or `organization = \"<org>\"`: whom \
                 the tokens are for",
            );
        }
        if !has_condition && !policy.any_client {
            return Some(
                "`bearer` needs a condition, as `scopes(\"read:items\")`: any application of \
                 the tenant can get a token for the resource; to admit all of them, write \
                 `any_client`",
            );
        }
        if policy.any_client && !conditions.clients.is_empty() {
            return Some("`any_client` contradicts `clients(..)`");
        }
        if policy.any_organization && policy.organization.is_some() {
            return Some("`any_organization` contradicts `organization`");
        }
    } else if policy.any_client
        || policy.any_organization
        || !conditions.clients.is_empty()
        || !matches!(conditions.about, About::Anybody)
    {
        return Some(
            "`clients`, `any_client`, `user_only`, `machine_only` and `any_organization` are for \
             tokens that requests present: add `bearer`",
        );
    }
    if !policy.takes_sessions() {
        if !matches!(policy.stranger, Stranger::Unauthorized) {
            return Some("`redirect` is for browsers: add `session`, or leave it out");
        }
        if policy.fetch_user_info {
            return Some("`fetch_user_info` needs a session: add `session`, or leave it out");
        }
        if policy.allow_cross_origin {
            return Some(
                "`allow_cross_origin` is for sessions: browsers do not send tokens on their own",
            );
        }
        if asks_organization_roles {
            return Some(
                "access tokens have no organization roles: use `scopes(..)`, or add `session`",
            );
        }
    } else if matches!(conditions.about, About::Machine) {
        return Some("`machine_only` leaves no session: leave `session` out");
    }
    if asks_scopes && !has_audience {
        return Some(
            "scopes come from a token: add `resource = \"https://..\"` or `organization = \
             \"<org>\"` to get one",
        );
    }
    if asks_organization_roles && policy.organization.is_none() {
        return Some("`organization_roles` needs `organization = \"<org>\"`");
    }
    None
}

pub(super) const fn check(policy: &Policy) {
    if let Some(mistake) = mistake(policy) {
        panic!("{}", mistake);
    }
}

/// Scopes are separated by spaces (RFC 6749 section 3.3).
pub(super) const fn check_scopes(scopes: &[&str]) {
    check_names(scopes);
    let mut at = 0;
    while at < scopes.len() {
        let bytes = scopes[at].as_bytes();
        let mut byte = 0;
        while byte < bytes.len() {
            let allowed = matches!(bytes[byte], 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            assert!(allowed, "a scope must be ASCII, without spaces, quotes or backslashes");
            byte += 1;
        }
        at += 1;
    }
}

pub(super) const fn check_names(names: &[&str]) {
    assert!(!names.is_empty(), "name at least one: an empty list admits everybody or nobody");
    let mut at = 0;
    while at < names.len() {
        assert!(!names[at].is_empty(), "a name is empty");
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    const API: &str = "https://api.example.com";

    fn bearer() -> Policy {
        Policy::new().resource(API).bearer()
    }

    /// W5: every "no" of the table, and what to write instead.
    #[test]
    fn policies_that_make_no_sense_are_refused() {
        let scoped = bearer().scopes(&["a"]);
        for (policy, says) in [
            (Policy::new().bearer().any_client(), "`bearer` needs `resource"),
            (bearer(), "`any_client`"),
            (bearer().user_only(), "`any_client`"),
            (bearer().any_organization(), "`any_client`"),
            (bearer().clients(&["a"]).any_client(), "contradicts `clients(..)`"),
            (scoped.organization("<org>").any_organization(), "contradicts `organization`"),
            (scoped.redirect(), "`redirect` is for browsers"),
            (scoped.redirect_to("/welcome"), "`redirect` is for browsers"),
            (scoped.fetch_user_info(), "`fetch_user_info` needs a session"),
            (scoped.allow_cross_origin(), "`allow_cross_origin` is for sessions"),
            (scoped.organization("o").organization_roles(&["a"]), "no organization roles"),
            (scoped.organization("o").any_organization_role(&["a"]), "no organization roles"),
            (scoped.session().machine_only(), "`machine_only` leaves no session"),
            (Policy::new().clients(&["a"]), "add `bearer`"),
            (Policy::new().any_client(), "add `bearer`"),
            (Policy::new().any_organization(), "add `bearer`"),
            (Policy::new().user_only(), "add `bearer`"),
            (Policy::new().machine_only(), "add `bearer`"),
            (Policy::new().session().any_client(), "add `bearer`"),
            (Policy::new().scopes(&["a"]), "scopes come from a token"),
            (Policy::new().any_scope(&["a"]), "scopes come from a token"),
            (Policy::new().organization_roles(&["a"]), "needs `organization"),
            (Policy::new().any_organization_role(&["a"]), "needs `organization"),
        ] {
            let mistake = mistake(&policy).unwrap_or_else(|| panic!("{policy:?}"));
            assert!(mistake.contains(says), "{says:?}: {mistake}");
            assert!(catch_unwind(|| policy.checked()).is_err());
        }
    }

    /// W5: every "yes" of the table.
    #[test]
    fn policies_that_make_sense_are_taken() {
        let user = Policy::new();
        let scoped = bearer().scopes(&["a"]);
        for policy in [
            user,
            user.session(),
            user.redirect().roles(&["admin"]),
            user.any_role(&["admin", "editor"]).fetch_user_info(),
            user.resource(API).scopes(&["a"]).any_scope(&["b"]).redirect(),
            user.organization("<org>").organization_roles(&["owner"]).redirect(),
            user.organization("<org>").any_organization_role(&["owner"]).scopes(&["a"]),
            scoped,
            scoped.user_only(),
            scoped.machine_only(),
            scoped.any_organization(),
            scoped.any_client(),
            scoped.organization("<org>"),
            bearer().any_client(),
            bearer().clients(&["a"]),
            bearer().roles(&["admin"]),
            bearer().any_role(&["admin"]),
            user.organization("<org>").bearer(),
            scoped.session().redirect().fetch_user_info().allow_cross_origin(),
            scoped.session().organization("o").organization_roles(&["owner"]),
        ] {
            assert_eq!(mistake(&policy), None, "{policy:?}");
            assert_eq!(policy.checked(), policy);
        }
    }

    /// W5: empty lists, invalid names, and two scopes in one.
    #[test]
    fn lists_have_names_and_scopes_no_spaces() {
        for scopes in [&[][..], &[""], &["a", ""], &["a b"], &["a\""], &["a\\"], &["ä"], &["a\n"]]
        {
            assert!(catch_unwind(|| bearer().scopes(scopes)).is_err(), "{scopes:?}");
            assert!(catch_unwind(|| bearer().any_scope(scopes)).is_err(), "{scopes:?}");
        }
        for names in [&[][..], &[""], &["a", ""]] {
            assert!(catch_unwind(|| Policy::new().roles(names)).is_err(), "{names:?}");
            assert!(catch_unwind(|| Policy::new().any_role(names)).is_err(), "{names:?}");
            assert!(catch_unwind(|| Policy::new().organization_roles(names)).is_err());
            assert!(catch_unwind(|| Policy::new().any_organization_role(names)).is_err());
            assert!(catch_unwind(|| bearer().clients(names)).is_err(), "{names:?}");
        }
        assert_eq!(bearer().roles(&["Line manager"]).checked().conditions.roles.all.len(), 1);
        assert!(catch_unwind(|| bearer().user_only().machine_only()).is_err());
        assert!(catch_unwind(|| bearer().machine_only().user_only()).is_err());
    }
}

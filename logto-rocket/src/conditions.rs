//! The conditions of a policy: data, and one function that decides.

use std::fmt;

use crate::error::{Error, ErrorKind};

/// Names that are all needed, and names of which one is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Needed {
    pub(crate) all: &'static [&'static str],
    pub(crate) any: &'static [&'static str],
}

/// The allowed subject of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Anybody,
    /// A user, whichever application got the token.
    User,
    /// An application on its own behalf.
    Machine,
}

/// The conditions of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conditions {
    pub(crate) scopes: Needed,
    pub(crate) roles: Needed,
    pub(crate) organization_roles: Needed,
    /// The applications whose tokens are accepted; empty means any.
    pub(crate) clients: &'static [&'static str],
    pub(crate) about: About,
}

/// What is known about the caller. Absent or odd values are left out: they mean no.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Facts<'a> {
    pub(crate) scopes: &'a [&'a str],
    pub(crate) roles: &'a [&'a str],
    /// In the organization of the route.
    pub(crate) organization_roles: &'a [&'a str],
    /// The application that got the token, empty if it does not say; `None` for a session.
    pub(crate) client: Option<&'a str>,
    pub(crate) is_machine: bool,
}

/// Why a caller is not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    Scopes(Needed),
    Roles(Needed),
    OrganizationRoles(Needed),
    Client,
    User,
    Machine,
}

impl Needed {
    pub(crate) const NOTHING: Self = Self { all: &[], any: &[] };

    pub(crate) const fn is_nothing(&self) -> bool {
        self.all.is_empty() && self.any.is_empty()
    }

    fn is_among(&self, held: &[&str]) -> bool {
        self.all.iter().all(|name| held.contains(name))
            && (self.any.is_empty() || self.any.iter().any(|name| held.contains(name)))
    }

    /// All the names, as a space-separated list (RFC 6750 section 3).
    pub(crate) fn names(&self) -> String {
        [self.all, self.any].concat().join(" ")
    }
}

impl Conditions {
    pub(crate) const NONE: Self = Self {
        scopes: Needed::NOTHING,
        roles: Needed::NOTHING,
        organization_roles: Needed::NOTHING,
        clients: &[],
        about: About::Anybody,
    };

    /// Whether there is nothing to decide.
    pub(crate) const fn is_none(&self) -> bool {
        self.scopes.is_nothing()
            && !self.ask_roles()
            && self.clients.is_empty()
            && matches!(self.about, About::Anybody)
    }

    /// Whether the user's roles decide, from an ID token or custom claims.
    pub(crate) const fn ask_roles(&self) -> bool {
        !self.roles.is_nothing() || !self.organization_roles.is_nothing()
    }

    /// Decides.
    ///
    /// # Errors
    ///
    /// The first condition that is not met. Identity comes before permissions.
    pub(crate) fn check(&self, facts: &Facts<'_>) -> Result<(), Missing> {
        if facts.client.is_some_and(|id| !self.clients.is_empty() && !self.clients.contains(&id)) {
            return Err(Missing::Client);
        }
        match self.about {
            // A token that does not say who got it may be a machine's.
            About::User if facts.is_machine || facts.client == Some("") => {
                return Err(Missing::User);
            }
            About::Machine if !facts.is_machine => return Err(Missing::Machine),
            _ => {}
        }
        if !self.scopes.is_among(facts.scopes) {
            return Err(Missing::Scopes(self.scopes));
        }
        if !self.roles.is_among(facts.roles) {
            return Err(Missing::Roles(self.roles));
        }
        if !self.organization_roles.is_among(facts.organization_roles) {
            return Err(Missing::OrganizationRoles(self.organization_roles));
        }
        Ok(())
    }
}

impl Needed {
    /// The names, with the word for one of them.
    fn described(&self, one: &str) -> String {
        let quoted = |names: &[&str]| {
            names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        };
        match (self.all, self.any) {
            ([name], []) | ([], [name]) => format!("the {one} `{name}`"),
            (all, []) => format!("the {one}s {}", quoted(all)),
            ([], any) => format!("one of the {one}s {}", quoted(any)),
            (all, any) => {
                let all = Self { all, any: &[] }.described(one);
                format!("{all} and {}", Self { all: &[], any }.described(one))
            }
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scopes(needed) => write!(f, "needs {}", needed.described("scope")),
            Self::Roles(needed) => write!(f, "needs {}", needed.described("role")),
            Self::OrganizationRoles(needed) => {
                write!(f, "needs {} in the organization", needed.described("role"))
            }
            Self::Client => f.write_str("does not accept tokens from this application"),
            Self::User => f.write_str("is for users, not for machines"),
            Self::Machine => f.write_str("is for machines, not for users"),
        }
    }
}

impl From<Missing> for Error {
    fn from(missing: Missing) -> Self {
        Self::new(ErrorKind::NotAllowed, format!("the route {missing}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 2] = ["a", "b"];

    /// All subsets of two names.
    const SETS: [&[&str]; 4] = [&[], &["a"], &["b"], &["a", "b"]];

    /// W1: `all` and `any`, against every combination that a caller can hold.
    #[test]
    fn a_condition_needs_all_of_its_names_or_one_of_them() {
        for all in SETS {
            for any in SETS {
                for held in SETS {
                    let expected = NAMES.iter().all(|n| !all.contains(n) || held.contains(n))
                        && (any.is_empty()
                            || NAMES.iter().any(|n| any.contains(n) && held.contains(n)));
                    let needed = Needed { all, any };
                    assert_eq!(needed.is_among(held), expected, "{needed:?} of {held:?}");
                }
            }
        }
    }

    /// W1: the whole table: each condition is met or not, independently of the others.
    #[test]
    fn every_condition_decides_by_itself() {
        let lists: [&[&str]; 2] = [&[], &["a"]];
        let needed = |all| Needed { all, any: &[] };
        let mut admitted = 0;
        for bits in 0..1_u32 << 9 {
            let bit = |at: u32| (bits >> at & 1) as usize;
            let conditions = Conditions {
                scopes: needed(lists[bit(0)]),
                roles: needed(lists[bit(1)]),
                organization_roles: needed(lists[bit(2)]),
                clients: [&[], &["app"][..]][bit(3)],
                about: About::Anybody,
            };
            for about in [About::Anybody, About::User, About::Machine] {
                let conditions = Conditions { about, ..conditions };
                let facts = Facts {
                    scopes: lists[bit(4)],
                    roles: lists[bit(5)],
                    organization_roles: lists[bit(6)],
                    client: Some(["app", "other"][bit(7)]),
                    is_machine: bit(8) == 1,
                };
                let met = bit(0) <= bit(4)
                    && bit(1) <= bit(5)
                    && bit(2) <= bit(6)
                    && (bit(3) == 0 || bit(7) == 0)
                    && match about {
                        About::Anybody => true,
                        About::User => bit(8) == 0,
                        About::Machine => bit(8) == 1,
                    };
                assert_eq!(conditions.check(&facts).is_ok(), met, "{conditions:?} {facts:?}");
                assert_eq!(conditions.is_none(), conditions == Conditions::NONE);
                admitted += usize::from(met);
            }
        }
        assert!(admitted > 0);
    }

    /// W2: a session's user is not from another application, and an absent value means
    /// no.
    #[test]
    fn nothing_known_meets_no_condition_except_that_of_the_client() {
        let facts = Facts::default();
        let clients = Conditions { clients: &["app"], ..Conditions::NONE };
        let users = Conditions { about: About::User, ..Conditions::NONE };
        assert_eq!((clients.check(&facts), users.check(&facts)), (Ok(()), Ok(())));
        let unsaid = Facts { client: Some(""), ..facts };
        assert_eq!(clients.check(&unsaid), Err(Missing::Client));
        assert_eq!(users.check(&unsaid), Err(Missing::User));
        let scopes = Needed { all: &["a"], any: &["b", "c"] };
        let missing =
            Conditions { scopes, ..Conditions::NONE }.check(&facts).expect_err("no scope");
        assert_eq!(missing.to_string(), "needs the scope `a` and one of the scopes `b`, `c`");
        assert_eq!(scopes.names(), "a b c");
        let error = Error::from(missing);
        assert_eq!(error.status(), rocket::http::Status::Forbidden);
    }

    #[test]
    fn what_is_missing_is_named_in_the_singular_or_the_plural() {
        let roles = |all, any| Missing::Roles(Needed { all, any }).to_string();
        assert_eq!(roles(&["a"], &[]), "needs the role `a`");
        assert_eq!(roles(&["a", "b"], &[]), "needs the roles `a`, `b`");
        assert_eq!(roles(&[], &["a"]), "needs the role `a`");
        assert_eq!(roles(&[], &["a", "b"]), "needs one of the roles `a`, `b`");
        let both = roles(&["a", "b"], &["c", "d"]);
        assert_eq!(both, "needs the roles `a`, `b` and one of the roles `c`, `d`");
        let one = Needed { all: &["a"], any: &[] };
        assert_eq!(Missing::Scopes(one).to_string(), "needs the scope `a`");
        let in_organization = Missing::OrganizationRoles(one).to_string();
        assert_eq!(in_organization, "needs the role `a` in the organization");
    }
}

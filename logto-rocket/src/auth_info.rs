//! The caller that an access token identifies, and its permissions.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::claims::AccessTokenClaims;
use crate::error::{Error, ErrorKind, Result};
use crate::scope::organization_id;

/// The caller and its permissions: the access token that let a request in.
///
/// On a route with `bearer` it is the token that the request presented, verified: its
/// signature, type, issuer, audience and time, and the conditions of the route. If a
/// browser's session let the request in (`session, bearer`, or a route with `resource` or
/// `organization`), it is the user's token, fetched from Logto for the route. See the
/// chapter [`guide::api`](crate::guide::api).
///
/// # Request Guard
///
/// `&AuthInfo` succeeds on a route whose attribute or [`Policy`](crate::Policy) has `bearer`,
/// `resource` or `organization`, unless the session's roles in the organization alone let it in:
/// no token is fetched for these. In that case, and without the wrapper, it _fails_ with 500
/// Internal Server Error. An application without [`Logto`](crate::Logto) attached does not launch.
///
/// # Security
///
/// A token that a user's client presents belongs to a user, even if it has `act` (somebody
/// acts for the user) or a machine got it by a token exchange: `sub` is the user. A machine's
/// own token has its `client_id` as `sub`.
///
/// A token stays valid until it expires, whatever happens to its user in the meantime: Logto
/// does not announce that a user was suspended. Give tokens a short lifetime in the Logto
/// Console.
///
/// # Example
///
/// ```rust
/// use logto_rocket::AuthInfo;
/// use rocket::get;
///
/// #[get("/items")]
/// fn items(auth: &AuthInfo) -> String {
///     format!("{} may write: {}", auth.sub, auth.has_scope("write:items"))
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AuthInfo {
    /// The subject of the token: the user's id, or a machine's own `client_id`.
    pub sub: String,
    /// The application that got the token.
    pub client_id: Option<String>,
    /// The organization that the token is for.
    ///
    /// In a token for an API resource, the claim `organization_id`. A script of the tenant can
    /// set that claim too, so a tenant's scripts are trusted here. In a token for an
    /// organization, the organization in `aud`.
    pub organization_id: Option<String>,
    /// What the token permits. Empty if it has no scopes.
    pub scopes: Vec<String>,
    /// The audience of the token: an API resource, or an organization as
    /// [`organization_urn()`](crate::organization_urn) writes it.
    pub audience: Vec<String>,
    /// All of its claims, including those that a script of the tenant adds. Any of the
    /// latter may be missing: Logto issues the token without them if the script fails.
    pub claims: AccessTokenClaims,
}

impl AuthInfo {
    /// Reads the claims of a token; `None` without `sub`.
    pub(crate) fn of(claims: AccessTokenClaims) -> Option<Self> {
        let text = |claim: crate::Claim<&str>| claim.value().map(str::to_owned);
        let sub = text(claims.subject()).filter(|sub| !sub.is_empty())?;
        let audience = claims.audiences().unwrap_or_default();
        let audience: Vec<_> = audience.into_iter().map(str::to_owned).collect();
        let of_organization = || audience.iter().find_map(|urn| organization_id(urn));
        let of = text(claims.organization_id());
        let of = of.or_else(|| of_organization().map(str::to_owned));
        let scopes = claims.scopes().into_iter().map(str::to_owned).collect();
        let client_id = text(claims.client_id());
        Some(Self { sub, client_id, organization_id: of, scopes, audience, claims })
    }

    /// Whether the token has this scope.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|held| held == scope)
    }

    /// Whether the token is a machine's own; every other token counts as a user's.
    pub fn is_machine(&self) -> bool {
        self.client_id.as_ref() == Some(&self.sub)
    }

    /// Checks that the token has all of these scopes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAllowed`], which answers 403 Forbidden; the log has the reason.
    ///
    /// # Example
    ///
    /// ```rust
    /// use logto_rocket::{AuthInfo, Result};
    /// use rocket::delete;
    ///
    /// #[delete("/items/<id>?<force>")]
    /// fn delete(id: u32, force: bool, auth: &AuthInfo) -> Result<()> {
    ///     if force {
    ///         auth.require_scopes(["delete:items"])?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn require_scopes<'a>(&self, scopes: impl IntoIterator<Item = &'a str>) -> Result<()> {
        let missing = scopes.into_iter().find(|scope| !self.has_scope(scope));
        missing.map_or(Ok(()), |scope| {
            let detail = format!("the handler needs the scope `{scope}`");
            Err(Error::new(ErrorKind::NotAllowed, detail))
        })
    }

    /// All claims, as a type of your own. Give a claim that a script of the tenant adds a
    /// default: it may be missing.
    ///
    /// # Errors
    ///
    /// A claim is missing or has another type.
    ///
    /// # Example
    ///
    /// ```rust
    /// use logto_rocket::AuthInfo;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Plan {
    ///     #[serde(default)]
    ///     tier: String,
    /// }
    ///
    /// fn tier(auth: &AuthInfo) -> String {
    ///     auth.claims_as::<Plan>().map(|plan| plan.tier).unwrap_or_default()
    /// }
    /// ```
    pub fn claims_as<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_value(serde_json::to_value(&self.claims)?)
    }

    /// The custom claim `roles`, if it is a list of strings.
    pub(crate) fn roles(&self) -> Vec<&str> {
        let roles = self.claims.get("roles").value().and_then(Value::as_array);
        let texts = roles.map(|roles| roles.iter().map(Value::as_str).collect::<Option<_>>());
        texts.flatten().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Plan {
        sub: String,
        #[serde(default)]
        tier: String,
    }

    fn auth(claims: &Value) -> AuthInfo {
        AuthInfo::of(serde_json::from_value(claims.clone()).expect("claims")).expect("a subject")
    }

    /// W2: a claim that a script of the tenant adds may be missing, or of another type.
    #[test]
    fn claims_of_a_script_are_read_as_the_applications_own_type() {
        let plan = |claims: &Value| auth(claims).claims_as::<Plan>().ok().map(|plan| plan.tier);
        assert_eq!(plan(&json!({"sub": "u", "tier": "pro", "more": 1})).as_deref(), Some("pro"));
        assert_eq!(plan(&json!({"sub": "u"})).as_deref(), Some(""));
        for odd in [json!(7), json!(["pro"]), json!(null)] {
            assert_eq!(plan(&json!({"sub": "u", "tier": odd})), None);
        }
    }

    /// W6: everything that a handler asks for, or the first scope that is missing.
    #[test]
    fn a_handler_asks_for_more_scopes() {
        let auth = auth(&json!({"sub": "u", "scope": "a b"}));
        assert!(auth.require_scopes([]).is_ok() && auth.require_scopes(["b", "a"]).is_ok());
        let error = auth.require_scopes(["a", "c", "d"]).expect_err("it has no `c`");
        assert_eq!(error.kind(), ErrorKind::NotAllowed);
        assert!(error.to_string().contains("`c`"), "{error}");
    }
}

//! Who asks with an access token, and what they may.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::claims::AccessTokenClaims;
use crate::error::{Error, ErrorKind, Result};
use crate::scope::organization_id;

/// Who asks, and what they may: the access token that let a request in.
///
/// On a route with `bearer` it is the token that the request presented, verified: its
/// signature, type, issuer, audience and time, and the conditions of the route. Where a
/// browser's session let the request in (`session, bearer`, or a route with `resource` or
/// `organization`), it is the user's token that was fetched for the route from Logto. See the
/// chapter [`guide::api`](crate::guide::api).
///
/// # Request Guard
///
/// `&AuthInfo` succeeds on a route whose attribute or [`Policy`](crate::Policy) has `bearer`,
/// `resource` or `organization`, unless a session is let in by its roles in the organization
/// alone: no token is fetched for these. There, and without the wrapper, it _fails_ with 500
/// Internal Server Error. An application without [`Logto`](crate::Logto) attached does not launch.
///
/// # Security
///
/// A token that a user's client presents is a user's, also where it has `act` (somebody acts
/// for the user) or where a machine got it by a token exchange: `sub` is the user. A machine's
/// own token has its `client_id` for `sub`.
///
/// A token stays good until it ends, whatever happens to its user meanwhile: Logto tells nobody
/// that a user was suspended. Give tokens a short life in the Logto Console.
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
    /// Whom the token is about: the user's id, or a machine's own `client_id`.
    pub sub: String,
    /// The application that got the token.
    pub client_id: Option<String>,
    /// The organization that the token is for.
    ///
    /// Of a token for an API resource, it is the claim `organization_id`. A script of the tenant
    /// can set that claim too, so a tenant's scripts are trusted here. Of a token for an
    /// organization it is the one in `aud`.
    pub organization_id: Option<String>,
    /// What the token permits. Empty if it says nothing.
    pub scopes: Vec<String>,
    /// Whom the token is for: an API resource, or an organization as
    /// [`organization_urn()`](crate::organization_urn) writes it.
    pub audience: Vec<String>,
    /// All of its claims, those of a script of the tenant among them. Any of these may be
    /// missing: Logto issues the token without them where the script fails.
    pub claims: AccessTokenClaims,
}

impl AuthInfo {
    /// What the claims of a token say; `None` without `sub`.
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

    /// Whether the token permits this.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|held| held == scope)
    }

    /// Whether the token is a machine's own: nobody else is told apart from a user.
    pub fn is_machine(&self) -> bool {
        self.client_id.as_ref() == Some(&self.sub)
    }

    /// Checks that the token permits all of this.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAllowed`], which answers 403 Forbidden, and which the log explains.
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

    /// All claims, as a type of the application's own. Give what a script of the tenant adds
    /// a default: it may be missing.
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

    /// The custom claim `roles`, if it is a list of texts.
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

    /// W2: what a script of the tenant adds may be missing, or of another type.
    #[test]
    fn claims_of_a_script_are_read_as_a_type_of_ones_own() {
        let plan = |claims: &Value| auth(claims).claims_as::<Plan>().ok().map(|plan| plan.tier);
        assert_eq!(plan(&json!({"sub": "u", "tier": "pro", "more": 1})).as_deref(), Some("pro"));
        assert_eq!(plan(&json!({"sub": "u"})).as_deref(), Some(""));
        for odd in [json!(7), json!(["pro"]), json!(null)] {
            assert_eq!(plan(&json!({"sub": "u", "tier": odd})), None);
        }
    }

    /// W6: all that a handler asks for, or the first that is missing.
    #[test]
    fn a_handler_asks_for_more_scopes() {
        let auth = auth(&json!({"sub": "u", "scope": "a b"}));
        assert!(auth.require_scopes([]).is_ok() && auth.require_scopes(["b", "a"]).is_ok());
        let error = auth.require_scopes(["a", "c", "d"]).expect_err("it has no `c`");
        assert_eq!(error.kind(), ErrorKind::NotAllowed);
        assert!(error.to_string().contains("`c`"), "{error}");
    }
}

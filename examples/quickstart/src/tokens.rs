//! Access tokens and their contents.

use std::time::SystemTime;

use logto_rocket::{AccessToken, Audience, Error, ErrorKind, LogtoClient, UserInfo};
use rocket::serde::json::{Value, json};

/// One of the user's organizations.
pub(crate) struct Organization {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) roles: Vec<String>,
    /// What the user may do there, from the organization's token, or why Logto denies it.
    pub(crate) permissions: Result<Vec<String>, String>,
}

/// The user's organizations, with a token for each.
pub(crate) async fn of_organizations(
    info: &UserInfo,
    logto: &LogtoClient<'_>,
) -> Result<Vec<Organization>, Error> {
    let mut organizations = Vec::new();
    for id in info.organizations().unwrap_or_default() {
        let permissions = match logto.organization_token(id).await {
            Ok(token) => Ok(token.iter().flat_map(AccessToken::scopes).map(String::from).collect()),
            Err(error) if error.kind() == ErrorKind::Denied => {
                Err(error.description().unwrap_or("access denied").to_owned())
            }
            Err(error) => return Err(error),
        };
        let data = info.organization_data().unwrap_or_default();
        let name = data.iter().find(|data| data.id() == id).and_then(|data| data.name().value());
        let roles = info.organization_roles().unwrap_or_default();
        let roles = roles.iter().filter(|role| role.organization == id);
        let roles = roles.map(|role| role.role.to_owned()).collect();
        organizations.push(Organization {
            id: id.into(),
            name: name.map(String::from),
            roles,
            permissions,
        });
    }
    Ok(organizations)
}

/// What `?resource=…&organization=…` asks for.
pub(crate) fn audience(resource: Option<&str>, organization: Option<&str>) -> Audience {
    match (resource, organization) {
        (None, None) => Audience::logto(),
        (Some(resource), None) => Audience::resource(resource),
        (None, Some(id)) => Audience::organization(id),
        (Some(resource), Some(id)) => Audience::resource(resource).in_organization(id),
    }
}

/// A token's contents. The token itself is secret, so only `show` reveals it.
pub(crate) fn described(token: Option<&AccessToken>, show: bool) -> Value {
    let Some(token) = token else { return Value::Null };
    let left = token.expires_at().duration_since(SystemTime::now()).unwrap_or_default();
    let mut json = json!({
        "expires_in": left.as_secs(),
        "scopes": token.scopes().collect::<Vec<_>>(),
        "claims": token.claims().jwt(),
    });
    if show {
        json["token"] = token.secret().into();
    }
    json
}

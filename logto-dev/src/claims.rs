//! Claims: which scope brings which, and where Logto has `null`.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

use crate::names::{ORGANIZATION_ROLES, ORGANIZATIONS};
use crate::tenant::Tenant;
use crate::user::User;

/// Claims in the order in which they were added, which is Logto's.
#[derive(Debug, Default)]
pub(crate) struct Claims(Vec<(&'static str, Value)>);

impl Claims {
    pub(crate) fn push(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.push((name, value.into()));
    }

    pub(crate) fn push_some(&mut self, name: &'static str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.push(name, value);
        }
    }

    /// Adds a claim that is `null` if the user has no value.
    fn push_nullable(&mut self, name: &'static str, value: Option<&str>) {
        self.push(name, value.map_or(Value::Null, Value::from));
    }
}

impl Serialize for Claims {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Where claims appear. Some are too big for an ID token.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Place {
    IdToken,
    UserInfo,
}

/// The user's claims that the scopes show.
pub(crate) fn of_user(user: &User, scopes: &[String], place: Place, tenant: &Tenant) -> Claims {
    let has = |scope: &str| scopes.iter().any(|granted| granted == scope);
    let full = place == Place::UserInfo;
    let mut claims = Claims::default();
    claims.push("sub", user.id.as_str());
    if has("profile") {
        push_profile(&mut claims, user, tenant);
    }
    if has("email") {
        claims.push_nullable("email", user.email.as_deref());
        claims.push("email_verified", user.email.is_some());
    }
    if has("phone") {
        claims.push_nullable("phone_number", user.phone_number.as_deref());
        claims.push("phone_number_verified", user.phone_number.is_some());
    }
    if has("address") {
        claims.push_some("address", user.address.clone());
    }
    if has("custom_data") && full {
        claims.push("custom_data", user.custom_data.clone());
    }
    if has("identities") && full {
        claims.push("identities", user.identities.clone());
        claims.push("sso_identities", user.sso_identities.clone());
    }
    if has("roles") {
        claims.push("roles", user.roles.clone());
    }
    if has(ORGANIZATIONS) {
        claims.push("organizations", user.organizations.keys().cloned().collect::<Vec<_>>());
        if full {
            claims.push("organization_data", organization_data(user, tenant));
        }
    }
    if has(ORGANIZATION_ROLES) {
        claims.push("organization_roles", organization_roles(user));
    }
    claims
}

fn push_profile(claims: &mut Claims, user: &User, tenant: &Tenant) {
    // Since 1.42 the user name stands in for the preferred one.
    let fallback = (!tenant.is_old()).then_some(&user.username);
    claims.push_nullable("name", user.name.as_deref());
    claims.push_some("family_name", user.family_name.as_deref());
    claims.push_some("given_name", user.given_name.as_deref());
    claims.push_some("middle_name", user.middle_name.as_deref());
    claims.push_some("nickname", user.nickname.as_deref());
    let preferred = user.preferred_username.as_ref().or(fallback);
    claims.push_some("preferred_username", preferred.map(String::as_str));
    claims.push_some("profile", user.profile.as_deref());
    let picture = user.picture.as_deref().map(|picture| picture_url(picture, tenant));
    claims.push_nullable("picture", picture.as_deref());
    claims.push_some("website", user.website.as_deref());
    claims.push_some("gender", user.gender.as_deref());
    claims.push_some("birthdate", user.birthdate.as_deref());
    claims.push_some("zoneinfo", user.zoneinfo.as_deref());
    claims.push_some("locale", user.locale.as_deref());
    claims.push("updated_at", user.updated_at);
    claims.push("username", user.username.as_str());
    claims.push("created_at", user.created_at);
}

/// The URL of a picture: a path is on this provider, whose port is not known before it
/// runs.
fn picture_url(picture: &str, tenant: &Tenant) -> String {
    match picture.starts_with('/') {
        true => format!("{}{picture}", tenant.endpoint()),
        false => picture.to_string(),
    }
}

fn organization_data(user: &User, tenant: &Tenant) -> Vec<Value> {
    let known = user.organizations.keys().filter_map(|id| tenant.organizations.get(id));
    known
        .map(|organization| {
            json!({
                "id": organization.id,
                "name": organization.name,
                "description": organization.description,
            })
        })
        .collect()
}

fn organization_roles(user: &User) -> Vec<String> {
    let memberships = user.organizations.iter();
    memberships
        .flat_map(|(id, roles)| roles.iter().map(move |role| format!("{id}:{role}")))
        .collect()
}

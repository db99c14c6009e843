//! The Account API: users see and change their own data, with their own access token.

use rocket::http::Status;
use rocket::request::Request;
use rocket::response::{self, Responder};
use rocket::{get, patch};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::client::Authorization;
use crate::clock::unix_millis;
use crate::tenant::{AccountCenter, Shared, Tenant};
use crate::user::User;

/// The longest name that Logto keeps.
const LONGEST_NAME: usize = 128;

#[get("/api/my-account")]
pub(crate) fn account(header: Authorization<'_>, tenant: &Shared) -> Result<Answer, Refusal> {
    let visitor = Visitor::of(header, tenant)?;
    Ok(visitor.answer(&visitor.user))
}

#[patch("/api/my-account", data = "<body>")]
pub(crate) fn change_account(
    header: Authorization<'_>,
    body: &[u8],
    tenant: &Shared,
) -> Result<Answer, Refusal> {
    let visitor = Visitor::of(header, tenant)?;
    let changes = Changes::parse(body)?;
    if tenant.settings.account_center != AccountCenter::Edit && !changes.is_empty() {
        return Err(NOT_EDITABLE);
    }
    // The status is Logto's: 400 and not 403.
    let custom_data = changes.custom_data.is_none() || visitor.has("custom_data");
    if !visitor.has("profile") || !custom_data {
        return Err(UNAUTHORIZED.status(Status::BadRequest));
    }
    if changes.username {
        return Err(NOT_VERIFIED);
    }
    if changes.is_empty() {
        return Err(NOTHING);
    }
    let changed = tenant.change_user(&visitor.user.username, |user| {
        changes.apply(user);
        user.clone()
    });
    Ok(visitor.answer(&changed.ok_or(UNAUTHORIZED)?))
}

/// The access token's user, and what it lets them see.
struct Visitor<'t> {
    user: User,
    scopes: Vec<String>,
    tenant: &'t Tenant,
}

impl<'t> Visitor<'t> {
    fn of(header: Authorization<'_>, tenant: &'t Tenant) -> Result<Self, Refusal> {
        let (scheme, token) = header.0.ok_or(NO_HEADER)?.split_once(' ').ok_or(NOT_BEARER)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(NOT_BEARER);
        }
        let access = tenant.grants().access(token, tenant.clock.now()).cloned();
        let access = access.ok_or(UNAUTHORIZED)?;
        let user = tenant.user_by_id(&access.authorization.sub).ok_or(UNAUTHORIZED)?;
        let visitor = Self { user, scopes: access.scopes, tenant };
        if !visitor.has("openid") {
            return Err(FORBIDDEN);
        }
        match tenant.settings.account_center {
            AccountCenter::Off => Err(NOT_ENABLED),
            AccountCenter::ReadOnly | AccountCenter::Edit => Ok(visitor),
        }
    }

    fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }

    fn answer(&self, user: &User) -> Answer {
        Answer::json(Status::Ok, &self.seen(user))
    }

    /// A user's data that the scopes show, in Logto's order.
    fn seen(&self, user: &User) -> Map<String, Value> {
        let profile = self.has("profile");
        let has_method = user.email.is_some() || user.phone_number.is_some();
        let members = [
            ("id", true, json!(user.id)),
            ("username", profile, json!(user.username)),
            ("primaryEmail", self.has("email"), json!(user.email)),
            ("primaryPhone", self.has("phone"), json!(user.phone_number)),
            ("name", profile, json!(user.name)),
            ("avatar", profile, json!(user.picture)),
            ("customData", self.has("custom_data"), json!(user.custom_data)),
            ("identities", self.has("identities"), json!(user.identities)),
            ("lastSignInAt", profile, json!(user.last_sign_in_at)),
            ("createdAt", profile, json!(user.created_at)),
            ("updatedAt", profile, json!(user.updated_at)),
            ("profile", profile || self.has("address"), self.profile(user)),
            ("applicationId", profile, json!(self.tenant.app.id)),
            ("cimdClientId", profile, Value::Null),
            ("isSuspended", profile, json!(user.suspended)),
            ("hasPassword", profile, json!(false)),
            ("ssoIdentities", self.has("identities"), json!(user.sso_identities)),
            ("hasSecurityVerificationMethod", true, json!(has_method)),
        ];
        let seen = members.into_iter().filter(|(_, seen, _)| *seen);
        seen.map(|(name, _, value)| (name.to_string(), value)).collect()
    }

    fn profile(&self, user: &User) -> Value {
        let texts = [
            ("familyName", &user.family_name),
            ("givenName", &user.given_name),
            ("middleName", &user.middle_name),
            ("nickname", &user.nickname),
            ("preferredUsername", &user.preferred_username),
            ("profile", &user.profile),
            ("website", &user.website),
            ("gender", &user.gender),
            ("birthdate", &user.birthdate),
            ("zoneinfo", &user.zoneinfo),
            ("locale", &user.locale),
        ];
        let texts = texts.into_iter().filter(|_| self.has("profile"));
        let texts = texts.filter_map(|(name, text)| Some((name, json!(text.as_ref()?))));
        let address = user.address.iter().filter(|_| self.has("address"));
        let address = address.map(|address| ("address", json!(address)));
        texts.chain(address).map(|(name, value)| (name.to_string(), value)).collect()
    }
}

/// What a request changes. The outer `None`: the member is absent; the inner one: it is
/// `null`.
struct Changes {
    name: Option<Option<String>>,
    avatar: Option<Option<String>>,
    username: bool,
    custom_data: Option<Map<String, Value>>,
}

impl Changes {
    /// Members that Logto does not know are left out.
    fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let mut body: Map<String, Value> =
            serde_json::from_slice(body).map_err(|_| invalid("body"))?;
        let custom_data = match body.remove("customData") {
            None => None,
            Some(Value::Object(data)) => Some(data),
            Some(_) => return Err(invalid("customData")),
        };
        let name = text(&mut body, "name")?;
        if name.iter().flatten().any(|name| name.chars().count() > LONGEST_NAME) {
            return Err(invalid("name"));
        }
        let avatar = text(&mut body, "avatar")?;
        Ok(Self { name, avatar, username: text(&mut body, "username")?.is_some(), custom_data })
    }

    fn is_empty(&self) -> bool {
        let texts = [&self.name, &self.avatar];
        texts.iter().all(|text| text.is_none()) && !self.username && self.custom_data.is_none()
    }

    fn apply(self, user: &mut User) {
        if let Some(name) = self.name {
            user.name = name;
        }
        if let Some(avatar) = self.avatar {
            user.picture = avatar;
        }
        if let Some(data) = self.custom_data {
            user.custom_data = data;
        }
        user.updated_at = unix_millis();
    }
}

fn text(
    body: &mut Map<String, Value>,
    name: &'static str,
) -> Result<Option<Option<String>>, Refusal> {
    match body.remove(name) {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(None)),
        Some(Value::String(text)) => Ok(Some(Some(text))),
        Some(_) => Err(invalid(name)),
    }
}

/// An error of Logto's own APIs. Unlike the protocol's errors, it has no `error`.
#[derive(Debug, Serialize)]
pub(crate) struct Refusal {
    #[serde(skip)]
    status: Status,
    code: &'static str,
    message: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<String>,
}

impl Refusal {
    const fn new(status: Status, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message, details: None }
    }

    fn status(self, status: Status) -> Self {
        Self { status, ..self }
    }
}

impl<'r> Responder<'r, 'static> for Refusal {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        Answer::json(self.status, &self).respond_to(request)
    }
}

const NO_HEADER: Refusal = Refusal::new(
    Status::Unauthorized,
    "auth.authorization_header_missing",
    "Authorization header is missing.",
);
const NOT_BEARER: Refusal = Refusal::new(
    Status::Unauthorized,
    "auth.authorization_token_type_not_supported",
    "Authorization type is not supported.",
);
const UNAUTHORIZED: Refusal = Refusal::new(
    Status::Unauthorized,
    "auth.unauthorized",
    "Unauthorized. Please check credentials and its scope.",
);
const FORBIDDEN: Refusal = Refusal::new(
    Status::Forbidden,
    "auth.forbidden",
    "Forbidden. Please check your user roles and permissions.",
);
const NOT_ENABLED: Refusal = Refusal::new(
    Status::BadRequest,
    "account_center.not_enabled",
    "Account center is not enabled.",
);
const NOT_EDITABLE: Refusal =
    Refusal::new(Status::BadRequest, "account_center.field_not_editable", "Field is not editable.");
const NOT_VERIFIED: Refusal = Refusal::new(
    Status::Unauthorized,
    "verification_record.permission_denied",
    "Permission denied, please re-authenticate.",
);
const NOTHING: Refusal = Refusal::new(
    Status::UnprocessableEntity,
    "entity.invalid_input",
    "Invalid input. Value list must not be empty.",
);

fn invalid(member: &str) -> Refusal {
    let refusal =
        Refusal::new(Status::BadRequest, "guard.invalid_input", "The request body is invalid.");
    Refusal { details: Some(format!("invalid: {member}")), ..refusal }
}

use serde_json::Value;

use super::Claim;
use super::object::{Object, object};

/// An account at a social connector that the user signs in with.
///
/// It serializes as it was sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Identity<'a>(Object<'a>);

object!(Identity);

impl<'a> Identity<'a> {
    const USER_ID: &'static [&'static str] = &["userId", "user_id"];

    pub(super) fn read(value: &'a Value) -> Option<Self> {
        let object = Object::read(value)?;
        object.text(Self::USER_ID).value().map(|_| Self(object))
    }

    /// The user's id at the connector (`userId`).
    pub fn user_id(&self) -> &'a str {
        self.0.text(Self::USER_ID).unwrap_or_default()
    }

    /// What the connector said about the user.
    pub fn details(&self) -> Claim<IdentityDetails<'a>> {
        self.0.get("details").read(IdentityDetails::read)
    }
}

/// An account at an enterprise connector that the user signs in with.
///
/// It serializes as it was sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SsoIdentity<'a>(Object<'a>);

object!(SsoIdentity);

impl<'a> SsoIdentity<'a> {
    const IDENTITY_ID: &'static [&'static str] = &["identityId", "identity_id"];

    pub(super) fn read(value: &'a Value) -> Option<Self> {
        let object = Object::read(value)?;
        object.text(&["issuer"]).value()?;
        object.text(Self::IDENTITY_ID).value().map(|_| Self(object))
    }

    /// The enterprise's identity provider.
    pub fn issuer(&self) -> &'a str {
        self.0.text(&["issuer"]).unwrap_or_default()
    }

    /// The user's id at the issuer (`identityId`). Unique there only.
    pub fn identity_id(&self) -> &'a str {
        self.0.text(Self::IDENTITY_ID).unwrap_or_default()
    }

    /// What the issuer said about the user.
    pub fn detail(&self) -> Claim<IdentityDetails<'a>> {
        self.0.get("detail").read(IdentityDetails::read)
    }
}

/// What a connector said about a user.
///
/// Connectors differ in what they say. The members they have in common have accessors,
/// [`get()`](Self::get) gives any other. An email address here may be unverified. It
/// serializes as it was sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IdentityDetails<'a>(Object<'a>);

object!(IdentityDetails);

impl<'a> IdentityDetails<'a> {
    fn read(value: &'a Value) -> Option<Self> {
        Object::read(value).map(Self)
    }

    /// The user's id at the connector.
    pub fn id(&self) -> Claim<&'a str> {
        self.0.text(&["id"])
    }

    /// The user's display name.
    pub fn name(&self) -> Claim<&'a str> {
        self.0.text(&["name"])
    }

    /// The user's email address at the connector.
    pub fn email(&self) -> Claim<&'a str> {
        self.0.text(&["email"])
    }

    /// The user's phone number at the connector.
    pub fn phone(&self) -> Claim<&'a str> {
        self.0.text(&["phone"])
    }

    /// The URL of the user's picture.
    pub fn avatar(&self) -> Claim<&'a str> {
        self.0.text(&["avatar"])
    }

    /// Everything that the connector answered, in its own format (`rawData`).
    pub fn raw_data(&self) -> Claim<&'a Value> {
        self.0.any(&["rawData", "raw_data"])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_identity_is_read_in_full_and_written_as_sent() {
        let sent = json!({"userId": "1098", "linkedAt": 7, "details": {"id": "1098", "name": "A",
            "email": "a@example.com", "phone": null, "rawData": {"hd": "example.com"}}});
        let identity = Identity::read(&sent).expect("an identity");
        assert_eq!(identity.user_id(), "1098");
        let details = identity.details().value().expect("details");
        assert_eq!((details.id(), details.name()), (Claim::Value("1098"), Claim::Value("A")));
        assert_eq!(details.email(), Claim::Value("a@example.com"));
        assert_eq!((details.phone(), details.avatar()), (Claim::Null, Claim::Absent));
        assert_eq!(details.raw_data(), Claim::Value(&json!({"hd": "example.com"})));
        assert_eq!(identity.get("linkedAt"), Claim::Value(&json!(7)));
        assert_eq!(serde_json::to_value(identity).expect("JSON"), sent);

        let snake = json!({"user_id": "1098"});
        let identity = Identity::read(&snake).expect("an identity");
        assert_eq!((identity.user_id(), identity.details()), ("1098", Claim::Absent));
    }

    #[test]
    fn an_enterprise_identity_is_read_in_full_and_written_as_sent() {
        let sent = json!({"issuer": "https://idp.example", "identityId": "e7",
            "detail": {"email": "a@example.com", "avatar": "https://idp.example/a.png"}});
        let identity = SsoIdentity::read(&sent).expect("an identity");
        assert_eq!((identity.issuer(), identity.identity_id()), ("https://idp.example", "e7"));
        let detail = identity.detail().value().expect("details");
        assert_eq!(detail.email(), Claim::Value("a@example.com"));
        assert_eq!(detail.avatar(), Claim::Value("https://idp.example/a.png"));
        assert_eq!(serde_json::to_value(identity).expect("JSON"), sent);
    }

    #[test]
    fn an_identity_without_its_id_is_none() {
        for sent in [json!({}), json!({"userId": 5}), json!({"userId": null}), json!("1098")] {
            assert_eq!(Identity::read(&sent), None, "{sent}");
        }
        assert_eq!(SsoIdentity::read(&json!({"issuer": "i"})), None);
        assert_eq!(SsoIdentity::read(&json!({"identityId": "e7"})), None);
    }
}

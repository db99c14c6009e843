//! The development users.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::clock::unix_millis;
use crate::random::identifier;

/// A user who can sign in at the development provider, without a password.
///
/// Fields that are not set are what Logto reports for a user who never filled them in:
/// `null` for the name, picture, e-mail address and phone number, absent for the rest of
/// the profile.
///
/// The same fields can be set in `Rocket.toml`, under the user's name:
///
/// ```toml
/// [default.logto_dev.users.carol]
/// name = "Carol Smith"
/// email = "carol@example.com"
/// organizations = { 8wz3nrme4n02 = ["editor"] }
/// ```
///
/// # Example
///
/// ```rust
/// use logto_dev::User;
///
/// let carol = User::new("carol").name("Carol Smith").email("carol@example.com");
/// assert_eq!(carol.username(), "carol");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct User {
    #[serde(skip)]
    pub(crate) username: String,
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) picture: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) phone_number: Option<String>,
    pub(crate) family_name: Option<String>,
    pub(crate) given_name: Option<String>,
    pub(crate) middle_name: Option<String>,
    pub(crate) nickname: Option<String>,
    pub(crate) preferred_username: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) website: Option<String>,
    pub(crate) gender: Option<String>,
    pub(crate) birthdate: Option<String>,
    pub(crate) zoneinfo: Option<String>,
    pub(crate) locale: Option<String>,
    pub(crate) address: Option<Map<String, Value>>,
    pub(crate) custom_data: Map<String, Value>,
    pub(crate) identities: Map<String, Value>,
    pub(crate) sso_identities: Vec<Value>,
    pub(crate) roles: Vec<String>,
    pub(crate) organizations: BTreeMap<String, Vec<String>>,
    #[serde(skip)]
    pub(crate) suspended: bool,
    #[serde(skip)]
    pub(crate) created_at: u64,
    #[serde(skip)]
    pub(crate) updated_at: u64,
    #[serde(skip)]
    pub(crate) last_sign_in_at: Option<u64>,
}

macro_rules! texts {
    ($($(#[$doc:meta])* $field:ident)*) => {
        $(
            $(#[$doc])*
            #[must_use]
            pub fn $field(mut self, value: impl Into<String>) -> Self {
                self.$field = Some(value.into());
                self
            }
        )*
    };
}

impl User {
    /// Describes a user who has a user name and nothing else.
    pub fn new(username: impl Into<String>) -> Self {
        Self::default().named(username.into())
    }

    /// Gives the user a name, and everything derived from it.
    pub(crate) fn named(mut self, username: String) -> Self {
        if self.id.is_empty() {
            self.id = identifier(&username);
        }
        self.username = username;
        self.created_at = unix_millis();
        self.updated_at = self.created_at;
        self
    }

    /// Returns the user name, which the provider's methods take.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Returns the user's identifier: the `sub` of every token.
    ///
    /// It is derived from the user name unless it was set, so it is the same after every
    /// start.
    #[must_use]
    pub fn sub(&self) -> &str {
        &self.id
    }

    /// Sets the user's identifier: the `sub` of every token.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    texts! {
        /// Sets the display name.
        name
        /// Sets the URL of the user's picture. A path is on the provider, which draws
        /// `/avatars/<user name>.svg`.
        picture
        /// Sets the e-mail address, which counts as verified.
        email
        /// Sets the phone number, which counts as verified.
        phone_number
        /// Sets the family name.
        family_name
        /// Sets the given name.
        given_name
        /// Sets the middle name.
        middle_name
        /// Sets the nickname.
        nickname
        /// Sets the preferred user name.
        preferred_username
        /// Sets the URL of the user's profile.
        profile
        /// Sets the URL of the user's site.
        website
        /// Sets the gender.
        gender
        /// Sets the date of birth, such as `1990-01-02`.
        birthdate
        /// Sets the time zone, such as `Europe/Berlin`.
        zoneinfo
        /// Sets the language, such as `de-DE`.
        locale
    }

    /// Sets the address. Logto's keys are camelCase: `streetAddress`,
    /// `locality`, `region`, `postalCode`, `country`, `formatted`.
    ///
    /// # Panics
    ///
    /// Panics if `address` is not a JSON object.
    #[must_use]
    pub fn address(mut self, address: Value) -> Self {
        self.address = Some(object(address));
        self
    }

    /// Sets the custom data, which only the user info shows.
    ///
    /// # Panics
    ///
    /// Panics if `data` is not a JSON object.
    #[must_use]
    pub fn custom_data(mut self, data: Value) -> Self {
        self.custom_data = object(data);
        self
    }

    /// Adds a social identity, such as `google` and `{"userId": "1", "details": {}}`.
    #[must_use]
    pub fn identity(mut self, target: impl Into<String>, identity: Value) -> Self {
        self.identities.insert(target.into(), identity);
        self
    }

    /// Adds an enterprise identity.
    #[must_use]
    pub fn sso_identity(mut self, identity: Value) -> Self {
        self.sso_identities.push(identity);
        self
    }

    /// Adds a role, which is listed even if the provider does not know it.
    #[must_use]
    pub fn role(mut self, name: impl Into<String>) -> Self {
        self.roles.push(name.into());
        self
    }

    /// Makes the user a member of the organization with this identifier.
    #[must_use]
    pub fn organization<R: Into<String>>(
        mut self,
        id: impl Into<String>,
        roles: impl IntoIterator<Item = R>,
    ) -> Self {
        self.organizations.insert(id.into(), roles.into_iter().map(Into::into).collect());
        self
    }

    /// Alice filled in everything.
    pub(crate) fn alice() -> Self {
        Self::new("alice")
            .name("Alice Lidell")
            .family_name("Lidell")
            .given_name("Alice")
            .nickname("Al")
            .preferred_username("alice.l")
            .profile("https://example.com/alice")
            .picture("/avatars/alice.svg")
            .website("https://alice.example.com")
            .gender("female")
            .birthdate("1990-01-02")
            .zoneinfo("Europe/Berlin")
            .locale("de-DE")
            .email("alice@example.com")
            .phone_number("15551234567")
            .address(json!({
                "country": "DE",
                "locality": "Berlin",
                "formatted": "1 Street, 10115 Berlin",
                "postalCode": "10115",
                "streetAddress": "1 Street",
            }))
            .custom_data(json!({ "plan": "gold", "seats": 3, "nested": { "a": [1, 2] } }))
            .role("items-admin")
            .organization("8wz3nrme4n02", ["admin", "editor"])
            .organization("nyb79mqzrg8c", ["editor"])
    }

    /// Bob filled in nothing.
    pub(crate) fn bob() -> Self {
        Self::new("bob").role("items-reader")
    }
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(map) = value else { panic!("expected a JSON object, found `{value}`") };
    map
}

use serde_json::Value;

use super::Claim;
use super::object::{Object, object};

/// A user's postal address (OpenID Connect Core, section 5.1.1).
///
/// Logto leaves out what the user has not filled in. It names two members `streetAddress`
/// and `postalCode`; the standard's `street_address` and `postal_code` are read as well.
/// The address serializes as it was sent.
///
/// # Example
///
/// ```rust
/// use logto_rocket::{Claim, UserInfo};
///
/// let info: UserInfo = serde_json::from_str(
///     r#"{ "sub": "u1", "address": { "streetAddress": "1 Street", "country": "DE" } }"#,
/// )?;
///
/// let address = info.address().value().expect("the scope `address` was asked for");
/// assert_eq!(address.street_address(), Claim::Value("1 Street"));
/// assert_eq!(address.region(), Claim::Absent);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Address<'a>(Object<'a>);

object!(Address);

impl<'a> Address<'a> {
    pub(super) fn read(value: &'a Value) -> Option<Self> {
        Object::read(value).map(Self)
    }

    /// The whole address as written on a letter; lines are separated by `\n` or `\r\n`.
    pub fn formatted(&self) -> Claim<&'a str> {
        self.0.text(&["formatted"])
    }

    /// Street, house number and the like (`street_address`); may have several lines.
    pub fn street_address(&self) -> Claim<&'a str> {
        self.0.text(&["street_address", "streetAddress"])
    }

    /// The city or other place.
    pub fn locality(&self) -> Claim<&'a str> {
        self.0.text(&["locality"])
    }

    /// The state, province or other region.
    pub fn region(&self) -> Claim<&'a str> {
        self.0.text(&["region"])
    }

    /// The postal code (`postal_code`).
    pub fn postal_code(&self) -> Claim<&'a str> {
        self.0.text(&["postal_code", "postalCode"])
    }

    /// The country: a name or a code, as the user or the application wrote it.
    pub fn country(&self) -> Claim<&'a str> {
        self.0.text(&["country"])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn all(address: Address<'_>) -> [Claim<&str>; 6] {
        [
            address.formatted(),
            address.street_address(),
            address.locality(),
            address.region(),
            address.postal_code(),
            address.country(),
        ]
    }

    #[test]
    fn an_address_is_read_with_the_names_of_logto_and_of_the_standard() {
        let logto = json!({"formatted": "f", "streetAddress": "s", "locality": "l",
            "region": "r", "postalCode": "p", "country": "c"});
        let standard = json!({"formatted": "f", "street_address": "s", "locality": "l",
            "region": "r", "postal_code": "p", "country": "c"});
        for sent in [logto, standard] {
            let address = Address::read(&sent).expect("an address");
            assert_eq!(all(address), ["f", "s", "l", "r", "p", "c"].map(Claim::Value));
            assert_eq!(serde_json::to_value(address).expect("JSON"), sent);
        }
    }

    #[test]
    fn members_that_are_null_unknown_or_of_another_type_do_no_harm() {
        let sent = json!({"country": null, "region": 5, "planet": "Earth"});
        let address = Address::read(&sent).expect("an address");
        assert_eq!((address.country(), address.region()), (Claim::Null, Claim::Absent));
        assert_eq!(address.get("planet"), Claim::Value(&json!("Earth")));
        assert_eq!(serde_json::to_value(address).expect("JSON"), sent);
        assert_eq!(Address::read(&json!("1 Street")), None);
    }
}

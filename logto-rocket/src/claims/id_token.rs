use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::set::{ClaimSet, Kind, claims};

/// The claims of an ID token: who signed in, when, and at which Logto.
///
/// It serializes like the Python SDK's `model_dump(exclude_unset=True)`: claims
/// that Logto did not send are left out, claims that it sent as null are null,
/// the known ones come first in a fixed order and all others follow as sent.
///
/// # Request Guard
///
/// `&IdTokenClaims` succeeds for a signed-in user. For a stranger it _forwards_
/// with 401 Unauthorized; when the session store does not answer it _fails_ with
/// 503 Service Unavailable. `Option<&IdTokenClaims>` is `None` in both cases;
/// `Result<&IdTokenClaims>` is `Err` when the store fails and forwards for a
/// stranger. Without [`Logto`](crate::Logto) attached the application does not
/// launch.
///
/// # Example
///
/// ```rust
/// # use rocket::get;
/// use logto_rocket::{authenticated, IdTokenClaims};
///
/// #[authenticated]
/// #[get("/issuer")]
/// fn issuer(claims: &IdTokenClaims) -> String {
///     claims.issuer().to_string()
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct IdTokenClaims(ClaimSet);

const FIELDS: &[(&str, Kind)] = &[
    ("iss", Kind::Text),
    ("sub", Kind::Text),
    ("aud", Kind::TextOrList),
    ("exp", Kind::Integer),
    ("iat", Kind::Integer),
    ("at_hash", Kind::Text),
    ("name", Kind::Text),
    ("username", Kind::Text),
    ("picture", Kind::Text),
    ("email", Kind::Text),
    ("email_verified", Kind::Bool),
    ("phone_number", Kind::Text),
    ("phone_number_verified", Kind::Bool),
    ("organizations", Kind::TextList),
    ("organization_roles", Kind::TextList),
];

claims!(IdTokenClaims, FIELDS, &["iss", "sub", "aud", "exp", "iat"]);

impl IdTokenClaims {
    /// The Logto that issued the token (`iss`).
    pub fn issuer(&self) -> &str {
        self.0.text("iss").unwrap_or_default()
    }

    /// Whom the token is for (`aud`): this application's id.
    pub fn audiences(&self) -> Vec<&str> {
        self.0.texts("aud").unwrap_or_default()
    }

    /// When the token expires (`exp`). The session does not end with it.
    pub fn expires_at(&self) -> SystemTime {
        self.seconds("exp")
    }

    /// When the token was issued (`iat`).
    pub fn issued_at(&self) -> SystemTime {
        self.seconds("iat")
    }

    /// The claims as a session keeps them.
    pub(crate) fn pack(&self) -> Vec<u8> {
        self.0.pack(FIELDS)
    }

    /// Reads what [`pack()`](Self::pack) wrote.
    pub(crate) fn unpack(bytes: &[u8]) -> Option<Self> {
        ClaimSet::unpack(bytes, FIELDS).map(Self)
    }

    fn seconds(&self, name: &str) -> SystemTime {
        let seconds = self.0.integer(name).unwrap_or_default().max(0).unsigned_abs();
        UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(json: &str) -> Result<IdTokenClaims, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn claims_are_written_in_the_order_of_the_python_sdk_and_the_rest_as_sent() {
        let sent = r#"{"updated_at":1700000000000,"zeta":1,"roles":["a"],"name":null,"iat":1,
            "exp":2,"aud":"appid","sub":"u1","iss":"i","email":null,"alpha":{"x":1}}"#;
        let written = serde_json::to_string(&claims(sent).expect("claims")).expect("JSON");
        assert_eq!(
            written,
            r#"{"iss":"i","sub":"u1","aud":"appid","exp":2,"iat":1,"name":null,"email":null,"#
                .to_owned()
                + r#""updated_at":1700000000000,"zeta":1,"roles":["a"],"alpha":{"x":1}}"#
        );
    }

    #[test]
    fn claims_survive_their_compact_form_in_order_and_in_less_space() {
        let sent = r#"{"iss":"i","sub":"u","aud":"a","exp":2,"iat":1,"name":null,
            "email_verified":true,"organizations":["o"],"updated_at":1700000000000,"zeta":-1.5,
            "sid":"s","big":18446744073709551615,"own":{"x":[1,null]}}"#;
        let claims = claims(sent).expect("claims");
        let packed = claims.pack();
        assert_eq!(IdTokenClaims::unpack(&packed).expect("claims"), claims);
        let json = |claims: &IdTokenClaims| serde_json::to_string(claims).expect("JSON");
        assert_eq!(json(&IdTokenClaims::unpack(&packed).expect("claims")), json(&claims));
        assert!(packed.len() < json(&claims).len() * 2 / 3, "{}", packed.len());
        assert!(IdTokenClaims::unpack(&packed[..packed.len() - 1]).is_none());
    }

    #[test]
    fn milliseconds_become_times() {
        let sent = r#"{"iss":"i","sub":"u","aud":["a"],"exp":2,"iat":1,"updated_at":1500}"#;
        let claims = claims(sent).expect("claims");
        let expected = UNIX_EPOCH + Duration::from_millis(1500);
        assert_eq!(claims.updated_at().value(), Some(expected));
        assert_eq!(claims.audiences(), ["a"]);
    }

    #[test]
    fn a_claim_of_the_wrong_type_or_given_twice_or_missing_is_refused() {
        for (sent, message) in [
            (r#"{"iss":"i","sub":5,"aud":"a","exp":2,"iat":1}"#, "`sub` has the wrong type"),
            (r#"{"iss":"i","aud":"a","exp":2,"iat":1}"#, "`sub` is missing"),
            (r#"{"iss":"i","sub":null,"aud":"a","exp":2,"iat":1}"#, "`sub` is missing"),
            (r#"{"iss":"i","sub":"a","aud":"a","exp":2,"iat":1,"sub":"b"}"#, "given twice"),
            (r#"{"iss":"i","sub":"a","aud":"a","exp":1e300,"iat":1}"#, "`exp` has the wrong type"),
            (r#"[]"#, "a JSON object with claims"),
        ] {
            let error = claims(sent).expect_err(sent).to_string();
            assert!(error.contains(message), "{error}");
        }
    }
}

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::Claim;
use super::accessors::{raw_claims, user_claims};
use super::read::{ClaimKind, Shape, claims};
use super::set::{ClaimSet, whole_seconds};

/// The claims of an ID token: who signed in, when, and at which Logto.
///
/// It serializes like the Python SDK's `model_dump(exclude_unset=True)`: claims
/// that Logto did not send are left out, claims that it sent as null are null,
/// the known ones come first in a fixed order and all others follow as sent.
///
/// A protocol claim (`iss`, `sub`, `aud`, `exp`, `iat`, `nbf`, `auth_time`, `nonce`,
/// `at_hash`, `azp`, `acr`, `amr`, `sid`) of the wrong type is an error, and so is any
/// claim that appears twice; any other claim of the wrong type reads as absent.
///
/// # Request Guard
///
/// `&IdTokenClaims` succeeds for a signed-in user. For a stranger it _forwards_ with 401
/// Unauthorized; if the session store does not answer, it _fails_ with 503 Service
/// Unavailable. `Option<&IdTokenClaims>` is `None` in both cases;
/// `Result<&IdTokenClaims>` is `Err` when the store fails and forwards for a stranger.
/// Without [`Logto`](crate::Logto) attached the application does not launch.
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

const SHAPE: Shape = Shape {
    order: &[
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "at_hash",
        "name",
        "username",
        "picture",
        "email",
        "email_verified",
        "phone_number",
        "phone_number_verified",
        "organizations",
        "organization_roles",
    ],
    required: &["iss", "sub", "aud", "exp", "iat"],
    protocol: &[
        ("iss", ClaimKind::Text),
        ("sub", ClaimKind::Text),
        ("aud", ClaimKind::TextOrList),
        ("exp", ClaimKind::Number),
        ("iat", ClaimKind::Number),
        ("nbf", ClaimKind::Number),
        ("auth_time", ClaimKind::Number),
        ("nonce", ClaimKind::Text),
        ("at_hash", ClaimKind::Text),
        ("azp", ClaimKind::Text),
        ("acr", ClaimKind::Text),
        ("amr", ClaimKind::TextList),
        ("sid", ClaimKind::Text),
    ],
};

/// The claims that grow with the user's organizations and roles.
const GROWING: [&str; 6] = [
    "organizations",
    "organization_roles",
    "organization_data",
    "roles",
    "identities",
    "custom_data",
];

claims!(IdTokenClaims, SHAPE);
raw_claims!(IdTokenClaims);
user_claims!(IdTokenClaims);

impl IdTokenClaims {
    /// The claims of the protocol alone, with their times in whole seconds.
    pub(crate) fn protocol(&self) -> Value {
        let claims = SHAPE.protocol.iter().filter_map(|(name, kind)| {
            let value = self.0.get(name).value()?;
            let whole = matches!(kind, ClaimKind::Number).then(|| whole_seconds(value)).flatten();
            Some(((*name).to_owned(), whole.map_or_else(|| value.clone(), Value::from)))
        });
        Value::Object(claims.collect())
    }

    /// A time of the protocol in whole seconds (RFC 7519 section 2: it may have a fraction).
    pub(crate) fn whole_seconds(&self, name: &str) -> Option<i64> {
        self.0.get(name).value().and_then(whole_seconds)
    }

    /// The user's id (`sub`). Unique and stable within one Logto.
    pub fn subject(&self) -> &str {
        self.0.text("sub").unwrap_or_default()
    }

    /// The Logto that issued the token (`iss`).
    pub fn issuer(&self) -> &str {
        self.0.text("iss").unwrap_or_default()
    }

    /// The audience of the token (`aud`): this application's id.
    pub fn audiences(&self) -> Vec<&str> {
        self.0.one_or_more("aud").unwrap_or_default()
    }

    /// When the token expires (`exp`). The session does not end with it.
    pub fn expires_at(&self) -> SystemTime {
        self.0.seconds("exp").unwrap_or(UNIX_EPOCH)
    }

    /// When the token was issued (`iat`).
    pub fn issued_at(&self) -> SystemTime {
        self.0.seconds("iat").unwrap_or(UNIX_EPOCH)
    }

    /// When the user last authenticated. Logto sends it if the sign-in said `max_age` or
    /// `prompt=login`.
    pub fn auth_time(&self) -> Claim<SystemTime> {
        self.0.seconds("auth_time")
    }

    /// The nonce that ties the token to its sign-in. It was checked.
    pub fn nonce(&self) -> Claim<&str> {
        self.0.text("nonce")
    }

    /// The id of the user's session at Logto. Logto sends it if the application
    /// has a back-channel logout URI that needs it.
    pub fn sid(&self) -> Claim<&str> {
        self.0.text("sid")
    }

    /// The hash of the access token that came with the token. It was checked.
    /// Logto sends it up to 1.41.
    pub fn at_hash(&self) -> Claim<&str> {
        self.0.text("at_hash")
    }

    /// The application that asked for the token (`azp`): this one.
    pub fn azp(&self) -> Claim<&str> {
        self.0.text("azp")
    }

    /// How strongly the user authenticated (`acr`).
    pub fn acr(&self) -> Claim<&str> {
        self.0.text("acr")
    }

    /// How the user authenticated (`amr`, RFC 8176).
    pub fn amr(&self) -> Claim<Vec<&str>> {
        self.0.texts("amr")
    }

    /// The growing claims and their bytes as JSON, the largest first.
    pub(crate) fn growing(&self) -> Vec<(&'static str, usize)> {
        let bytes = |name| Some((name, self.0.get(name).value()?.to_string().len()));
        let mut growing: Vec<_> = GROWING.into_iter().filter_map(bytes).collect();
        growing.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        growing
    }

    /// All claims except those.
    pub(crate) fn without_growing(&self) -> Self {
        Self(self.0.without(&GROWING))
    }

    /// The claims as a session keeps them.
    pub(crate) fn pack(&self) -> Vec<u8> {
        self.0.pack(SHAPE.order)
    }

    /// The subject in what [`pack()`](Self::pack) wrote, without reading the others.
    pub(crate) fn packed_subject(bytes: &[u8]) -> Option<&str> {
        ClaimSet::packed_text(bytes, SHAPE.order, "sub")
    }

    /// Reads what [`pack()`](Self::pack) wrote.
    pub(crate) fn unpack(bytes: &[u8]) -> Option<Self> {
        ClaimSet::unpack(bytes, SHAPE.order).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
        assert_eq!(IdTokenClaims::packed_subject(&packed), Some("u"));
        assert_eq!(IdTokenClaims::packed_subject(&packed[..2]), None);
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
    fn a_claim_given_twice_or_a_wrong_one_of_the_protocol_is_refused() {
        for (sent, message) in [
            (r#"{"iss":"i","sub":5,"aud":"a","exp":2,"iat":1}"#, "`sub` has the wrong type"),
            (r#"{"iss":"i","aud":"a","exp":2,"iat":1}"#, "`sub` is missing"),
            (r#"{"iss":"i","sub":null,"aud":"a","exp":2,"iat":1}"#, "`sub` is missing"),
            (r#"{"iss":"i","sub":"a","aud":"a","exp":2,"iat":1,"sub":"b"}"#, "given twice"),
            (r#"{"iss":"i","sub":"a","aud":"a","exp":1e300,"iat":1}"#, "`exp` has the wrong type"),
            (r#"{"iss":"i","sub":"a","aud":"a","exp":2,"iat":1,"sid":5}"#, "`sid` has the wrong"),
            (
                r#"{"iss":"i","sub":"a","aud":"a","exp":2,"iat":1,"x":1,"x":1}"#,
                "`x` is given twice",
            ),
            (r#"[]"#, "a JSON object with claims"),
        ] {
            let error = claims(sent).expect_err(sent).to_string();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn the_protocol_is_read_as_seconds_and_texts() {
        let sent = r#"{"iss":"i","sub":"u","aud":"a","exp":2,"iat":1,"auth_time":1795320700,
            "nonce":"n","sid":"s","at_hash":"h","azp":"a","acr":"urn:mfa","amr":["pwd","otp"]}"#;
        let claims = claims(sent).expect("claims");
        let auth_time = UNIX_EPOCH + Duration::from_secs(1_795_320_700);
        assert_eq!(claims.auth_time(), Claim::Value(auth_time));
        assert_eq!(claims.expires_at(), UNIX_EPOCH + Duration::from_secs(2));
        assert_eq!((claims.nonce(), claims.sid()), (Claim::Value("n"), Claim::Value("s")));
        assert_eq!((claims.at_hash(), claims.azp()), (Claim::Value("h"), Claim::Value("a")));
        assert_eq!(claims.acr(), Claim::Value("urn:mfa"));
        assert_eq!(claims.amr(), Claim::Value(vec!["pwd", "otp"]));
    }
}

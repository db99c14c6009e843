//! What two real Logto servers said about two users, read through the accessors.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Value, json};

use super::*;

const CAPTURES: [&str; 2] = [
    include_str!("../../../tests/captures/logto-1.37-oidc-provider-8.json"),
    include_str!("../../../tests/captures/logto-1.42-oidc-provider-9.json"),
];

/// The claims that occur anywhere in a capture.
#[derive(Default)]
struct Captured {
    all: Value,
    id_tokens: Vec<Value>,
    user_infos: Vec<Value>,
    access_tokens: Vec<Value>,
}

fn captures() -> [Captured; 2] {
    CAPTURES.map(|text| {
        let all: Value = serde_json::from_str(text).expect("a capture");
        let mut found = Captured::default();
        found.collect("", &all);
        Captured { all, ..found }
    })
}

impl Captured {
    /// Tokens are there as they were sent and, elsewhere, decoded.
    fn collect(&mut self, name: &str, value: &Value) {
        match value {
            Value::String(token) if name == "id_token" => self.id_tokens.extend(payload(token)),
            Value::String(token) => {
                self.access_tokens.extend(payload(token).filter(|_| name == "access_token"))
            }
            Value::Array(list) => list.iter().for_each(|value| self.collect(name, value)),
            Value::Object(_) if value["header"]["alg"].is_string() => self.collect_decoded(value),
            Value::Object(_) if name.contains("userinfo") && value["sub"].is_string() => {
                self.user_infos.push(value.clone());
            }
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| self.collect(name, value));
            }
            _ => {}
        }
    }

    fn collect_decoded(&mut self, token: &Value) {
        let claims = token["claims"].clone();
        match token["header"]["typ"].as_str() {
            None | Some("JWT") => self.id_tokens.push(claims),
            Some("at+jwt") => self.access_tokens.push(claims),
            Some(_) => {}
        }
    }

    fn id_token(&self, name: &str) -> IdTokenClaims {
        serde_json::from_value(self.all[name]["claims"].clone()).expect(name)
    }

    fn alices(&self) -> [User; 2] {
        self.users("code.success.id_token", &self.all["userinfo.full"][2])
    }

    fn bobs(&self) -> [User; 2] {
        self.users("bob.id_token", &self.all["bob.userinfo"])
    }

    /// A user by the ID token alone and by the user info.
    fn users(&self, id_token: &str, info: &Value) -> [User; 2] {
        let user = User::from(self.id_token(id_token));
        let info = serde_json::from_value(info.clone()).expect("user info");
        [user.clone(), user.with_info(info)]
    }
}

/// The claims of a JWT; some captured tokens are cut off.
fn payload(token: &str) -> Option<Value> {
    let bytes = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// What an accessor gave, as JSON; `None` for an absent claim.
fn json<T: Serialize>(claim: Claim<T>) -> Option<Value> {
    match claim {
        Claim::Absent => None,
        Claim::Null => Some(Value::Null),
        Claim::Value(value) => Some(json!(value)),
    }
}

fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(since.as_millis()).expect("a time")
}

fn seconds(time: SystemTime) -> u64 {
    milliseconds(time) / 1000
}

/// The claim of a user that is called `$name`, by its accessor.
macro_rules! user_claim {
    ($claims:expr, $name:expr, $($text:ident)*) => {
        match $name {
            $(stringify!($text) => json($claims.$text()),)*
            "sub" => Some($claims.subject().into()),
            "created_at" => json($claims.created_at().map(milliseconds)),
            "updated_at" => json($claims.updated_at().map(milliseconds)),
            name => panic!("`{name}` has no accessor"),
        }
    };
    ($claims:expr, $name:expr) => {
        user_claim!($claims, $name, name family_name given_name middle_name nickname
            preferred_username username profile picture website gender birthdate zoneinfo locale
            email email_verified phone_number phone_number_verified address roles organizations
            organization_roles organization_data custom_data identities sso_identities)
    };
}

fn id_token_claim(claims: &IdTokenClaims, name: &str) -> Option<Value> {
    match name {
        "iss" => Some(claims.issuer().into()),
        "aud" => Some(claims.audiences()[0].into()),
        "exp" => Some(seconds(claims.expires_at()).into()),
        "iat" => Some(seconds(claims.issued_at()).into()),
        "auth_time" => json(claims.auth_time().map(seconds)),
        "nonce" => json(claims.nonce()),
        "sid" => json(claims.sid()),
        "at_hash" => json(claims.at_hash()),
        name => user_claim!(claims, name),
    }
}

fn access_token_claim(claims: &AccessTokenClaims, name: &str) -> Option<Value> {
    match name {
        "iss" => json(claims.issuer()),
        "sub" => json(claims.subject()),
        "aud" => json(claims.audiences().map(|all| all[0])),
        "exp" => json(claims.expires_at().map(seconds)),
        "iat" => json(claims.issued_at().map(seconds)),
        "jti" => json(claims.jti()),
        "scope" => Some(claims.scopes().join(" ").into()),
        "client_id" => json(claims.client_id()),
        "organization_id" => json(claims.organization_id()),
        name => panic!("`{name}` has no accessor"),
    }
}

#[test]
fn every_claim_of_every_captured_id_token_has_its_accessor() {
    for capture in captures() {
        assert!(capture.id_tokens.len() > 5, "the ID tokens were not found");
        for sent in &capture.id_tokens {
            let claims: IdTokenClaims = serde_json::from_value(sent.clone()).expect("claims");
            for (name, value) in sent.as_object().expect("an object") {
                assert_eq!(id_token_claim(&claims, name).as_ref(), Some(value), "{name}");
            }
        }
    }
}

#[test]
fn every_claim_of_all_captured_user_info_has_its_accessor() {
    for capture in captures() {
        assert_eq!(capture.user_infos.len(), 3, "alice's, bob's and one of `sub` alone");
        let claims = capture.id_token("bob.id_token");
        for sent in &capture.user_infos {
            let info: UserInfo = serde_json::from_value(sent.clone()).expect("user info");
            let user = User::from(claims.clone()).with_info(info.clone());
            for (name, value) in sent.as_object().expect("an object") {
                assert_eq!(user_claim!(info, name.as_str()).as_ref(), Some(value), "{name}");
                let of_user = user_claim!(user, name.as_str());
                assert!(name == "sub" || of_user.as_ref() == Some(value), "{name}");
            }
        }
    }
}

#[test]
fn every_claim_of_every_captured_access_token_has_its_accessor() {
    for capture in captures() {
        assert!(capture.access_tokens.len() > 5, "the access tokens were not found");
        for sent in &capture.access_tokens {
            let claims: AccessTokenClaims = serde_json::from_value(sent.clone()).expect("claims");
            assert_eq!(serde_json::to_value(&claims).expect("JSON"), *sent);
            for (name, value) in sent.as_object().expect("an object") {
                assert_eq!(access_token_claim(&claims, name).as_ref(), Some(value), "{name}");
            }
        }
    }
}

#[test]
fn a_captured_access_token_is_opaque_or_a_jwt_by_what_it_is_for() {
    for capture in captures() {
        let token = |name: &str| {
            TokenClaims::read(capture.all[name][2]["access_token"].as_str().expect(name))
        };
        assert_eq!(token("code.success"), TokenClaims::Opaque);
        let claims = token("refresh.resource");
        let claims = claims.jwt().expect("a JWT");
        assert_eq!(claims.audiences().unwrap_or_default(), ["https://api.example.com"]);
        assert!(claims.has_scope("read:items") && claims.has_scope("write:items"));
    }
}

#[test]
fn every_captured_id_token_survives_its_compact_form() {
    for sent in captures().into_iter().flat_map(|capture| capture.id_tokens) {
        let claims: IdTokenClaims = serde_json::from_value(sent).expect("claims");
        let packed = claims.pack();
        let read = IdTokenClaims::unpack(&packed).expect("claims");
        let json = |claims: &IdTokenClaims| serde_json::to_string(claims).expect("JSON");
        assert_eq!(json(&read), json(&claims));
        assert!(packed.len() < json(&claims).len());
    }
}

#[test]
fn alice_has_all_claims_in_the_id_token_and_in_the_user_info() {
    for capture in captures() {
        for (alice, with_info) in capture.alices().iter().zip([false, true]) {
            assert_eq!(alice.family_name(), Claim::Value("Lidell"));
            assert_eq!(alice.middle_name(), Claim::Absent);
            let address = alice.address().value().expect("an address");
            assert_eq!(address.street_address(), Claim::Value("1 Street"));
            assert_eq!(address.postal_code(), Claim::Value("10115"));
            assert!(alice.has_role("items-admin") && !alice.has_role("items"));

            let organizations = alice.organizations().unwrap_or_default();
            let [acme, globex] = organizations[..] else { panic!("two organizations") };
            assert!(alice.is_member_of(acme) && !alice.is_member_of("acme"));
            assert!(alice.has_organization_role(acme, "admin"));
            assert!(!alice.has_organization_role(globex, "admin"));
            let role = OrganizationRole { organization: globex, role: "editor" };
            assert!(alice.organization_roles().unwrap_or_default().contains(&role));

            // The user info alone has these.
            let data = alice.organization_data().map(|data| {
                data.iter().map(|data| (data.id(), data.name(), data.description())).collect()
            });
            let expected = vec![
                (acme, Claim::Value("acme"), Claim::Value("acme org")),
                (globex, Claim::Value("globex"), Claim::Value("globex org")),
            ];
            assert_eq!(data, if with_info { Claim::Value(expected) } else { Claim::Absent });
            assert_eq!(alice.identities().is_absent(), !with_info);
            let seats = alice.custom_data().map(|data| data["seats"].clone());
            assert_eq!(json(seats), with_info.then(|| json!(3)));
        }
    }
}

#[test]
fn bob_has_nothing_but_a_name_to_sign_in_with() {
    for (capture, old) in captures().into_iter().zip([true, false]) {
        for bob in capture.bobs() {
            assert_eq!(bob.username(), Claim::Value("bob"));
            // Logto 1.42 says what it would call him.
            let preferred = if old { Claim::Absent } else { Claim::Value("bob") };
            assert_eq!(bob.preferred_username(), preferred);
            assert_eq!([bob.name(), bob.picture(), bob.email()], [Claim::Null; 3]);
            assert_eq!(bob.email_verified(), Claim::Value(false));
            assert_eq!((bob.address(), bob.birthdate()), (Claim::Absent, Claim::Absent));
            assert!(bob.has_role("items-reader") && !bob.has_role("items-admin"));
            assert_eq!(bob.organizations(), Claim::Value(vec![]));
            assert!(!bob.is_member_of("") && !bob.has_organization_role("", ""));
            assert!(bob.created_at().value() < bob.updated_at().value());
        }
    }
}

use std::fmt::Debug;

use logto_rocket::internal::{pack, unpack};
use logto_rocket::{IdTokenClaims, User, UserInfo};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// T17, S18: claims stay the same when they are written and read again, as JSON and
/// in a session.
pub fn claims(data: &[u8]) {
    if let Some(claims) = stable::<IdTokenClaims>(data) {
        read(&claims);
        let packed = pack(&claims);
        assert_eq!(unpack(&packed).as_ref(), Some(&claims), "another one in a session");
        let user = User::from(claims.clone());
        assert_eq!(json(&user), json(&claims));
    }
    if let Some(info) = stable::<UserInfo>(data) {
        assert!(info.custom_data().is_absent() || info.names().any(|name| name == "custom_data"));
    }
    if let Some(claims) = unpack(data) {
        read(&claims);
        let packed = pack(&claims);
        assert_eq!(unpack(&packed), Some(claims), "another one after packing");
    }
}

fn json(claims: &impl Serialize) -> String {
    serde_json::to_string(claims).expect("JSON")
}

/// Reads JSON, and then what was written from it.
pub(crate) fn stable<T: DeserializeOwned + Serialize + PartialEq + Debug>(
    data: &[u8],
) -> Option<T> {
    let first: T = serde_json::from_slice(data).ok()?;
    let written = json(&first);
    let second: T = serde_json::from_str(&written).expect("what was read before");
    assert_eq!(first, second, "{written}");
    assert_eq!(written, json(&second));
    Some(first)
}

/// Every way to read it, none of which panics.
fn read(claims: &IdTokenClaims) {
    let _ = (claims.issuer(), claims.subject(), claims.audiences(), claims.expires_at());
    let _ = (claims.issued_at(), claims.name(), claims.created_at(), claims.updated_at());
    let _ = (claims.roles(), claims.organizations(), claims.organization_roles());
    for name in claims.names() {
        assert!(!claims.get(name).is_absent());
    }
}

//! The organizations of `logto-dev`, who is in them, and what their roles permit.

use rocket::serde::json::{Value, json};

pub(crate) const ACME: &str = "8wz3nrme4n02";
pub(crate) const GLOBEX: &str = "nyb79mqzrg8c";

/// The table `logto_dev`, as it could be in `Rocket.toml`. `logto-dev` already has the two
/// organizations.
pub(crate) fn of_logto_dev() -> Value {
    json!({
        "roles": {
            "owner": { "permissions": ["read:notices", "post:notices"] },
            "editor": { "permissions": ["read:notices", "post:notices"] },
            "member": { "permissions": ["read:notices"] },
        },
        "users": {
            "alice": {
                "name": "Alice Lidell",
                "organizations": { ACME: ["owner"], GLOBEX: ["editor"] },
            },
            "bob": { "name": "Bob Moran", "organizations": { ACME: ["member"] } },
            "carol": { "name": "Carol Smith" },
        },
    })
}

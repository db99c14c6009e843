//! What only this document says. `shared` has what it shares with rocket_okapi's.

mod shared;

use self::shared::{client, document};

#[rocket::async_test]
async fn the_scheme_of_tokens_is_http_bearer() {
    let (_provider, client) = client().await;
    let document = document(&client).await;
    // This scheme may have scopes only since 3.1.
    assert_eq!(document["openapi"], "3.1.0");
    let scheme = &document["components"]["securitySchemes"]["token"];
    assert_eq!(scheme["type"], "http");
    assert_eq!(scheme["scheme"], "bearer");
    assert_eq!(scheme["bearerFormat"], "JWT");
}

//! The same with `logto-dev`.

use std::time::Duration;

use logto_dev::{Generation, Provider};
use logto_tests::{Browser, app};
use rocket::http::Status;
use rocket::tokio::time::sleep;
use serde_json::{Value, json};

async fn open(provider: &Provider, scopes: &[&str]) -> Browser {
    Browser::open(app(provider.figment().merge(("logto.scopes", scopes)))).await
}

#[rocket::async_test]
async fn alice_signs_in_at_the_look_alike_of_both_generations() {
    for generation in [Generation::V1_37, Generation::V1_42] {
        let provider = Provider::builder().generation(generation).start().await;
        let browser = open(&provider, &["email", "roles"]).await;
        let page = browser.sign_in(&provider, "/protected").await;
        assert_eq!((page.status, &page.json()["username"]), (Status::Ok, &json!("alice")));
        assert_eq!(page.json()["email"], json!("alice@example.com"));
        assert_eq!(page.json().get("phone_number"), None, "its scope was not asked for");
        assert_eq!((provider.count("token"), provider.count("me")), (1, 0));
    }
}

#[rocket::async_test]
async fn bob_has_nothing_and_his_claims_are_null() {
    let provider = Provider::start().await;
    let browser = open(&provider, &["email"]).await;
    let location = browser.start("/protected").await;
    let callback = provider.approve(&location, "bob").await.unwrap();
    let back = browser.visit(&callback).await;
    let claims = browser.visit(back.location()).await.json();
    for name in ["name", "picture", "email"] {
        assert_eq!(claims.get(name), Some(&Value::Null), "{name}");
    }
}

#[rocket::async_test]
async fn user_info_has_what_the_id_token_leaves_out() {
    let provider = Provider::start().await;
    let browser = open(&provider, &["custom_data"]).await;
    let claims = browser.sign_in(&provider, "/protected").await.json();
    assert_eq!(claims.get("custom_data"), None);
    let info = browser.fetch("/api/userinfo").await.json();
    assert!(info["custom_data"].is_object(), "{info}");
    assert_eq!((&info["sub"], provider.count("me")), (&claims["sub"], 1));
}

#[rocket::async_test]
async fn cancelling_shows_a_page_and_a_second_try_succeeds() {
    let provider = Provider::start().await;
    let browser = open(&provider, &[]).await;
    let callback = provider.cancel(&browser.start("/protected").await).await.unwrap();
    let answer = browser.visit(&callback).await;
    answer.assert_no_sign_in();
    assert_eq!((answer.status, provider.count("token")), (Status::BadRequest, 0));
    assert_eq!(browser.sign_in(&provider, "/protected").await.status, Status::Ok);
}

#[rocket::async_test]
async fn a_new_user_signs_up() {
    let provider = Provider::start().await;
    let browser = open(&provider, &[]).await;
    let location = browser.visit("/sign-up?return_to=/protected").await.location().to_owned();
    assert!(location.contains("first_screen=register"), "{location}");
    let callback = provider.sign_up(&location, "carol").await.unwrap();
    let back = browser.visit(&callback).await;
    let claims = browser.visit(back.location()).await.json();
    assert_eq!(claims["username"], "carol");
}

/// L2, L12: the session ends here first, then the grant, then the browser goes to Logto.
#[rocket::async_test]
async fn signing_out_ends_the_session_here_and_at_the_provider() {
    let provider = Provider::start().await;
    let browser = open(&provider, &[]).await;
    browser.sign_in(&provider, "/protected").await;
    let kept = browser.cookies();
    let answer = browser.visit("/sign-out").await;
    assert_eq!(answer.status, Status::SeeOther);
    let end = format!("{}/session/end?", provider.issuer());
    assert!(answer.location().starts_with(&end), "{answer:?}");
    assert!(answer.location().contains("client_id="), "{answer:?}");
    assert!(answer.location().contains("post_logout_redirect_uri="), "{answer:?}");
    for _ in 0..100 {
        // Nobody waits for the revocation, so it may come after the answer.
        if provider.count("revocation") == 1 {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(provider.count("revocation"), 1);
    assert_eq!(browser.visit("/").await.body, "Hello, stranger!");
    browser.restore(kept);
    assert_eq!(browser.visit("/").await.body, "Hello, stranger!", "a copied cookie lives on");
}

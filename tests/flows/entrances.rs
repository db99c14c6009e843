//! Sign-ins that begin elsewhere: at an identity provider, or in an email.

use std::collections::BTreeMap;

use logto_dev::Provider;
use logto_rocket::{DirectSignIn, Error, Logto, LogtoClient, Prompt, Redirect, SignInOptions};
use logto_tests::{Approve as _, Browser};
use rocket::http::Status;
use rocket::{Build, FromForm, Rocket, get, routes};

#[derive(FromForm)]
struct Sso {
    #[field(name = "ssoConnectorId")]
    connector: String,
}

#[get("/sso?<sso..>")]
async fn sso(sso: Sso, logto: LogtoClient<'_>) -> Result<Redirect, Error> {
    let options = SignInOptions::new()
        .prompt([Prompt::Login, Prompt::Consent])
        .direct_sign_in(DirectSignIn::Sso(sso.connector));
    logto.sign_in(options).await
}

#[get("/magic-link?<token>&<email>")]
async fn magic_link(
    token: String,
    email: String,
    logto: LogtoClient<'_>,
) -> Result<Redirect, Error> {
    let options = SignInOptions::new().one_time_token(token).login_hint(email);
    logto.sign_in(options.post_redirect_path("/welcome")).await
}

#[get("/to?<path>")]
async fn to(path: String, logto: LogtoClient<'_>) -> Result<Redirect, Error> {
    logto.sign_in(SignInOptions::new().post_redirect_path(path)).await
}

#[get("/welcome")]
async fn welcome(logto: LogtoClient<'_>) -> Result<String, Error> {
    let user = logto.user().await?;
    Ok(user.map_or("stranger", |user| user.subject()).to_owned())
}

fn app(provider: &Provider) -> Rocket<Build> {
    let routes = routes![sso, magic_link, to, welcome];
    rocket::custom(provider.figment()).attach(Logto::fairing()).mount("/", routes)
}

fn query(location: &str) -> BTreeMap<String, String> {
    let url: url::Url = location.parse().expect("an address");
    url.query_pairs().into_owned().collect()
}

/// RP-third-party-init: Logto sends the browser to the application with the connector's id, and
/// the application begins an ordinary sign-in: an unrequested answer is refused.
#[rocket::async_test]
async fn a_sign_in_that_an_identity_provider_begins_becomes_one_of_ours() {
    let provider = Provider::start().await;
    let browser = Browser::open(app(&provider)).await;
    let location = browser.start("/sso?ssoConnectorId=okta-1").await;
    let asked = query(&location);
    assert_eq!(asked["direct_sign_in"], "sso:okta-1");
    assert_eq!(asked["prompt"], "login consent");
    assert!(asked.contains_key("state") && asked.contains_key("code_challenge"));
    let callback = provider.approve_at(&location).await;
    assert_eq!(browser.visit(&callback).await.status, Status::SeeOther);
    assert_ne!(browser.visit("/welcome").await.body, "stranger");
}

#[rocket::async_test]
async fn a_magic_link_begins_a_sign_in_with_its_token() {
    let provider = Provider::start().await;
    let browser = Browser::open(app(&provider)).await;
    let location = browser.start("/magic-link?token=one-time&email=alice@example.com").await;
    let asked = query(&location);
    assert_eq!(asked["one_time_token"], "one-time");
    assert_eq!(asked["login_hint"], "alice@example.com");
    let callback = provider.approve_at(&location).await;
    assert_eq!(browser.visit(&callback).await.location(), "/welcome");
}

/// R1, R4, R5: an application that takes the return path from a link learns that it leads away.
#[rocket::async_test]
async fn a_return_path_to_another_site_is_refused() {
    let provider = Provider::start().await;
    let browser = Browser::open(app(&provider)).await;
    for path in ["//evil.example", "https://evil.example/", "javascript:alert(1)", "/%5c", ""] {
        let encoded: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
        let answer = browser.visit(&format!("/to?path={encoded}")).await;
        match path {
            "/%5c" => assert_eq!(answer.status, Status::SeeOther, "{answer:?}"),
            _ => {
                assert_eq!(answer.status, Status::InternalServerError, "{path}: {answer:?}");
                assert_eq!((answer.header("location"), answer.cookies.len()), (None, 0), "{path}");
            }
        }
    }
}

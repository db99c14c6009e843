//! Refreshes that meet each other, the end of their session, or a silent Logto.

use std::time::Duration;

use logto_rocket::{Audience, Error, Logto, LogtoClient, User, authenticated};
use logto_tests::{Alter, Browser, Deviation, Fault, Hostile};
use rocket::figment::Figment;
use rocket::futures::future::join_all;
use rocket::http::Status;
use rocket::tokio::time::sleep;
use rocket::{Build, Rocket, get, routes, tokio};
use serde_json::json;

const API: &str = "https://api.example.com";

#[get("/fresh")]
async fn fresh(logto: LogtoClient<'_>) -> Result<String, Error> {
    let token = logto.refresh_access_token(Audience::logto()).await?;
    Ok(token.map_or("stranger".into(), |token| token.secret().to_owned()))
}

/// A refresh that brings no token for user info.
#[get("/fresh-for-api")]
async fn fresh_for_api(logto: LogtoClient<'_>) -> Result<String, Error> {
    let token = logto.refresh_access_token(API).await?;
    Ok(token.map_or("stranger".into(), |token| token.secret().to_owned()))
}

/// Signs out during a refresh of the same request.
#[get("/leave")]
async fn leave(logto: LogtoClient<'_>) -> &'static str {
    let refresh = logto.refresh_access_token(Audience::logto());
    let sign_out = async {
        sleep(Duration::from_millis(50)).await;
        logto.sign_out_here().await
    };
    let (_, signed_out) = tokio::join!(refresh, sign_out);
    signed_out.map_or("failed", |_| "signed out")
}

#[authenticated]
#[get("/me")]
fn me(user: &User) -> &str {
    user.subject()
}

#[authenticated(fetch_user_info)]
#[get("/info")]
fn info(user: &User) -> &str {
    user.subject()
}

fn app(figment: Figment) -> Rocket<Build> {
    let figment = figment.merge(("logto.resources", [API]));
    let routes = routes![fresh, fresh_for_api, leave, me, info];
    rocket::custom(figment).attach(Logto::fairing()).mount("/", routes)
}

async fn sign_in(op: &Hostile, browser: &Browser) {
    let callback = op.authorize(&browser.start("/sign-in").await);
    assert_eq!(browser.visit(&callback).await.status, Status::SeeOther);
}

async fn signed_in(op: &Hostile) -> Browser {
    let browser = Browser::open(app(op.figment())).await;
    sign_in(op, &browser).await;
    browser
}

fn slow(op: &Hostile) {
    op.deviate(Deviation::Answer("token", Fault::Late(Duration::from_millis(200))));
}

/// A provider that rotates refresh tokens, and the browser of a signed-in user whose session is in
/// `store`.
async fn rotating(store: &str) -> (Hostile, Browser) {
    let op = Hostile::start().await;
    op.deviate(Deviation::RotateRefreshTokens);
    let figment = op.figment().merge(("logto.session.store", store));
    let browser = Browser::open(app(figment)).await;
    sign_in(&op, &browser).await;
    (op, browser)
}

/// REL-9: each wants an answer from after its own question, and no more than that.
#[rocket::async_test]
async fn forced_refreshes_that_wait_for_their_turn_share_one() {
    let op = Hostile::start().await;
    let browser = signed_in(&op).await;
    slow(&op);
    let others = async {
        while op.count("token") < 2 {
            tokio::task::yield_now().await;
        }
        join_all((0..29).map(|_| browser.visit("/fresh"))).await
    };
    let (first, others) = tokio::join!(browser.visit("/fresh"), others);
    assert_eq!(op.count("token"), 1 + 2, "the one under way, and one for all who came after");
    let last = &others[0].body;
    assert!(others.iter().all(|answer| answer.status == Status::Ok && &answer.body == last));
    assert!(first.status == Status::Ok && &first.body != last);
}

/// S16: if the request itself ended the session, its cookie goes.
#[rocket::async_test]
async fn a_refresh_that_ends_after_the_sign_out_of_its_request_leaves_no_cookie() {
    let op = Hostile::start().await;
    let browser = signed_in(&op).await;
    slow(&op);
    let answer = browser.visit("/leave").await;
    assert_eq!(answer.body, "signed out");
    assert!(answer.session_cookies().is_empty(), "{answer:?}");
    assert!(browser.session_cookies().is_empty());
}

/// S29: a user who signs out during a refresh leaves no refresh token behind.
#[rocket::async_test]
async fn what_a_refresh_brings_after_the_sign_out_is_revoked() {
    for store in ["cookie", "memory"] {
        let op = Hostile::start().await;
        let figment = op.figment().merge(("logto.session.store", store));
        let browser = Browser::open(app(figment)).await;
        op.deviate(Deviation::RotateRefreshTokens);
        sign_in(&op, &browser).await;
        slow(&op);
        assert_eq!(browser.visit("/leave").await.body, "signed out", "{store}");
        while op.count("revocation") < 2 {
            sleep(Duration::from_millis(10)).await;
        }
        let revoked = op.requests("revocation");
        let revoked: Vec<_> = revoked.iter().map(|r| r.field("token").expect("a token")).collect();
        assert_ne!(revoked[0], revoked[1], "{store}");
    }
}

/// T27: a refresh that began before user info refused a token may bring that very token.
#[rocket::async_test]
async fn a_refused_token_that_another_refresh_brought_does_not_end_the_session() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
    sign_in(&op, &browser).await;
    op.behave();
    let same = json!({"access_token": "the same", "token_type": "Bearer", "expires_in": 3600});
    for _ in 0..2 {
        op.deviate(Deviation::AnswerOnce("token", Fault::Json(200, same.clone())));
    }
    op.deviate(Deviation::AnswerOnce("me", Fault::Json(401, json!({"error": "invalid_token"}))));
    assert_eq!(browser.fetch("/info").await.status, Status::Ok);
    assert_eq!((op.count("token"), op.count("me")), (4, 2));
}

/// T26: a token that is refused once may be the only one withdrawn; the refresh token decides.
#[rocket::async_test]
async fn a_new_token_that_user_info_refuses_once_does_not_end_the_session() {
    for (refused, status) in [(1, Status::Ok), (2, Status::Unauthorized)] {
        let op = Hostile::start().await;
        let browser = Browser::open(app(op.figment())).await;
        op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
        sign_in(&op, &browser).await;
        op.behave();
        let answer = Fault::Json(401, json!({"error": "invalid_token"}));
        for _ in 0..refused {
            op.deviate(Deviation::AnswerOnce("me", answer.clone()));
        }
        assert_eq!(browser.fetch("/info").await.status, status, "refused {refused} times");
        assert_eq!((op.count("token"), op.count("me")), (3, 2), "refused {refused} times");
    }
}

/// T26: if a provider withdraws every access token at a refresh, the token that another request
/// got may be withdrawn too by the time it is used.
#[rocket::async_test]
async fn a_refused_token_of_another_request_does_not_end_the_session() {
    for store in ["cookie", "memory"] {
        let (op, browser) = rotating(store).await;
        assert_eq!(browser.visit("/fresh-for-api").await.status, Status::Ok);
        op.deviate(Deviation::AnswerOnce("me", Fault::Late(Duration::from_millis(300))));
        let others = async {
            while op.count("me") < 1 {
                tokio::task::yield_now().await;
            }
            assert_eq!(browser.fetch("/info").await.status, Status::Ok, "{store}");
            assert_eq!(browser.visit("/fresh-for-api").await.status, Status::Ok, "{store}");
        };
        let (late, ()) = tokio::join!(browser.fetch("/info"), others);
        assert_eq!(late.status, Status::Ok, "{store}: {late:?}");
        assert_eq!(browser.fetch("/me").await.status, Status::Ok, "{store}");
    }
}

/// T26: not even if that request has not saved its tokens yet.
#[rocket::async_test]
async fn a_refused_token_does_not_end_a_session_that_is_being_refreshed() {
    for store in ["cookie", "memory"] {
        let (op, browser) = rotating(store).await;
        let before = op.count("token");
        for late in [100, 300].map(Duration::from_millis) {
            op.deviate(Deviation::AnswerOnce(
                "me",
                Fault::Json(401, json!({"error": "invalid_token"})),
            ));
            op.deviate(Deviation::AnswerOnce("token", Fault::Late(late)));
        }
        let refresh = async {
            while op.count("token") == before {
                tokio::task::yield_now().await;
            }
            browser.fetch("/fresh-for-api").await
        };
        let (info, refreshed) = tokio::join!(browser.fetch("/info"), refresh);
        assert_eq!((info.status, refreshed.status), (Status::Ok, Status::Ok), "{store}");
        assert_eq!(browser.fetch("/me").await.status, Status::Ok, "{store}");
    }
}

/// REL-10: three sessions wait for a silent Logto, and then none does until it answers.
#[rocket::async_test]
async fn a_silent_logto_stops_few_requests_and_is_asked_again_now_and_then() {
    let op = Hostile::start().await;
    let figment = op.figment().merge(("logto.session.revalidate", 1));
    let browser = Browser::open(app(figment)).await;
    let mut users = Vec::new();
    for _ in 0..6 {
        browser.forget();
        sign_in(&op, &browser).await;
        users.push(browser.cookies());
    }
    sleep(Duration::from_millis(1_100)).await;
    op.deviate(Deviation::Answer("token", Fault::Json(503, json!({"error": "busy"}))));
    let before = op.count("token");
    for (at, user) in users.iter().enumerate() {
        browser.restore(user.clone());
        assert_eq!(browser.fetch("/me").await.status, Status::Ok, "user {at} is admitted");
    }
    assert_eq!(op.count("token"), before + 3, "after three it is left alone");
    sleep(Duration::from_millis(2_050)).await;
    for user in &users {
        browser.restore(user.clone());
        assert_eq!(browser.fetch("/me").await.status, Status::Ok);
    }
    assert_eq!(op.count("token"), before + 4, "one probe a window");
    op.behave();
    sleep(Duration::from_millis(2_050)).await;
    // Twice, as whoever probed last waits for another one's turn.
    for user in users.iter().chain(&users) {
        browser.restore(user.clone());
        assert_eq!(browser.fetch("/me").await.status, Status::Ok);
    }
    assert_eq!(op.count("token"), before + 4 + 6, "all are revalidated once it answers");
}

/// REL-10: "no" and "not so fast" are not an outage, and new sign-ins are never stopped.
#[rocket::async_test]
async fn refusals_are_not_an_outage_and_sign_ins_continue_in_one() {
    for status in [400, 401, 429] {
        let op = Hostile::start().await;
        let figment = op.figment().merge(("logto.session.revalidate", 1));
        let browser = Browser::open(app(figment)).await;
        let mut users = Vec::new();
        for _ in 0..5 {
            browser.forget();
            sign_in(&op, &browser).await;
            users.push(browser.cookies());
        }
        sleep(Duration::from_millis(1_100)).await;
        let refused = Fault::Json(status, json!({"error": "invalid_client"}));
        op.deviate(Deviation::Answer("token", refused));
        let before = op.count("token");
        for user in &users {
            browser.restore(user.clone());
            assert_eq!(browser.fetch("/me").await.status, Status::Ok, "{status}");
        }
        assert_eq!(op.count("token"), before + 5, "{status}: all asked");
        op.behave();
        browser.forget();
        sign_in(&op, &browser).await;
    }
}

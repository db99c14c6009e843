//! The way back from Logto: what is believed, and what is refused before it costs anything.

use std::time::Duration;

use logto_rocket::{Error, LogtoClient, Redirect};
use logto_tests::{Answer, Browser, Deviation, Fault, Hostile, Pairs, app};
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Status;
use rocket::http::uri::Origin;
use rocket::{Data, Request, get, routes};
use url::Url;

async fn signing_in() -> (Hostile, Browser, String) {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    let location = browser.start("/protected").await;
    (op, browser, location)
}

/// A callback that is refused before any code is redeemed.
fn assert_refused(op: &Hostile, answer: &Answer) {
    answer.assert_no_sign_in();
    assert!([400, 403].contains(&answer.status.code), "{answer:?}");
    assert_eq!(op.count("token"), 0, "a code was redeemed");
}

/// `callback` with its parameters changed.
fn changed(callback: &str, change: impl FnOnce(&mut Vec<(String, String)>)) -> String {
    let url = Url::parse(callback).unwrap();
    let mut pairs: Vec<_> = url.query_pairs().into_owned().collect();
    change(&mut pairs);
    let base = callback.split('?').next().unwrap();
    Url::parse_with_params(base, pairs).unwrap().into()
}

fn value<'a>(pairs: &'a mut [(String, String)], name: &str) -> &'a mut String {
    &mut pairs.iter_mut().find(|(key, _)| key == name).unwrap().1
}

/// A3: an attacker's link with a valid code signs nobody in.
#[rocket::async_test]
async fn a_callback_without_its_cookie_is_refused() {
    let (op, browser, location) = signing_in().await;
    browser.forget();
    let answer = browser.visit(&op.authorize(&location)).await;
    assert_refused(&op, &answer);
    assert_eq!(browser.visit("/").await.body, "Hello, stranger!");
}

/// A fairing after ours that rewrites an old address to the callback's.
struct Moved;

#[rocket::async_trait]
impl Fairing for Moved {
    fn info(&self) -> Info {
        Info { name: "Moved", kind: Kind::Request }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let moved = request.uri().to_string().replace("/was-the-callback", "/callback");
        request.set_uri(Origin::parse_owned(moved).expect("an address"));
    }
}

#[get("/callback")]
async fn own(logto: LogtoClient<'_>) -> Result<Redirect, Error> {
    logto.handle_sign_in_callback().await
}

/// R14: a rewritten callback keeps its query, mounted or the application's own.
#[rocket::async_test]
async fn a_callback_signs_in_however_its_address_is_written() {
    for mounted in [true, false] {
        let op = Hostile::start().await;
        let rocket = match mounted {
            true => app(op.figment()),
            false => {
                app(op.figment().merge(("logto.routes.callback", false))).mount("/", routes![own])
            }
        };
        let browser = Browser::open(rocket.attach(Moved)).await;
        for path in ["/callback", "/callback/", "//callback", "/%63allback", "/was-the-callback"] {
            browser.forget();
            let callback = op.authorize(&browser.start("/protected").await);
            let (_, query) = callback.split_once('?').expect("a query");
            let answer = browser.visit(&format!("{path}?{query}")).await;
            assert_eq!(answer.status, Status::SeeOther, "{path}: {answer:?}");
            assert_eq!(answer.location(), "/protected", "{path}");
            assert_eq!(browser.visit("/protected").await.status, Status::Ok, "{path}");
        }
    }
}

/// A3: not even in a browser with a pending sign-in of its own.
#[rocket::async_test]
async fn a_callback_from_another_browser_is_refused() {
    let (op, attacker, location) = signing_in().await;
    let victim = Browser::open(app(op.figment())).await;
    victim.start("/protected").await;
    let answer = victim.visit(&op.authorize(&location)).await;
    assert_refused(&op, &answer);
    assert_eq!(victim.sign_in_cookies().len(), 1, "the victim's own sign-in continues");
    drop(attacker);
}

/// A4, RP-invalid-state, RP-missing-state: a state that is not exactly ours, before the code is
/// redeemed.
#[rocket::async_test]
async fn a_foreign_state_is_refused_before_the_code_is_redeemed() {
    let (op, browser, location) = signing_in().await;
    let callback = op.authorize(&location);
    let other = |change: &dyn Fn(&mut String)| {
        changed(&callback, |pairs| {
            change(value(pairs, "state"));
        })
    };
    let flip = |state: &mut String| {
        let last = if state.pop() == Some('A') { 'B' } else { 'A' };
        state.push(last);
    };
    let cut = |state: &mut String| {
        state.pop();
    };
    let callbacks = [
        other(&flip),
        other(&cut),
        other(&|state| state.push('A')),
        other(&|state| *state = state.to_lowercase() + "_"),
        other(&|state| state.clear()),
        other(&|state| *state = "é\0\u{202e}".to_owned()),
        other(&|state| *state = "x".repeat(9000)),
        changed(&callback, |pairs| pairs.retain(|(name, _)| name != "state")),
    ];
    for callback in callbacks {
        let answer = browser.visit(&callback).await;
        assert_refused(&op, &answer);
    }
    let answer = browser.visit(&callback).await;
    assert_eq!(answer.status, Status::SeeOther, "the sign-in itself was not harmed: {answer:?}");
}

/// A4: one sign-in's cookie does not work under another one's name.
#[rocket::async_test]
async fn a_sign_in_cookie_does_not_work_under_another_name() {
    let (op, browser, first) = signing_in().await;
    let second = browser.start("/pages/1").await;
    let mut cookies = browser.cookies();
    assert_eq!(cookies.len(), 2);
    let swapped: Vec<_> = cookies.values().rev().cloned().collect();
    cookies.values_mut().zip(swapped).for_each(|(value, other)| *value = other);
    for location in [first, second] {
        browser.restore(cookies.clone());
        let answer = browser.visit(&op.authorize(&location)).await;
        assert_refused(&op, &answer);
    }
}

/// S4: a sign-in's cookie with any one character changed is refused.
#[rocket::async_test]
async fn a_sign_in_cookie_with_one_character_changed_is_refused() {
    let (op, browser, location) = signing_in().await;
    let callback = op.authorize(&location);
    let cookies = browser.cookies();
    let (name, value) = cookies.iter().next().unwrap();
    for at in 0..value.len() {
        let mut forged = value.clone().into_bytes();
        forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        browser.restore([(name.clone(), forged)].into());
        assert_refused(&op, &browser.visit(&callback).await);
    }
    browser.restore(cookies);
    assert_eq!(browser.visit(&callback).await.status, Status::SeeOther);
}

/// A5: an error without our state is refused like anything else, and nobody sees its text.
#[rocket::async_test]
async fn an_error_with_a_foreign_state_is_not_believed() {
    let (op, browser, location) = signing_in().await;
    let refused = op.refuse(&location, "access_denied");
    let before = browser.cookies();
    let callbacks = [
        changed(&refused, |pairs| value(pairs, "state").push('x')),
        changed(&refused, |pairs| pairs.retain(|(name, _)| name != "state")),
        "/callback?error=access_denied&error_description=call+555-EVIL".to_owned(),
    ];
    for callback in callbacks {
        let answer = browser.visit(&callback).await;
        assert_refused(&op, &answer);
        assert!(!answer.body.contains("cancelled"), "it was believed: {}", answer.body);
        assert!(!answer.body.contains("hostile provider"), "{}", answer.body);
        assert!(!answer.body.contains("555-EVIL"), "{}", answer.body);
        assert_eq!(browser.cookies(), before, "another tab's sign-in is untouched");
    }
    assert_eq!(browser.visit(&op.authorize(&location)).await.status, Status::SeeOther);
}

/// A5: an error with our state ends this sign-in, with a page that offers another.
#[rocket::async_test]
async fn a_refusal_by_the_user_shows_a_page() {
    let (op, browser, location) = signing_in().await;
    browser.start("/pages/1").await;
    let answer = browser.visit(&op.refuse(&location, "access_denied")).await;
    assert_refused(&op, &answer);
    assert!(answer.body.contains("Sign-in cancelled"), "{}", answer.body);
    assert_eq!(browser.sign_in_cookies().len(), 1, "only its own cookie is gone");
}

/// A6: after a sign-in, the back button leads on without another token request.
#[rocket::async_test]
async fn the_same_callback_again_leads_on_when_signed_in() {
    let (op, browser, location) = signing_in().await;
    let callback = op.authorize(&location);
    assert_eq!(browser.visit(&callback).await.location(), "/protected");
    let again = browser.visit(&callback).await;
    assert_eq!(again.status, Status::SeeOther);
    assert!(["/", "/protected"].contains(&again.location()), "{again:?}");
    assert_eq!(op.count("token"), 1);
    assert_eq!(browser.visit("/").await.body, "Hello, u-alice!");
}

/// A6: for anybody else, and after a sign-out, the same callback offers a new sign-in.
#[rocket::async_test]
async fn the_same_callback_again_signs_nobody_in() {
    let (op, browser, location) = signing_in().await;
    let before = browser.cookies();
    let callback = op.authorize(&location);
    browser.visit(&callback).await;
    browser.visit("/sign-out").await;
    for cookies in [before, Default::default()] {
        browser.restore(cookies);
        let again = browser.visit(&callback).await;
        again.assert_no_sign_in();
        assert_eq!(op.count("token"), 1);
    }
}

/// A6: two identical callbacks at once share one redemption.
#[rocket::async_test]
async fn two_identical_callbacks_at_once_redeem_the_code_once() {
    let (op, browser, location) = signing_in().await;
    let callback = op.authorize(&location);
    // So that the second one arrives before the first is done, however busy the machine.
    let late = Fault::Late(Duration::from_millis(200));
    op.deviate(Deviation::Answer("token", late));
    let (first, second) = rocket::tokio::join!(browser.visit(&callback), browser.visit(&callback));
    assert_eq!(op.count("token"), 1);
    for answer in [first, second] {
        assert_eq!((answer.status, answer.location()), (Status::SeeOther, "/protected"));
    }
    assert_eq!(browser.visit("/").await.body, "Hello, u-alice!");
}

/// A7: a used sign-in cookie, put back, does not redeem another code.
#[rocket::async_test]
async fn a_used_sign_in_cannot_be_used_with_a_new_code() {
    let (op, browser, location) = signing_in().await;
    let before = browser.cookies();
    browser.visit(&op.authorize(&location)).await;
    browser.restore(before);
    let answer = browser.visit(&op.authorize(&location)).await;
    answer.assert_no_sign_in();
    assert_eq!(op.count("token"), 1);
}

/// A8, RP-invalid-response-iss: an answer from another issuer, when the right one is known, is a
/// mix-up.
#[rocket::async_test]
async fn a_callback_of_another_issuer_is_refused() {
    for iss in ["https://evil.example/oidc", "", "http://127.0.0.1/oidc", "null"] {
        let (op, browser, location) = signing_in().await;
        op.deviate(Deviation::Callback(Pairs::set("iss", iss)));
        let answer = browser.visit(&op.authorize(&location)).await;
        assert_refused(&op, &answer);
    }
}

/// A8: the issuer is compared character by character.
#[rocket::async_test]
async fn an_issuer_that_is_nearly_right_is_refused() {
    let op = Hostile::start().await;
    let issuer = op.issuer();
    let nearly =
        [format!("{issuer}/"), format!("{issuer}1"), issuer.to_uppercase(), format!(" {issuer}")];
    for iss in nearly {
        let browser = Browser::open(app(op.figment())).await;
        op.behave();
        op.deviate(Deviation::Callback(Pairs::set("iss", iss)));
        let answer = browser.come_back(&op).await;
        assert_refused(&op, &answer);
    }
}

/// A8: on error answers too.
#[rocket::async_test]
async fn an_error_of_another_issuer_is_refused() {
    let (op, browser, location) = signing_in().await;
    op.deviate(Deviation::Callback(Pairs::set("iss", "https://evil.example/oidc")));
    let answer = browser.visit(&op.refuse(&location, "access_denied")).await;
    assert_refused(&op, &answer);
    assert!(answer.body.contains("does not match your sign-in"), "{}", answer.body);
    assert!(!answer.body.contains("evil.example"), "{}", answer.body);
}

/// A9, RP-missing-response-iss: Logto always names itself, so an answer without `iss` is not
/// Logto's.
#[rocket::async_test]
async fn a_callback_without_issuer_is_refused() {
    let (op, browser, location) = signing_in().await;
    op.deviate(Deviation::Callback(Pairs::without("iss")));
    let answer = browser.visit(&op.authorize(&location)).await;
    assert_refused(&op, &answer);
}

/// A10: another sign-in's code is sent with the wrong verifier, and Logto refuses it.
#[rocket::async_test]
async fn a_code_of_another_sign_in_is_refused() {
    let (op, attacker, stolen_from) = signing_in().await;
    let stolen = Url::parse(&op.authorize(&stolen_from)).unwrap();
    let code = stolen.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let browser = Browser::open(app(op.figment())).await;
    let location = browser.start("/protected").await;
    op.deviate(Deviation::Callback(Pairs::set("code", code)));
    let answer = browser.visit(&op.authorize(&location)).await;
    answer.assert_no_sign_in();
    assert_eq!(op.count("token"), 1, "the provider was asked, and said no");
    assert_eq!(browser.visit("/").await.body, "Hello, stranger!");
    drop(attacker);
}

/// A11: a parameter that appears twice, even with the same value, has no value.
#[rocket::async_test]
async fn a_parameter_given_twice_is_refused() {
    for name in ["code", "state", "iss"] {
        for same in [true, false] {
            let (op, browser, location) = signing_in().await;
            let callback = changed(&op.authorize(&location), |pairs| {
                let first = value(pairs, name).clone();
                let second = if same { first } else { "other".to_owned() };
                pairs.push((name.to_owned(), second));
            });
            let answer = browser.visit(&callback).await;
            assert_refused(&op, &answer);
            assert_eq!(answer.status, Status::BadRequest, "{name} twice");
        }
    }
}

/// A11: a code and an error together are not an answer either.
#[rocket::async_test]
async fn a_code_beside_an_error_is_not_redeemed() {
    let (op, browser, location) = signing_in().await;
    let callback = op.authorize(&location) + "&error=access_denied";
    let answer = browser.visit(&callback).await;
    assert_refused(&op, &answer);
}

/// A11: neither is an empty callback.
#[rocket::async_test]
async fn an_empty_callback_is_refused() {
    let (op, browser, location) = signing_in().await;
    let without_code = changed(&op.authorize(&location), |pairs| {
        pairs.retain(|(name, _)| name != "code");
    });
    for callback in ["/callback", "/callback?", "/callback?code", "/callback?&&=&%", &without_code]
    {
        let answer = browser.visit(callback).await;
        assert_refused(&op, &answer);
    }
}

/// A15: no page holds the code: the callback redirects, and sends no referrer.
#[rocket::async_test]
async fn the_callback_redirects_without_caching_or_a_referrer() {
    let (op, browser, location) = signing_in().await;
    let answer = browser.visit(&op.authorize(&location)).await;
    assert_eq!((answer.status, answer.location()), (Status::SeeOther, "/protected"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert!(answer.header("cache-control").unwrap().contains("no-store"));
    assert_eq!(answer.body, "");
}

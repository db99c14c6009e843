//! Whether an ID token signs somebody in.

use logto_tests::{Alter, Browser, Deviation, Hostile, app};
use rocket::http::Status;
use serde_json::Value;

/// A provider that deviates from the start, and a browser.
pub(crate) async fn with(deviations: Vec<Deviation>) -> (Hostile, Browser) {
    let op = Hostile::start().await;
    for deviation in deviations {
        op.deviate(deviation);
    }
    let browser = Browser::open(app(op.figment())).await;
    (op, browser)
}

/// Signs in; the token is refused after the code was redeemed, and nothing else happens.
pub(crate) async fn assert_refused_by(op: &Hostile, browser: &Browser, what: &str) {
    let redeemed = op.count("token");
    let answer = browser.come_back(op).await;
    assert!(answer.status.code >= 400, "{what} signed somebody in");
    answer.assert_no_sign_in();
    assert_eq!(op.count("token"), redeemed + 1, "{what}: refused before there was a token");
    assert_eq!(op.count("me"), 0, "{what}: its access token was used");
    assert_eq!(browser.session_cookies().len(), 0, "{what}");
    assert_eq!(browser.visit("/").await.body, "Hello, stranger!", "{what}");
}

/// Like [`assert_refused_by()`], for one deviation.
pub(crate) async fn assert_refused(deviation: Deviation) {
    let what = format!("{deviation:?}");
    let (op, browser) = with(vec![deviation]).await;
    assert_refused_by(&op, &browser, &what).await;
}

pub(crate) async fn assert_claim_refused(name: &'static str, value: impl Into<Value>) {
    let value = value.into();
    let what = format!("{name} {value}");
    let (op, browser) = with(vec![Deviation::Claims(Alter::set(name, value))]).await;
    assert_refused_by(&op, &browser, &what).await;
}

pub(crate) async fn assert_accepted(deviations: Vec<Deviation>) {
    let what = format!("{deviations:?}");
    let (op, browser) = with(deviations).await;
    let page = browser.sign_in(&op, "/protected").await;
    assert_eq!(page.status, Status::Ok, "{what}: {page:?}");
    assert_eq!(browser.visit("/").await.body, "Hello, u-alice!", "{what}");
}

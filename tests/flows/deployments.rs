//! Several deployments of one application that share a browser's cookie jar: cookies ignore
//! ports, and ours are for every path.

use logto_tests::{Browser, Hostile, app};
use rocket::http::Status;

/// Base URLs of two deployments on one host.
const PAIRS: [[&str; 2]; 3] = [
    ["http://localhost:8000", "http://localhost:8001"],
    ["http://localhost:8000/one", "http://localhost:8000/two"],
    ["http://localhost:8000/one", "http://localhost:8000"],
];

async fn open(op: &Hostile, base: &str, store: &str) -> Browser {
    let figment = op.figment().merge(("logto.base_url", base));
    Browser::at(base, app(figment.merge(("logto.session.store", store)))).await
}

/// The same browser, moving from one deployment to the other.
fn go(from: &Browser, to: &Browser) {
    to.restore(from.cookies());
}

async fn sign_in(op: &Hostile, browser: &Browser) {
    let location = browser.visit("/sign-in").await.location().to_owned();
    let answer = browser.visit(&op.authorize(&location)).await;
    assert_eq!(answer.status, Status::SeeOther, "{answer:?}");
}

async fn is_user(browser: &Browser) -> bool {
    browser.visit("/api/me").await.status == Status::Ok
}

/// S23: each has its session, in whatever order they are visited, and a sign-out ends one.
#[rocket::async_test]
async fn sessions_of_two_deployments_live_in_one_browser() {
    for store in ["cookie", "memory"] {
        for bases in PAIRS {
            let op = Hostile::start().await;
            let [one, two] = [open(&op, bases[0], store).await, open(&op, bases[1], store).await];
            sign_in(&op, &one).await;
            go(&one, &two);
            assert!(!is_user(&two).await, "{bases:?}: the session is of the other one");
            sign_in(&op, &two).await;
            for _ in 0..2 {
                go(&two, &one);
                assert!(is_user(&one).await, "{bases:?}, {store}");
                go(&one, &two);
                assert!(is_user(&two).await, "{bases:?}, {store}");
            }
            two.visit("/sign-out").await;
            assert!(!is_user(&two).await, "{bases:?}");
            go(&two, &one);
            assert!(is_user(&one).await, "{bases:?}, {store}");
        }
    }
}

/// S23: unfinished or looping sign-ins at one do not harm the other's.
#[rocket::async_test]
async fn sign_ins_of_two_deployments_do_not_count_together() {
    for bases in PAIRS {
        let op = Hostile::start().await;
        let [one, two] = [open(&op, bases[0], "cookie").await, open(&op, bases[1], "cookie").await];
        let location = one.visit("/sign-in").await.location().to_owned();
        go(&one, &two);
        for _ in 0..10 {
            two.visit("/sign-in").await;
        }
        let two = two.keeping(|cookie| !logto_tests::is_session(cookie.name()));
        for _ in 0..3 {
            sign_in(&op, &two).await;
        }
        go(&two, &one);
        assert_eq!(one.visit("/sign-in").await.status, Status::SeeOther, "{bases:?}");
        let answer = one.visit(&op.authorize(&location)).await;
        assert_eq!(answer.status, Status::SeeOther, "{bases:?}: {answer:?}");
        assert!(is_user(&one).await, "{bases:?}");
        go(&one, &two);
        let stopped = two.visit("/sign-in").await;
        assert_ne!(stopped.status, Status::SeeOther, "the other one was in a loop: {stopped:?}");
    }
}

/// S23: a trailing slash or an explicit default port does not make another deployment.
#[rocket::async_test]
async fn another_way_of_writing_the_base_url_signs_nobody_out() {
    for [before, after] in [
        ["http://localhost:8000/one", "http://localhost:8000/one/"],
        ["http://localhost:8000", "http://LOCALHOST:8000/"],
        ["https://app.example", "https://app.example:443/"],
    ] {
        let op = Hostile::start().await;
        let old = open(&op, before, "cookie").await;
        sign_in(&op, &old).await;
        let new = open(&op, after, "cookie").await;
        go(&old, &new);
        assert!(is_user(&new).await, "{after}");
    }
}

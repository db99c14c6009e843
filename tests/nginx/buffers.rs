//! nginx without any setting about buffers, which is also how Debian ships it: it refuses
//! long headers of requests (400) and of answers (502).

use logto_tests::{Alter, Deviation, Hostile, Live, app};
use rocket::figment::Figment;

use crate::server::Nginx;
use crate::visitor::{Answer, Visitor, Way};

/// The warning appears from this many bytes of cookies on.
const WARNED: usize = 3500;

fn browser(way: Way<'_>) -> Visitor<'_> {
    Visitor::by(way, "http://localhost:8000")
}

/// Signs in as a member of so many organizations; returns the callback's answer.
async fn sign_in(visitor: &mut Visitor<'_>, op: &Hostile, organizations: usize) -> Answer {
    op.behave();
    op.deviate(Deviation::Claims(Alter::member(organizations)));
    // nginx passes another `Host` on, and this says that the browser was sent here before.
    visitor.sign_in(op, "/sign-in?moved=1").await
}

fn with(op: &Hostile, key: &str, value: impl Into<rocket::figment::value::Value>) -> Figment {
    op.figment().merge((format!("logto.session.{key}"), value.into()))
}

/// REL-15: nginx answers with 502 where we warn, and what the warning names helps.
#[rocket::async_test]
async fn an_answer_that_nginx_refuses_was_warned_about() {
    let op = Hostile::start().await;
    let (live, stored) = (
        Live::start(app(op.figment())).await,
        Live::start(app(with(&op, "store", "memory"))).await,
    );
    let Some(plain) = Nginx::before(&live, "").await else { return };
    let buffers = "proxy_buffer_size 16k; proxy_buffers 8 16k;";
    let larger = Nginx::before(&live, buffers).await.expect("as the other one");
    let small = Nginx::before(&stored, "").await.expect("as the other one");
    let (mut refused, mut passed) = (0, 0);
    for organizations in (0..150).step_by(10) {
        let direct = sign_in(&mut browser(Way::Direct(&live)), &op, organizations).await;
        assert_eq!(direct.status, 303, "{organizations}");
        match sign_in(&mut browser(Way::Through(&plain)), &op, organizations).await.status {
            303 => passed += 1,
            502 => {
                refused += 1;
                let bytes = direct.cookie_bytes;
                assert!(bytes >= WARNED, "{bytes} bytes for {organizations}");
            }
            status => panic!("{status} for {organizations}"),
        }
        for other in [&larger, &small] {
            let answer = sign_in(&mut browser(Way::Through(other)), &op, organizations).await;
            assert_eq!(answer.status, 303, "{organizations}: {}", answer.text);
        }
    }
    assert!(refused > 0 && passed > 0, "{refused} refused, {passed} passed");
}

/// S32: whatever our cookies are, nginx passes the requests on; without the limit it refuses
/// every page, and the user cannot even sign out.
#[rocket::async_test]
async fn our_own_cookies_keep_nobody_out_behind_nginx() {
    let op = Hostile::start().await;
    let live = Live::start(app(op.figment())).await;
    let buffers = "proxy_buffer_size 16k; proxy_buffers 8 16k;";
    let Some(nginx) = Nginx::before(&live, buffers).await else { return };
    let mut visitor = browser(Way::Through(&nginx));
    let refused = sign_in(&mut visitor, &op, 300).await;
    assert_eq!(refused.status, 500);
    assert!(refused.text.contains("Session too large"), "{}", refused.text);
    let most = (100..300).step_by(10).rev();
    let mut signed_in = None;
    for organizations in most {
        if sign_in(&mut visitor, &op, organizations).await.status == 303 {
            signed_in = Some(organizations);
            break;
        }
    }
    assert!(signed_in.is_some(), "some number of organizations fits");
    let long = format!("/sign-in?moved=1&return_to=/pages/1?tab={}", "x".repeat(480));
    for _ in 0..10 {
        assert_eq!(visitor.visit(&long).await.status, 303);
        assert_eq!(visitor.visit("/protected").await.status, 200);
    }
    assert_eq!(visitor.visit("/sign-out").await.status, 303);
    assert!(visitor.visit("/").await.text.ends_with("Hello, stranger!"));

    let live = Live::start(app(with(&op, "max_cookie_bytes", 39_000))).await;
    let nginx = Nginx::before(&live, buffers).await.expect("as the other one");
    let mut visitor = browser(Way::Through(&nginx));
    assert_eq!(sign_in(&mut visitor, &op, 300).await.status, 303);
    for path in ["/", "/sign-out"] {
        assert_eq!(visitor.visit(path).await.status, 400, "{path}");
    }
}

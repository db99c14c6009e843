//! What happens to a session during a slow request.

use std::sync::Arc;
use std::time::Duration;

use logto_rocket::{Error, IdTokenClaims, Logto, LogtoClient, User, UserInfo, authenticated};
use logto_tests::{Alter, Browser, Deviation, Fault, Hostile};
use rocket::figment::Figment;
use rocket::futures::future::join;
use rocket::http::Status;
use rocket::tokio::sync::Semaphore;
use rocket::tokio::time::sleep;
use rocket::{Build, Rocket, State, get, routes};

/// A handler that has begun waits here until it is released.
struct Gates {
    begun: Semaphore,
    go: Semaphore,
}

impl Gates {
    fn closed() -> Arc<Self> {
        Arc::new(Self { begun: Semaphore::new(0), go: Semaphore::new(0) })
    }

    async fn wait(&self) {
        self.begun.add_permits(1);
        self.go.acquire().await.unwrap().forget();
    }
}

/// Refreshes the session first, so that its answer carries a cookie.
#[authenticated(fetch_user_info)]
#[get("/slow?<quick>")]
async fn slow(quick: bool, info: &UserInfo, gates: &State<Arc<Gates>>) -> String {
    if !quick {
        gates.wait().await;
    }
    info.subject().to_owned()
}

/// Reads the session, and asks for more later.
#[get("/late")]
async fn late(logto: LogtoClient<'_>, gates: &State<Arc<Gates>>) -> Result<String, Error> {
    let user = logto.user().await?.map(User::subject);
    gates.wait().await;
    let info = logto.fetch_user_info().await?.map(UserInfo::subject);
    Ok(format!("{user:?} {info:?}"))
}

#[get("/optional")]
async fn optional(user: Option<&User>, gates: &State<Arc<Gates>>) -> &'static str {
    gates.wait().await;
    if user.is_some() { "user" } else { "nobody" }
}

#[authenticated]
#[get("/me")]
fn me(claims: &IdTokenClaims) -> String {
    claims.subject().to_owned()
}

#[get("/back")]
async fn back(before: Option<&User>, logto: LogtoClient<'_>) -> Result<String, Error> {
    let before = before.map(|user| user.subject().to_owned());
    logto.handle_sign_in_callback().await?;
    let now = logto.user().await?.map(User::subject);
    let info = logto.fetch_user_info().await?.map(UserInfo::subject);
    Ok(format!("{before:?} {now:?} {info:?}"))
}

fn app(figment: Figment, gates: Arc<Gates>) -> Rocket<Build> {
    let routes = routes![slow, late, optional, me, back];
    rocket::custom(figment).attach(Logto::fairing()).manage(gates).mount("/", routes)
}

/// A browser that has signed in, and whose access token has expired.
async fn signed_in(op: &Hostile, figment: Figment, gates: &Arc<Gates>) -> Browser {
    let browser = Browser::open(app(figment, Arc::clone(gates))).await;
    op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
    let callback = op.authorize(browser.visit("/sign-in").await.location());
    assert_eq!(browser.visit(&callback).await.status, Status::SeeOther);
    op.behave();
    browser
}

/// S16: for a sealed session and for a stored one.
#[rocket::async_test]
async fn the_answer_of_a_slow_request_does_not_undo_a_sign_out() {
    for store in ["cookie", "memory"] {
        let (op, gates) = (Hostile::start().await, Gates::closed());
        let figment = op.figment().merge(("logto.session.store", store));
        let browser = signed_in(&op, figment, &gates).await;
        let late = async {
            gates.begun.acquire().await.unwrap().forget();
            assert_eq!(browser.visit("/sign-out").await.status, Status::SeeOther);
            gates.go.add_permits(1);
        };
        let (answer, ()) = join(browser.visit("/slow"), late).await;
        assert_eq!(answer.status, Status::Ok);
        assert!(answer.session_cookies().is_empty(), "{store}: the session came back");
        assert!(browser.session_cookies().is_empty(), "{store}");
        assert_eq!(browser.visit("/me").await.status, Status::Unauthorized, "{store}");
    }
}

/// L5, S16: nor a logout by Logto.
#[rocket::async_test]
async fn the_answer_of_a_slow_request_does_not_undo_a_logout() {
    for store in ["cookie", "memory"] {
        let (op, gates) = (Hostile::start().await, Gates::closed());
        let figment = op.figment().merge(("logto.session.store", store));
        let browser = signed_in(&op, figment, &gates).await;
        let late = async {
            gates.begun.acquire().await.unwrap().forget();
            let answer = browser.post_logout(&op.logout_token("u-alice", None)).await;
            assert_eq!(answer.status, Status::Ok);
            gates.go.add_permits(1);
        };
        let (answer, ()) = join(browser.visit("/slow"), late).await;
        assert_eq!(answer.status, Status::Ok);
        assert!(answer.session_cookies().is_empty(), "{store}: the session came back");
        assert_eq!(browser.visit("/me").await.status, Status::Unauthorized, "{store}");
    }
}

/// S16, L5: nor does a refresh whose tokens come after the session has ended.
#[rocket::async_test]
async fn tokens_that_come_late_do_not_bring_a_session_back() {
    for (store, by_logto) in
        [("cookie", false), ("cookie", true), ("memory", false), ("memory", true)]
    {
        let (op, gates) = (Hostile::start().await, Gates::closed());
        let figment = op.figment().merge(("logto.session.store", store));
        let browser = signed_in(&op, figment, &gates).await;
        let (before, count) = (browser.cookies(), op.count("token"));
        op.deviate(Deviation::RotateRefreshTokens);
        op.deviate(Deviation::Answer("token", Fault::Late(Duration::from_millis(300))));
        let end = async {
            while op.count("token") == count {
                sleep(Duration::from_millis(2)).await;
            }
            let answer = match by_logto {
                true => browser.post_logout(&op.logout_token("u-alice", None)).await.status,
                false => browser.visit("/sign-out").await.status,
            };
            assert!([Status::Ok, Status::SeeOther].contains(&answer), "{store}: {answer}");
        };
        let (answer, ()) = join(browser.visit("/slow?quick=true"), end).await;
        assert!(answer.session_cookies().is_empty(), "{store}: the session came back: {answer:?}");
        op.behave();
        browser.restore(before);
        assert_eq!(browser.visit("/me").await.status, Status::Unauthorized, "{store} {by_logto}");
    }
}

/// A slow answer never restores an old refresh token.
#[rocket::async_test]
async fn the_answer_of_a_slow_request_carries_the_newest_generation() {
    let (op, gates) = (Hostile::start().await, Gates::closed());
    op.deviate(Deviation::RotateRefreshTokens);
    let browser = signed_in(&op, op.figment(), &gates).await;
    op.deviate(Deviation::RotateRefreshTokens);
    op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
    let newer = async {
        gates.begun.acquire().await.unwrap().forget();
        let answer = browser.visit("/slow?quick=true").await;
        gates.go.add_permits(1);
        answer
    };
    let (first, second) = join(browser.visit("/slow"), newer).await;
    assert_eq!((first.status, second.status), (Status::Ok, Status::Ok));

    // After a restart, only the cookie knows the newest generation.
    let restarted = Browser::open(app(op.figment(), gates)).await;
    restarted.restore(browser.cookies());
    let answer = restarted.visit("/slow?quick=true").await;
    assert_eq!(answer.status, Status::Ok, "an old refresh token was in the cookie");
}

/// REF-2: a request that read the session before its refresh uses the new token.
#[rocket::async_test]
async fn a_request_from_before_a_refresh_does_not_refresh_again() {
    for store in ["cookie", "memory"] {
        let (op, gates) = (Hostile::start().await, Gates::closed());
        let figment = op.figment().merge(("logto.session.store", store));
        let browser = signed_in(&op, figment, &gates).await;
        op.deviate(Deviation::RotateRefreshTokens);
        let refresh = async {
            gates.begun.acquire().await.unwrap().forget();
            assert_eq!(browser.visit("/slow?quick=true").await.status, Status::Ok);
            gates.go.add_permits(1);
            op.count("token")
        };
        let (answer, count) = join(browser.visit("/late"), refresh).await;
        assert_eq!(answer.body, "Some(\"u-alice\") Some(\"u-alice\")", "{store}");
        assert_eq!(op.count("token"), count, "{store}");
    }
}

/// A late answer to a request of the old session leaves the new one alone.
#[rocket::async_test]
async fn a_late_request_of_a_replaced_session_leaves_the_new_cookie() {
    let (op, gates) = (Hostile::start().await, Gates::closed());
    gates.go.add_permits(10);
    let browser = signed_in(&op, op.figment(), &gates).await;
    let old = browser.cookies();
    let callback = op.authorize(browser.visit("/sign-in").await.location());
    browser.visit(&callback).await;
    let new = browser.cookies();
    browser.restore(old);
    let answer = browser.visit("/optional").await;
    assert_eq!((answer.body.as_str(), answer.cookies.len()), ("nobody", 0));
    browser.restore(new);
    assert_eq!(browser.visit("/me").await.body, "u-alice");
}

/// S30: even if Logto had ended the session before the new sign-in. The late answer would otherwise
/// remove the new cookie.
#[rocket::async_test]
async fn a_late_request_of_an_ended_session_leaves_the_new_cookie() {
    for store in ["cookie", "memory"] {
        let (op, gates) = (Hostile::start().await, Gates::closed());
        gates.go.add_permits(10);
        let figment = op.figment().merge(("logto.session.store", store));
        let browser = signed_in(&op, figment, &gates).await;
        let old = browser.cookies();
        browser.post_logout(&op.logout_token("u-alice", None)).await;
        sleep(Duration::from_millis(1_100)).await;
        let callback = op.authorize(browser.visit("/sign-in").await.location());
        browser.visit(&callback).await;
        let new = browser.cookies();
        browser.restore(old);
        let answer = browser.visit("/optional").await;
        assert_eq!(
            (answer.body.as_str(), answer.session_cookies().len()),
            ("nobody", 0),
            "{store}"
        );
        browser.restore(new);
        assert_eq!(browser.visit("/me").await.body, "u-alice", "{store}");
    }
}

/// S31: another user's session in the same browser ends with its refresh token; the same user's
/// leaves the grant to the new one.
#[rocket::async_test]
async fn a_sign_in_of_another_user_revokes_what_the_one_before_had() {
    let (op, gates) = (Hostile::start().await, Gates::closed());
    let browser = signed_in(&op, op.figment(), &gates).await;
    for (user, revoked) in [("u-alice", 0), ("u-bob", 1)] {
        op.account(serde_json::json!({"sub": user}));
        let callback = op.authorize(browser.visit("/sign-in").await.location());
        assert_eq!(browser.visit(&callback).await.status, Status::SeeOther);
        sleep(Duration::from_millis(100)).await;
        assert_eq!(op.count("revocation"), revoked, "{user}");
    }
}

#[rocket::async_test]
async fn after_a_callback_the_request_has_the_new_user() {
    let (op, gates) = (Hostile::start().await, Gates::closed());
    let browser = signed_in(&op, op.figment(), &gates).await;
    let figment = op
        .figment()
        .merge(("logto.routes.callback.path", "/back"))
        .merge(("logto.routes.callback.mount", false));
    let other = Browser::open(app(figment, gates)).await;
    other.restore(browser.cookies());
    op.deviate(Deviation::Claims(Alter::set("sub", "u-bob")));
    op.deviate(Deviation::UserInfo(Alter::set("sub", "u-bob")));
    let callback = op.authorize(other.visit("/sign-in").await.location());
    let answer = other.visit(&callback).await;
    assert_eq!(answer.body, r#"Some("u-alice") Some("u-bob") Some("u-bob")"#);
}

/// A4, A11: the application's own callback route refuses what ours refuses.
#[rocket::async_test]
async fn the_applications_own_callback_route_refuses_too() {
    let (op, gates) = (Hostile::start().await, Gates::closed());
    let browser = signed_in(&op, op.figment(), &gates).await;
    let callback = op.authorize(browser.visit("/sign-in").await.location());
    let query = callback.split_once('?').unwrap().1;
    let count = op.count("token");
    let foreign = query.replace("state=", "state=x");
    for query in [&foreign, &format!("{query}&code=another"), "error=access_denied", "code=a", ""] {
        let answer = browser.visit(&format!("/back?{query}")).await;
        assert_eq!(answer.status, Status::BadRequest, "{query}: {answer:?}");
        assert!(answer.session_cookies().is_empty(), "{query}");
    }
    assert_eq!(op.count("token"), count);
}

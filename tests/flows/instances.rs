//! Two processes of one application, with one cookie secret.

use std::sync::Arc;
use std::time::Duration;

use logto_dev::Provider;
use logto_rocket::{Error, Logto, LogtoClient, MemoryStore};
use logto_tests::Browser;
use rocket::figment::Figment;
use rocket::futures::future::join_all;
use rocket::http::Status;
use rocket::{Build, Rocket, get, routes};

const API: &str = "https://api.example.com";

#[get("/token?<fresh>")]
async fn token(fresh: bool, logto: LogtoClient<'_>) -> Result<String, Error> {
    let token = match fresh {
        true => logto.refresh_access_token(API).await?,
        false => logto.access_token(API).await?,
    };
    Ok(format!("token {}", token.is_some()))
}

fn app(figment: &Figment, store: Option<&Arc<MemoryStore>>) -> Rocket<Build> {
    let fairing = match store {
        Some(store) => Logto::fairing().store(store.clone()),
        None => Logto::fairing(),
    };
    rocket::custom(figment).attach(fairing).mount("/", routes![token])
}

/// Two applications that share the configuration; one browser knows both.
async fn pair(provider: &Provider, store: Option<&Arc<MemoryStore>>) -> [Browser; 2] {
    let figment = provider.figment().merge(("logto.resources", [API]));
    let first = Browser::open(app(&figment, store)).await;
    let second = Browser::open(app(&figment, store)).await;
    first.sign_in(provider, "/sign-in?return_to=/token").await;
    second.restore(first.cookies());
    [first, second]
}

/// A hundred requests, half of them to each process.
async fn hundred(browsers: &[Browser; 2]) -> Vec<logto_tests::Answer> {
    join_all((0..100).map(|n| browsers[n % 2].fetch("/token"))).await
}

/// Each process fetches once what it does not have: they do not know of each other.
#[rocket::async_test]
async fn two_processes_with_sessions_in_cookies_ask_once_each() {
    let provider = Provider::builder().rotate_refresh_tokens(true).start().await;
    let browsers = pair(&provider, None).await;
    let count = provider.count("token");
    // The first process already has the token of the sign-in's page.
    let answers = hundred(&browsers).await;
    assert!(answers.iter().all(|answer| answer.body == "token true"));
    assert_eq!(provider.count("token"), count + 1);
    // One browser, which has the newest cookie.
    let [first, second] = browsers;
    for (last, next) in [(&second, &first), (&first, &second)] {
        provider.advance(Duration::from_secs(10));
        next.restore(last.cookies());
        assert_eq!(next.fetch("/token?fresh=true").await.status, Status::Ok);
    }
}

/// The documented limit: a cookie from before a rotation at another process, used after three
/// seconds, looks stolen to Logto, which ends the grant. A store has no such limit.
#[rocket::async_test]
async fn an_old_cookie_at_another_process_ends_the_session_but_not_with_a_store() {
    for (shared, status) in [(false, Status::Unauthorized), (true, Status::Ok)] {
        let provider = Provider::builder().rotate_refresh_tokens(true).start().await;
        let store = shared.then(|| Arc::new(MemoryStore::new(100)));
        let [first, second] = pair(&provider, store.as_ref()).await;
        assert_eq!(first.fetch("/token?fresh=true").await.status, Status::Ok);
        provider.advance(Duration::from_secs(10));
        let late = second.fetch("/token?fresh=true").await;
        assert_eq!(late.status, status, "shared: {shared}: {late:?}");
    }
}

#[rocket::async_test]
async fn two_processes_with_a_shared_store_keep_the_newest_refresh_token() {
    let provider = Provider::builder().rotate_refresh_tokens(true).start().await;
    let store = Arc::new(MemoryStore::new(100));
    let browsers = pair(&provider, Some(&store)).await;
    let count = provider.count("token");
    let answers = hundred(&browsers).await;
    assert!(answers.iter().all(|answer| answer.body == "token true"));
    // The second process has the token of the first.
    assert_eq!(provider.count("token"), count);
    for _ in 0..2 {
        for browser in &browsers {
            provider.advance(Duration::from_secs(10));
            assert_eq!(browser.fetch("/token?fresh=true").await.status, Status::Ok);
        }
    }
}

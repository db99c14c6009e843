//! What the README promises, with a provider instead of Logto.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use logto_dev::Provider;
use logto_rocket::{SessionKey, SessionStore, Shared, SharedKey, StoredSession, contract};
use rocket::futures::future::join_all;
use rocket::http::Status;
use rocket::local::asynchronous::Client;
use rocket::tokio::time::sleep;
use sqlx::{SqlitePool, query, query_scalar};

use crate::application;
use crate::store::{SqlStore, end};

/// A folder with a database, until it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("sql-store-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).expect("a new folder");
        Self(folder)
    }

    /// An instance of the application: all that use this folder share one file.
    async fn instance(&self, provider: &Provider) -> Client {
        let figment = provider.figment().merge(("database", self.0.join("app.db")));
        Client::tracked(application(figment)).await.expect("it launches")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn pool(client: &Client) -> &SqlitePool {
    client.rocket().state().expect("the database is attached")
}

async fn status(client: &Client) -> Status {
    client.get("/").dispatch().await.status()
}

#[rocket::async_test]
async fn the_store_keeps_the_contract() {
    let (provider, folder) = (Provider::start().await, Folder::new());
    let client = folder.instance(&provider).await;
    let store = SqlStore::new(pool(&client).clone());
    contract::check(&store).await.expect("the contract holds");
}

/// Two pools with one file, like two processes.
#[rocket::async_test]
async fn two_instances_keep_the_contract_together() {
    let (provider, folder) = (Provider::start().await, Folder::new());
    let instances = [folder.instance(&provider).await, folder.instance(&provider).await];
    let [one, other] = instances.each_ref().map(|client| SqlStore::new(pool(client).clone()));
    contract::check_together(&one, &other).await.expect("the contract holds");
}

/// The contract makes few concurrent changes. Here many write to one file.
#[rocket::async_test]
async fn of_changes_by_two_instances_at_once_one_wins() {
    let (provider, folder) = (Provider::start().await, Folder::new());
    let instances = [folder.instance(&provider).await, folder.instance(&provider).await];
    let stores = instances.each_ref().map(|client| SqlStore::new(pool(client).clone()));
    let hour = Duration::from_secs(3600);
    for first in ["A", "B", "C", "D"] {
        let key = SharedKey::from_text(&format!("{first}{}", "A".repeat(42))).expect("a key");
        let puts = (0..64).map(|n| stores[n % 2].put_new(&key, b"0", hour));
        assert_eq!(won(join_all(puts).await), 1);
        let changes = (0..64).map(|n| stores[n % 2].replace_if(&key, b"0", b"1", hour));
        assert_eq!(won(join_all(changes).await), 1);
        let ends = (0..64).map(|n| stores[n % 2].delete_if(&key, b"1"));
        assert_eq!(won(join_all(ends).await), 1);
    }
}

fn won(results: Vec<logto_rocket::Result<bool>>) -> usize {
    results.into_iter().filter(|result| *result.as_ref().expect("the store works")).count()
}

#[rocket::async_test]
async fn two_instances_with_one_file_share_a_sign_in_and_its_end() {
    let (provider, folder) = (Provider::start().await, Folder::new());
    let first = folder.instance(&provider).await;
    let second = folder.instance(&provider).await;
    assert_eq!(provider.sign_in_at(&first, "/", "alice").await, "/");
    let session = first.cookies().iter().cloned().collect::<Vec<_>>();
    let at_second = || second.get("/").cookies(session.clone());

    let page = at_second().dispatch().await.into_string().await;
    assert_eq!(page.as_deref(), Some("Hello, Alice Lidell!"));
    second.get("/sign-out").cookies(session.clone()).dispatch().await;
    assert_eq!(status(&first).await, Status::SeeOther, "it has ended");
    assert_eq!(at_second().dispatch().await.status(), Status::SeeOther);
}

#[rocket::async_test]
async fn a_session_outlives_the_process() {
    let (provider, folder) = (Provider::start().await, Folder::new());
    let before = folder.instance(&provider).await;
    provider.sign_in_at(&before, "/", "alice").await;
    let session = before.cookies().iter().cloned().collect::<Vec<_>>();
    drop(before);
    let after = folder.instance(&provider).await;
    let response = after.get("/").cookies(session).dispatch().await;
    assert_eq!(response.status(), Status::Ok);
}

#[rocket::async_test]
async fn a_database_that_fails_signs_nobody_out() {
    let (provider, folder) = (Provider::start().await, Folder::new());
    let client = folder.instance(&provider).await;
    provider.sign_in_at(&client, "/", "alice").await;
    query("ALTER TABLE sessions RENAME TO away").execute(pool(&client)).await.expect("renamed");
    assert_eq!(status(&client).await, Status::ServiceUnavailable);
    query("ALTER TABLE away RENAME TO sessions").execute(pool(&client)).await.expect("renamed");
    assert_eq!(status(&client).await, Status::Ok);
}

#[rocket::async_test]
async fn what_has_expired_is_removed_and_nothing_else() {
    let (provider, folder) = (Provider::start().await, Folder::new());
    let client = folder.instance(&provider).await;
    let (pool, hour) = (pool(&client), Duration::from_secs(3600));
    let store = SqlStore::new(pool.clone());
    for (first, ttl) in [("A", Duration::from_millis(1)), ("B", hour)] {
        let text = format!("{first}{}", "A".repeat(42));
        let key = SessionKey::from_text(&text).expect("a key");
        let session = StoredSession::new(vec![1], vec!["alice".into()]);
        store.create(&key, session, ttl).await.expect("created");
        let put = query("INSERT INTO shared (key, value, expires) VALUES (?, ?, ?)");
        put.bind(text).bind(vec![1]).bind(end(ttl)).execute(pool).await.expect("put");
    }
    sleep(Duration::from_millis(5)).await;
    store.remove_expired().await.expect("removed");
    for count in ["SELECT key FROM sessions", "SELECT key FROM names", "SELECT key FROM shared"] {
        let keys: Vec<String> = query_scalar(count).fetch_all(pool).await.expect("keys");
        assert_eq!(keys, [format!("B{}", "A".repeat(42))], "{count}");
    }
}

//! What the README promises, with a provider instead of Logto.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use logto_dev::{Provider, User};
use rocket::futures::future::join_all;
use rocket::http::{Accept, ContentType, Header, Status};
use rocket::local::asynchronous::Client;
use sqlx::{SqlitePool, query, query_as};

use crate::application;

/// The application with a database of its own, which goes when it is dropped.
struct World {
    provider: Provider,
    folder: PathBuf,
}

impl World {
    async fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("database-{}-{number}", std::process::id()));
        fs::create_dir(&folder).expect("a new folder");
        Self { provider: Provider::start().await, folder }
    }

    /// A browser of its own, with an instance of the application.
    async fn browser(&self) -> Client {
        let figment = self.provider.figment().merge(("database", self.folder.join("app.db")));
        Client::tracked(application(figment)).await.expect("it launches")
    }

    /// Signs in by the page of the notes, and returns where that leads.
    async fn sign_in(&self, client: &Client, user: &str) -> String {
        self.provider.sign_in_at(client, "/notes", user).await
    }

    /// Tries to, and returns the status and the page of the callback.
    async fn try_to_sign_in(&self, client: &Client, user: &str) -> (Status, String) {
        let response = client.get("/sign-in").dispatch().await;
        let url = response.headers().get_one("Location").expect("a location").to_owned();
        let callback = self.provider.approve(&url, user).await.expect("a known user");
        let path = callback.strip_prefix("http://localhost:8000").expect("this site").to_owned();
        let response = client.get(path).dispatch().await;
        (response.status(), response.into_string().await.unwrap_or_default())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

async fn run(client: &Client, sql: &'static str) {
    let pool: &SqlitePool = client.rocket().state().expect("the database is attached");
    query(sql).execute(pool).await.expect(sql);
}

/// Names, addresses and counts of sign-ins.
async fn rows(client: &Client) -> Vec<(String, Option<String>, i64)> {
    let pool: &SqlitePool = client.rocket().state().expect("the database is attached");
    let rows = query_as("SELECT name, email, sign_ins FROM users ORDER BY name");
    rows.fetch_all(pool).await.expect("rows")
}

async fn get(client: &Client, path: &'static str) -> (Status, String) {
    let response = client.get(path).header(Accept::HTML).dispatch().await;
    (response.status(), response.into_string().await.unwrap_or_default())
}

async fn post(client: &Client, path: String, body: &str) -> Status {
    client.post(path).header(ContentType::Form).body(body).dispatch().await.status()
}

#[rocket::async_test]
async fn the_first_sign_in_makes_a_row_and_leads_to_the_welcome() {
    let world = World::new().await;
    let client = world.browser().await;
    assert_eq!(world.sign_in(&client, "alice").await, "/welcome");
    let (_, page) = get(&client, "/welcome").await;
    assert!(
        page.contains("Welcome, Alice Lidell!") && page.contains("alice@example.com"),
        "{page}"
    );
    let alice = ("Alice Lidell".to_owned(), Some("alice@example.com".to_owned()), 1);
    assert_eq!(rows(&client).await, [alice]);
}

#[rocket::async_test]
async fn a_later_sign_in_updates_the_row_and_leads_to_where_the_user_was_going() {
    let world = World::new().await;
    let client = world.browser().await;
    world.sign_in(&client, "alice").await;
    client.get("/sign-out").dispatch().await;
    world.provider.add(User::new("alice").name("Alice Hargreaves"));
    assert_eq!(world.sign_in(&client, "alice").await, "/notes");
    assert_eq!(rows(&client).await, [("Alice Hargreaves".to_owned(), None, 2)]);
}

#[rocket::async_test]
async fn two_first_sign_ins_at_once_make_one_row() {
    let world = World::new().await;
    let browsers = join_all((0..8).map(|_| world.browser())).await;
    let ends = join_all(browsers.iter().map(|client| world.sign_in(client, "alice"))).await;
    assert_eq!(ends.iter().filter(|end| *end == "/welcome").count(), 1, "{ends:?}");
    let rows = rows(&browsers[0]).await;
    assert_eq!((rows.len(), rows[0].2), (1, 8));
}

#[rocket::async_test]
async fn a_suspended_user_is_refused_at_sign_in_with_a_page_that_says_so() {
    let world = World::new().await;
    let client = world.browser().await;
    world.sign_in(&client, "alice").await;
    client.get("/sign-out").dispatch().await;
    run(&client, "UPDATE users SET suspended = 1").await;
    let (status, page) = world.try_to_sign_in(&client, "alice").await;
    assert_eq!(status, Status::Forbidden);
    assert!(page.contains("Your account is suspended here."), "{page}");
    assert_eq!(get(&client, "/notes").await.0, Status::SeeOther, "a stranger");
    assert_eq!(rows(&client).await[0].2, 1, "not touched");

    run(&client, "UPDATE users SET suspended = 0").await;
    assert_eq!(world.sign_in(&client, "alice").await, "/notes");
}

#[rocket::async_test]
async fn a_user_who_is_suspended_meanwhile_gets_403_at_the_next_request() {
    let world = World::new().await;
    let client = world.browser().await;
    world.sign_in(&client, "alice").await;
    run(&client, "UPDATE users SET suspended = 1").await;
    let (status, page) = get(&client, "/notes").await;
    assert_eq!(status, Status::Forbidden);
    assert!(page.contains("Your account is suspended"), "{page}");
    assert_eq!(post(&client, "/notes".into(), "text=Tea").await, Status::Forbidden);
}

#[rocket::async_test]
async fn a_user_whose_row_is_gone_signs_in_again() {
    let world = World::new().await;
    let client = world.browser().await;
    world.sign_in(&client, "alice").await;
    run(&client, "DELETE FROM users").await;
    let (status, page) = get(&client, "/notes").await;
    assert_eq!(status, Status::Unauthorized);
    assert!(page.contains("href=\"/sign-in?return_to=/notes\""), "{page}");
    let link = "/sign-in?return_to=/notes";
    assert_eq!(world.provider.sign_in_at(&client, link, "alice").await, "/welcome");
}

#[rocket::async_test]
async fn a_database_that_fails_at_sign_in_leaves_no_session() {
    let world = World::new().await;
    let client = world.browser().await;
    run(&client, "ALTER TABLE users RENAME TO away").await;
    let (status, page) = world.try_to_sign_in(&client, "alice").await;
    assert_eq!(status, Status::ServiceUnavailable);
    assert!(page.contains("Something in this application is not working right now."), "{page}");
    assert!(!page.contains("no such table"), "{page}");
    assert!(get(&client, "/").await.1.contains("Hello, stranger!"));
    // What is left is the cookie of the sign-in under way, and none of a session.
    let names: Vec<_> = client.cookies().iter().map(|cookie| cookie.name().to_owned()).collect();
    assert!(names.iter().all(|name| name.contains("_t_")), "{names:?}");
    assert_eq!(get(&client, "/notes").await.0, Status::SeeOther, "a stranger");

    run(&client, "ALTER TABLE away RENAME TO users").await;
    assert_eq!(world.sign_in(&client, "alice").await, "/welcome");
}

#[rocket::async_test]
async fn a_database_that_fails_later_signs_nobody_out() {
    let world = World::new().await;
    let client = world.browser().await;
    world.sign_in(&client, "alice").await;
    run(&client, "ALTER TABLE users RENAME TO away").await;
    let (status, page) = get(&client, "/notes").await;
    assert_eq!(status, Status::ServiceUnavailable);
    assert!(page.contains("Please try again shortly"), "{page}");
    run(&client, "ALTER TABLE away RENAME TO users").await;
    assert_eq!(get(&client, "/notes").await.0, Status::Ok);
}

#[rocket::async_test]
async fn notes_belong_to_the_user_who_wrote_them() {
    let world = World::new().await;
    let (alice, bob) = (world.browser().await, world.browser().await);
    world.sign_in(&alice, "alice").await;
    world.sign_in(&bob, "bob").await;
    assert_eq!(post(&alice, "/notes".into(), "text=Tea+%3C6%22").await, Status::SeeOther);
    let (_, page) = get(&alice, "/notes").await;
    assert!(page.contains("Notes of Alice Lidell") && page.contains("Tea &lt;6&quot;"), "{page}");
    let (_, page) = get(&bob, "/notes").await;
    assert!(page.contains("Notes of bob") && page.contains("There are no notes yet."), "{page}");
    assert_eq!(post(&bob, "/notes/1/delete".into(), "").await, Status::NotFound);
    assert!(get(&alice, "/notes").await.1.contains("Tea"));
    assert_eq!(post(&alice, "/notes/1/delete".into(), "").await, Status::SeeOther);
    assert!(!get(&alice, "/notes").await.1.contains("Tea"));
    assert_eq!(post(&alice, "/notes".into(), "text=").await, Status::UnprocessableEntity);
    let longest = format!("text={}", "%C3%A9".repeat(500));
    assert_eq!(post(&alice, "/notes".into(), &longest).await, Status::SeeOther, "500 characters");
}

#[rocket::async_test]
async fn strangers_and_other_sites_change_nothing() {
    let world = World::new().await;
    let client = world.browser().await;
    assert_eq!(get(&client, "/notes").await.0, Status::SeeOther);
    let form = client.post("/notes").header(ContentType::Form).header(Accept::HTML);
    let response = form.body("text=Eve").dispatch().await;
    let location = response.headers().get_one("Location").unwrap_or_default();
    assert!(location.contains("/sign-in"), "{location}");
    let (_, home) = get(&client, "/").await;
    assert!(home.contains("href=\"/sign-in?return_to=/notes\""), "{home}");
    world.sign_in(&client, "alice").await;
    let forged = client.post("/notes").header(ContentType::Form).body("text=Eve");
    let forged = forged.header(Header::new("Sec-Fetch-Site", "cross-site")).dispatch().await;
    assert_eq!(forged.status(), Status::Forbidden);
    assert!(get(&client, "/notes").await.1.contains("There are no notes yet."));
}

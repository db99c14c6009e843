//! The README's test with the feature `testing`, for an application with a `Rocket.toml`.

use logto_rocket::testing::{TestClient, TestUser};
use rocket::local::asynchronous::Client;
use rocket::{Build, Rocket};

fn rocket() -> Rocket<Build> {
    let rocket = super::rocket();
    let figment = rocket.figment().clone().merge(("log_level", "off"));
    let figment = figment.merge(("logto.endpoint", "https://foo.logto.app"));
    rocket.configure(figment.merge(("logto.app_id", "app")))
}

#[rocket::async_test]
async fn alice_is_greeted_by_her_name() {
    let client = Client::tracked(rocket()).await.unwrap();
    client.sign_in_as(TestUser::new("alice").name("Alice").role("admin")).await;
    let page = client.get("/profile").dispatch().await;
    assert_eq!(page.into_string().await.unwrap(), "Hello, Alice!");
}

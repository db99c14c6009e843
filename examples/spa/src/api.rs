//! An API that takes access tokens, like other services. It ignores cookies.

use std::sync::{Mutex, PoisonError};

use logto_rocket::{ApiResource, AuthInfo, Config, Logto, authenticated};
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::serde::{Deserialize, Serialize};
use rocket::{Build, Rocket, State, get, post, routes};

/// The API, as the Logto Console names it, and its permissions.
#[derive(ApiResource)]
#[resource("https://api.example.com")]
pub(crate) enum Items {
    #[scope("read:items")]
    Read,
    #[scope("write:items")]
    Write,
}

#[derive(Clone, Serialize)]
#[serde(crate = "rocket::serde")]
struct Item {
    name: String,
    #[serde(skip)]
    owner: String,
}

#[derive(Deserialize, Serialize)]
#[serde(crate = "rocket::serde")]
pub(crate) struct NewItem {
    name: String,
}

#[derive(Default)]
struct Store(Mutex<Vec<Item>>);

/// The items of the token's user.
#[authenticated(bearer, scopes(Items::Read))]
#[get("/items")]
fn list(auth: &AuthInfo, store: &State<Store>) -> Json<Vec<Item>> {
    let items = store.0.lock().unwrap_or_else(PoisonError::into_inner);
    Json(items.iter().filter(|item| item.owner == auth.sub).cloned().collect())
}

#[authenticated(bearer, scopes(Items::Write))]
#[post("/items", data = "<item>")]
fn add(
    item: Json<NewItem>,
    auth: &AuthInfo,
    store: &State<Store>,
) -> Result<(Status, Json<Item>), Status> {
    let name = item.into_inner().name.trim().to_owned();
    if name.is_empty() {
        return Err(Status::UnprocessableEntity);
    }
    let item = Item { name, owner: auth.sub.clone() };
    store.0.lock().unwrap_or_else(PoisonError::into_inner).push(item.clone());
    Ok((Status::Created, Json(item)))
}

/// It signs nobody in: all it needs from Logto is its keys.
pub(crate) fn api(figment: Figment, endpoint: String) -> Rocket<Build> {
    let config = Config::api(endpoint, [Items::INDICATOR]);
    rocket::custom(figment)
        .attach(Logto::fairing().config(config))
        .manage(Store::default())
        .mount("/", routes![list, add])
}

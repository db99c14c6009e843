//! What the front end calls: JSON for requests with the session cookie.
//!
//! Each route answers a stranger 401 with `{"error":"Not authenticated"}`.

use std::time::Duration;

use logto_rocket::{AccessToken, User, authenticated};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode};
use rocket::fairing::AdHoc;
use rocket::http::Status;
use rocket::response::content::RawJson;
use rocket::serde::json::{Json, Value, json, to_string};
use rocket::{Request, State, catch, get, post};

use crate::api::{Items, NewItem};

const TIMEOUT: Duration = Duration::from_secs(4);

#[authenticated]
#[get("/me")]
pub(crate) fn me(user: &User) -> Json<Value> {
    Json(json!({ "name": user.display_name() }))
}

/// The user's token, for this API only. The backend sends it nowhere else.
#[authenticated]
#[get("/items")]
pub(crate) async fn items(
    token: AccessToken<Items>,
    api: &State<ApiClient>,
) -> Result<RawJson<String>, Status> {
    let request = api.client.get(api.items_url());
    call(request.bearer_auth(token.secret())).await.map(|(_, items)| items)
}

/// The attribute refuses it if a page of another origin sends it.
#[authenticated]
#[post("/items", data = "<item>")]
pub(crate) async fn add(
    item: Json<NewItem>,
    token: AccessToken<Items>,
    api: &State<ApiClient>,
) -> Result<(Status, RawJson<String>), Status> {
    let body = to_string(&*item).map_err(|_| Status::InternalServerError)?;
    let request = api.client.post(api.items_url()).header("Content-Type", "application/json");
    call(request.body(body).bearer_auth(token.secret())).await
}

/// Every failure except a stranger's 401.
#[catch(default)]
pub(crate) fn failed(status: Status, _: &Request<'_>) -> Json<Value> {
    Json(json!({ "error": status.reason_lossy() }))
}

/// The API, as the backend reaches it.
pub(crate) struct ApiClient {
    client: Client,
    url: String,
}

impl ApiClient {
    /// Manages the client of the API at `api_url` in the configuration.
    pub(crate) fn fairing() -> AdHoc {
        AdHoc::try_on_ignite("API client", |rocket| async {
            // A redirect would take tokens elsewhere, and over plain http a proxy would read them.
            let client = Client::builder().timeout(TIMEOUT).redirect(Policy::none());
            let Ok(url) = rocket.figment().extract_inner::<String>("api_url") else {
                rocket::error!("`api_url` is missing");
                return Err(rocket);
            };
            let client = if url.starts_with("http:") { client.no_proxy() } else { client };
            match client.build() {
                Ok(client) => Ok(rocket.manage(Self { client, url })),
                Err(_) => Err(rocket),
            }
        })
    }

    fn items_url(&self) -> String {
        format!("{}/items", self.url.trim_end_matches('/'))
    }
}

/// The API's answer, or what to tell the front end about its failure.
async fn call(request: RequestBuilder) -> Result<(Status, RawJson<String>), Status> {
    let unavailable = |error: reqwest::Error| {
        rocket::warn!("the API does not answer: {error}");
        Status::ServiceUnavailable
    };
    let answer = request.send().await.map_err(unavailable)?;
    match answer.status() {
        status @ (StatusCode::OK | StatusCode::CREATED) => {
            let body = answer.text().await.map_err(unavailable)?;
            Ok((Status::new(status.as_u16()), RawJson(body)))
        }
        StatusCode::FORBIDDEN => Err(Status::Forbidden),
        StatusCode::UNPROCESSABLE_ENTITY => Err(Status::UnprocessableEntity),
        // Not 401: the user is signed in, and cannot fix a token that the API refuses.
        status => {
            rocket::warn!("the API answered {status}");
            Err(Status::BadGateway)
        }
    }
}

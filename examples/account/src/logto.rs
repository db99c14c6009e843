//! Logto's Account API: <https://docs.logto.io/end-user-flows/account-settings/by-account-api>.

use std::fmt;
use std::time::Duration;

use logto_rocket::Logto;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode};
use rocket::fairing::AdHoc;
use rocket::http::Status;
use rocket::serde::Deserialize;
use rocket::serde::json::{Value, from_slice, json};

const TIMEOUT: Duration = Duration::from_secs(4);

/// A user's data at Logto. `None`: its scope was not asked for, or it is not set.
#[derive(Debug, Deserialize)]
#[serde(crate = "rocket::serde", rename_all = "camelCase")]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) primary_email: Option<String>,
}

/// Why Logto refused or failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Its own code, such as `account_center.not_enabled`.
    Refused(u16, String),
    /// No answer, a 5xx answer, or one that cannot be read.
    Unavailable(String),
}

/// For the log. None of it is a secret.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(status, code) => write!(f, "refused with {status} {code}"),
            Self::Unavailable(why) => write!(f, "not available: {why}"),
        }
    }
}

impl Failure {
    /// What to tell the user.
    pub(crate) fn explained(&self) -> (Status, &'static str) {
        let Self::Refused(status, code) = self else {
            let message = "Logto does not answer. Nothing was changed: please try again shortly.";
            return (Status::ServiceUnavailable, message);
        };
        match (status, code.as_str()) {
            (401, "auth.unauthorized") => {
                (Status::Unauthorized, "Logto has ended your session. Sign in again.")
            }
            (_, "account_center.not_enabled" | "account_center.field_not_editable") => {
                (Status::Forbidden, "This Logto does not let users change their name.")
            }
            (_, "auth.unauthorized" | "auth.forbidden") => {
                (Status::Forbidden, "This application may not change your name.")
            }
            (_, "guard.invalid_input") => {
                (Status::UnprocessableEntity, "Logto does not accept this name. Try another one.")
            }
            _ => (Status::BadGateway, "Logto refused the change. The log says more."),
        }
    }
}

pub(crate) struct AccountApi {
    client: Client,
    url: String,
}

impl AccountApi {
    /// Manages the API of the Logto that users sign in at. Attach it after `Logto::fairing()`.
    pub(crate) fn fairing() -> AdHoc {
        AdHoc::try_on_ignite("Account API", |rocket| async {
            let Some(logto) = rocket.state::<Logto>() else { return Err(rocket) };
            let config = logto.config();
            match Self::new(config.internal_endpoint.as_ref().unwrap_or(&config.endpoint)) {
                Ok(api) => Ok(rocket.manage(api)),
                Err(_) => Err(rocket),
            }
        })
    }

    pub(crate) fn new(endpoint: &str) -> reqwest::Result<Self> {
        let url = format!("{}/api/my-account", endpoint.trim_end_matches('/'));
        // A redirect would take the token elsewhere, and over plain http a proxy would read it.
        let client = Client::builder().timeout(TIMEOUT).redirect(Policy::none());
        let client = if url.starts_with("http:") { client.no_proxy() } else { client };
        Ok(Self { client: client.build()?, url })
    }

    pub(crate) async fn read(&self, token: &str) -> Result<Account, Failure> {
        send(self.client.get(&self.url).bearer_auth(token)).await
    }

    pub(crate) async fn rename(&self, token: &str, name: &str) -> Result<Account, Failure> {
        let body = json!({ "name": name }).to_string();
        let request = self.client.patch(&self.url).bearer_auth(token);
        send(request.header("Content-Type", "application/json").body(body)).await
    }
}

async fn send(request: RequestBuilder) -> Result<Account, Failure> {
    let unavailable = |error: reqwest::Error| Failure::Unavailable(error.to_string());
    let answer = request.send().await.map_err(unavailable)?;
    let status = answer.status();
    let body = answer.bytes().await.map_err(unavailable)?;
    match status {
        StatusCode::OK => {
            from_slice(&body).map_err(|error| Failure::Unavailable(error.to_string()))
        }
        status if status.is_client_error() => Err(Failure::Refused(status.as_u16(), code(&body))),
        status => Err(Failure::Unavailable(status.to_string())),
    }
}

/// Logto's code for what is wrong; its message is for developers.
fn code(body: &[u8]) -> String {
    let body: Value = from_slice(body).unwrap_or_default();
    body["code"].as_str().unwrap_or("no code").to_owned()
}

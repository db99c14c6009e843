//! The application; each answer says whose data it shows.

use logto_rocket::{Error, Logto, LogtoClient, User, UserInfo, authenticated};
use rocket::figment::Figment;
use rocket::{Build, Rocket, State, get, post, routes};

pub(crate) const API: &str = "https://api.example.com";

/// Where the sessions live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Redis,
    /// In cookies, with marks in Redis.
    Marks,
}

#[authenticated]
#[get("/me")]
fn me(user: &User) -> String {
    user.subject().to_owned()
}

#[authenticated(redirect)]
#[get("/protected")]
fn protected(user: &User) -> String {
    user.subject().to_owned()
}

/// The user, and one of their tokens.
#[authenticated]
#[get("/token")]
async fn token(user: &User, logto: LogtoClient<'_>) -> Result<String, Error> {
    let token = logto.access_token(API).await?;
    let token = token.map(|token| token.secret().to_owned()).unwrap_or_default();
    Ok(format!("{} {token}", user.subject()))
}

#[authenticated(fetch_user_info)]
#[get("/info")]
fn info(user: &User, info: &UserInfo) -> String {
    format!("{} {}", user.subject(), info.subject())
}

#[post("/sign-out-everywhere/<subject>")]
async fn everywhere(subject: &str, logto: &State<Logto>) -> Result<String, Error> {
    Ok(logto.sign_out_everywhere(subject).await?.to_string())
}

pub(crate) fn app(mode: Mode, figment: Figment, redis: &str) -> Rocket<Build> {
    let session = match mode {
        Mode::Redis => "logto.session.store",
        Mode::Marks => "logto.session.marks",
    };
    let figment = figment
        .merge((session, "redis"))
        .merge(("logto.session.redis.url", redis))
        // The test machine has more to do.
        .merge(("logto.timeout", 30))
        .merge(("logto.session.redis.command_timeout", 5.0))
        .merge(("logto.session.revalidate", 5))
        .merge(("logto.resources", [API]));
    let routes = routes![me, protected, token, info, everywhere];
    rocket::custom(figment).attach(Logto::fairing()).mount("/", routes)
}

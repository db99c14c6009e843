//! An application with three instances, which share sessions in Redis.

mod three;

use std::time::SystemTime;
use std::{env, process};

use logto_rocket::{Audience, Error, Logto, LogtoClient, User, authenticated};
use rocket::figment::Figment;
use rocket::response::content::{RawCss, RawHtml};
use rocket::{Build, Rocket, get, routes};

#[get("/")]
fn home(user: Option<&User>) -> RawHtml<String> {
    page(match user {
        Some(_) => r#"<a href="/whoami">Who am I?</a> <a href="/sign-out">Sign out</a>"#,
        None => r#"<a href="/sign-in?return_to=/whoami">Sign in</a>"#,
    })
}

fn page(links: &str) -> RawHtml<String> {
    RawHtml(format!(
        r#"<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Three instances</title>
<link rel="stylesheet" href="/style.css">
<main>
<h1>Three instances</h1>
<p>Each request may reach another one, and all of them know you.</p>
<p>{links}</p>
</main>
</html>
"#
    ))
}

#[get("/style.css")]
fn style() -> RawCss<&'static str> {
    RawCss(include_str!("style.css"))
}

/// Text, not HTML: users choose their names.
#[authenticated(redirect)]
#[get("/whoami")]
fn whoami(user: &User) -> String {
    let name = user.username().value().unwrap_or_else(|| user.subject());
    format!("{name} is signed in, says {}\n", instance())
}

/// How long the access token is valid. The instance that finds it expired refreshes it for all.
#[authenticated]
#[get("/token")]
async fn token(logto: LogtoClient<'_>) -> Result<String, Error> {
    let token = logto.access_token(Audience::logto()).await?;
    let left = token.and_then(|token| token.expires_at().duration_since(SystemTime::now()).ok());
    let seconds = left.unwrap_or_default().as_secs();
    Ok(format!("valid for {seconds} seconds, says {}\n", instance()))
}

fn instance() -> String {
    let name = env::var("INSTANCE").unwrap_or_else(|_| "the only instance".into());
    format!("{name} (process {})", process::id())
}

fn application(figment: Figment) -> Rocket<Build> {
    // `join`: LOGTO_SESSION_STORE comes first.
    rocket::custom(figment.join(("logto.session.store", "redis")))
        .attach(Logto::fairing())
        .mount("/", routes![home, style, whoami, token])
}

#[rocket::main]
async fn main() -> three::Done {
    let argument = env::args().nth(1);
    match argument.as_deref() {
        Some("three") => three::run().await,
        _ => Ok(application(rocket::Config::figment()).launch().await.map(drop)?),
    }
}

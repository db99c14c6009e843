//! The application that `benches/load.sh` measures: a bare route and protected
//! ones. Prints the cookie of a signed-in user and serves.
//!
//! `cargo run --release -p logto-rocket --features redis --example load --
//! cookie|memory|marks|redis`; `marks` has sessions in cookies and marks in Redis.

use std::error::Error;

use logto_dev::Provider;
use logto_rocket::{IdTokenClaims, Logto, User, authenticated};
use rocket::fairing::AdHoc;
use rocket::{get, routes};

const PORT: u16 = 8123;

#[get("/bare")]
fn bare() -> &'static str {
    "ok"
}

#[authenticated]
#[get("/protected")]
fn protected() -> &'static str {
    "ok"
}

#[authenticated]
#[get("/user")]
fn user(user: &User, claims: &IdTokenClaims) -> &'static str {
    let _ = (user, claims);
    "ok"
}

#[authenticated(redirect)]
#[get("/page")]
fn page() -> &'static str {
    "ok"
}

/// A typical user: a name, a picture, an email address.
fn carol() -> logto_dev::User {
    logto_dev::User::new("carol")
        .name("Carol Danvers")
        .picture("https://example.com/avatars/carol.png")
        .email("carol@example.com")
}

/// Signs the user in over HTTP; returns the line of her `Cookie` header.
async fn sign_in(address: &str, provider: &Provider) -> Result<String, Box<dyn Error>> {
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let answer = browser.get(format!("{address}/sign-in?moved=1")).send().await?;
    let location = answer.headers()["location"].to_str()?;
    let callback = provider.approve(location, "carol").await?;
    let callback = callback.replace("http://localhost:8000", address);
    let answer = browser.get(callback).header("Cookie", cookies(&answer)).send().await?;
    Ok(cookies(&answer))
}

fn cookies(answer: &reqwest::Response) -> String {
    let set = answer.headers().get_all("set-cookie").iter().filter_map(|line| line.to_str().ok());
    let pairs = set.filter_map(|line| line.split(';').next()).filter(|pair| !pair.ends_with('='));
    pairs.collect::<Vec<_>>().join("; ")
}

#[rocket::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let provider = Provider::builder().user(carol()).start().await;
    let mode = std::env::args().nth(1).unwrap_or_else(|| "cookie".into());
    let session = match mode.as_str() {
        "marks" => ("logto.session.marks", "redis"),
        store => ("logto.session.store", store),
    };
    let figment = provider
        .figment()
        .merge(session)
        .merge(("logto.scopes", "email"))
        .merge(("workers", 1))
        .merge(("port", PORT));
    let rocket = rocket::custom(figment)
        .attach(Logto::fairing())
        .attach(AdHoc::on_liftoff("sign in", |_| {
            Box::pin(async move {
                rocket::tokio::spawn(async move {
                    let address = format!("http://127.0.0.1:{PORT}");
                    println!("{}", sign_in(&address, &provider).await.expect("carol signs in"));
                });
            })
        }))
        .mount("/", routes![bare, protected, user, page]);
    rocket.launch().await?;
    Ok(())
}

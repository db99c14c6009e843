//! A program that calls the API in its own name, with the token that Logto gives it.

use std::env;
use std::error::Error;

use reqwest::Client;
use rocket::serde::json::{Value, from_str};

/// Nothing is granted that is not requested by name.
const FORM: &str = "grant_type=client_credentials&resource=https://api.example.com\
                    &scope=read:items+write:items";

#[rocket::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::new();
    let token = token(&client).await?;
    let url = setting("API_URL", "http://localhost:8000") + "/items";
    let answer = client.get(url).bearer_auth(token).send().await?;
    println!("{}", answer.error_for_status()?.text().await?);
    Ok(())
}

/// Keep a token and use it until shortly before it ends; this program calls once.
async fn token(client: &Client) -> Result<String, Box<dyn Error>> {
    let url = setting("LOGTO_ENDPOINT", "http://127.0.0.1:3001") + "/oidc/token";
    let id = setting("LOGTO_MACHINE_APP_ID", "logto-dev-machine");
    let secret = setting("LOGTO_MACHINE_APP_SECRET", "for-development-only");
    let request = client.post(url).basic_auth(id, Some(secret)).body(FORM);
    let request = request.header("Content-Type", "application/x-www-form-urlencoded");
    let answer = request.send().await?.error_for_status()?.text().await?;
    let answer: Value = from_str(&answer)?;
    let token = answer["access_token"].as_str().ok_or("Logto gave no access token")?;
    Ok(token.to_owned())
}

fn setting(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.to_owned())
}

//! The debug output of everything that contains a secret.

use std::sync::{Arc, Mutex};

use logto_rocket::{
    AccessToken, ApiResource, AppSecret, Audience, Config, CookieSecrets, Error, Logto,
    LogtoClient, MachineConfig, MemoryStore, SessionKey, SessionStore, SignInOptions,
    StoredSession, TokenExchange, authenticated,
};
use logto_tests::{Browser, Hostile, sha256, unbase64url};
use rocket::figment::Figment;
use rocket::{Build, Rocket, State, get, routes};

const API: &str = "https://api.example.com";
const SECRET: &str = "hunter2-hunter2-hunter2-hunter2-hunter2";

/// The debug output of what a handler gets, and the secrets inside.
#[derive(Default)]
struct Seen(Mutex<(Vec<String>, Vec<String>)>);

impl Seen {
    fn shown(&self, value: &impl std::fmt::Debug) {
        self.0.lock().unwrap().0.extend([format!("{value:?}"), format!("{value:#?}")]);
    }

    fn secret(&self, secret: &str) {
        self.0.lock().unwrap().1.push(secret.to_owned());
    }
}

#[derive(ApiResource)]
#[resource("https://api.example.com")]
struct Api;

/// The same through guards.
#[authenticated(resource = "https://api.example.com")]
#[get("/guards")]
fn guards(token: AccessToken, typed: AccessToken<Api>, seen: &State<Seen>) {
    seen.shown(&token);
    seen.shown(&typed);
    seen.secret(token.secret());
    seen.secret(typed.secret());
    drop((token, typed));
}

#[get("/look")]
async fn look(logto: LogtoClient<'_>, seen: &State<Seen>) -> Result<(), Error> {
    seen.shown(&logto);
    seen.shown(&logto.logto());
    for audience in [Audience::logto(), API.into()] {
        let token = logto.access_token(audience).await?.unwrap();
        seen.shown(&token);
        seen.secret(token.secret());
    }
    seen.secret(&logto.refresh_token().await?.unwrap());
    seen.secret(&logto.id_token().await?.unwrap());
    let redirect = logto.sign_in(SignInOptions::new()).await?;
    seen.shown(&redirect);
    let url: url::Url = redirect.location().parse().unwrap();
    let fresh = ["state", "nonce", "code_challenge"];
    let pairs = url.query_pairs().filter(|(name, _)| fresh.contains(&&**name));
    pairs.for_each(|(_, value)| seen.secret(&value));
    Ok(())
}

fn app(figment: Figment, store: &Arc<MemoryStore>) -> Rocket<Build> {
    let fairing = Logto::fairing().store(store.clone());
    let figment = figment.merge(("logto.resources", [API]));
    rocket::custom(figment)
        .attach(fairing)
        .manage(Seen::default())
        .mount("/", routes![look, guards])
}

fn assert_redacted(shown: &[String], secrets: &[String]) {
    for form in shown {
        for secret in secrets {
            assert!(!form.contains(secret.as_str()), "{secret} in {form}");
        }
    }
}

/// H8: of tokens, sign-ins and sessions, as a handler gets them.
#[rocket::async_test]
async fn no_debug_form_in_a_handler_shows_a_token() {
    let op = Hostile::start().await;
    let store = Arc::new(MemoryStore::new(10));
    let browser = Browser::open(app(op.figment(), &store)).await;
    let answer = browser.sign_in(&op, "/sign-in?return_to=/look").await;
    assert_eq!(answer.status, rocket::http::Status::Ok, "{answer:?}");
    assert_eq!(browser.visit("/guards").await.status, rocket::http::Status::Ok);
    let seen = browser.client().rocket().state::<Seen>().unwrap();
    seen.shown(&store);
    let id = browser.session_cookies().into_values().next().unwrap();
    let key = SessionKey::from_text(&sha256(unbase64url(&id).unwrap())).unwrap();
    seen.shown(&key);
    seen.secret(&id);
    let (data, _) = store.load(&key).await.unwrap().unwrap();
    seen.secret(&format!("{:?}", &data[..16]).replace(['[', ']'], ""));
    seen.shown(&StoredSession::new(data, vec!["u-alice".into()]));
    let (shown, secrets) = &*seen.0.lock().unwrap();
    assert!(shown.len() >= 14 && secrets.len() >= 9, "{} {}", shown.len(), secrets.len());
    assert_redacted(shown, secrets);
}

/// H8: of the configuration and of what an application passes in.
#[rocket::async_test]
async fn no_debug_form_of_the_configuration_shows_a_secret() {
    let mut config = Config::new("https://foo.logto.app", "app");
    config.app_secret = Some(AppSecret::new(SECRET));
    config.cookie_secret = CookieSecrets::from([SECRET]);
    config.machine = Some(MachineConfig::new("machine", SECRET));
    config.sign_in = SignInOptions::new().one_time_token(SECRET).extra_param("theme", SECRET);
    let seen = Seen::default();
    seen.shown(&config);
    seen.shown(&config.app_secret);
    seen.shown(&config.cookie_secret);
    seen.shown(&config.machine);
    seen.shown(&config.sign_in);
    seen.shown(&Logto::fairing().config(config));
    seen.shown(&TokenExchange::impersonation(SECRET).actor_token(SECRET));
    seen.shown(&TokenExchange::personal_access_token(SECRET));
    seen.secret("hunter2");
    let (shown, secrets) = &*seen.0.lock().unwrap();
    assert_redacted(shown, secrets);
}

/// H8: a configuration that is refused quotes no secret either.
#[rocket::async_test]
async fn no_error_of_the_configuration_shows_a_secret() {
    let op = Hostile::start().await;
    let keys = ["cookie_secret", "app_secret", "machine.app_secret", "machine.app_id", "session"];
    for key in keys {
        for value in ["your-hunter2", "hunter2"] {
            let name = format!("logto.{key}");
            let error = Config::from_figment(&op.figment().merge((name.as_str(), value)));
            let shown = error.map(|_| String::new()).unwrap_or_else(|e| format!("{e} {e:?}"));
            assert!(!key.ends_with("secret") || !shown.contains("hunter2"), "{key}: {shown}");
        }
    }
}

//! Three instances of one application that tell each other what has ended: through the
//! store of their sessions, or beside sessions that live in cookies.

mod applications;
mod ends;
mod holders;
mod losses;
mod outages;
mod refreshes;
mod secrets;
mod sign_ins;
mod store;
mod tokens;

use std::time::Duration;

use logto_rocket::{Error, IdTokenClaims, Logto, LogtoClient, User, authenticated};
use logto_tests::{Alter, Browser, Deviation, Hostile};
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::{Build, Rocket, State, get, post, routes};

use self::store::Shaky;

const API: &str = "https://api.example.com";

/// Where the sessions of the instances live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// In the store.
    Stored,
    /// In cookies, with marks in the store.
    Marked,
}

const MODES: [Mode; 2] = [Mode::Stored, Mode::Marked];

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

#[get("/")]
fn home() -> &'static str {
    "everybody's"
}

#[authenticated]
#[get("/token")]
async fn token(logto: LogtoClient<'_>) -> Result<String, Error> {
    let token = logto.access_token(API).await?;
    Ok(token.map(|token| token.secret().to_owned()).unwrap_or_default())
}

#[authenticated]
#[get("/new-token")]
async fn new_token(logto: LogtoClient<'_>) -> Result<String, Error> {
    let token = logto.refresh_access_token(API).await?;
    Ok(token.map(|token| token.secret().to_owned()).unwrap_or_default())
}

#[authenticated]
#[get("/clear")]
async fn clear(logto: LogtoClient<'_>) -> Result<&'static str, Error> {
    logto.clear_access_tokens().await?;
    Ok("cleared")
}

#[authenticated]
#[get("/id-token")]
async fn id_token(logto: LogtoClient<'_>) -> Result<String, Error> {
    Ok(logto.id_token().await?.map(|token| token.to_string()).unwrap_or_default())
}

#[authenticated]
#[get("/sid")]
fn sid(claims: &IdTokenClaims) -> String {
    claims.sid().value().expect("a session at the provider").to_owned()
}

#[post("/sign-out-everywhere/<subject>")]
async fn everywhere(subject: &str, logto: &State<Logto>) -> Result<String, Error> {
    Ok(logto.sign_out_everywhere(subject).await?.to_string())
}

fn app(mode: Mode, figment: Figment, store: &Shaky) -> Rocket<Build> {
    let fairing = match mode {
        Mode::Stored => Logto::fairing().store(store.clone()),
        Mode::Marked => Logto::fairing().marks(store.clone()),
    };
    let routes = routes![me, protected, home, token, new_token, clear, id_token, sid, everywhere];
    rocket::custom(figment).attach(fairing).mount("/", routes)
}

/// One browser as three instances know it: the test gives each the cookies that the others set.
struct Three {
    op: Hostile,
    store: Shaky,
    at: [Browser; 3],
}

impl Three {
    async fn start(mode: Mode) -> Self {
        let op = Hostile::start().await;
        let figment = op.figment();
        Self::of(mode, op, figment).await
    }

    /// Like [`start()`](Self::start), with instances that wait for at most a second.
    async fn hasty(mode: Mode) -> Self {
        let op = Hostile::start().await;
        let figment = op.figment().merge(("logto.timeout", 1));
        Self::of(mode, op, figment).await
    }

    async fn of(mode: Mode, op: Hostile, figment: Figment) -> Self {
        let store = Shaky::default();
        let figment = figment.merge(("logto.resources", [API]));
        let open = || Browser::open(app(mode, figment.clone(), &store));
        let at = [open().await, open().await, open().await];
        Self { op, store, at }
    }

    /// Waits until Logto was asked for tokens more often than that.
    async fn until_asked(&self, count: usize) {
        while self.op.count("token") == count {
            rocket::tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Signs in at the first; all three have the cookies.
    async fn sign_in(&self) {
        assert_eq!(self.at[0].sign_in(&self.op, "/protected").await.body, "u-alice");
        self.carry(0);
        // The session began at an earlier millisecond than anything that follows.
        rocket::tokio::time::sleep(Duration::from_millis(2)).await;
    }

    /// The browser, as the instance `from` left it, continues at all of them.
    fn carry(&self, from: usize) {
        for browser in &self.at {
            browser.restore(self.at[from].cookies());
        }
    }

    /// What each of them answers at `/me`.
    async fn statuses(&self) -> [Status; 3] {
        let [a, b, c] = &self.at;
        let me = async |browser: &Browser| {
            let cookies = browser.cookies();
            let status = browser.fetch("/me").await.status;
            browser.restore(cookies);
            status
        };
        [me(a).await, me(b).await, me(c).await]
    }
}

const ALIVE: [Status; 3] = [Status::Ok; 3];
const ENDED: [Status; 3] = [Status::Unauthorized; 3];

//! Signed-in users for an application's own tests, without Logto.
//!
//! See the chapter [`guide::testing`](crate::guide::testing).
//!
//! ```toml
//! [dev-dependencies]
//! logto-rocket = { git = "https://github.com/logto-rocket/logto-rocket", features = ["testing"] }
//! ```
//!
//! ```rust
//! use logto_rocket::testing::{TestClient, TestUser};
//! # use logto_rocket::{Config, Logto, User, authenticated};
//! use rocket::http::Status;
//! use rocket::local::asynchronous::Client;
//! # use rocket::{Build, Rocket, get, routes};
//! #
//! # #[authenticated]
//! # #[get("/profile")]
//! # fn profile(user: &User) -> String { user.has_role("admin").to_string() }
//! #
//! # fn rocket() -> Rocket<Build> {
//! #     let mut config = Config::new("https://foo.logto.app", "app");
//! #     config.base_url = Some("http://localhost:8000".into());
//! #     config.cookie_secret = ["a secret of at least 32 random bytes"].into();
//! #     let fairing = Logto::fairing().config(config);
//! #     rocket::build().attach(fairing).mount("/", routes![profile])
//! # }
//!
//! # rocket::async_test(async {
//! // The application's own `rocket()`, with its own `Rocket.toml`.
//! let client = Client::tracked(rocket()).await.unwrap();
//! client.sign_in_as(TestUser::new("alice").name("Alice").role("admin")).await;
//! assert_eq!(client.get("/profile").dispatch().await.status(), Status::Ok);
//! # });
//! ```
//!
//! The session is a real one, started, kept and read as after a real sign-in, wherever the
//! application keeps sessions. Only [`Hooks::after_sign_in()`](crate::Hooks) is not called:
//! it belongs to a callback, and may refuse it or send the user elsewhere. To test that, and
//! what a browser sees on the way, use the look-alike `logto-dev`.
//!
//! | to have | write |
//! |---|---|
//! | an access token | [`TestUser::access_token()`] |
//! | a member of an organization | [`TestUser::organization()`] |
//! | user info | every claim of the user, and [`TestUser::user_info()`] |
//! | a session that has expired | [`client.advance(..)`](TestClient::advance) by more than `session.idle` |
//! | a session that Logto has ended | [`client.end_session()`](TestClient::end_session) |
//! | a session that began long ago | [`TestUser::signed_in_ago()`] |
//! | tokens that are refreshed at their next use | [`TestUser::token_lifetime()`] of zero, or [`client.advance(..)`](TestClient::advance) |
//! | a Logto that is down, denies tokens or no longer knows the user | [`client.logto_answers(..)`](TestClient::logto_answers) |
//! | a request with its own access token | [`request.bearer(..)`](TestRequest::bearer), [`TestToken`] |
//! | a stranger again | [`client.sign_out()`](TestClient::sign_out) |
//!
//! # Logto is not asked
//!
//! From the first call of any [`TestClient`] method on, all requests of that application
//! instance to Logto are answered here: `Rocket.toml` may name the real one. Anything that
//! [`TestUser`] does not have is answered with 503, and the log says what to add.
//!
//! # Security
//!
//! The feature is for `[dev-dependencies]`. A release build that has it by accident is
//! just as safe:
//!
//!   * Every entry point needs a client of [`rocket::local`], which listens at no address. No
//!     header, cookie, parameter, variable, configuration key or route opens one.
//!   * A client reaches only the instance that was made for it. Others in the same
//!     process ask Logto as usual, by their own clocks.
//!   * The stand-in for Logto is a field of that instance's HTTP client. It signs nothing:
//!     only Logto's keys are trusted, and the tokens issued here say `"alg": "none"`,
//!     which no API accepts.
//!
//! The session is sealed with the application's `cookie_secret` and kept in its store, like
//! any other: give tests neither the secret nor the store of production.

mod errand;
mod stand_in;
mod token;
mod user;

use std::time::Duration;

use rocket::futures::future::BoxFuture;
use rocket::http::Method;
use rocket::local::{asynchronous, blocking};

use self::errand::{Deed, TestErrand};
pub use self::stand_in::LogtoAnswer;
pub use self::token::{TestRequest, TestToken};
pub use self::user::TestUser;

/// The method of the requests that run errands: no route has it.
const METHOD: Method = Method::Trace;

/// Test methods for both clients of [`rocket::local`]: [`asynchronous::Client`], and
/// [`blocking::Client`], which needs no `await`.
///
/// The methods that change the session send one request, `TRACE /`, which no route answers:
/// fairings and the 404 catcher see it.
///
/// # Panics
///
/// All methods panic if the application has no [`Logto`](crate::Logto) attached.
pub trait TestClient {
    /// The future to await; `()` for the blocking client.
    type Done<'c>
    where
        Self: 'c;

    /// Signs a user in, in place of any previous user.
    ///
    /// # Panics
    ///
    /// Panics if the client keeps no cookies (open it with `Client::tracked()`), if the
    /// session does not fit into cookies, or if the store fails.
    fn sign_in_as(&self, user: TestUser) -> Self::Done<'_>;

    /// Makes the client a stranger again. The hooks are not called; to test them, send a
    /// request to the sign-out route.
    ///
    /// # Panics
    ///
    /// Panics if the store fails.
    fn sign_out(&self) -> Self::Done<'_>;

    /// Ends the client's session as Logto does, by a back-channel logout: the client still
    /// has the cookie.
    ///
    /// # Panics
    ///
    /// Panics if the store fails.
    fn end_session(&self) -> Self::Done<'_>;

    /// Sets how Logto answers from now on.
    ///
    /// A failure also affects the next requests, as in production: for a second or two, or
    /// up to a minute if Logto refuses. After Logto is back, [`advance()`](Self::advance)
    /// past that.
    fn logto_answers(&self, answer: LogtoAnswer);

    /// Lets time pass for the sessions and tokens of this instance.
    fn advance(&self, by: Duration);
}

impl TestClient for asynchronous::Client {
    type Done<'c> = BoxFuture<'c, ()>;

    fn sign_in_as(&self, user: TestUser) -> BoxFuture<'_, ()> {
        Box::pin(run(self, Deed::SignIn(Box::new(user))))
    }

    fn sign_out(&self) -> BoxFuture<'_, ()> {
        Box::pin(run(self, Deed::SignOut))
    }

    fn end_session(&self) -> BoxFuture<'_, ()> {
        Box::pin(run(self, Deed::EndSession))
    }

    fn logto_answers(&self, answer: LogtoAnswer) {
        errand::stand_in(&errand::logto(self.rocket())).set(answer);
    }

    fn advance(&self, by: Duration) {
        errand::advance(self.rocket(), by);
    }
}

async fn run(client: &asynchronous::Client, deed: Deed) {
    let request = client.req(METHOD, "/");
    let errand = TestErrand::give(request.inner(), deed);
    request.dispatch().await;
    errand.check(&client.cookies());
}

impl TestClient for blocking::Client {
    type Done<'c> = ();

    fn sign_in_as(&self, user: TestUser) {
        run_blocking(self, Deed::SignIn(Box::new(user)));
    }

    fn sign_out(&self) {
        run_blocking(self, Deed::SignOut);
    }

    fn end_session(&self) {
        run_blocking(self, Deed::EndSession);
    }

    fn logto_answers(&self, answer: LogtoAnswer) {
        errand::stand_in(&errand::logto(self.rocket())).set(answer);
    }

    fn advance(&self, by: Duration) {
        errand::advance(self.rocket(), by);
    }
}

fn run_blocking(client: &blocking::Client, deed: Deed) {
    let request = client.req(METHOD, "/");
    let errand = TestErrand::give(request.inner(), deed);
    request.dispatch();
    errand.check(&client.cookies());
}

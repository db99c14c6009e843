//! Sign-in with [Logto](https://logto.io) for [Rocket](https://rocket.rs)
//! applications.
//!
//! ```rust
//! use logto_rocket::{authenticated, Logto, User};
//! use rocket::{get, routes};
//!
//! #[authenticated(redirect)]
//! #[get("/profile")]
//! fn profile(user: &User) -> String {
//!     format!("Hello, {}!", user.name().unwrap_or("stranger"))
//! }
//!
//! # fn app() -> rocket::Rocket<rocket::Build> {
//! rocket::build().attach(Logto::fairing()).mount("/", routes![profile])
//! # }
//! ```
//!
//! | to | see |
//! |---|---|
//! | protect a route | [`authenticated`](macro@authenticated), or [`protect()`] without the macro |
//! | know the user | the guards [`&User`](User), [`&IdTokenClaims`](IdTokenClaims), [`&UserInfo`](UserInfo) |
//! | write routes of one's own | [`LogtoClient`], [`SignInOptions`] |
//! | configure | [`Config`], [`Logto::fairing()`] |
//! | call APIs | [`LogtoClient::access_token()`], [`Logto::client_credentials()`] |
//! | know of sign-ins | [`Hooks`] |
//! | keep sessions elsewhere | [`SessionStore`], [`contract`] |
//! | handle failures | [`Error`], [`ErrorKind`] |

mod answer;
mod claims;
mod client;
mod config;
pub mod contract;
mod discovery;
mod error;
mod fairing;
mod flight;
#[cfg(feature = "__fuzz")]
mod fuzz;
mod guard;
mod hooks;
mod http;
mod jwks;
mod location;
mod options;
mod protect;
mod revocation;
mod routes;
mod scope;
mod seal;
mod session;
mod state;
mod token;
mod transaction;

/// Protects a route: only signed-in users reach its handler.
///
/// It stands directly above the route attribute:
///
/// | | a stranger gets | the handler can take |
/// |---|---|---|
/// | `#[authenticated]` | 401, `{"error":"Not authenticated"}` or the application's own 401 | [`&User`](User), [`&IdTokenClaims`](IdTokenClaims) |
/// | `#[authenticated(redirect)]` | 303 to sign-in, and back here afterwards | same |
/// | `#[authenticated(redirect = "/welcome")]` | 303 to that page of this site | same |
/// | `#[authenticated(fetch_user_info)]` | as above | also [`&UserInfo`](UserInfo), fetched before |
///
/// The arguments stand in any order and combination. For a stranger nothing of
/// the route runs: no guard, no parsing of path, query or body.
///
/// # Outcomes
///
///   * A signed-in user reaches the handler. The function itself stays as it was
///     written and can be called in tests.
///   * A stranger gets **401** Unauthorized: from the application's catcher if it
///     has one for exactly 401, else as JSON. With `redirect`, a person who
///     navigates gets **303** See Other instead; scripts, prefetches, websockets
///     and clients that want JSON get the 401.
///   * With `fetch_user_info`: a user whose session Logto ended is a stranger, and
///     the answer removes the cookie. **503** with `Retry-After` when Logto does
///     not answer, **502** when its answer cannot be used; the session stays.
///   * **503** when the session store does not answer; the cookie stays.
///   * Without [`Logto::fairing()`] the application does not launch.
///
/// A mistake in the handler is reported as without the attribute, with two
/// exceptions: a lifetime or type that is missing or cannot be inferred in its
/// signature is reported twice, and what breaks `#![forbid(unused)]` or
/// `#![forbid(warnings)]` may be.
///
/// # Example
///
/// ```rust
/// use logto_rocket::{authenticated, User, UserInfo};
/// use rocket::{get, post};
///
/// #[authenticated(redirect, fetch_user_info)]
/// #[get("/orders/<id>")]
/// fn order(id: u64, info: &UserInfo) -> String {
///     format!("Order {id} of {}", info.email().unwrap_or("somebody"))
/// }
///
/// #[authenticated]
/// #[post("/orders", data = "<body>")]
/// fn create(user: &User, body: String) -> String {
///     format!("{} orders {body}", user.subject())
/// }
/// ```
pub use logto_macros::authenticated;

pub use self::claims::{Claim, IdTokenClaims, User, UserInfo};
pub use self::config::{
    AppSecret, Config, ConfigError, CookieSecrets, MachineConfig, RoutePath, Routes, SessionConfig,
    StoreKind,
};
pub use self::discovery::ProviderMetadata;
pub use self::error::{Error, ErrorKind, Result};
pub use self::fairing::LogtoFairing;
pub use self::guard::LogtoClient;
pub use self::hooks::{AfterSignIn, Hooks};
pub use self::location::Redirect;
pub use self::options::{DirectSignIn, FirstScreen, Identifier, Prompt, SignInOptions};
pub use self::protect::{Policy, protect};
pub use self::scope::{RESERVED_RESOURCE, UserScope, organization_id, organization_urn};
pub use self::session::memory::MemoryStore;
pub use self::session::store::{
    Find, Owner, Saved, SessionId, SessionStore, StoredSession, Version,
};
pub use self::state::Logto;
pub use self::token::{AccessToken, Audience, TokenExchange};

/// What the expansion of the attribute names. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use rocket::Route;

    pub use crate::guard::Gate;
    pub use crate::protect::{Policy, protect_route};
}

/// What the benchmarks measure from inside. Not for use by hand.
#[cfg(feature = "__bench")]
#[doc(hidden)]
pub mod __bench {
    pub use crate::session::bench::SealedSession;
}

/// What the fuzz targets call from inside. Not for use by hand.
#[cfg(feature = "__fuzz")]
#[doc(hidden)]
pub mod __fuzz {
    pub use crate::fuzz::{
        Addresses, IdTokens, SessionCookies, SignIns, callback_code, config, key_count, metadata,
        pack, refusal, session_record, token_answer, unpack,
    };
}

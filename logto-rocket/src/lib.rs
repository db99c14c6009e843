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
//!     format!("Hello, {}!", user.display_name())
//! }
//!
//! # fn app() -> rocket::Rocket<rocket::Build> {
//! rocket::build().attach(Logto::fairing()).mount("/", routes![profile])
//! # }
//! ```
//!
//! The book is [`guide`]. Find what you need by task:
//!
//! | to | see |
//! |---|---|
//! | start | without an account: [`guide::start`]; with Logto: [`guide::logto`] |
//! | protect a route, or all of them | [`authenticated`](macro@authenticated), [`protect()`], [`LogtoFairing::deny_unprotected()`] with [`public`](macro@public) and [`public()`] |
//! | know the user | the guards [`&User`](User), [`&IdTokenClaims`](IdTokenClaims), [`&UserInfo`](UserInfo); which scope brings [the email address and other claims](guide::logto#what-a-sign-in-asks-for); [`Claim`]: absent, null or a value |
//! | decide who may do what | [`guide::permissions`], [`authenticated`: who may](macro@authenticated#who-may), [`Policy`] |
//! | offer an API, for clients with a token | [`guide::api`], the guard [`&AuthInfo`](AuthInfo) |
//! | call APIs | for the user: [`AccessToken`], [`OrganizationToken`], [`ApiResource`](trait@ApiResource), [`LogtoClient::access_token()`]; without one: [`Logto::client_credentials()`] |
//! | link to sign-in and come back, write your own routes | `/sign-in?return_to=/page` ([`Routes`]), [`LogtoClient::sign_in_link()`], [`LogtoClient`], [`SignInOptions`], [`guide::recipes`] |
//! | sign out | `/sign-out`, [`guide::sessions`](guide::sessions#when-it-ends) |
//! | choose where sessions live, and how long | [`guide::sessions`], [`SessionConfig`], [`SessionStore`], [`contract`] |
//! | act when users sign in and out | [`Hooks`], [`guide::hooks`] |
//! | test | [`guide::testing`], `testing` with the feature of the same name |
//! | deploy | behind a proxy: [`guide::proxy`]; rehearsed [without an account](guide::proxy#rehearse-a-release); many instances, Redis: [`guide::growing`] |
//! | configure | [`guide::configuration`], [`Config`], [`Logto::fairing()`] |
//! | find out what is wrong | [`guide::troubleshooting`] |
//! | handle failures | [`Error`], [`ErrorKind`], [`Hooks::on_error()`] |
//! | switch from another SDK | [`guide::python`]; all names of all SDKs: [`parity`] |

#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod auth_info;
mod bearer;
mod claims;
mod client;
mod clock;
mod conditions;
mod config;
pub mod contract;
mod discovery;
mod error;
mod fairing;
mod flight;
mod guard;
pub mod guide;
mod hooks;
mod http;
mod instances;
mod jwks;
mod jwt;
mod location;
mod logto;
mod mark;
mod options;
mod protect;
mod request;
mod resource;
mod revocation;
mod routes;
mod scope;
mod seal;
mod sender;
mod session;
mod sign_in;
mod sign_out;
mod signed;
#[cfg(feature = "testing")]
pub mod testing;
mod token;
mod tokens;
mod transaction;
mod uri;
mod warning;
mod wiped;

/// Protects a route: only signed-in users reach its handler.
///
/// Put it directly above the route attribute, which must have Rocket's name (`#[get]`,
/// `#[rocket::get]`), not an alias:
///
/// | | a stranger gets | the handler can take |
/// |---|---|---|
/// | `#[authenticated]` | 401: a page that leads to sign-in and back, `{"error":"Not authenticated"}` or the application's own | [`&User`](User), [`&IdTokenClaims`](IdTokenClaims) |
/// | `#[authenticated(redirect)]` | 303 to sign-in, and back here afterwards | same |
/// | `#[authenticated(redirect = "/welcome")]` | 303 to that page on this site, with `return_to` in its query | same |
/// | `#[authenticated(fetch_user_info)]` | as above | also [`&UserInfo`](UserInfo), fetched before |
/// | `#[authenticated(resource = "https://api.example.com")]` | as above | also [`AccessToken`]: the user's token for that API resource, fetched before |
/// | `#[authenticated(resource = "items")]` | as above | the same, by its name in the configuration's [`resources`](Resources) |
/// | `#[authenticated(organization = "<org>")]` | as above | also [`OrganizationToken`]: for the organization whose id is in that path segment, fetched before |
/// | `#[authenticated(organization = "acme_id")]` | as above | the same, for one organization |
/// | both of them | as above | also [`AccessToken`]: for the resource in the organization |
/// | `#[authenticated(allow_cross_origin)]` | as above | same; pages of other origins may send it |
/// | `#[authenticated(roles("admin"))]`, `any_role(..)` | as above | same; only for users with all of the roles, or one of them |
/// | `#[authenticated(organization = "<org>", organization_roles("owner"))]`, `any_organization_role(..)` | as above | same; only for users with the roles there. No token is fetched for it |
/// | `#[authenticated(resource = "..", scopes("read:items"))]`, `any_scope(..)` | as above | also [`&AuthInfo`](AuthInfo); only for users whose token has all of the scopes, or one of them |
/// | `#[authenticated(bearer, resource = "..", scopes("read:items"))]` | 401 with `WWW-Authenticate: Bearer` | [`&AuthInfo`](AuthInfo): from the access token that the request presents |
/// | `#[authenticated(session, bearer, ..)]` | as for the session, and the header | the same; [`Option<&User>`](User) is `None` if a token was presented |
///
/// The arguments can be in any order; combinations that make no sense are compile errors
/// that say what to write, as with [`Policy`]. For strangers and non-members of the
/// organization nothing of the route runs: no guard, no parsing of path, query or body.
///
/// Taking a token or user info that the attribute does not fetch is a compile error, even
/// through a type alias.
///
/// See the chapter [`guide::permissions`] for all of it with examples.
///
/// `crate = path` says where logto-rocket is, if it is not available as `logto_rocket`:
/// because it is renamed, or another crate re-exports it.
///
/// # Outcomes
///
///   * A signed-in user reaches the handler. The function itself stays as written and can
///     be called in tests.
///   * A stranger gets **401** Unauthorized. A person who navigates, with an `Accept` that
///     names HTML, gets a page with a link to sign in and come back, unless the application
///     has a catcher for 401 or a default one. Everything else gets JSON, unless the
///     application has a catcher for exactly 401. With `redirect`, a person who
///     navigates gets **303** See Other instead; scripts, prefetches, websockets
///     and clients that want JSON get the 401.
///   * A signed-in user's request with a method other than GET, HEAD or OPTIONS gets
///     **403** Forbidden if a page from another origin sent it: neither that of
///     `base_url` nor one of [`trusted_origins`](Config::trusted_origins). Otherwise
///     other hosts of the same site could act for the user, whose `SameSite=Lax` cookie
///     they send. `allow_cross_origin` admits it. Non-browser clients send no origin and
///     are admitted. A guard without the attribute, such as `&User` alone, does not check
///     this.
///   * With `fetch_user_info`: a user whose session Logto ended is a stranger, and the
///     answer removes the cookie. **503** with `Retry-After` if Logto does not answer,
///     **502** if its answer cannot be used; the session stays.
///   * With `resource` or `organization`: a user whose session Logto ended is a stranger, as
///     above. A user whom Logto denies the token gets **403** Forbidden: a non-member of the
///     organization, or a user who signed in before the configuration asked for the
///     resource. **503** with `Retry-After` if Logto does not answer and the last token has
///     expired, **502** if its answer cannot be used; the session stays. **401** and no
///     redirect if the session has no refresh token.
///   * **503** if the session store does not answer; the cookie stays.
///   * The application does not launch without [`Logto::fairing()`], or if its configuration lacks
///     what a route needs: the `resource`, or its name, in [`resources`](Resources), and for
///     `organization` the scope `urn:logto:scope:organizations` in `scopes`. The log names the
///     route and what to add.
///
///   * A user who lacks a role or scope gets **403**, never a link to sign in. The log says
///     what was missing, and in the `debug` profile so does the answer. Roles are as fresh as
///     [`session.revalidate`](SessionConfig::revalidate) says; a session that cannot be
///     refreshed signs in again once they are older. Without `scopes(..)`, the token's scopes
///     are not checked: call [`has_scope()`](AccessToken::has_scope).
///   * With `bearer` (RFC 6750): **401** `invalid_token` for a token that is not valid for this
///     API, and **401** without an error code if there is no token. **400** `invalid_request`
///     for two `Authorization` headers, or a malformed token. **403** `insufficient_scope` for
///     a token that permits less, is for another organization, for an organization if the route
///     names none, or from an application that `clients(..)` does not list. **503** if Logto's
///     keys are not available. `?access_token=` is never read. With `session` too, a presented
///     token decides; if it is not valid, the session does not help, and if it is, no guard
///     sees the session. The log says why a token was refused, and in the `debug` profile so
///     does the answer.
///
/// The application's catchers, if it has them, answer 400, 401, 403, 502 and 503.
///
/// # Who may
///
/// ```rust
/// use logto_rocket::{ApiResource, AuthInfo, authenticated};
/// use rocket::{delete, get};
///
/// #[derive(ApiResource)]
/// #[resource("https://api.example.com")]
/// enum Items {
///     #[scope("read:items")]
///     Read,
///     #[scope("write:items")]
///     Write,
/// }
///
/// // A page for administrators.
/// #[authenticated(redirect, roles("admin"))]
/// #[get("/admin")]
/// fn admin() -> &'static str {
///     "Hello, administrator!"
/// }
///
/// // An API; the resource follows from the type of the scopes.
/// #[authenticated(bearer, scopes(Items::Read))]
/// #[get("/items")]
/// fn items(auth: &AuthInfo) -> String {
///     format!("items of {}", auth.sub)
/// }
///
/// // For the browser of a user, and for clients with a token.
/// #[authenticated(session, bearer, scopes(Items::Write))]
/// #[delete("/items/<id>")]
/// fn delete(id: u32, auth: &AuthInfo) -> String {
///     format!("{} deletes {id}", auth.sub)
/// }
/// ```
///
/// A token's audience authorizes nothing: Logto issues a token for any API resource to any
/// application of the tenant that asks. So `bearer` needs a condition, `scopes(..)`,
/// `any_scope(..)`, `roles(..)`, `any_role(..)`, `organization` or `clients("..")`, or an
/// explicit `any_client`. `user_only` and `machine_only` limit it further, and
/// `any_organization` accepts tokens for any organization. [`Policy`] describes each
/// condition, and the chapter [`guide::api`] says which go together.
///
/// Mistakes in the handler are reported as they would be without the attribute, with two
/// exceptions: a missing lifetime or type in its signature, or one that cannot be
/// inferred, is reported twice, and violations of `#![forbid(unused)]` or
/// `#![forbid(warnings)]` may be.
///
/// # With other attributes
///
/// Put other attributes that read or change the route first, `#[authenticated]` below
/// them, and the route attribute last:
///
/// ```rust,ignore
/// #[utoipa::path(security(("session" = [])))]    // or #[openapi] of rocket_okapi
/// #[protect("admin")]                            // of rocket-grants
/// #[authenticated]
/// #[get("/admin")]
/// async fn admin(user: &User) -> String { .. }
/// ```
///
/// A stranger gets the 401 or 303 first; only then does `#[protect]` check the role. The
/// wrong order does not compile:
///
/// | wrong | the compiler says |
/// |---|---|
/// | `#[openapi]` below ours | Could not find Rocket route attribute |
/// | `#[utoipa::path]` below ours | path operation(s) is not defined for path |
/// | `#[protect]` below ours | argument #1 of type `AuthDetails` is missing |
/// | ours below the route attribute | no route attribute below `#[authenticated]` |
///
/// `#[openapi]` and `#[utoipa::path]` say the same above `#[rocket::get(..)]`: they need
/// `use rocket::get` and `#[get(..)]`. With `#[utoipa::path(get, path = "/admin")]` the
/// order is free.
///
/// utoipa accepts the guards as they are. rocket_okapi requires its own trait on every
/// guard: wrap ours in a type of yours, or leave them out of the document with
/// `#[openapi(ignore = "user")]`. Both recipes are in the repository, with tests:
/// [examples/openapi-utoipa][utoipa] and [examples/openapi-okapi][okapi].
///
/// [utoipa]: https://github.com/logto-rocket/logto-rocket/tree/main/examples/openapi-utoipa
/// [okapi]: https://github.com/logto-rocket/logto-rocket/tree/main/examples/openapi-okapi
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
///
/// Tokens for the application's API, and for one of the user's organizations:
///
/// ```rust
/// use logto_rocket::{AccessToken, OrganizationToken, authenticated};
/// use rocket::get;
///
/// #[authenticated(redirect, resource = "https://api.example.com", organization = "<org>")]
/// #[get("/orgs/<org>/items")]
/// fn items(org: &str, token: AccessToken) -> String {
///     format!("may write items of {org}: {}", token.has_scope("write:items"))
/// }
///
/// #[authenticated(organization = "<org>")]
/// #[get("/orgs/<org>/members")]
/// fn members(org: &str, token: OrganizationToken) -> String {
///     format!("may invite to {org}: {}", token.has_scope("invite:member"))
/// }
/// ```
///
/// ```toml
/// [default.logto]
/// resources = ["https://api.example.com"]
/// scopes = ["write:items", "invite:member", "urn:logto:scope:organizations"]
/// ```
pub use logto_macros::authenticated;

/// Marks a route that anybody may use, if
/// [`deny_unprotected()`](LogtoFairing::deny_unprotected) requires a decision.
///
/// Put it directly above the route attribute; the route stays as it is, and its guards,
/// such as `Option<&User>`, still work. Together with
/// [`#[authenticated]`](macro@authenticated) it does not compile. For routes without an
/// attribute there is [`public()`].
///
/// `crate = path` says where logto-rocket is, if it is renamed.
///
/// # Example
///
/// ```rust
/// use logto_rocket::public;
/// use rocket::get;
///
/// #[public]
/// #[get("/health")]
/// fn health() -> &'static str {
///     "up"
/// }
///
/// assert_eq!(rocket::routes![health][0].uri, "/health");
/// ```
pub use logto_macros::public;

/// Implements [`ApiResource`](trait@ApiResource), whose documentation says how.
pub use logto_macros::ApiResource;

pub use self::auth_info::AuthInfo;
pub use self::claims::{
    AccessTokenClaims, Address, Claim, CustomDataError, IdTokenClaims, Identity, IdentityDetails,
    OrganizationData, OrganizationRole, SsoIdentity, TokenClaims, User, UserInfo,
};
pub use self::config::{
    AppSecret, Config, ConfigError, CookieSecrets, DrainConfig, MachineConfig, Marks, RedisConfig,
    RedisUrls, Resources, RoutePath, Routes, SessionConfig, StoreKind,
};
pub use self::discovery::ProviderMetadata;
pub use self::error::{Error, ErrorKind, Result};
pub use self::fairing::LogtoFairing;
pub use self::guard::{LogtoClient, OrganizationToken};
pub use self::hooks::{AfterSignIn, Hooks};
pub use self::location::Redirect;
pub use self::logto::Logto;
pub use self::mark::public;
pub use self::options::{DirectSignIn, FirstScreen, Identifier, Prompt, SignInOptions};
pub use self::protect::{Policy, protect};
pub use self::resource::ApiResource;
pub use self::scope::{RESERVED_RESOURCE, UserScope, organization_id, organization_urn};
pub use self::session::SessionInfo;
pub use self::session::memory::MemoryStore;
#[cfg(feature = "redis")]
pub use self::session::redis::RedisStore;
pub use self::session::store::{
    Saved, SessionKey, SessionStore, Shared, SharedKey, StoredSession, Version,
};
pub use self::token::{AccessToken, Audience, TokenExchange};

#[doc = include_str!("../PARITY.md")]
pub mod parity {}

/// Items for the expansion of the attribute. Not for direct use.
#[doc(hidden)]
pub mod __private {
    pub use rocket::Route;

    pub use crate::guard::{
        Bare, ByValue, Gate, Giver, Gives, Probe, Probed, Unprobed, abort_route, sentry_of,
    };
    pub use crate::mark::public_route;
    pub use crate::protect::{Policy, protect_needy, protect_route};
    pub use crate::resource::Needs;
}

#[cfg(feature = "__internal")]
#[doc(hidden)]
pub mod internal;

//! A Logto look-alike on a loopback port, for development and tests.
//!
//! It plays Logto's part in a sign-in and all that follows: refreshes, tokens for API
//! resources and organizations, machine tokens and exchanged tokens, introspection,
//! back-channel logout, and the Account API (`/api/my-account`). It has Logto's paths,
//! claims and error messages, ES384 signatures, and no passwords. There are four ways to
//! use it:
//!
//!   * [`Provider::fairing()`], one line in an application: run it without a Logto
//!     account.
//!   * [`Provider::start()`], for tests: a provider, and with [`Provider::configure()`]
//!     the configuration for an application that signs in with it.
//!   * [`Provider::sign_in()`], for tests: a whole sign-in with one of Rocket's local
//!     clients.
//!   * [`Provider::approve()`], for tests: the browser's part, from the URL of
//!     a sign-in to the URL of its callback.
//!
//! ```rust,no_run
//! use logto_dev::Provider;
//!
//! #[rocket::launch]
//! fn rocket() -> _ {
//!     // `Logto::fairing()` comes after it.
//!     rocket::build().attach(Provider::fairing())
//! }
//! ```
//!
//! The provider announces itself as `http://127.0.0.1:<port>` while the
//! application is on `localhost`. To a browser those are different sites, as
//! they are in production, so cookies behave as they will there. For a container, a
//! phone or another machine, [`Builder::address()`], [`port()`](Builder::port) and
//! [`endpoint()`](Builder::endpoint) set where it listens and its address for browsers.
//!
//! Its requests are logged in the application's log, with `/logto-dev` before their path.
//!
//! Open that address to suspend, reinstate and delete its users and to change their
//! roles, and see how the application reacts. Tests do the same with
//! [`Provider::suspend()`] and the like, let time pass with [`Provider::advance()`], and
//! change the keys with [`Provider::rotate_keys()`].
//!
//! # Security
//!
//! This is not Logto: anybody signs in as anybody and changes anybody, and everything is
//! forgotten at the end. The fairing works in the `debug` profile only, and does nothing
//! if an endpoint is configured. It listens on `127.0.0.1` unless set otherwise, which a
//! release build refuses.

mod access;
mod answer;
mod app;
mod authorization;
mod authorize;
mod avatar;
mod backchannel;
mod browser;
mod builder;
mod claims;
mod client;
mod client_credentials;
mod clock;
mod completion;
mod counts;
mod discovery;
mod error;
mod fairing;
mod grant;
mod hash;
mod id_token;
mod interaction;
mod introspection;
mod issued;
mod key;
mod keys;
mod manage;
mod my_account;
mod names;
mod organization;
mod pages;
mod params;
mod provider;
mod random;
mod reach;
mod request;
mod revocation;
mod server;
mod session;
mod sign_in_tokens;
mod subject;
mod tenant;
mod token;
mod token_exchange;
mod user;
mod user_info;

pub use app::MachineApp;
pub use builder::Builder;
pub use error::Error;
pub use organization::{ApiResource, Organization, Role};
pub use provider::Provider;
pub use tenant::{AccountCenter, Generation};
pub use user::User;

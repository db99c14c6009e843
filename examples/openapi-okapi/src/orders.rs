//! Which order of attributes works, as tests of the documentation: `#[openapi]` above,
//! `#[authenticated]` below it, the route attribute last.
//!
//! ```
//! # use rocket::get;
//! #[rocket_okapi::openapi]
//! #[logto_rocket::authenticated]
//! #[get("/")]
//! fn page() {}
//! ```
//!
//! In another order they do not compile. Here rocket_okapi says "Could not find Rocket
//! route attribute":
//!
//! ```compile_fail
//! # use rocket::get;
//! #[logto_rocket::authenticated]
//! #[rocket_okapi::openapi]
//! #[get("/")]
//! fn page() {}
//! ```
//!
//! Here we say "no route attribute below `#[authenticated]`":
//!
//! ```compile_fail
//! # use rocket::get;
//! #[rocket_okapi::openapi]
//! #[get("/")]
//! #[logto_rocket::authenticated]
//! fn page() {}
//! ```

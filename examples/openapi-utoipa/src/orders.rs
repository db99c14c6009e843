//! Which order of attributes works, as tests of the documentation.
//!
//! Others above, `#[authenticated]` below them, the route attribute last. `#[protect]` of
//! rocket-grants is one of them:
//!
//! ```
//! use std::collections::HashSet;
//!
//! use logto_dev::Provider;
//! use logto_rocket::testing::{TestClient, TestUser};
//! use logto_rocket::{Logto, User, authenticated};
//! use rocket::http::Status;
//! use rocket::local::blocking::Client;
//! use rocket::{Request, get, routes};
//! use rocket_grants::{GrantsFairing, protect};
//!
//! #[utoipa::path(responses((status = 200), (status = 401), (status = 403)))]
//! #[protect("admin")]
//! #[authenticated]
//! #[get("/admin")]
//! async fn admin(user: &User) -> String {
//!     user.subject().to_owned()
//! }
//!
//! async fn roles(request: &Request<'_>) -> Option<HashSet<String>> {
//!     let user = request.guard::<&User>().await.succeeded()?;
//!     Some(user.roles().value()?.iter().map(|role| role.to_string()).collect())
//! }
//!
//! let rocket = rocket::build()
//!     .attach(Provider::fairing())
//!     .attach(Logto::fairing())
//!     .attach(GrantsFairing::with_extractor_fn(|request| Box::pin(roles(request))))
//!     .mount("/", routes![admin]);
//! let client = Client::tracked(rocket).expect("it launches");
//! let status = || client.get("/admin").dispatch().status();
//!
//! assert_eq!(status(), Status::Unauthorized);
//! client.sign_in_as(TestUser::new("bob").role("guest"));
//! assert_eq!(status(), Status::Forbidden);
//! client.sign_in_as(TestUser::new("alice").role("admin"));
//! assert_eq!(status(), Status::Ok);
//! ```
//!
//! In another order they do not compile. Here utoipa says "path operation(s) is not
//! defined for path":
//!
//! ```compile_fail
//! # use rocket::get;
//! #[logto_rocket::authenticated]
//! #[utoipa::path]
//! #[get("/")]
//! fn page() {}
//! ```
//!
//! Here the compiler says "argument #1 of type `AuthDetails` is missing":
//!
//! ```compile_fail
//! # use rocket::get;
//! #[logto_rocket::authenticated]
//! #[rocket_grants::protect("admin")]
//! #[get("/")]
//! async fn page() {}
//! ```
//!
//! Here we say "no route attribute below `#[authenticated]`":
//!
//! ```compile_fail
//! # use rocket::get;
//! #[utoipa::path]
//! #[get("/")]
//! #[logto_rocket::authenticated]
//! fn page() {}
//! ```
//!
//! None of the three has another mistake:
//!
//! ```
//! # use rocket::get;
//! #[utoipa::path]
//! #[rocket_grants::protect("admin")]
//! #[logto_rocket::authenticated]
//! #[get("/")]
//! async fn page() {}
//! ```

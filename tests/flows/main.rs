//! A whole application, in process, against providers that behave and others that do not.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is its purpose")]

mod attacks;
mod backchannel;
mod callback;
mod captures;
mod completions;
mod cookies;
mod crowds;
mod debug;
mod entrances;
mod guards;
mod hooks;
mod id_token;
mod instances;
mod jar;
mod locations;
mod logout_route;
mod logouts;
mod look_alike;
mod loops;
mod machine;
mod metadata;
mod outage;
mod parity;
mod parts;
mod protected_tokens;
mod provider;
mod races;
mod readme;
mod refresh;
mod refreshed;
mod return_path;
mod revalidate;
mod rotations;
mod routes;
mod session;
mod sign_in;
mod sign_out;
mod signature;
mod stores;
mod streams;
mod tokens;
mod turnover;
mod user_info;
mod verdict;

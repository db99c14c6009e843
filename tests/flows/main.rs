//! A whole application, in process, against providers that behave and others that do not.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is its purpose")]

mod attacks;
mod callback;
mod captures;
mod guards;
mod id_token;
mod jar;
mod locations;
mod look_alike;
mod outage;
mod parts;
mod provider;
mod races;
mod readme;
mod refresh;
mod return_path;
mod routes;
mod session;
mod sign_in;
mod signature;
mod stores;
mod user_info;
mod verdict;

//! The provider over real HTTP, compared with what a real Logto answered.

mod authorize;
mod browser;
mod captures;
mod discovery;
mod fairing;
mod listener;
mod session;
mod support;
mod token;
mod users;

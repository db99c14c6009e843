//! The provider over real HTTP, compared with what a real Logto answered.

mod authorize;
mod discovery;
mod fairing;
mod session;
mod support;
mod token;
mod users;

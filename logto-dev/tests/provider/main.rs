//! The provider over real HTTP, compared with what a real Logto answered.

mod account;
mod authorize;
mod backchannel;
mod browser;
mod captures;
mod discovery;
mod exchange;
mod fairing;
mod listener;
mod machines;
mod manage;
mod reach;
mod session;
mod support;
mod token;
mod users;

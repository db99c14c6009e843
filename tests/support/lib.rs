//! Shared by the tests: a hostile provider, the person in front of the browser, and a reader
//! of sources.
//!
//! The hostile provider speaks Logto's paths and answers as Logto does, until a test makes it
//! [deviate](Deviation).

mod access;
mod alter;
mod answer;
mod answers;
mod app;
mod browser;
mod deviation;
mod encode;
mod fault;
mod functions;
mod grants;
mod hostile;
mod keys;
mod live;
mod sources;
mod state;
mod token;
mod wire;

pub use alter::Alter;
pub use answer::Answer;
pub use app::{app, catch_all};
pub use browser::{Approve, BASE_URL, Browser, as_navigation, is_session, with};
pub use deviation::{Deviation, Forgery, Pairs};
pub use encode::{base64url, hash_half, random, sha256, unbase64url};
pub use fault::Fault;
pub use functions::{TestFunction, test_functions};
pub use hostile::Hostile;
pub use keys::Key;
pub use live::Live;
pub use sources::{Source, TEST, without};
pub use state::Recorded;
pub use token::{claims_of, compact};

//! Fuzz targets: functions that take any bytes, and panic where a promise is broken.
//! `cargo fuzz` looks for such bytes; the test of this crate replays the seeds.

mod access_token;
mod callback;
mod claims;
mod config;
mod cookies;
mod discovery;
mod id_token;
mod jwks;
mod logout_token;
mod provider;
mod return_path;
mod token_answer;

pub use self::access_token::access_token;
pub use self::callback::callback;
pub use self::claims::claims;
pub use self::config::config;
pub use self::cookies::cookies;
pub use self::discovery::discovery;
pub use self::id_token::id_token;
pub use self::jwks::jwks;
pub use self::logout_token::logout_token;
pub use self::return_path::return_path;
pub use self::token_answer::token_answer;

/// A target's name, which is also that of its binary and of its seeds' folder, and its
/// function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("access_token", access_token),
    ("callback", callback),
    ("claims", claims),
    ("config", config),
    ("cookies", cookies),
    ("discovery", discovery),
    ("id_token", id_token),
    ("jwks", jwks),
    ("logout_token", logout_token),
    ("return_path", return_path),
    ("token_answer", token_answer),
];

/// The program of a target, where `cargo fuzz` builds it.
#[cfg(fuzzing)]
#[macro_export]
macro_rules! binary {
    ($target:ident) => {
        libfuzzer_sys::fuzz_target!(|data: &[u8]| $crate::$target(data));
    };
}

/// The program of a target, where anything else builds it.
#[cfg(not(fuzzing))]
#[macro_export]
macro_rules! binary {
    ($target:ident) => {
        fn main() {
            eprintln!("run it with `cargo fuzz run {}`", stringify!($target));
        }
    };
}

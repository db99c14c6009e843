//! The secrets that seal cookies, and where browsers send them.

use rocket::figment::value::Value;
use url::Url;
use zeroize::Zeroizing;

use super::Check;
use super::placeholders::is_placeholder;
use crate::config::Config;
use crate::location::is_loopback;
use crate::seal;

/// The shortest secret that cookies may be sealed with, in bytes.
const MIN_SECRET: usize = 32;

/// The keys published in Rocket's documentation: anybody has them.
const PUBLISHED_KEYS: [&str; 2] =
    ["hPRYyVRiMyxpw5sBB1XeCMN1kFsDCqKvBi2QJxBVHQk=", "hPrYyЭRiMyµ5sBB1π+CMæ1køFsåqKvBiQJxBVHQk="];

/// The secrets that seal cookies. The `Debug` form is redacted.
pub(crate) struct Secrets {
    pub(crate) bytes: Vec<Zeroizing<Vec<u8>>>,
    /// Whether they were generated for this run of the process.
    pub(crate) random: bool,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({}, random: {})", self.bytes.len(), self.random)
    }
}

impl Check<'_> {
    pub(super) fn secure(&mut self, config: &Config, base: &Url) -> bool {
        let https = base.scheme() == "https";
        match config.cookie_secure {
            Some(true) if !https && !is_loopback(base) => {
                let fix = "no browser would send them: make `base_url` https or leave the key out";
                self.problem("cookie_secure", Some("true"), "is on, but `base_url` is http", fix);
                true
            }
            Some(false) if https => {
                let fix = "they would go over plain http too: leave the key out";
                self.problem(
                    "cookie_secure",
                    Some("false"),
                    "is off, but `base_url` is https",
                    fix,
                );
                false
            }
            given => given.unwrap_or(https),
        }
    }

    pub(super) fn secrets(&mut self, config: &Config) -> Option<Secrets> {
        const FIX: &str =
            "write at least 32 random bytes, as `openssl rand -base64 32` prints them";
        let given = config.cookie_secret.bytes();
        let is_placeholder = |secret: &[u8]| std::str::from_utf8(secret).is_ok_and(is_placeholder);
        if given.iter().any(|secret| is_placeholder(secret)) {
            self.problem("cookie_secret", None, "is empty or a placeholder", FIX);
            return None;
        }
        if let Some(weak) = given.iter().find(|secret| is_weak(secret)) {
            let message = format!("has {} bytes, or all of them are the same", weak.len());
            self.problem("cookie_secret", None, &message, FIX);
            return None;
        }
        if !given.is_empty() {
            return Some(Secrets { bytes: given, random: false });
        }
        if let Some(key) = self.rocket_secret() {
            return Some(Secrets { bytes: vec![key.into()], random: false });
        }
        if self.debug || config.is_api() {
            return Some(Secrets {
                bytes: vec![seal::random::<32>().to_vec().into()],
                random: true,
            });
        }
        let message = "is missing outside the `debug` profile, and so is a usable `secret_key`";
        let fix = "set LOGTO_COOKIE_SECRET in the environment to what `openssl rand -base64 32` \
                   prints";
        self.problem("cookie_secret", None, message, fix);
        None
    }

    /// Rocket's `secret_key` if it was really set. With the feature `secrets` and no key,
    /// the figment holds 32 zero bytes.
    fn rocket_secret(&self) -> Option<Vec<u8>> {
        let key = match self.figment.find_value("secret_key").ok()? {
            Value::String(_, text) if !PUBLISHED_KEYS.contains(&text.as_str()) => text.into_bytes(),
            Value::Array(_, list) => {
                list.iter().map(|byte| byte.deserialize().ok()).collect::<Option<_>>()?
            }
            _ => return None,
        };
        (!is_weak(&key)).then_some(key)
    }
}

fn is_weak(secret: &[u8]) -> bool {
    secret.len() < MIN_SECRET || secret.iter().all(|byte| byte == &secret[0])
}

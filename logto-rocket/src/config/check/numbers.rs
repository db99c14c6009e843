//! The limits of numbers.

use super::Check;
use crate::config::Config;

impl Check<'_> {
    pub(super) fn numbers(&mut self, config: &Config) {
        let (session, drain) = (&config.session, &config.drain);
        let limits = [
            ("timeout", config.timeout, 1, 60),
            ("clock_skew", config.clock_skew, 0, 300),
            ("session.idle", session.idle, 1, 400 * 24 * 60 * 60),
            ("session.absolute", session.absolute, 1, 400 * 24 * 60 * 60),
            ("session.revalidate", session.revalidate, 0, 400 * 24 * 60 * 60),
            ("session.max_cookie_bytes", session.max_cookie_bytes, 2000, 39_000),
            ("session.capacity", session.capacity, 1, u64::MAX),
            ("drain.max_bytes", drain.max_bytes, 0, 1024 * 1024 * 1024),
            ("drain.seconds", drain.seconds, 1, 600),
            ("drain.requests", drain.requests, 0, 1_000_000),
        ];
        for (key, value, least, most) in limits {
            if !(least..=most).contains(&value) {
                let fix = match most {
                    u64::MAX => format!("write a number from {least}"),
                    _ => format!("write a number from {least} to {most}"),
                };
                self.problem(key, Some(&value.to_string()), "is out of range", fix);
            }
        }
    }
}

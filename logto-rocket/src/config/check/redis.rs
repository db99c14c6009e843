//! What is kept in Redis, and Redis's address.

use super::Check;
use crate::config::redis::{RedisConfig, is_timeout};
use crate::config::{Config, Marks, StoreKind};

impl Check<'_> {
    pub(super) fn redis(&mut self, config: &Config) {
        let session = &config.session;
        let wants = [
            ("session.store", session.store == StoreKind::Redis),
            ("session.marks", session.marks == Marks::Redis),
        ];
        if session.marks == Marks::Redis && session.store != StoreKind::Cookie {
            let fix = "leave it out: the store keeps them with the sessions";
            self.problem("session.marks", Some("redis"), "is for `store = \"cookie\"`", fix);
        }
        let Some((key, _)) = wants.into_iter().find(|(_, wants)| *wants) else {
            let is_known = wants.iter().all(|(key, _)| self.is_read(key));
            if session.redis.is_some() && is_known {
                let fix = "write `store = \"redis\"` under `[default.logto.session]`, or leave \
                           them out";
                self.problem("session.redis", None, "has keys, but nothing is kept in Redis", fix);
            }
            return;
        };
        if cfg!(not(feature = "redis")) {
            let fix = "write `features = [\"redis\"]` of `logto-rocket` in Cargo.toml";
            self.problem(key, Some("redis"), "needs the feature `redis`", fix);
        }
        self.redis_keys(session.redis.as_ref().unwrap_or(&RedisConfig::default()));
    }

    fn redis_keys(&mut self, redis: &RedisConfig) {
        if redis.url.is_empty() {
            let fix = "set it under `[default.logto.session.redis]` in Rocket.toml or as \
                       LOGTO_SESSION_REDIS_URL in the environment";
            self.problem("session.redis.url", None, "is missing", fix);
        } else if let Some(message) = redis.url.problem() {
            let fix = "write `redis://host:6379`, or `rediss://` for TLS";
            self.problem("session.redis.url", None, message, fix);
        }
        let timeouts = [
            ("session.redis.connect_timeout", redis.connect_timeout),
            ("session.redis.command_timeout", redis.command_timeout),
        ];
        for (key, seconds) in timeouts {
            if !is_timeout(seconds) {
                let fix = "write seconds from 0.05 to 10";
                self.problem(key, Some(&seconds.to_string()), "is out of range", fix);
            }
        }
        if let Some(ca) = &redis.ca
            && let Err(error) = std::fs::read(ca)
        {
            let message = format!("cannot be read: {error}");
            let fix = "name a PEM file, relative to where the application is started";
            self.problem("session.redis.ca", Some(&ca.to_string_lossy()), &message, fix);
        }
    }
}

//! Three instances, Logto and Redis, and what is counted about them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use logto_tests::{Alter, Browser, Deviation, Hostile};
use serde_json::json;

use crate::application::{Mode, app};
use crate::server::Redis;

pub(crate) struct World {
    pub(crate) op: Hostile,
    pub(crate) redis: Mutex<Redis>,
    pub(crate) instances: [Browser; 3],
    /// Odd while Redis is down, and a moment longer.
    phase: AtomicU64,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    /// Whose each access token is.
    tokens: Mutex<HashMap<String, String>>,
}

impl World {
    /// `None` if there is no redis-server.
    pub(crate) async fn start(mode: Mode) -> Option<Self> {
        let settings = ["--appendonly", "yes", "--appendfsync", "always"];
        let policy = ["--maxmemory", "100mb", "--maxmemory-policy", "noeviction"];
        let redis = Redis::start(&[settings, policy].concat())?;
        let op = Hostile::start().await;
        op.deviate(Deviation::RotateRefreshTokens);
        op.deviate(Deviation::Tokens(Alter::set("expires_in", 2)));
        let open = || Browser::open(app(mode, op.figment(), &redis.url()));
        let instances = [open().await, open().await, open().await];
        let (counts, tokens) = (Mutex::default(), Mutex::default());
        let (redis, phase) = (Mutex::new(redis), AtomicU64::new(0));
        Some(Self { op, redis, instances, phase, counts, tokens })
    }

    pub(crate) fn count(&self, what: &'static str) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(what).or_default() += 1;
    }

    /// The next phase begins: Redis is down, or has been back for a while.
    pub(crate) fn turn(&self) {
        self.phase.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn phase(&self) -> u64 {
        self.phase.load(Ordering::SeqCst)
    }

    /// Whether Redis was down at any time since `phase`.
    pub(crate) fn was_down_since(&self, phase: u64) -> bool {
        phase % 2 == 1 || self.phase() != phase
    }

    /// A user approves what an application requests.
    pub(crate) fn approve(&self, subject: &str, location: &str) -> String {
        // A switch at the provider decides who signs in: nothing may come in between.
        let _alone = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        self.op.account(json!({"sub": subject, "name": subject, "username": subject}));
        self.op.authorize(location)
    }

    /// This user got an access token: nobody else may ever get it.
    pub(crate) fn saw_token(&self, subject: &str, token: &str) {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let whose = tokens.entry(token.to_owned()).or_insert_with(|| subject.to_owned());
        assert_eq!(whose, subject, "an access token of another user");
    }

    /// The provider saw each refresh token once.
    pub(crate) fn check_refresh_tokens(&self) {
        let mut seen = HashSet::new();
        for request in self.op.requests("token") {
            if let Some(token) = request.field("refresh_token") {
                assert!(seen.insert(token.to_owned()), "a refresh token was used twice");
                self.count("refreshes");
            }
        }
    }

    pub(crate) fn figures(&self) -> String {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().fold(String::new(), |mut line, (what, count)| {
            let _ = write!(line, "{count} {what}, ");
            line
        })
    }
}

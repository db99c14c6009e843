//! The session's life: begin, read, save, end, in the browser's cookie or in a
//! store.

pub(crate) mod cookie;
mod ending;
mod info;
mod kept;
pub(crate) mod memory;
mod opened;
mod reading;
pub(crate) mod record;
#[cfg(feature = "redis")]
pub(crate) mod redis;
mod size;
mod storage;
pub(crate) mod store;
#[cfg(test)]
mod tests;
mod unsaved;

use std::sync::Arc;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use rocket::http::{Cookie, CookieJar};

pub use self::info::SessionInfo;
pub(crate) use self::kept::KeptTokens;
pub(crate) use self::reading::{Read, Wait};
use self::record::Record;
pub(crate) use self::storage::Storage;
use self::store::{SessionKey, Version};
use self::unsaved::{Unsaved, Untold};
use crate::claims::User;
use crate::client::Client;
use crate::clock::{Clock, OnceAMinute};
use crate::config::SessionConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::instances::Instances;
use crate::revocation::{RevocationList, SharedMarks};
use crate::seal::Cookies;

/// The most replaced sessions to remember, and how long: until no answer from before can
/// still be pending.
const REPLACED: u64 = 100_000;
const REPLACED_TTL: Duration = Duration::from_secs(15 * 60);

/// A session, as one request sees it.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) record: Arc<Record>,
    /// The version in the store; `None` for a session in a cookie.
    version: Option<Version>,
}

impl Session {
    /// The user, as hooks see them.
    ///
    /// # Errors
    ///
    /// The claims were not written by this crate.
    pub(crate) fn user(&self) -> Result<User> {
        Ok(User::new(Arc::clone(self.record.id_token_claims()?), None))
    }
}

/// The sessions of one application: where they live, what else the process keeps about
/// them, and which were ended or replaced.
pub(crate) struct Sessions {
    config: SessionConfig,
    cookies: Cookies,
    clock: Clock,
    clock_skew: Duration,
    client: Arc<Client>,
    instances: Arc<Instances>,
    storage: Storage,
    revocation: Arc<RevocationList>,
    marks: Arc<SharedMarks>,
    /// Sessions that the same browser has since replaced with another.
    replaced: Cache<SessionKey, ()>,
    kept: KeptTokens,
    unsaved: Unsaved,
    untold: Untold,
    /// When it was last logged that a session continues without some of its claims.
    dropped: OnceAMinute,
}

impl Sessions {
    pub(crate) fn new(
        config: SessionConfig,
        cookies: Cookies,
        (clock, clock_skew): (Clock, Duration),
        client: Arc<Client>,
        instances: Arc<Instances>,
        storage: Storage,
    ) -> Self {
        let replaced = Cache::builder().max_capacity(REPLACED).time_to_live(REPLACED_TTL);
        let revocation = Arc::new(RevocationList::new(clock.clone()));
        let clocks = (clock.clone(), clock_skew);
        let marks = SharedMarks::new(Arc::clone(&instances), clocks, Arc::clone(&revocation));
        Self {
            revocation,
            marks: Arc::new(marks),
            config,
            cookies,
            clock,
            clock_skew,
            client,
            storage,
            replaced: replaced.eviction_policy(EvictionPolicy::lru()).build(),
            kept: KeptTokens::new(Arc::clone(&instances)),
            instances,
            unsaved: Unsaved::default(),
            untold: Untold::default(),
            dropped: OnceAMinute::default(),
        }
    }

    /// How the log names the user with this id.
    pub(crate) fn named(&self, subject: &str) -> String {
        match self.config.log_user_ids {
            true => format!("user {subject:?}"),
            false => "a user".into(),
        }
    }

    /// Whether sessions live in cookies, which cannot be set once an answer's head is
    /// sent.
    pub(crate) fn are_in_cookies(&self) -> bool {
        self.storage.cookie_sealer().is_some()
    }

    /// The other instances of this application.
    pub(crate) fn instances(&self) -> &Arc<Instances> {
        &self.instances
    }

    /// What instances share about ended sessions.
    pub(crate) fn marks(&self) -> &Arc<SharedMarks> {
        &self.marks
    }

    /// Whether sessions live in cookies and other instances may end them.
    pub(crate) fn are_marked(&self) -> bool {
        self.are_in_cookies() && self.instances.share()
    }

    /// The sessions' tokens that are not in cookies.
    pub(crate) fn kept(&self) -> &KeptTokens {
        &self.kept
    }

    /// Begins a session.
    ///
    /// # Errors
    ///
    /// The store failed, or Logto ended the session while it began.
    pub(crate) async fn begin(self: &Arc<Self>, record: Record) -> Result<Session> {
        let ttl = self.time_to_live(&record);
        let begun = Arc::new(record.clone());
        let session = match self.storage.create(record, ttl).await {
            Ok(session) => session,
            Err(error) => {
                // The store may have it anyway.
                self.delete_later(begun);
                return Err(error);
            }
        };
        // A call that ended the user's sessions while this one began did not find it.
        match self.is_ended(&session.record).await {
            Ok(false) => Ok(session),
            Ok(true) => {
                self.end(&session).await?;
                self.revoke_in_background(&session);
                Err(Error::new(ErrorKind::SessionEnded, "Logto ended it in the meantime"))
            }
            Err(error) => {
                self.delete_later(session.record);
                Err(error)
            }
        }
    }

    /// Saves the next record of a session; `None` if the store or another instance now
    /// has another one, or the store has none: then the caller reads it again.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub(crate) async fn save(&self, read: &Session, record: Record) -> Result<Option<Session>> {
        let ttl = self.time_to_live(&record);
        let is_newer = record.generation > read.record.generation;
        // First: it is the newest here only if all instances agree.
        if is_newer && self.are_marked() && !self.marks.tell_newest(&record).await? {
            return Ok(None);
        }
        let saved = self.storage.save(read, record, ttl).await?;
        if let Some(saved) = &saved {
            self.unsaved.saved(&saved.record);
        }
        Ok(saved)
    }

    /// The cookies that carry the session.
    ///
    /// # Errors
    ///
    /// The session is too large for cookies.
    pub(crate) fn write(
        &self,
        jar: &CookieJar<'_>,
        session: &Session,
    ) -> Result<Vec<Cookie<'static>>> {
        let record = &session.record;
        let value = match self.storage.cookie_sealer() {
            Some(sealer) => sealer.seal_text(self.cookies.session(), &record.encode()),
            None => record.id.to_text(),
        };
        let seconds = i64::try_from(self.time_to_live(record).as_secs()).unwrap_or(i64::MAX);
        let seconds = self.config.persistent.then_some(seconds);
        cookie::write(&self.cookies, jar, &value, seconds)
    }

    /// The cookies that remove the session from the browser.
    pub(crate) fn remove(&self, jar: &CookieJar<'_>) -> Vec<Cookie<'static>> {
        cookie::remove(&self.cookies, jar)
    }

    fn time_to_live(&self, record: &Record) -> Duration {
        record.remaining(self.clock.now(), &self.config).unwrap_or_default()
    }
}

//! The session's life: begin, read, save, end, in the browser's cookie or in a
//! store.

#[cfg(feature = "__bench")]
pub(crate) mod bench;
pub(crate) mod cookie;
pub(crate) mod memory;
mod opened;
pub(crate) mod record;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use rocket::http::{Cookie, CookieJar};

use self::memory::MemoryStore;
use self::opened::Opened;
use self::record::{Record, Whose};
use self::store::{Find, Saved, SessionId, SessionKey, SessionStore, StoredSession, Version};
use crate::config::SessionConfig;
use crate::error::Result;
use crate::seal::{Cookies, Pseudonyms, Sealer};
use crate::token::Timestamp;

/// Sessions whose newest generation the process remembers at the most.
const NEWEST: u64 = 100_000;

/// How long the newest generation is remembered after its last use: longer than
/// any request that still carries an older one.
const NEWEST_TTL: Duration = Duration::from_secs(60 * 60);

/// A session, as one request sees it.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) record: Arc<Record>,
    /// The version in the store; `None` for a session in a cookie.
    version: Option<Version>,
}

/// What a request's cookies say.
pub(crate) enum Read {
    /// There is no session cookie.
    Nothing,
    /// There is one, but it is not, or no longer, a session: of this key, if it
    /// names one.
    Invalid(Option<SessionKey>),
    /// A session. `rewrite` if the browser is to get its cookie anew.
    Session { session: Session, rewrite: bool },
}

/// Where sessions live.
pub(crate) struct Sessions {
    config: SessionConfig,
    cookies: Cookies,
    place: Place,
    opened: Opened,
}

enum Place {
    /// In the cookie itself. A refresh makes a new generation; until every request
    /// with an older one has come home, the process knows which is the newest.
    Sealed { sealer: Sealer, newest: Cache<SessionKey, Arc<Record>> },
    /// In the memory of this process. Not sealed, as the key is in the same memory.
    Memory { store: MemoryStore, pseudonyms: Pseudonyms },
    /// In a store.
    Stored { sealer: Sealer, pseudonyms: Pseudonyms, store: Box<dyn SessionStore> },
}

/// A store, with what makes sessions fit for it.
struct Store<'s> {
    store: &'s dyn SessionStore,
    sealer: Option<&'s Sealer>,
    pseudonyms: &'s Pseudonyms,
}

impl Place {
    fn store(&self) -> Option<Store<'_>> {
        match self {
            Self::Sealed { .. } => None,
            Self::Memory { store, pseudonyms } => Some(Store { store, sealer: None, pseudonyms }),
            Self::Stored { sealer, pseudonyms, store } => {
                Some(Store { store: &**store, sealer: Some(sealer), pseudonyms })
            }
        }
    }
}

impl Store<'_> {
    /// The session as it is stored: under its key, so that what is stored under another
    /// key does not open.
    fn fit(&self, record: &Record) -> Result<StoredSession> {
        let data = match self.sealer {
            Some(sealer) => sealer.seal(&record.key().to_text(), &record.encode()),
            None => mem::take(&mut *record.encode()),
        };
        Ok(StoredSession::new(data, record.owner(self.pseudonyms)?))
    }

    /// Reads what [`fit()`](Self::fit) made.
    fn open(&self, key: SessionKey, data: &[u8]) -> Option<Record> {
        match self.sealer {
            Some(sealer) => Record::decode(&sealer.open(&key.to_text(), data.to_vec())?),
            None => Record::decode(data),
        }
    }

    /// The keys of all sessions that may be of `whose`; their records say which are.
    async fn find(&self, whose: Whose<'_>) -> Result<Vec<SessionKey>> {
        let (sid, subject) = match whose {
            Whose::Subject(subject) => (None, Some(subject)),
            Whose::Sid { sid, subject } => (Some(sid), subject),
        };
        let mut found = Vec::new();
        if let Some(sid) = sid {
            found.extend(self.store.find(Find::Sid(&self.pseudonyms.all(sid))).await?);
        }
        if let Some(subject) = subject {
            found.extend(self.store.find(Find::Subject(&self.pseudonyms.all(subject))).await?);
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}

impl Sessions {
    fn new(config: SessionConfig, cookies: Cookies, place: Place) -> Self {
        Self { config, cookies, place, opened: Opened::new() }
    }

    /// Sessions in cookies.
    pub(crate) fn sealed(config: SessionConfig, cookies: Cookies, sealer: Sealer) -> Self {
        let newest = Cache::builder().max_capacity(NEWEST).time_to_idle(NEWEST_TTL);
        // The default policy may turn the newest generation away in favor of others.
        let newest = newest.eviction_policy(EvictionPolicy::lru()).build();
        Self::new(config, cookies, Place::Sealed { sealer, newest })
    }

    /// Sessions in the memory of this process.
    pub(crate) fn in_memory(
        config: SessionConfig,
        cookies: Cookies,
        pseudonyms: Pseudonyms,
    ) -> Self {
        let store = MemoryStore::new(config.capacity);
        Self::new(config, cookies, Place::Memory { store, pseudonyms })
    }

    /// Sessions in `store`, which holds them sealed.
    pub(crate) fn stored(
        config: SessionConfig,
        cookies: Cookies,
        sealer: Sealer,
        pseudonyms: Pseudonyms,
        store: Box<dyn SessionStore>,
    ) -> Self {
        Self::new(config, cookies, Place::Stored { sealer, pseudonyms, store })
    }

    /// Whether ended sessions have to be remembered, as their cookies stay good.
    pub(crate) fn are_sealed(&self) -> bool {
        matches!(self.place, Place::Sealed { .. })
    }

    /// Reads the session that the cookies carry; `None` if its store has to be waited
    /// for.
    pub(crate) fn read_at_once(&self, jar: &CookieJar<'_>, now: Timestamp) -> Option<Read> {
        match cookie::read(jar, self.cookies.session()) {
            Some(value) => self.read_value_at_once(&value, now),
            None => Some(Read::Nothing),
        }
    }

    fn read_value_at_once(&self, value: &str, now: Timestamp) -> Option<Read> {
        let name = self.cookies.session();
        let Place::Sealed { sealer, .. } = &self.place else {
            return self.find_at_once(key(value), now);
        };
        let open = || Record::decode(&sealer.open_text(name, value)?);
        // A sealed value ends with its nonce.
        let label = value.as_bytes().last_chunk();
        let record =
            label.and_then(|label| self.opened.get_or_open(*label, value.as_bytes(), open));
        let key = record.as_ref().map(|record| record.key());
        Some(self.if_alive(key, record.map(|record| Session { record, version: None }), now))
    }

    fn find_at_once(&self, key: Option<SessionKey>, now: Timestamp) -> Option<Read> {
        let Some(key) = key else { return Some(Read::Invalid(None)) };
        let Place::Memory { store, .. } = &self.place else { return None };
        let session = store.get(&key).and_then(|(stored, version)| {
            let open = || Record::decode(&stored.data);
            let record = self.opened.get_or_open(key.label(), &stored.data, open)?;
            Some(Session { record, version: Some(version) })
        });
        Some(self.if_alive(Some(key), session, now))
    }

    /// As [`read_at_once()`](Self::read_at_once), with the patience that it takes.
    ///
    /// # Errors
    ///
    /// The store failed. The cookies say nothing wrong then.
    pub(crate) async fn read(&self, jar: &CookieJar<'_>, now: Timestamp) -> Result<Read> {
        match cookie::read(jar, self.cookies.session()) {
            Some(value) => self.read_value(&value, now).await,
            None => Ok(Read::Nothing),
        }
    }

    async fn read_value(&self, value: &str, now: Timestamp) -> Result<Read> {
        if let Some(read) = self.read_value_at_once(value, now) {
            return Ok(read);
        }
        let key = key(value);
        let session = match key {
            Some(key) => self.load(key).await?,
            None => None,
        };
        Ok(self.if_alive(key, session, now))
    }

    /// The session among cookies of the same name in these headers, where the one in
    /// the jar is none.
    ///
    /// # Errors
    ///
    /// As [`read()`](Self::read).
    pub(crate) async fn read_doubles(
        &self,
        headers: &[&str],
        jar: &CookieJar<'_>,
        now: Timestamp,
    ) -> Result<Option<Read>> {
        let name = self.cookies.session();
        for first in cookie::doubles(headers, jar, name) {
            let value = cookie::read_after(first, jar, name);
            if let read @ Read::Session { .. } = self.read_value(&value, now).await? {
                return Ok(Some(read));
            }
        }
        Ok(None)
    }

    fn if_alive(&self, key: Option<SessionKey>, session: Option<Session>, now: Timestamp) -> Read {
        match session {
            Some(session) if session.record.remaining(now, &self.config).is_some() => {
                Read::Session { session, rewrite: false }
            }
            _ => Read::Invalid(key),
        }
    }

    /// The newest generation of a session that was read from a cookie and has not
    /// been ended; the session itself if its last use is to be written down first.
    pub(crate) fn up_to_date(&self, session: Session, now: Timestamp) -> Result<Read, Session> {
        let generation = session.record.generation;
        let session = self.newest(session);
        if session.record.is_touch_due(now, &self.config) {
            return Err(session);
        }
        let rewrite = session.record.generation > generation;
        Ok(Read::Session { session, rewrite })
    }

    /// As [`up_to_date()`](Self::up_to_date), with the last use written down where
    /// that is due.
    pub(crate) async fn bring_up_to_date(&self, session: Session, now: Timestamp) -> Result<Read> {
        let session = match self.up_to_date(session, now) {
            Ok(read) => return Ok(read),
            Err(session) => session,
        };
        let touched = session.record.touched(now);
        let session = match self.save(&session, touched).await? {
            Some(saved) => saved,
            None => session,
        };
        Ok(Read::Session { session, rewrite: true })
    }

    /// The newest generation of a sealed session that the process knows of; a stored
    /// one as it is.
    pub(crate) fn newest(&self, session: Session) -> Session {
        let Place::Sealed { newest, .. } = &self.place else { return session };
        match newest.get(&session.record.key()) {
            Some(record) if record.generation > session.record.generation => {
                Session { record, version: None }
            }
            _ => session,
        }
    }

    /// Begins a session.
    pub(crate) async fn begin(&self, record: Record) -> Result<Session> {
        let version = match self.place.store() {
            None => None,
            Some(to) => {
                let ttl = self.time_to_live(&record);
                Some(to.store.create(&record.key(), to.fit(&record)?, ttl).await?)
            }
        };
        Ok(Session { record: Arc::new(record), version })
    }

    /// Saves the next record of a session; `None` if the store has another one by
    /// now, or none: then the caller reads it again.
    pub(crate) async fn save(&self, read: &Session, record: Record) -> Result<Option<Session>> {
        let record = Arc::new(record);
        if let Place::Sealed { newest, .. } = &self.place {
            if record.generation > read.record.generation {
                newest.insert(record.key(), Arc::clone(&record));
            }
            return Ok(Some(Session { record, version: None }));
        }
        let (Some(to), Some(version)) = (self.place.store(), read.version) else {
            return Ok(None);
        };
        let (stored, ttl) = (to.fit(&record)?, self.time_to_live(&record));
        match to.store.save(&record.key(), version, stored, ttl).await? {
            Saved::Yes(version) => Ok(Some(Session { record, version: Some(version) })),
            Saved::No => Ok(None),
        }
    }

    /// Reads a stored session again; `None` if it was ended. For a sealed session,
    /// the newest generation that is known.
    pub(crate) async fn reload(&self, session: &Session) -> Result<Option<Session>> {
        match &self.place {
            Place::Sealed { .. } => Ok(Some(self.newest(session.clone()))),
            _ => self.load(session.record.key()).await,
        }
    }

    /// Ends a session.
    pub(crate) async fn end(&self, session: &Session) -> Result<()> {
        let key = session.record.key();
        if let Place::Sealed { newest, .. } = &self.place {
            newest.invalidate(&key);
        }
        match self.place.store() {
            Some(of) => of.store.delete(&key).await,
            None => Ok(()),
        }
    }

    /// Ends the sessions of `of` that `ends` says, and returns them. Of sealed sessions
    /// only the newest generations are here to be found.
    pub(crate) async fn end_all(
        &self,
        of: Whose<'_>,
        ends: impl Fn(&Record) -> bool,
    ) -> Result<Vec<Session>> {
        if let Place::Sealed { newest, .. } = &self.place {
            let found = newest.iter().filter(|(_, record)| ends(record));
            let ended = found.map(|(_, record)| Session { record, version: None });
            let ended: Vec<_> = ended.collect();
            ended.iter().for_each(|session| newest.invalidate(&session.record.key()));
            return Ok(ended);
        }
        let Some(from) = self.place.store() else { return Ok(Vec::new()) };
        let mut ended = Vec::new();
        for key in from.find(of).await? {
            let session = self.load(key).await?;
            // One that cannot be read cannot show that it is newer, or another one's.
            if session.as_ref().is_none_or(|session| ends(&session.record)) {
                from.store.delete(&key).await?;
                ended.extend(session);
            }
        }
        Ok(ended)
    }

    /// When a session that began at `created` has surely ended by itself.
    pub(crate) fn latest_end(&self, created: Timestamp) -> Timestamp {
        created.plus(Duration::from_secs(self.config.absolute))
    }

    /// The cookies that carry the session.
    pub(crate) fn write(
        &self,
        jar: &CookieJar<'_>,
        session: &Session,
    ) -> Result<Vec<Cookie<'static>>> {
        let record = &session.record;
        let value = match &self.place {
            Place::Sealed { sealer, .. } => {
                sealer.seal_text(self.cookies.session(), &record.encode())
            }
            Place::Memory { .. } | Place::Stored { .. } => record.id.to_text(),
        };
        let seconds = i64::try_from(self.time_to_live(record).as_secs()).unwrap_or(i64::MAX);
        cookie::write(&self.cookies, jar, &value, seconds)
    }

    /// The cookies that remove the session from the browser.
    pub(crate) fn remove(&self, jar: &CookieJar<'_>) -> Vec<Cookie<'static>> {
        cookie::remove(&self.cookies, jar)
    }

    fn time_to_live(&self, record: &Record) -> Duration {
        record.remaining(Timestamp::now(), &self.config).unwrap_or_default()
    }

    async fn load(&self, key: SessionKey) -> Result<Option<Session>> {
        let Some(from) = self.place.store() else { return Ok(None) };
        let Some((data, version)) = from.store.load(&key).await? else { return Ok(None) };
        let record = self.opened.get_or_open(key.label(), &data, || from.open(key, &data));
        Ok(record.map(|record| Session { record, version: Some(version) }))
    }
}

/// The key of the session whose id is a cookie's value.
fn key(value: &str) -> Option<SessionKey> {
    SessionId::from_text(value).map(|id| id.key())
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.are_sealed() { "sealed" } else { "stored" };
        f.debug_struct("Sessions").field("place", &place).finish_non_exhaustive()
    }
}

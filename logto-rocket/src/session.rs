//! The session's life: begin, read, save, end, in the browser's cookie or in a
//! store.

#[cfg(feature = "__bench")]
pub(crate) mod bench;
pub(crate) mod cookie;
pub(crate) mod memory;
mod opened;
pub(crate) mod record;
pub(crate) mod store;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use rocket::http::{Cookie, CookieJar};

use self::opened::Opened;
use self::record::Record;
use self::store::{Find, Saved, SessionId, SessionStore, StoredSession, Version};
use crate::config::SessionConfig;
use crate::error::Result;
use crate::seal::{Cookies, Sealer};
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
    /// There is one, but it is not, or no longer, a session: of this id, if it
    /// names one.
    Invalid(Option<SessionId>),
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
    Sealed { sealer: Sealer, newest: Cache<SessionId, Arc<Record>> },
    /// In a store, by the id in the cookie; sealed where the store is not in this
    /// process, whose memory holds the key as well.
    Stored { sealer: Option<Sealer>, store: Box<dyn SessionStore> },
}

impl Sessions {
    /// Sessions in cookies.
    pub(crate) fn sealed(config: SessionConfig, cookies: Cookies, sealer: Sealer) -> Self {
        let newest = Cache::builder().max_capacity(NEWEST).time_to_idle(NEWEST_TTL);
        // The default policy may turn the newest generation away in favor of others.
        let newest = newest.eviction_policy(EvictionPolicy::lru()).build();
        Self { config, cookies, place: Place::Sealed { sealer, newest }, opened: Opened::new() }
    }

    /// Sessions in `store`; what it holds is sealed if there is a `sealer`.
    pub(crate) fn stored(
        config: SessionConfig,
        cookies: Cookies,
        sealer: Option<Sealer>,
        store: Box<dyn SessionStore>,
    ) -> Self {
        Self { config, cookies, place: Place::Stored { sealer, store }, opened: Opened::new() }
    }

    /// Whether ended sessions have to be remembered, as their cookies stay good.
    pub(crate) fn are_sealed(&self) -> bool {
        matches!(self.place, Place::Sealed { .. })
    }

    /// Reads the session that the cookies carry.
    ///
    /// # Errors
    ///
    /// The store failed. The cookies say nothing wrong then.
    pub(crate) async fn read(&self, jar: &CookieJar<'_>, now: Timestamp) -> Result<Read> {
        let name = self.cookies.session();
        let Some(value) = cookie::read(jar, name) else { return Ok(Read::Nothing) };
        let (id, session) = match &self.place {
            Place::Sealed { sealer, .. } => {
                let open = || Record::decode(&sealer.open_text(name, &value)?);
                // A sealed value ends with its nonce.
                let label = value.as_bytes().last_chunk();
                let record =
                    label.and_then(|label| self.opened.get_or_open(*label, value.as_bytes(), open));
                let session = record.map(|record| Session { record, version: None });
                (session.as_ref().map(|session| session.record.id), session)
            }
            Place::Stored { sealer, store } => match SessionId::from_key(&value) {
                Some(id) => (Some(id), self.load(&**store, sealer.as_ref(), &id).await?),
                None => (None, None),
            },
        };
        let live = session.filter(|s| s.record.remaining(now, &self.config).is_some());
        Ok(live.map_or(Read::Invalid(id), |session| Read::Session { session, rewrite: false }))
    }

    /// The newest generation of a session that was read from a cookie and has not
    /// been ended, with its last use written down where that is due.
    pub(crate) async fn bring_up_to_date(&self, session: Session, now: Timestamp) -> Result<Read> {
        let generation = session.record.generation;
        let session = self.newest(session);
        let upgraded = session.record.generation > generation;
        if !session.record.is_touch_due(now, &self.config) {
            return Ok(Read::Session { session, rewrite: upgraded });
        }
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
        match newest.get(&session.record.id) {
            Some(record) if record.generation > session.record.generation => {
                Session { record, version: None }
            }
            _ => session,
        }
    }

    /// Begins a session.
    pub(crate) async fn begin(&self, record: Record) -> Result<Session> {
        let version = match &self.place {
            Place::Sealed { .. } => None,
            Place::Stored { sealer, store } => {
                let stored = stored(sealer.as_ref(), &record)?;
                Some(store.create(&record.id, stored, self.time_to_live(&record)).await?)
            }
        };
        Ok(Session { record: Arc::new(record), version })
    }

    /// Saves the next record of a session; `None` if the store has another one by
    /// now, or none: then the caller reads it again.
    pub(crate) async fn save(&self, read: &Session, record: Record) -> Result<Option<Session>> {
        let version = match (&self.place, read.version) {
            (Place::Sealed { newest, .. }, _) => {
                let record = Arc::new(record);
                if record.generation > read.record.generation {
                    newest.insert(record.id, Arc::clone(&record));
                }
                return Ok(Some(Session { record, version: None }));
            }
            (Place::Stored { sealer, store }, Some(version)) => {
                let stored = stored(sealer.as_ref(), &record)?;
                match store.save(&record.id, version, stored, self.time_to_live(&record)).await? {
                    Saved::Yes(version) => Some(version),
                    Saved::No => return Ok(None),
                }
            }
            (Place::Stored { .. }, None) => return Ok(None),
        };
        Ok(Some(Session { record: Arc::new(record), version }))
    }

    /// Reads a stored session again; `None` if it was ended. For a sealed session,
    /// the newest generation that is known.
    pub(crate) async fn reload(&self, session: &Session) -> Result<Option<Session>> {
        match &self.place {
            Place::Sealed { .. } => Ok(Some(self.newest(session.clone()))),
            Place::Stored { sealer, store } => {
                self.load(&**store, sealer.as_ref(), &session.record.id).await
            }
        }
    }

    /// Ends a session.
    pub(crate) async fn end(&self, session: &Session) -> Result<()> {
        match &self.place {
            Place::Sealed { newest, .. } => newest.invalidate(&session.record.id),
            Place::Stored { store, .. } => store.delete(&session.record.id).await?,
        }
        Ok(())
    }

    /// Ends the sessions of `of` that `ends` says, and returns them. Of sealed sessions
    /// only the newest generations are here to be found.
    pub(crate) async fn end_all(
        &self,
        of: Find<'_>,
        ends: impl Fn(&Record) -> bool,
    ) -> Result<Vec<Session>> {
        let mut ended = Vec::new();
        match &self.place {
            Place::Sealed { newest, .. } => {
                let found = newest.iter().filter(|(_, record)| ends(record));
                let records = found.map(|(_, record)| record);
                ended.extend(records.map(|record| Session { record, version: None }));
                ended.iter().for_each(|session| newest.invalidate(&session.record.id));
            }
            Place::Stored { sealer, store } => {
                for id in store.find(of).await? {
                    let session = self.load(&**store, sealer.as_ref(), &id).await?;
                    // One that cannot be read cannot show that it is newer.
                    if session.as_ref().is_none_or(|session| ends(&session.record)) {
                        store.delete(&id).await?;
                        ended.extend(session);
                    }
                }
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
                sealer.seal_text(self.cookies.session(), record.encode())
            }
            Place::Stored { .. } => record.id.to_key(),
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

    async fn load(
        &self,
        store: &dyn SessionStore,
        sealer: Option<&Sealer>,
        id: &SessionId,
    ) -> Result<Option<Session>> {
        let Some((data, version)) = store.load(id).await? else { return Ok(None) };
        let open = || match sealer {
            Some(sealer) => Record::decode(&sealer.open(&id.to_key(), data.clone())?),
            None => Record::decode(&data),
        };
        let record = self.opened.get_or_open(id.bytes(), &data, open);
        Ok(record.map(|record| Session { record, version: Some(version) }))
    }
}

fn stored(sealer: Option<&Sealer>, record: &Record) -> Result<StoredSession> {
    let data = match sealer {
        Some(sealer) => sealer.seal(&record.id.to_key(), record.encode()),
        None => record.encode(),
    };
    Ok(StoredSession::new(data, record.owner()?))
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.are_sealed() { "sealed" } else { "stored" };
        f.debug_struct("Sessions").field("place", &place).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rocket::local::asynchronous::Client;

    use super::record::tests::record;
    use super::store::Owner;
    use super::*;
    use crate::seal::Kind;

    fn sealer(kind: Kind) -> Sealer {
        Sealer::new(&[b"a secret of at least 32 random bytes".to_vec()], "issuer", "app", kind)
    }

    fn sealed() -> Sessions {
        let cookies = Cookies::new("app", false, false);
        Sessions::sealed(SessionConfig::default(), cookies, sealer(Kind::Session))
    }

    fn stored() -> Sessions {
        let (config, cookies) = (SessionConfig::default(), Cookies::new("app", false, false));
        let store = Box::new(memory::MemoryStore::new(10));
        Sessions::stored(config, cookies, Some(sealer(Kind::Stored)), store)
    }

    fn next(session: &Session) -> Record {
        Record { generation: session.record.generation + 1, ..(*session.record).clone() }
    }

    async fn up_to_date(sessions: &Sessions, session: &Session, now: Timestamp) -> (Session, bool) {
        match sessions.bring_up_to_date(session.clone(), now).await.expect("a session") {
            Read::Session { session, rewrite } => (session, rewrite),
            _ => panic!("the session is not lost"),
        }
    }

    /// What the sessions read from a request with these cookies.
    async fn read(sessions: &Sessions, cookies: &[Cookie<'static>], now: Timestamp) -> Read {
        let client = Client::untracked(rocket::build()).await.expect("a client");
        let request = client.get("/").cookies(cookies.iter().cloned());
        sessions.read(request.inner().cookies(), now).await.expect("no failure")
    }

    async fn cookies(sessions: &Sessions, session: &Session) -> Vec<Cookie<'static>> {
        let client = Client::untracked(rocket::build()).await.expect("a client");
        let request = client.get("/");
        sessions.write(request.inner().cookies(), session).expect("cookies")
    }

    /// S7: that a value was opened before is no reason to believe that it holds.
    #[rocket::async_test]
    async fn an_expired_session_is_refused_though_it_was_opened_before() {
        for sessions in [sealed(), stored()] {
            let start = Timestamp::now();
            let session = sessions.begin(record(start)).await.expect("begun");
            let cookies = cookies(&sessions, &session).await;
            for _ in 0..2 {
                let Read::Session { session: again, .. } = read(&sessions, &cookies, start).await
                else {
                    panic!("the session lives");
                };
                assert_eq!(again.record.id, session.record.id);
            }
            let late = start.plus(Duration::from_secs(SessionConfig::default().idle));
            let Read::Invalid(id) = read(&sessions, &cookies, late).await else {
                panic!("the session is over");
            };
            assert_eq!(id, Some(session.record.id));
        }
    }

    /// S4, S5: neither a changed value nor one of another secret or name becomes good
    /// because the real one was opened.
    #[rocket::async_test]
    async fn a_forged_value_is_refused_though_the_real_one_was_opened_before() {
        let (sessions, now) = (sealed(), Timestamp::now());
        let session = sessions.begin(record(now)).await.expect("begun");
        let real = cookies(&sessions, &session).await.remove(0);
        assert!(matches!(
            read(&sessions, std::slice::from_ref(&real), now).await,
            Read::Session { .. }
        ));
        for at in 0..real.value().len() {
            let mut bytes = real.value().as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let value = String::from_utf8(bytes).expect("text");
            let forged = Cookie::new(real.name().to_owned(), value);
            assert!(matches!(read(&sessions, &[forged], now).await, Read::Invalid(None)), "{at}");
        }
        let elsewhere = Cookie::new("logto_other", real.value().to_owned());
        assert!(matches!(read(&sessions, &[elsewhere], now).await, Read::Nothing));
        let other = sealer(Kind::Transaction).seal_text(real.name(), session.record.encode());
        let other = Cookie::new(real.name().to_owned(), other);
        assert!(matches!(read(&sessions, &[other], now).await, Read::Invalid(None)));
        assert!(matches!(read(&sessions, &[real], now).await, Read::Session { .. }));
    }

    #[rocket::async_test]
    async fn a_request_with_an_older_cookie_gets_the_newest_generation() {
        let (sessions, now) = (sealed(), Timestamp::now());
        let old = sessions.begin(record(now)).await.expect("begun");
        let new = sessions.save(&old, next(&old)).await.expect("saved").expect("not in conflict");
        let (current, rewrite) = up_to_date(&sessions, &old, now).await;
        assert!(rewrite && current.record.generation == new.record.generation);
        let (_, rewrite) = up_to_date(&sessions, &new, now).await;
        assert!(!rewrite, "the newest cookie is not written again");

        sessions.end(&new).await.expect("ended");
        let (current, _) = up_to_date(&sessions, &old, now).await;
        assert_eq!(current.record.generation, old.record.generation, "the newest was purged");
    }

    #[rocket::async_test]
    async fn a_use_is_written_down_after_a_tenth_of_the_idle_time() {
        for sessions in [sealed(), stored()] {
            let start = Timestamp::now();
            let session = sessions.begin(record(start)).await.expect("begun");
            let after = |seconds| start.plus(Duration::from_secs(seconds));
            assert!(!up_to_date(&sessions, &session, after(60_000)).await.1);
            let (touched, rewrite) = up_to_date(&sessions, &session, after(61_000)).await;
            assert!(rewrite && touched.record.last_used == after(61_000));
            assert_eq!(touched.record.generation, session.record.generation);
        }
    }

    #[rocket::async_test]
    async fn a_stored_session_is_saved_over_the_version_that_was_read_only() {
        let sessions = stored();
        let read = sessions.begin(record(Timestamp::now())).await.expect("begun");
        assert!(sessions.save(&read, next(&read)).await.expect("saved").is_some());
        assert!(sessions.save(&read, next(&read)).await.expect("no failure").is_none());
        let current = sessions.reload(&read).await.expect("read").expect("a session");
        assert_eq!(current.record.generation, read.record.generation + 1);
        sessions.end(&current).await.expect("ended");
        assert!(sessions.reload(&read).await.expect("read").is_none());
        assert!(sessions.save(&current, next(&current)).await.expect("no failure").is_none());
    }

    /// L5, L8: what is known of the sessions goes, and of others stays.
    #[rocket::async_test]
    async fn the_sessions_of_a_user_end_all_at_once() {
        for sessions in [sealed(), stored()] {
            let old = Timestamp::now();
            let new = old.plus(Duration::from_secs(1));
            let mut begun = Vec::new();
            for created in [old, old, new] {
                let session = sessions.begin(record(created)).await.expect("begun");
                let saved = sessions.save(&session, next(&session)).await.expect("saved");
                begun.push((session, saved.expect("no conflict")));
            }
            let ended = sessions.end_all(Find::Subject("alice"), |record| record.created == old);
            assert_eq!(ended.await.expect("ended").len(), 2);
            for (session, saved) in &begun {
                let current = sessions.reload(session).await.expect("read");
                let known = current.map(|current| current.record.generation);
                let is_kept = known == Some(saved.record.generation);
                assert_eq!(is_kept, session.record.created == new);
            }
        }
    }

    /// A session that cannot be read, as after a change of secrets, ends too.
    #[rocket::async_test]
    async fn a_stored_session_that_cannot_be_read_is_not_spared() {
        let sessions = stored();
        let Place::Stored { store, .. } = &sessions.place else { panic!("they are stored") };
        let session = StoredSession::new(b"unreadable".to_vec(), Owner::new("alice", None));
        let id = SessionId::random();
        store.create(&id, session, Duration::from_secs(60)).await.expect("created");
        let ended = sessions.end_all(Find::Subject("alice"), |_| false).await.expect("ended");
        assert!(ended.is_empty());
        assert!(store.load(&id).await.expect("read").is_none());
    }
}

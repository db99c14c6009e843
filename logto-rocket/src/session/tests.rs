mod together;

use rocket::figment::Figment;
use rocket::local::asynchronous::Client as Browser;

use super::memory::MemoryStore;
use super::record::Whose;
use super::record::tests::record;
use super::store::{SessionId, SessionStore, StoredSession};
use super::*;
use crate::config::{Config, check};
use crate::revocation::Logout;
use crate::seal::{Kind, Named, Pseudonyms, Sealer};

const SECRET: &[u8] = b"a secret of at least 32 random bytes";

/// The byte limit for opened sessions.
const CACHE: u64 = 1024 * 1024;

fn sealer(kind: Kind) -> Sealer {
    Sealer::new(&[SECRET.to_vec().into()], "issuer", "app", kind)
}

fn pseudonyms() -> Pseudonyms {
    Pseudonyms::new(&[SECRET.to_vec().into()], "issuer", "app")
}

fn in_storage(storage: Storage) -> Arc<Sessions> {
    let alone = Instances::alone(&[SECRET.to_vec().into()]);
    among(alone, Clock::default(), storage)
}

fn among(instances: Instances, clock: Clock, storage: Storage) -> Arc<Sessions> {
    let mut config = Config::new("http://127.0.0.1:9", "app");
    config.base_url = Some("http://localhost:8000".into());
    config.cookie_secret = ["a secret of at least 32 random bytes"].into();
    let checked = check(&config, &Figment::new()).expect("a configuration");
    let client = Arc::new(Client::new(&checked, clock.clone()).expect("a client"));
    let cookies = Cookies::new("app", "http://localhost:8000", false);
    let clocks = (clock, checked.clock_skew());
    let instances = Arc::new(instances);
    Arc::new(Sessions::new(SessionConfig::default(), cookies, clocks, client, instances, storage))
}

pub(super) fn in_cookies() -> Arc<Sessions> {
    in_storage(Storage::cookie(sealer(Kind::Session), CACHE))
}

fn in_store() -> (Arc<Sessions>, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::new(10));
    let shared = Arc::clone(&store) as Arc<dyn SessionStore>;
    (in_storage(Storage::store(sealer(Kind::Stored), pseudonyms(), shared, CACHE)), store)
}

pub(super) fn in_memory() -> Arc<Sessions> {
    in_storage(Storage::memory(10, pseudonyms(), CACHE))
}

fn all() -> [Arc<Sessions>; 3] {
    [in_cookies(), in_memory(), in_store().0]
}

fn next(session: &Session) -> Record {
    Record { generation: session.record.generation + 1, ..(*session.record).clone() }
}

/// What is read from a request with these cookies, waiting if needed.
async fn read(sessions: &Sessions, cookies: &[Cookie<'static>]) -> Read {
    let client = Browser::untracked(rocket::build()).await.expect("a client");
    let request = client.get("/").cookies(cookies.iter().cloned());
    let jar = request.inner().cookies();
    match sessions.look(jar) {
        Ok(read) => read,
        Err(wait) => sessions.wait_for(wait, &[], jar).await.expect("no failure"),
    }
}

pub(super) async fn cookies(sessions: &Sessions, session: &Session) -> Vec<Cookie<'static>> {
    let client = Browser::untracked(rocket::build()).await.expect("a client");
    let request = client.get("/");
    sessions.write(request.inner().cookies(), session).expect("cookies")
}

/// The session that these cookies carry, and whether they should be written again.
async fn carried(sessions: &Sessions, cookies: &[Cookie<'static>]) -> (Session, bool) {
    match read(sessions, cookies).await {
        Read::Session { session, rewrite } => (session, rewrite),
        _ => panic!("the session is not lost"),
    }
}

/// S7: a value that was opened before is not trusted to be still valid.
#[rocket::async_test]
async fn an_expired_session_is_refused_though_it_was_opened_before() {
    for sessions in all() {
        let session = sessions.begin(record(sessions.clock.now())).await.expect("begun");
        let cookies = cookies(&sessions, &session).await;
        for _ in 0..2 {
            assert_eq!(carried(&sessions, &cookies).await.0.record.id, session.record.id);
        }
        sessions.clock.advance(Duration::from_secs(SessionConfig::default().idle));
        assert!(matches!(read(&sessions, &cookies).await, Read::Invalid));
    }
}

/// S27: a clock that is ahead by more than `clock_skew` makes no sessions that last longer,
/// or that escape a logout as newer.
#[rocket::async_test]
async fn a_session_from_the_future_is_not_valid() {
    for sessions in all() {
        for (seconds, lives) in [(59, true), (62, false), (100_000, false)] {
            let created = sessions.clock.now().plus(Duration::from_secs(seconds));
            let session = sessions.begin(record(created)).await.expect("begun");
            let cookies = cookies(&sessions, &session).await;
            for _ in 0..2 {
                let read = read(&sessions, &cookies).await;
                assert_eq!(matches!(read, Read::Session { .. }), lives, "{seconds}");
                assert!(lives || matches!(read, Read::Invalid), "{seconds}");
            }
        }
    }
}

/// S27: the last use was recorded by a clock that is ahead.
#[rocket::async_test]
async fn a_use_in_the_future_is_recorded_again() {
    for sessions in all() {
        let now = sessions.clock.now();
        let ahead = Record { last_used: now.plus(Duration::from_secs(1_000_000)), ..record(now) };
        let session = sessions.begin(ahead).await.expect("begun");
        let cookies = cookies(&sessions, &session).await;
        let (touched, rewrite) = carried(&sessions, &cookies).await;
        assert!(rewrite && touched.record.last_used.since(now) < Duration::from_secs(60));
    }
}

/// S28: at the sign-out, in whichever generation it was opened; others stay.
#[rocket::async_test]
async fn an_ended_session_is_not_kept_opened() {
    for sessions in all() {
        let mut jars = Vec::new();
        for _ in 0..2 {
            let old = sessions.begin(record(sessions.clock.now())).await.expect("begun");
            let old_cookies = cookies(&sessions, &old).await;
            carried(&sessions, &old_cookies).await;
            let new = sessions.save(&old, next(&old)).await.expect("saved").expect("no conflict");
            let new_cookies = cookies(&sessions, &new).await;
            let (session, _) = carried(&sessions, &new_cookies).await;
            jars.push((session, old_cookies, new_cookies));
        }
        let each = if sessions.are_in_cookies() { 2 } else { 1 };
        assert_eq!(sessions.storage.opened_count(), 2 * each);
        sessions.end(&jars[0].0).await.expect("ended");
        assert_eq!(sessions.storage.opened_count(), each);
        for cookies in [&jars[0].1, &jars[0].2] {
            assert!(matches!(read(&sessions, cookies).await, Read::Invalid));
        }
        assert_eq!(sessions.storage.opened_count(), each, "it is kept no more when it comes again");
        carried(&sessions, &jars[1].2).await;
    }
}

/// S28: nor is one that Logto ended, or that has expired.
#[rocket::async_test]
async fn a_session_that_ended_in_another_way_is_not_kept_opened() {
    for sessions in all() {
        let session = sessions.begin(record(sessions.clock.now())).await.expect("begun");
        let cookies_of_alice = cookies(&sessions, &session).await;
        carried(&sessions, &cookies_of_alice).await;
        let received = sessions.clock.now().plus(Duration::from_secs(1));
        let of = Whose::Subject("alice");
        let logout = Logout { of, received, issued_at: received.seconds() };
        sessions.log_out(logout).await.expect("logged out");
        assert_eq!(sessions.storage.opened_count(), 0);

        let now = sessions.clock.now().plus(Duration::from_secs(2));
        let session = sessions.begin(record(now)).await.expect("begun");
        let cookies = cookies(&sessions, &session).await;
        carried(&sessions, &cookies).await;
        sessions.clock.advance(Duration::from_secs(SessionConfig::default().idle + 10));
        assert!(matches!(read(&sessions, &cookies).await, Read::Invalid));
        assert_eq!(sessions.storage.opened_count(), 0);
    }
}

/// S4, S5: neither a changed value nor one under another secret or name becomes valid
/// because the real one was opened.
#[rocket::async_test]
async fn a_forged_value_is_refused_even_after_the_real_one_was_opened() {
    let sessions = in_cookies();
    let session = sessions.begin(record(sessions.clock.now())).await.expect("begun");
    let real = cookies(&sessions, &session).await.remove(0);
    carried(&sessions, std::slice::from_ref(&real)).await;
    for at in 0..real.value().len() {
        let mut bytes = real.value().as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let value = String::from_utf8(bytes).expect("text");
        let forged = Cookie::new(real.name().to_owned(), value);
        assert!(matches!(read(&sessions, &[forged]).await, Read::Invalid), "{at}");
    }
    let elsewhere = Cookie::new("logto_other", real.value().to_owned());
    assert!(matches!(read(&sessions, &[elsewhere]).await, Read::Nothing));
    let other = sealer(Kind::Transaction).seal_text(real.name(), &session.record.encode());
    let other = Cookie::new(real.name().to_owned(), other);
    assert!(matches!(read(&sessions, &[other]).await, Read::Invalid));
    carried(&sessions, &[real]).await;
}

#[rocket::async_test]
async fn a_request_with_an_older_cookie_gets_the_newest_generation() {
    let sessions = in_cookies();
    let old = sessions.begin(record(sessions.clock.now())).await.expect("begun");
    let new = sessions.save(&old, next(&old)).await.expect("saved").expect("not in conflict");
    let [old_cookies, new_cookies] =
        [cookies(&sessions, &old).await, cookies(&sessions, &new).await];
    let (current, rewrite) = carried(&sessions, &old_cookies).await;
    assert!(rewrite && current.record.generation == new.record.generation);
    let (_, rewrite) = carried(&sessions, &new_cookies).await;
    assert!(!rewrite, "the newest cookie is not written again");

    sessions.end(&new).await.expect("ended");
    assert!(matches!(read(&sessions, &old_cookies).await, Read::Invalid));
    assert!(sessions.to_carry(old).is_none(), "no answer brings it back");
}

#[rocket::async_test]
async fn a_use_is_recorded_after_a_tenth_of_the_idle_time() {
    for sessions in all() {
        let session = sessions.begin(record(sessions.clock.now())).await.expect("begun");
        let cookies = cookies(&sessions, &session).await;
        sessions.clock.advance(Duration::from_secs(60_000));
        assert!(!carried(&sessions, &cookies).await.1);
        sessions.clock.advance(Duration::from_secs(1_000));
        let (touched, rewrite) = carried(&sessions, &cookies).await;
        let idle = touched.record.last_used.since(session.record.last_used);
        assert!(rewrite && idle >= Duration::from_secs(61_000));
        assert_eq!(touched.record.generation, session.record.generation);
    }
}

#[rocket::async_test]
async fn a_stored_session_is_only_saved_over_the_version_that_was_read() {
    for sessions in [in_memory(), in_store().0] {
        let read = sessions.begin(record(sessions.clock.now())).await.expect("begun");
        assert!(sessions.save(&read, next(&read)).await.expect("saved").is_some());
        assert!(sessions.save(&read, next(&read)).await.expect("no failure").is_none());
        let current = sessions.current(&read).await.expect("a session");
        assert_eq!(current.record.generation, read.record.generation + 1);
        sessions.end(&current).await.expect("ended");
        let ended = sessions.current(&read).await.expect_err("it was ended");
        assert_eq!(ended.kind(), ErrorKind::SessionEnded);
        assert!(sessions.save(&current, next(&current)).await.expect("no failure").is_none());
    }
}

/// L5, L8: everything known about these sessions is dropped, and about others kept.
#[rocket::async_test]
async fn the_sessions_of_a_user_end_all_at_once() {
    for sessions in all() {
        let old = sessions.clock.now();
        let new = old.plus(Duration::from_secs(1));
        for created in [old, old, new] {
            let session = sessions.begin(record(created)).await.expect("begun");
            sessions.save(&session, next(&session)).await.expect("saved").expect("no conflict");
        }
        let whose = Whose::Subject("alice");
        let mut ended = Vec::new();
        let add = |session: Session| ended.push(session.record.created);
        let is_old = |record: &Record| record.created == old;
        sessions.storage.delete_all(whose, is_old, add).await.expect("ended");
        let add = |session: Session| ended.push(session.record.created);
        sessions.storage.delete_all(whose, |_| true, add).await.expect("ended");
        assert_eq!(ended, [old, old, new]);
    }
}

/// L5: a session that cannot be read, as after a change of secrets, ends too.
#[rocket::async_test]
async fn a_stored_session_that_cannot_be_read_is_not_spared() {
    let (sessions, store) = in_store();
    let names = vec![pseudonyms().newest(Named::Subject, "alice")];
    let session = StoredSession::new(b"unreadable".to_vec(), names);
    let key = SessionId::random().key();
    store.create(&key, session, Duration::from_secs(60)).await.expect("created");
    let readable = |_| panic!("it can be read");
    let ended = sessions.storage.delete_all(Whose::Subject("alice"), |_| false, readable).await;
    ended.expect("ended");
    assert!(store.load(&key).await.expect("read").is_none());
}

/// S22: write access to a store cannot put one session in another's place.
#[rocket::async_test]
async fn a_stored_session_does_not_open_under_another_key() {
    let (sessions, store) = in_store();
    let [alice, other] = [0, 1].map(|_| record(sessions.clock.now()));
    let keys = [alice.key(), other.key()];
    let session = sessions.begin(other).await.expect("begun");
    let cookies = cookies(&sessions, &session).await;
    sessions.begin(alice).await.expect("begun");
    carried(&sessions, &cookies).await;
    let (data, _) = store.load(&keys[0]).await.expect("read").expect("it is there");
    let moved = StoredSession::new(data, vec!["any".into()]);
    store.delete(&keys[1], &[]).await.expect("deleted");
    store.create(&keys[1], moved, Duration::from_secs(60)).await.expect("created");
    assert!(matches!(read(&sessions, &cookies).await, Read::Invalid));
}

use rocket::local::asynchronous::Client;

use super::record::tests::record;
use super::store::Owner;
use super::*;
use crate::seal::Kind;

fn sealer(kind: Kind) -> Sealer {
    Sealer::new(&[b"a secret of at least 32 random bytes".to_vec().into()], "issuer", "app", kind)
}

fn pseudonyms() -> Pseudonyms {
    Pseudonyms::new(&[b"a secret of at least 32 random bytes".to_vec().into()], "issuer", "app")
}

fn sealed() -> Sessions {
    let cookies = Cookies::new("app", "http://app.example", false);
    Sessions::sealed(SessionConfig::default(), cookies, sealer(Kind::Session))
}

fn stored() -> Sessions {
    let (config, cookies) =
        (SessionConfig::default(), Cookies::new("app", "http://app.example", false));
    let store = Box::new(MemoryStore::new(10));
    Sessions::stored(config, cookies, sealer(Kind::Stored), pseudonyms(), store)
}

fn in_memory() -> Sessions {
    let cookies = Cookies::new("app", "http://app.example", false);
    Sessions::in_memory(SessionConfig::default(), cookies, pseudonyms())
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
    for sessions in [sealed(), in_memory(), stored()] {
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
        let Read::Invalid(key) = read(&sessions, &cookies, late).await else {
            panic!("the session is over");
        };
        assert_eq!(key, Some(session.record.key()));
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
    let other = sealer(Kind::Transaction).seal_text(real.name(), &session.record.encode());
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
    for sessions in [sealed(), in_memory(), stored()] {
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
    for sessions in [in_memory(), stored()] {
        let read = sessions.begin(record(Timestamp::now())).await.expect("begun");
        assert!(sessions.save(&read, next(&read)).await.expect("saved").is_some());
        assert!(sessions.save(&read, next(&read)).await.expect("no failure").is_none());
        let current = sessions.reload(&read).await.expect("read").expect("a session");
        assert_eq!(current.record.generation, read.record.generation + 1);
        sessions.end(&current).await.expect("ended");
        assert!(sessions.reload(&read).await.expect("read").is_none());
        assert!(sessions.save(&current, next(&current)).await.expect("no failure").is_none());
    }
}

/// L5, L8: what is known of the sessions goes, and of others stays.
#[rocket::async_test]
async fn the_sessions_of_a_user_end_all_at_once() {
    for sessions in [sealed(), in_memory(), stored()] {
        let old = Timestamp::now();
        let new = old.plus(Duration::from_secs(1));
        let mut begun = Vec::new();
        for created in [old, old, new] {
            let session = sessions.begin(record(created)).await.expect("begun");
            let saved = sessions.save(&session, next(&session)).await.expect("saved");
            begun.push((session, saved.expect("no conflict")));
        }
        let ended = sessions.end_all(Whose::Subject("alice"), |record| record.created == old);
        assert_eq!(ended.await.expect("ended").len(), 2);
        for (session, saved) in &begun {
            let current = sessions.reload(session).await.expect("read");
            let known = current.map(|current| current.record.generation);
            let is_kept = known == Some(saved.record.generation);
            assert_eq!(is_kept, session.record.created == new);
        }
    }
}

/// L5: a session that cannot be read, as after a change of secrets, ends too.
#[rocket::async_test]
async fn a_stored_session_that_cannot_be_read_is_not_spared() {
    let sessions = stored();
    let place = sessions.place.store().expect("they are stored");
    let owner = Owner::new(pseudonyms().newest("alice"), None);
    let session = StoredSession::new(b"unreadable".to_vec(), owner);
    let key = SessionId::random().key();
    place.store.create(&key, session, Duration::from_secs(60)).await.expect("created");
    let ended = sessions.end_all(Whose::Subject("alice"), |_| false).await.expect("ended");
    assert!(ended.is_empty());
    assert!(place.store.load(&key).await.expect("read").is_none());
}

/// S22: who can write into a store cannot give one session's place to another.
#[rocket::async_test]
async fn a_stored_session_does_not_open_under_another_key() {
    let (sessions, now) = (stored(), Timestamp::now());
    let [alice, other] = [0, 1].map(|_| record(now));
    let keys = [alice.key(), other.key()];
    let session = sessions.begin(other).await.expect("begun");
    let cookies = cookies(&sessions, &session).await;
    sessions.begin(alice).await.expect("begun");
    assert!(matches!(read(&sessions, &cookies, now).await, Read::Session { .. }));
    let Place::Stored { store, .. } = &sessions.place else { panic!("they are stored") };
    let (data, _) = store.load(&keys[0]).await.expect("read").expect("it is there");
    let moved = StoredSession::new(data, Owner::new("any", None));
    store.delete(&keys[1]).await.expect("deleted");
    store.create(&keys[1], moved, Duration::from_secs(60)).await.expect("created");
    let Read::Invalid(key) = read(&sessions, &cookies, now).await else {
        panic!("it opened");
    };
    assert_eq!(key, Some(keys[1]));
}

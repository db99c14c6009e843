//! What every [`SessionStore`] must do, as a check that runs on any of them.

use std::time::Duration;

use crate::session::store::{Find, Owner, Saved, SessionId, SessionStore, StoredSession};

const HOUR: Duration = Duration::from_secs(3600);

/// Runs the contract of [`SessionStore`] on `store`; takes about two seconds and
/// leaves a few sessions of the user `logto-contract` behind, which expire.
///
/// # Errors
///
/// The store breaks a rule; the message says which.
///
/// # Example
///
/// ```rust
/// use logto_rocket::{MemoryStore, contract};
///
/// # rocket::tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// contract::check(&MemoryStore::new(100)).await?;
/// # Ok::<(), String>(()) }).unwrap();
/// ```
pub async fn check(store: &dyn SessionStore) -> Result<(), String> {
    create_does_not_overwrite(store).await?;
    save_is_conditional(store).await?;
    one_of_many_saves_wins(store).await?;
    deleted_stays_deleted(store).await?;
    sessions_are_found(store).await?;
    sessions_expire(store).await
}

fn session(data: &[u8], subject: &str, sid: Option<&str>) -> StoredSession {
    StoredSession::new(data.to_vec(), Owner::new(subject, sid.map(String::from)))
}

fn some(data: &[u8]) -> StoredSession {
    session(data, "logto-contract", Some("logto-contract-sid"))
}

fn rule(holds: bool, rule: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("the store breaks a rule: {rule}")) }
}

/// What a store does must not fail here.
fn done<T>(result: crate::Result<T>, operation: &str) -> Result<T, String> {
    result.map_err(|error| format!("`{operation}` failed: {error}"))
}

async fn data(store: &dyn SessionStore, id: &SessionId) -> Result<Option<Vec<u8>>, String> {
    Ok(done(store.load(id).await, "load")?.map(|(data, _)| data))
}

async fn create_does_not_overwrite(store: &dyn SessionStore) -> Result<(), String> {
    let id = SessionId::random();
    rule(data(store, &id).await?.is_none(), "an unknown id has no session")?;
    done(store.create(&id, some(&[0, 1, 255]), HOUR).await, "create")?;
    rule(data(store, &id).await? == Some(vec![0, 1, 255]), "`load` returns what `create` stored")?;
    let again = store.create(&id, some(b"other"), HOUR).await;
    rule(again.is_err(), "`create` with an id that exists is an error")?;
    rule(data(store, &id).await? == Some(vec![0, 1, 255]), "`create` does not overwrite")
}

async fn save_is_conditional(store: &dyn SessionStore) -> Result<(), String> {
    let id = SessionId::random();
    let first = done(store.create(&id, some(b"1"), HOUR).await, "create")?;
    let saved = done(store.save(&id, first, some(b"2"), HOUR).await, "save")?;
    let Saved::Yes(second) = saved else {
        return rule(false, "`save` with the version that was read succeeds");
    };
    let read = done(store.load(&id).await, "load")?;
    rule(read == Some((b"2".to_vec(), second)), "`load` returns what `save` stored")?;
    let stale = done(store.save(&id, first, some(b"3"), HOUR).await, "save")?;
    rule(stale == Saved::No, "`save` with an older version does nothing")?;
    rule(data(store, &id).await? == Some(b"2".to_vec()), "a refused `save` changes nothing")
}

async fn one_of_many_saves_wins(store: &dyn SessionStore) -> Result<(), String> {
    let id = SessionId::random();
    let read = done(store.create(&id, some(b"0"), HOUR).await, "create")?;
    let saves = (1..=16_u8).map(|n| store.save(&id, read, some(&[n]), HOUR));
    let results = rocket::futures::future::join_all(saves).await;
    let mut won = 0;
    for result in results {
        won += usize::from(matches!(done(result, "save")?, Saved::Yes(_)));
    }
    rule(won == 1, "of 16 saves of one version at once exactly one wins")
}

async fn deleted_stays_deleted(store: &dyn SessionStore) -> Result<(), String> {
    let id = SessionId::random();
    let version = done(store.create(&id, some(b"1"), HOUR).await, "create")?;
    done(store.delete(&id).await, "delete")?;
    rule(data(store, &id).await?.is_none(), "`delete` deletes")?;
    let late = done(store.save(&id, version, some(b"2"), HOUR).await, "save")?;
    rule(late == Saved::No, "`save` does not bring a deleted session back")?;
    rule(data(store, &id).await?.is_none(), "a deleted session stays deleted")?;
    done(store.delete(&id).await, "delete")
}

async fn sessions_are_found(store: &dyn SessionStore) -> Result<(), String> {
    // Names of their own, so that a store with other sessions can be checked.
    let unique = SessionId::random().to_key();
    let (alice, bob) = (format!("alice-{unique}"), format!("bob-{unique}"));
    let sid = format!("sid-{unique}");
    let ids = [SessionId::random(), SessionId::random(), SessionId::random()];
    let owners = [(&alice, Some(sid.as_str())), (&alice, None), (&bob, None)];
    for (id, (subject, sid)) in ids.iter().zip(owners) {
        done(store.create(id, session(b"x", subject, sid), HOUR).await, "create")?;
    }
    let mut found = done(store.find(Find::Subject(&alice)).await, "find")?;
    found.sort_unstable();
    let mut expected = vec![ids[0], ids[1]];
    expected.sort_unstable();
    rule(found == expected, "`find` returns all sessions of a user and no others")?;
    let found = done(store.find(Find::Sid(&sid)).await, "find")?;
    rule(found == [ids[0]], "`find` returns the sessions of a `sid`")?;
    done(store.delete(&ids[0]).await, "delete")?;
    let found = done(store.find(Find::Sid(&sid)).await, "find")?;
    rule(found.is_empty(), "`find` does not return deleted sessions")
}

async fn sessions_expire(store: &dyn SessionStore) -> Result<(), String> {
    let (short, kept) = (SessionId::random(), SessionId::random());
    let second = Duration::from_secs(1);
    done(store.create(&short, some(b"1"), second).await, "create")?;
    let version = done(store.create(&kept, some(b"1"), second).await, "create")?;
    done(store.save(&kept, version, some(b"2"), HOUR).await, "save")?;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    rule(data(store, &short).await?.is_none(), "a session is gone after its time to live")?;
    rule(data(store, &kept).await?.is_some(), "`save` sets the time to live anew")
}

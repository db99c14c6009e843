//! What every [`SessionStore`] must do, as a check that runs on any of them.

use std::time::Duration;

use crate::session::store::{
    Find, Owner, Saved, SessionId, SessionKey, SessionStore, StoredSession,
};

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
    owners_are_those_of_the_last_save(store).await?;
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
    result.map_err(|error| {
        let causes = error.causes().map(|causes| format!(", caused by: {causes}"));
        format!("`{operation}` failed: {error}{}", causes.unwrap_or_default())
    })
}

fn key() -> SessionKey {
    SessionId::random().key()
}

async fn data(store: &dyn SessionStore, key: &SessionKey) -> Result<Option<Vec<u8>>, String> {
    Ok(done(store.load(key).await, "load")?.map(|(data, _)| data))
}

async fn create_does_not_overwrite(store: &dyn SessionStore) -> Result<(), String> {
    let key = key();
    rule(data(store, &key).await?.is_none(), "an unknown key has no session")?;
    done(store.create(&key, some(&[0, 1, 255]), HOUR).await, "create")?;
    rule(data(store, &key).await? == Some(vec![0, 1, 255]), "`load` returns what `create` stored")?;
    let again = store.create(&key, some(b"other"), HOUR).await;
    rule(again.is_err(), "`create` with a key that exists is an error")?;
    rule(data(store, &key).await? == Some(vec![0, 1, 255]), "`create` does not overwrite")
}

async fn save_is_conditional(store: &dyn SessionStore) -> Result<(), String> {
    let key = key();
    let first = done(store.create(&key, some(b"1"), HOUR).await, "create")?;
    let saved = done(store.save(&key, first, some(b"2"), HOUR).await, "save")?;
    let Saved::Yes(second) = saved else {
        return rule(false, "`save` with the version that was read succeeds");
    };
    let read = done(store.load(&key).await, "load")?;
    rule(read == Some((b"2".to_vec(), second)), "`load` returns what `save` stored")?;
    let stale = done(store.save(&key, first, some(b"3"), HOUR).await, "save")?;
    rule(stale == Saved::No, "`save` with an older version does nothing")?;
    rule(data(store, &key).await? == Some(b"2".to_vec()), "a refused `save` changes nothing")
}

async fn one_of_many_saves_wins(store: &dyn SessionStore) -> Result<(), String> {
    let key = key();
    let read = done(store.create(&key, some(b"0"), HOUR).await, "create")?;
    let saves = (1..=16_u8).map(|n| store.save(&key, read, some(&[n]), HOUR));
    let results = rocket::futures::future::join_all(saves).await;
    let mut won = 0;
    for result in results {
        won += usize::from(matches!(done(result, "save")?, Saved::Yes(_)));
    }
    rule(won == 1, "of 16 saves of one version at once exactly one wins")
}

async fn deleted_stays_deleted(store: &dyn SessionStore) -> Result<(), String> {
    let key = key();
    let version = done(store.create(&key, some(b"1"), HOUR).await, "create")?;
    done(store.delete(&key).await, "delete")?;
    rule(data(store, &key).await?.is_none(), "`delete` deletes")?;
    let late = done(store.save(&key, version, some(b"2"), HOUR).await, "save")?;
    rule(late == Saved::No, "`save` does not bring a deleted session back")?;
    rule(data(store, &key).await?.is_none(), "a deleted session stays deleted")?;
    done(store.delete(&key).await, "delete")
}

async fn sessions_are_found(store: &dyn SessionStore) -> Result<(), String> {
    // Names of their own, so that a store with other sessions can be checked.
    let names = |of: &str| {
        let unique = key().to_text();
        ["new", "old", "nobody"].map(|secret| format!("{of}-{secret}-{unique}"))
    };
    let (alice, bob, sid) = (names("alice"), names("bob"), names("sid"));
    let keys = [key(), key(), key(), key()];
    let owners = [
        (&alice[0], Some(sid[0].as_str())),
        (&alice[1], Some(sid[1].as_str())),
        (&alice[1], None),
        (&bob[0], None),
    ];
    for (key, (subject, sid)) in keys.iter().zip(owners) {
        done(store.create(key, session(b"x", subject, sid), HOUR).await, "create")?;
    }
    let none = "`find` returns nothing for names that no session has, nor for none";
    rule(found(store, Find::Subject(&alice[2..])).await?.is_empty(), none)?;
    rule(found(store, Find::Sid(&sid[2..])).await?.is_empty(), none)?;
    rule(found(store, Find::Subject(&[])).await?.is_empty(), none)?;
    rule(found(store, Find::Sid(&[])).await?.is_empty(), none)?;
    let one = "`find` returns all sessions of a name and no others";
    rule(found(store, Find::Subject(&alice[1..2])).await? == sorted(&keys[1..3]), one)?;
    rule(found(store, Find::Sid(&sid[..1])).await? == keys[..1], one)?;
    let several = "`find` returns the sessions of all the names and no others";
    rule(found(store, Find::Subject(&alice)).await? == sorted(&keys[..3]), several)?;
    rule(found(store, Find::Sid(&sid)).await? == sorted(&keys[..2]), several)?;
    done(store.delete(&keys[0]).await, "delete")?;
    let left = found(store, Find::Sid(&sid)).await?;
    rule(left == keys[1..2], "`find` does not return deleted sessions")
}

fn sorted(keys: &[SessionKey]) -> Vec<SessionKey> {
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    keys
}

async fn found(store: &dyn SessionStore, which: Find<'_>) -> Result<Vec<SessionKey>, String> {
    Ok(sorted(&done(store.find(which).await, "find")?))
}

async fn owners_are_those_of_the_last_save(store: &dyn SessionStore) -> Result<(), String> {
    let (key, unique) = (key(), key().to_text());
    let names = ["before", "after"].map(|of| [format!("{of}-{unique}")]);
    let owned = |names: &[String; 1]| session(b"x", &names[0], Some(&names[0]));
    let read = done(store.create(&key, owned(&names[0]), HOUR).await, "create")?;
    let saved = done(store.save(&key, read, owned(&names[1]), HOUR).await, "save")?;
    rule(saved != Saved::No, "`save` with the version that was read succeeds")?;
    for (names, expected) in names.iter().zip([&[][..], &[key]]) {
        let by = [Find::Subject(names), Find::Sid(names)];
        for which in by {
            let holds = found(store, which).await? == expected;
            rule(holds, "`find` goes by the owner that was saved last")?;
        }
    }
    Ok(())
}

async fn sessions_expire(store: &dyn SessionStore) -> Result<(), String> {
    let (short, kept) = (key(), key());
    let second = Duration::from_secs(1);
    done(store.create(&short, some(b"1"), second).await, "create")?;
    let version = done(store.create(&kept, some(b"1"), second).await, "create")?;
    done(store.save(&kept, version, some(b"2"), HOUR).await, "save")?;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    rule(data(store, &short).await?.is_none(), "a session is gone after its time to live")?;
    rule(data(store, &kept).await?.is_some(), "`save` sets the time to live anew")
}

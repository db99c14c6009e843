//! What every [`SessionStore`] must do, as a check that runs on any of them.

mod shared;
mod together;

use std::time::Duration;

use crate::session::store::{Saved, SessionId, SessionKey, SessionStore, StoredSession};

const HOUR: Duration = Duration::from_secs(3600);

/// Runs the contract of [`SessionStore`] on `store`, and that of
/// [`Shared`](crate::Shared) if the store has it; takes about three seconds and leaves
/// behind a few sessions with the name `logto-contract`, and values, all of which expire.
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
    names_are_those_of_the_last_save(store).await?;
    sessions_expire(store).await?;
    match store.shared() {
        Some(values) => shared::check(values).await,
        None => Ok(()),
    }
}

/// Checks that `one` and `other`, two handles of the same store as two instances of an
/// application have, such as two pools of one database, see each other's changes. Run [`check`]
/// on one of them.
///
/// # Errors
///
/// They do not share their sessions, or one of them breaks a rule; the message says which.
///
/// # Example
///
/// ```rust
/// use std::sync::Arc;
///
/// use logto_rocket::{MemoryStore, contract};
///
/// # rocket::tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let one = Arc::new(MemoryStore::new(100));
/// let other = Arc::clone(&one);
/// contract::check_together(&one, &other).await?;
/// # Ok::<(), String>(()) }).unwrap();
/// ```
pub async fn check_together(
    one: &dyn SessionStore,
    other: &dyn SessionStore,
) -> Result<(), String> {
    together::check(one, other).await?;
    match (one.shared(), other.shared()) {
        (Some(one), Some(other)) => shared::check_together(one, other).await,
        (None, None) => Ok(()),
        _ => rule(false, "`shared` is the same for all handles of a store"),
    }
}

fn session(data: &[u8], names: &[&str]) -> StoredSession {
    StoredSession::new(data.to_vec(), names.iter().map(|name| (*name).into()).collect())
}

fn some(data: &[u8]) -> StoredSession {
    session(data, &["logto-contract"])
}

fn rule(holds: bool, rule: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("the store breaks a rule: {rule}")) }
}

/// Operations of the store must not fail here.
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
    let saved = done(store.save(&key, first.clone(), some(b"2"), HOUR).await, "save")?;
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
    let saves = (1..=16_u8).map(|n| store.save(&key, read.clone(), some(&[n]), HOUR));
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
    done(store.delete(&key, &some(b"").names).await, "delete")?;
    rule(data(store, &key).await?.is_none(), "`delete` deletes")?;
    let late = done(store.save(&key, version, some(b"2"), HOUR).await, "save")?;
    rule(late == Saved::No, "`save` does not bring a deleted session back")?;
    rule(data(store, &key).await?.is_none(), "a deleted session stays deleted")?;
    done(store.delete(&key, &some(b"").names).await, "delete")
}

async fn sessions_are_found(store: &dyn SessionStore) -> Result<(), String> {
    // Unique names, so that a store with other sessions can be checked.
    let unique = key().to_text();
    let name = |of: &str| format!("{of}-{unique}");
    let [new, old, bob, sid, nobody] = ["alice-new", "alice-old", "bob", "sid", "nobody"].map(name);
    let keys = [key(), key(), key(), key()];
    let names: [&[&str]; 4] = [&[&new, &sid], &[&old, &name("another")], &[&old], &[&bob]];
    for (key, names) in keys.iter().zip(names) {
        done(store.create(key, session(b"x", names), HOUR).await, "create")?;
    }
    let none = "`find` returns nothing for names that no session has, nor for no names";
    rule(found(store, &[&nobody]).await?.is_empty(), none)?;
    rule(found(store, &[]).await?.is_empty(), none)?;
    let one = "`find` returns all sessions with a name, each once, and no others";
    rule(found(store, &[&old]).await? == sorted(&keys[1..3]), one)?;
    rule(found(store, &[&sid]).await? == keys[..1], one)?;
    let several = "`find` returns the sessions with any of the names, each once, and no others";
    rule(found(store, &[&new, &old, &nobody]).await? == sorted(&keys[..3]), several)?;
    rule(found(store, &[&new, &sid]).await? == keys[..1], several)?;
    done(store.delete(&keys[0], &[new.clone(), sid.clone()]).await, "delete")?;
    done(store.delete(&keys[1], &[]).await, "delete")?;
    let left = found(store, &[&new, &old, &sid]).await?;
    rule(left == keys[2..3], "`find` does not return deleted sessions")
}

fn sorted(keys: &[SessionKey]) -> Vec<SessionKey> {
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    keys
}

async fn found(store: &dyn SessionStore, names: &[&str]) -> Result<Vec<SessionKey>, String> {
    let names: Vec<_> = names.iter().map(|name| (*name).into()).collect();
    Ok(sorted(&done(store.find(&names).await, "find")?))
}

async fn names_are_those_of_the_last_save(store: &dyn SessionStore) -> Result<(), String> {
    let (key, unique) = (key(), key().to_text());
    let [both, before, after] = ["both", "before", "after"].map(|of| format!("{of}-{unique}"));
    let created = store.create(&key, session(b"x", &[&both, &before]), HOUR).await;
    let read = done(created, "create")?;
    let rule_of_names = "`find` uses the names that were saved last";
    rule(found(store, &[&before]).await? == [key], rule_of_names)?;
    let saved = store.save(&key, read, session(b"x", &[&both, &after]), HOUR).await;
    rule(done(saved, "save")? != Saved::No, "`save` with the version that was read succeeds")?;
    for (name, expected) in [(&before, &[][..]), (&after, &[key]), (&both, &[key])] {
        rule(found(store, &[name]).await? == expected, rule_of_names)?;
    }
    Ok(())
}

async fn sessions_expire(store: &dyn SessionStore) -> Result<(), String> {
    let (short, kept, name) = (key(), key(), format!("expires-{}", key().to_text()));
    let second = Duration::from_secs(1);
    let of_name = |data| session(data, &[&name]);
    done(store.create(&short, of_name(b"1"), second).await, "create")?;
    let version = done(store.create(&kept, of_name(b"1"), second).await, "create")?;
    done(store.save(&kept, version, of_name(b"2"), HOUR).await, "save")?;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    rule(data(store, &short).await?.is_none(), "a session is gone after its time to live")?;
    rule(data(store, &kept).await?.is_some(), "`save` renews the time to live")?;
    let left = found(store, &[&name]).await?;
    rule(left == [kept], "`find` does not return sessions after their time to live")
}

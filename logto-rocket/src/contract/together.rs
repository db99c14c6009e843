//! The contract of two handles of one [`SessionStore`].

use rocket::futures::future::join_all;

use super::{HOUR, data, done, found, key, rule, session};
use crate::session::store::{Saved, SessionStore};

pub(super) async fn check(one: &dyn SessionStore, other: &dyn SessionStore) -> Result<(), String> {
    each_sees_what_the_other_did(one, other).await?;
    each_sees_what_the_other_did(other, one).await?;
    of_saves_by_both_one_wins(one, other).await
}

async fn each_sees_what_the_other_did(
    one: &dyn SessionStore,
    other: &dyn SessionStore,
) -> Result<(), String> {
    let (key, name) = (key(), format!("together-{}", key().to_text()));
    let of_name = |data| session(data, &[&name]);
    done(one.create(&key, of_name(b"1"), HOUR).await, "create")?;
    let read = done(other.load(&key).await, "load")?;
    let Some((data_read, version)) = read.filter(|(data, _)| data == b"1") else {
        return rule(false, "`load` sees what another handle created");
    };
    rule(found(other, &[&name]).await? == [key], "`find` sees what another handle created")?;
    let again = other.create(&key, of_name(&data_read), HOUR).await;
    rule(again.is_err(), "`create` with a key that another handle created is an error")?;
    let saved = done(other.save(&key, version.clone(), of_name(b"2"), HOUR).await, "save")?;
    rule(saved != Saved::No, "a version is the same for all handles")?;
    rule(data(one, &key).await? == Some(b"2".to_vec()), "`load` sees what another handle saved")?;
    let stale = done(one.save(&key, version, of_name(b"3"), HOUR).await, "save")?;
    rule(stale == Saved::No, "`save` does nothing after another handle's save")?;
    done(other.delete(&key, &of_name(b"").names).await, "delete")?;
    rule(data(one, &key).await?.is_none(), "`load` sees that another handle deleted a session")?;
    rule(found(one, &[&name]).await?.is_empty(), "and so does `find`")
}

async fn of_saves_by_both_one_wins(
    one: &dyn SessionStore,
    other: &dyn SessionStore,
) -> Result<(), String> {
    let key = key();
    let some = |data: &[u8]| session(data, &["logto-contract"]);
    let read = done(one.create(&key, some(b"0"), HOUR).await, "create")?;
    let handles = [one, other];
    let saves =
        (1..=16_u8).map(|n| handles[usize::from(n % 2)].save(&key, read.clone(), some(&[n]), HOUR));
    let mut won = 0;
    for result in join_all(saves).await {
        won += usize::from(done(result, "save")? != Saved::No);
    }
    rule(won == 1, "of 16 saves of one version at once by two handles exactly one wins")
}

//! The contract of [`Shared`].

use std::time::Duration;

use super::{HOUR, done, rule};
use crate::seal;
use crate::session::store::{Shared, SharedKey};

/// More than a store takes for several values at once.
const MANY: usize = 40;

pub(super) async fn check(values: &dyn Shared) -> Result<(), String> {
    values_are_put_where_there_are_none(values).await?;
    changes_are_conditional(values).await?;
    one_of_many_changes_wins(values).await?;
    values_come_in_the_order_of_their_keys(values).await?;
    values_expire(values).await
}

pub(super) async fn check_together(one: &dyn Shared, other: &dyn Shared) -> Result<(), String> {
    let key = key();
    rule(done(one.put_new(&key, b"1", HOUR).await, "put_new")?, "`put_new` puts a value")?;
    let again = done(other.put_new(&key, b"2", HOUR).await, "put_new")?;
    rule(!again, "`put_new` sees a value that another handle put")?;
    let seen = value(other, key).await? == Some(b"1".to_vec());
    rule(seen, "`get` sees a value that another handle put")?;
    let replaced = done(other.replace_if(&key, b"1", b"2", HOUR).await, "replace_if")?;
    rule(replaced, "`replace_if` replaces a value that another handle put")?;
    let replaced = done(one.replace_if(&key, b"1", b"3", HOUR).await, "replace_if")?;
    rule(!replaced, "`replace_if` sees that another handle replaced a value")?;
    let deleted = done(one.delete_if(&key, b"1").await, "delete_if")?;
    rule(!deleted, "and so does `delete_if`")?;
    rule(done(one.delete_if(&key, b"2").await, "delete_if")?, "`delete_if` deletes")?;
    let gone = value(other, key).await?.is_none();
    rule(gone, "`get` sees that another handle deleted a value")
}

fn key() -> SharedKey {
    SharedKey::of(&[b"logto-contract", &seal::random::<16>()])
}

async fn value(values: &dyn Shared, key: SharedKey) -> Result<Option<Vec<u8>>, String> {
    Ok(done(values.get(&[key]).await, "get")?.pop().flatten())
}

async fn values_are_put_where_there_are_none(values: &dyn Shared) -> Result<(), String> {
    let key = key();
    rule(value(values, key).await?.is_none(), "an unknown key has no value")?;
    let first = done(values.put_new(&key, &[0, 1, 255], HOUR).await, "put_new")?;
    rule(first, "`put_new` puts a value if there is none")?;
    let second = done(values.put_new(&key, b"other", HOUR).await, "put_new")?;
    rule(!second, "`put_new` reports that a value exists")?;
    let kept = value(values, key).await? == Some(vec![0, 1, 255]);
    rule(kept, "`put_new` does not overwrite, and `get` returns what it put")
}

async fn changes_are_conditional(values: &dyn Shared) -> Result<(), String> {
    let key = key();
    let replaced = done(values.replace_if(&key, b"", b"1", HOUR).await, "replace_if")?;
    rule(!replaced, "`replace_if` replaces nothing if there is no value")?;
    done(values.put_new(&key, b"1", HOUR).await, "put_new")?;
    let replaced = done(values.replace_if(&key, b"2", b"3", HOUR).await, "replace_if")?;
    rule(!replaced, "`replace_if` replaces only the expected value")?;
    let replaced = done(values.replace_if(&key, b"1", b"2", HOUR).await, "replace_if")?;
    rule(replaced, "`replace_if` replaces the expected value")?;
    rule(
        value(values, key).await? == Some(b"2".to_vec()),
        "`get` returns the value that `replace_if` put",
    )?;
    let deleted = done(values.delete_if(&key, b"1").await, "delete_if")?;
    rule(!deleted, "`delete_if` deletes only the expected value")?;
    rule(value(values, key).await?.is_some(), "a refused `delete_if` deletes nothing")?;
    rule(done(values.delete_if(&key, b"2").await, "delete_if")?, "`delete_if` deletes")?;
    rule(value(values, key).await?.is_none(), "`delete_if` deletes")?;
    let deleted = done(values.delete_if(&key, b"2").await, "delete_if")?;
    rule(!deleted, "`delete_if` reports that there is no value")
}

async fn one_of_many_changes_wins(values: &dyn Shared) -> Result<(), String> {
    let key = key();
    let contents: Vec<_> = (1..=16_u8).map(|n| [n]).collect();
    let puts = contents.iter().map(|n| values.put_new(&key, n, HOUR));
    let won = count(rocket::futures::future::join_all(puts).await, "put_new")?;
    rule(won == 1, "of 16 values put at once exactly one is kept")?;
    let old = value(values, key).await?.unwrap_or_default();
    let replaced = contents.iter().map(|n| [n[0] + 100]).collect::<Vec<_>>();
    let changes = replaced.iter().map(|new| values.replace_if(&key, &old, new, HOUR));
    let won = count(rocket::futures::future::join_all(changes).await, "replace_if")?;
    rule(won == 1, "of 16 changes of one value at once exactly one wins")
}

fn count(results: Vec<crate::Result<bool>>, operation: &str) -> Result<usize, String> {
    let mut count = 0;
    for result in results {
        count += usize::from(done(result, operation)?);
    }
    Ok(count)
}

async fn values_come_in_the_order_of_their_keys(values: &dyn Shared) -> Result<(), String> {
    let keys: Vec<_> = (0..MANY).map(|_| key()).collect();
    let mut expected = Vec::new();
    for (number, key) in keys.iter().enumerate() {
        let there = number % 3 != 0;
        if there {
            done(values.put_new(key, &number.to_le_bytes(), HOUR).await, "put_new")?;
        }
        expected.push(there.then(|| number.to_le_bytes().to_vec()));
    }
    let read = done(values.get(&keys).await, "get")?;
    rule(read == expected, "`get` returns the values of all keys, in their order")?;
    rule(done(values.get(&[]).await, "get")?.is_empty(), "`get` of no keys returns nothing")
}

async fn values_expire(values: &dyn Shared) -> Result<(), String> {
    let (short, kept) = (key(), key());
    let second = Duration::from_secs(1);
    done(values.put_new(&short, b"1", second).await, "put_new")?;
    done(values.put_new(&kept, b"1", second).await, "put_new")?;
    done(values.replace_if(&kept, b"1", b"2", HOUR).await, "replace_if")?;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    rule(value(values, short).await?.is_none(), "a value is gone after its time to live")?;
    let again = done(values.put_new(&short, b"3", HOUR).await, "put_new")?;
    rule(again, "`put_new` puts a value after one has expired")?;
    rule(value(values, kept).await?.is_some(), "`replace_if` renews the time to live")
}

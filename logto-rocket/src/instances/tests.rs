use std::sync::Arc;

use super::*;
use crate::seal::Kind;
use crate::session::memory::MemoryStore;
use crate::session::store::SessionId;

const TTL: Duration = Duration::from_secs(60);

fn with_secret(store: Option<AnyStore>, secret: &str) -> Instances {
    let secrets = [secret.as_bytes().to_vec().into()];
    let sealer = Sealer::new(&secrets, "issuer", "app", Kind::Shared);
    let pseudonyms = Pseudonyms::new(&secrets, "issuer", "app");
    Instances::new(store, sealer, pseudonyms, ["issuer".into(), "app".into()])
}

/// Two instances with one store.
fn pair() -> [Instances; 2] {
    let store: AnyStore = Arc::new(MemoryStore::new(100));
    [0, 1].map(|_| with_secret(Some(Arc::clone(&store)), "a secret of at least 32 random bytes"))
}

fn session() -> SessionKey {
    SessionId::random().key()
}

async fn value(instances: &Instances, item: Item<'_>) -> Option<Vec<u8>> {
    let sealed = instances.get(&[item]).await.expect("read").pop().flatten()?;
    Some(instances.read(item, sealed).expect("it opens").to_vec())
}

#[rocket::async_test]
async fn what_one_instance_puts_is_there_at_the_other() {
    let [one, other] = pair();
    let item = Item::UsedState([1; 32]);
    assert!(one.put_new(item, b"text", TTL).await.expect("put"));
    assert!(!other.put_new(item, b"other", TTL).await.expect("put"));
    assert!(other.put_new(Item::LogoutToken([1; 32]), b"", TTL).await.expect("another kind"));
    assert_eq!(value(&other, item).await.as_deref(), Some(&b"text"[..]));
    other.remove(item).await.expect("removed");
    assert_eq!(value(&one, item).await, None);
}

/// Write access to the store cannot put one value in another's place.
#[rocket::async_test]
async fn a_value_opens_in_its_own_place_and_with_its_own_secret_only() {
    let [one, _] = pair();
    let (item, another) = (Item::Mark("alice"), Item::Mark("bob"));
    one.put_new(item, b"text", TTL).await.expect("put");
    let read = async || one.get(&[item]).await.expect("read").pop().flatten().expect("a value");
    assert!(one.open(another, read().await).is_none());
    let error = one.read(another, read().await).expect_err("it does not open");
    assert_eq!(error.kind(), ErrorKind::Store);
    let stranger = with_secret(None, "another secret of at least 32 bytes");
    assert!(stranger.open(item, read().await).is_none());
}

#[rocket::async_test]
async fn none_of_many_concurrent_changes_is_lost() {
    let [one, other] = pair();
    let item = Item::Tokens(session());
    let add = |instances, n: u8| async move {
        let with = |old: Option<&[u8]>| Some(([old.unwrap_or_default(), &[n]].concat(), TTL));
        Instances::update(instances, item, with).await.expect("changed");
    };
    let changes = (0..8).map(|n| add(if n % 2 == 0 { &one } else { &other }, n));
    rocket::futures::future::join_all(changes).await;
    let mut all = value(&one, item).await.expect("a value");
    all.sort_unstable();
    assert_eq!(all, (0..8).collect::<Vec<_>>());
}

#[rocket::async_test]
async fn a_turn_is_taken_by_one_instance_at_a_time() {
    let [one, other] = pair();
    let item = Item::Turn(session());
    let first = one.take_turn(item).await.expect("taken").expect("they share");
    let second = other.take_turn(item);
    let short = Duration::from_millis(50);
    assert!(tokio::time::timeout(short, second).await.is_err(), "both have it");
    assert!(other.take_turn(Item::Turn(session())).await.expect("another's").is_some());
    drop(first);
    assert!(other.take_turn(item).await.expect("taken").is_some());
}

/// REF-3: another instance may have a refresh token that it could not save, and its turn has
/// expired.
#[rocket::async_test]
async fn a_first_turn_after_an_outage_waits_until_others_have_saved() {
    let [one, _] = pair();
    let down: Result<()> = one.observed(Err(Error::new(ErrorKind::Store, "down")));
    assert!(down.is_err());
    let begin = tokio::time::Instant::now();
    assert!(one.take_turn(Item::Turn(session())).await.expect("taken").is_some());
    assert!(begin.elapsed() >= Duration::from_secs(2), "{:?}", begin.elapsed());
}

/// A killed instance does not block others for longer than its lease.
#[rocket::async_test]
async fn the_turn_of_an_instance_that_died_passes_on() {
    let [one, other] = pair();
    let item = Item::Turn(session());
    let dead = one.shared().expect("they share");
    let ttl = Duration::from_millis(200);
    assert!(dead.put_new(&one.key(item), b"the dead one's", ttl).await.expect("put"));
    assert!(other.take_turn(item).await.expect("taken").is_some());
}

#[rocket::async_test]
async fn an_instance_that_is_alone_tells_nobody_and_waits_for_nobody() {
    let alone = with_secret(None, "a secret of at least 32 random bytes");
    let item = Item::Turn(session());
    assert!(!alone.share() && alone.take_turn(item).await.expect("taken").is_none());
    assert!(alone.put_new(item, b"", TTL).await.expect("put"));
    assert!(alone.put_new(item, b"", TTL).await.expect("put"));
    assert!(value(&alone, item).await.is_none());
    alone.update(item, |_| panic!("changed")).await.expect("nothing to do");
    alone.remove(item).await.expect("nothing to do");
}

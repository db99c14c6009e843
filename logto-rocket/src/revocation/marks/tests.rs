use tokio::sync::oneshot;

use super::*;
use crate::seal::{Kind, Pseudonyms, Sealer};
use crate::session::store::{
    Saved, SessionId, SessionStore, Shared, SharedKey, StoredSession, Version,
};

const SKEW: Duration = Duration::from_secs(60);

/// A store that holds one value, and reports its time to live.
#[derive(Default)]
struct OneValue {
    value: Mutex<Option<(Vec<u8>, Duration)>>,
    /// When the next up-to-date answer comes.
    late: Mutex<Option<oneshot::Receiver<()>>>,
}

impl OneValue {
    fn put(&self, value: &[u8], ttl: Duration) -> bool {
        *self.value.lock().expect("no panic") = Some((value.to_vec(), ttl));
        true
    }

    fn ttl(&self) -> Duration {
        self.value.lock().expect("no panic").as_ref().expect("a value").1
    }
}

#[rocket::async_trait]
impl Shared for OneValue {
    async fn put_new(&self, _: &SharedKey, value: &[u8], ttl: Duration) -> Result<bool> {
        Ok(self.put(value, ttl))
    }

    async fn get(&self, keys: &[SharedKey]) -> Result<Vec<Option<Vec<u8>>>> {
        let value = self.value.lock().expect("no panic").as_ref().map(|(value, _)| value.clone());
        let late = self.late.lock().expect("no panic").take();
        if let Some(late) = late {
            let _ = late.await;
        }
        Ok(keys.iter().map(|_| value.clone()).collect())
    }

    async fn replace_if(&self, _: &SharedKey, _: &[u8], new: &[u8], ttl: Duration) -> Result<bool> {
        Ok(self.put(new, ttl))
    }

    async fn delete_if(&self, _: &SharedKey, _: &[u8]) -> Result<bool> {
        unreachable!("marks only grow")
    }
}

#[rocket::async_trait]
impl SessionStore for OneValue {
    async fn create(&self, _: &SessionKey, _: StoredSession, _: Duration) -> Result<Version> {
        unreachable!("sessions live in cookies")
    }

    async fn load(&self, _: &SessionKey) -> Result<Option<(Vec<u8>, Version)>> {
        unreachable!("sessions live in cookies")
    }

    async fn save(
        &self,
        _: &SessionKey,
        _: Version,
        _: StoredSession,
        _: Duration,
    ) -> Result<Saved> {
        unreachable!("sessions live in cookies")
    }

    async fn delete(&self, _: &SessionKey, _: &[String]) -> Result<()> {
        unreachable!("sessions live in cookies")
    }

    async fn find(&self, _: &[String]) -> Result<Vec<SessionKey>> {
        unreachable!("sessions live in cookies")
    }

    fn shared(&self) -> Option<&dyn Shared> {
        Some(self)
    }
}

fn marks() -> (SharedMarks, Arc<OneValue>) {
    let (store, clock) = (Arc::new(OneValue::default()), Clock::default());
    let secrets = [b"a secret of at least 32 random bytes".to_vec().into()];
    let sealer = Sealer::new(&secrets, "issuer", "app", Kind::Shared);
    let pseudonyms = Pseudonyms::new(&secrets, "issuer", "app");
    let shared = Arc::clone(&store) as _;
    let instances = Instances::new(Some(shared), sealer, pseudonyms, Default::default());
    let here = Arc::new(RevocationList::new(clock.clone()));
    (SharedMarks::new(Arc::new(instances), (clock, SKEW), here), store)
}

fn in_seconds(seconds: u64) -> Timestamp {
    Timestamp::now().plus(Duration::from_secs(seconds))
}

/// S38: a mark shared late, or again after a loss, ends older sessions and is needed for
/// less time: the mark it is added to is needed as long as before.
#[rocket::async_test]
async fn a_mark_lives_as_long_as_the_last_session_that_it_ends() {
    let (marks, store) = marks();
    marks.end_user("alice", in_seconds(0), in_seconds(1000)).await.expect("told");
    let logout = Logout { of: Whose::Subject("alice"), received: in_seconds(0), issued_at: 1 };
    marks.log_out(logout, in_seconds(10)).await.expect("told");
    assert!(store.ttl() > Duration::from_secs(990), "{:?}", store.ttl());
}

/// S38: the clock that sets the time is ahead of one by which the session continues.
#[rocket::async_test]
async fn an_end_is_known_until_the_session_is_over_by_every_clock() {
    let (marks, store) = marks();
    let key = SessionId::random().key();
    marks.end(key, in_seconds(100), true).await.expect("told");
    assert!(store.ttl() > Duration::from_secs(95) + 2 * SKEW, "{:?}", store.ttl());
}

/// S39: an answer from before a loss that arrives after the loss is known admits no
/// session: sessions read in the meantime are from an older epoch.
#[rocket::async_test]
async fn an_answer_sent_before_marks_were_lost_does_not_bring_the_epoch_back() {
    let (marks, store) = marks();
    let marks = Arc::new(marks);
    let first = marks.epoch().await.expect("an epoch");
    let (go_on, late) = oneshot::channel();
    *store.late.lock().expect("no panic") = Some(late);
    let under_way = tokio::spawn({
        let marks = Arc::clone(&marks);
        async move { marks.epoch().await }
    });
    while store.late.lock().expect("no panic").is_some() {
        tokio::task::yield_now().await;
    }
    *store.value.lock().expect("no panic") = None;
    let second = marks.epoch().await.expect("another epoch");
    assert_ne!(first, second);
    go_on.send(()).expect("it waits");
    assert_eq!(under_way.await.expect("no panic").expect("an epoch"), second);
    assert_eq!(marks.known_epoch(), second);
}

//! Two instances that share ended sessions, and whose clocks differ.

use super::*;
use crate::clock::Timestamp;
use crate::session::store::AnyStore;

const APART: Duration = Duration::from_secs(30);

/// Two instances of each kind; the clock of the first is ahead.
fn pairs() -> [[Arc<Sessions>; 2]; 2] {
    let pair = |in_cookies| {
        let store: AnyStore = Arc::new(MemoryStore::new(10));
        [APART, Duration::ZERO].map(|ahead| {
            let clock = Clock::default();
            clock.advance(ahead);
            let application = ["issuer".into(), "app".into()];
            let shared = Some(Arc::clone(&store));
            let instances = Instances::new(shared, sealer(Kind::Shared), pseudonyms(), application);
            let storage = match in_cookies {
                true => Storage::cookie(sealer(Kind::Session), CACHE),
                false => {
                    Storage::store(sealer(Kind::Stored), pseudonyms(), Arc::clone(&store), CACHE)
                }
            };
            among(instances, clock, storage)
        })
    };
    [pair(true), pair(false)]
}

/// A session as a sign-in at this instance begins it.
async fn sign_in(at: &Arc<Sessions>) -> Session {
    let created = at.marks().earliest_begin("alice").await.expect("read");
    let epoch = at.marks().epoch().await.expect("read");
    at.begin(Record { epoch, ..record(created) }).await.expect("it begins")
}

async fn lives(at: &Sessions, session: &Session) -> bool {
    let cookies = cookies(at, session).await;
    matches!(read(at, &cookies).await, Read::Session { .. })
}

/// S38: whichever instance began it, the other one knows it, and it ends at both.
#[rocket::async_test]
async fn clocks_apart_end_no_session_early_and_spare_none() {
    for (begins, ends) in [(0, 1), (1, 0)] {
        for pair in pairs() {
            let session = sign_in(&pair[begins]).await;
            for at in &pair {
                assert!(lives(at, &session).await, "{begins}");
            }
            let received = pair[ends].clock.now();
            let logout = |issued_at| Logout { of: Whose::Subject("alice"), received, issued_at };
            let issued_at = session.record.issued_at;
            pair[ends].log_out(logout(issued_at - 1)).await.expect("told");
            for at in &pair {
                assert!(lives(at, &session).await, "{begins}: it is newer than the logout");
            }
            pair[ends].log_out(logout(issued_at)).await.expect("told");
            for at in &pair {
                assert!(!lives(at, &session).await, "{begins}");
            }
        }
    }
}

/// S38: even one that began after an earlier sign-out everywhere, by a fast clock.
#[rocket::async_test]
async fn a_user_can_be_signed_out_everywhere_again_and_again() {
    for pair in pairs() {
        for (first, then) in [(0, 1), (1, 0)] {
            for begins in [0, 1] {
                pair[first].end_all_of("alice").await.expect("told");
                let session = sign_in(&pair[begins]).await;
                for at in &pair {
                    assert!(lives(at, &session).await, "{first} {begins}");
                }
                pair[then].end_all_of("alice").await.expect("told");
                for at in &pair {
                    assert!(!lives(at, &session).await, "{first} {begins}");
                }
            }
        }
    }
}

/// REF-3: an instance that stalled and lost its turn does not lose the tokens that it
/// brings: the later of two saves learns of the other one, and continues from there.
#[rocket::async_test]
async fn of_two_refreshes_of_one_generation_the_later_one_wins() {
    for [one, other] in pairs() {
        let session = sign_in(&one).await;
        let refreshed = |from: &Session, seconds| {
            let verified_at = Timestamp::default().plus(Duration::from_secs(seconds));
            Record { verified_at, ..next(from) }
        };
        assert!(one.save(&session, refreshed(&session, 1)).await.expect("saved").is_some());
        assert!(other.save(&session, refreshed(&session, 2)).await.expect("told").is_none());
        let newest = other.current(&session).await.expect("it lives");
        assert!(other.save(&newest, refreshed(&newest, 2)).await.expect("saved").is_some());
        let newest = one.current(&session).await.expect("it lives");
        assert_eq!(newest.record.verified_at.seconds(), 2);
    }
}

/// REF-1: of the pending saves, the newest wins, whatever the asking request has.
#[rocket::async_test]
async fn an_unsaved_refresh_outranks_an_older_unsaved_one() {
    let [_, sessions] = &pairs()[1];
    let session = sign_in(sessions).await;
    let first = sessions.save_later(&session, next(&session), None).expect("it waits");
    let second = sessions.save_later(&first, next(&first), None).expect("it waits");
    for known in [&session, &first, &second] {
        let current = sessions.current(known).await.expect("it lives");
        assert_eq!(current.record.generation, second.record.generation);
    }
}

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::claims::IdTokenClaims;
use crate::session::record::Whose;
use crate::session::record::tests::record;

fn after(start: Timestamp, seconds: u64) -> Timestamp {
    start.plus(Duration::from_secs(seconds))
}

/// A session of alice that began at `created`, with an ID token from `issued_at`.
fn session(created: Timestamp, issued_at: i64, sid: Option<&str>) -> Record {
    Record { issued_at, sid: sid.map(Into::into), ..record(created) }
}

/// A session of `subject` that began at `created`.
fn of(subject: &str, created: Timestamp) -> Record {
    let claims = json!({"iss": "i", "sub": subject, "aud": "a", "exp": 2, "iat": 1});
    let claims: IdTokenClaims = serde_json::from_value(claims).expect("claims");
    Record { claims: (&claims).into(), ..record(created) }
}

#[test]
fn an_ended_session_stays_ended_and_its_token_is_called_for_once() {
    let list = RevocationList::new(Clock::default());
    let session = record(Timestamp::now());
    assert_eq!(list.standing(&session), Standing::Live);
    list.end(&session, after(session.created, 60), true);
    assert_eq!(list.standing(&session), Standing::EndedWithToken);
    assert_eq!(list.standing(&session), Standing::Ended);
    assert!(list.is_ended(&session));
    assert_eq!(list.standing(&record(Timestamp::now())), Standing::Live);
}

#[test]
fn a_full_list_forgets_no_ended_session_but_refuses_all_older_ones() {
    let list = RevocationList::with_capacity(100, Clock::default());
    let start = Timestamp::now();
    let sessions: Vec<_> = (0..250).map(|n| of(&format!("u-{n}"), after(start, n))).collect();
    for session in &sessions {
        list.end(session, after(start, 100_000), false);
    }
    for (n, session) in sessions.iter().enumerate() {
        assert_eq!(list.standing(session), Standing::Ended, "{n}");
    }
    assert_eq!(list.standing(&record(start)), Standing::Ended);
    assert_eq!(list.standing(&record(after(start, 251))), Standing::Live);
    assert!(list.list().ended.len() <= 100);
}

/// L7: both moments count, each by its own clock.
#[test]
fn a_logout_ends_what_began_before_it_by_both_clocks() {
    let (list, now) = (RevocationList::new(Clock::default()), Timestamp::now());
    let received = after(now, 10);
    let logout = Logout { of: Whose::Subject("alice"), received, issued_at: 100 };
    list.log_out(logout, after(now, 1000));
    for (created, issued_at, standing) in [
        (now, 100, Standing::EndedWithToken),
        (now, 99, Standing::EndedWithToken),
        (now, 101, Standing::Live),
        (received, 100, Standing::Live),
        (after(now, 11), 50, Standing::Live),
    ] {
        let session = session(created, issued_at, Some("any"));
        assert_eq!(list.is_ended(&session), standing != Standing::Live, "{issued_at}");
        assert_eq!(logout.ends(&session), standing != Standing::Live, "{issued_at}");
        assert_eq!(list.standing(&session), standing, "{issued_at}");
        if standing != Standing::Live {
            assert_eq!(list.standing(&session), Standing::Ended, "its token is called for once");
        }
    }
}

/// L8: a logout of one session ends no other session, and that of a user nobody else's.
#[test]
fn a_logout_ends_the_sessions_that_it_names() {
    let (list, now) = (RevocationList::new(Clock::default()), Timestamp::now());
    let received = after(now, 10);
    let sessions = [Some("one"), Some("two"), None].map(|sid| session(now, 1, sid));
    list.log_out(
        Logout { of: Whose::Sid { sid: "one", subject: None }, received, issued_at: 9 },
        after(now, 1000),
    );
    assert_eq!(sessions.each_ref().map(|s| list.is_ended(s)), [true, false, false]);
    list.log_out(Logout { of: Whose::Subject("bob"), received, issued_at: 9 }, after(now, 1000));
    assert_eq!(sessions.each_ref().map(|s| list.is_ended(s)), [true, false, false]);
    list.log_out(Logout { of: Whose::Subject("alice"), received, issued_at: 9 }, after(now, 1000));
    assert_eq!(sessions.each_ref().map(|s| list.is_ended(s)), [true, true, true]);
}

/// L13: if the token also names the user, their sessions without a `sid` may be meant.
#[test]
fn a_logout_of_a_session_ends_those_of_its_user_without_a_sid() {
    let (list, now) = (RevocationList::new(Clock::default()), Timestamp::now());
    let log_out = |sid, subject| {
        let of = Whose::Sid { sid, subject };
        let logout = Logout { of, received: after(now, 10), issued_at: 9 };
        list.log_out(logout, after(now, 1000));
        logout
    };
    let session = |created, issued_at, sid| session(after(now, created), issued_at, sid);
    let ended = |session: &Record| list.is_ended(session);
    log_out("one", None);
    log_out("one", Some("bob"));
    assert!(!ended(&session(0, 1, None)), "of alice is nothing said");
    let logout = log_out("one", Some("alice"));
    for (session, dies) in [
        (session(0, 1, Some("one")), true),
        (session(0, 1, None), true),
        (session(0, 1, Some("two")), false),
        (session(11, 1, None), false),
        (session(0, 10, None), false),
    ] {
        assert_eq!(ended(&session), dies, "{:?}", session.sid);
        assert_eq!(logout.ends(&session), dies, "{:?}", session.sid);
    }
}

/// L7: an older token that arrives late does not change what a newer one ended.
#[test]
fn logouts_that_overtook_each_other_both_apply_and_nothing_else() {
    let (list, now) = (RevocationList::new(Clock::default()), Timestamp::now());
    let log_out = |seconds, issued_at| {
        let received = after(now, seconds);
        let logout = Logout { of: Whose::Subject("alice"), received, issued_at };
        list.log_out(logout, after(now, 1000));
    };
    log_out(10, 200);
    log_out(20, 100);
    let dies = |seconds, issued_at| list.is_ended(&session(after(now, seconds), issued_at, None));
    assert!(dies(5, 200) && dies(15, 100));
    assert!(!dies(15, 150), "before neither of the two");
    assert_eq!(list.list().logouts.len(), 2);
    log_out(20, 100);
    assert_eq!(list.list().logouts.len(), 2, "the same again takes no room");
    log_out(30, 300);
    assert_eq!(list.list().logouts.len(), 1, "the newest covers both");
}

#[test]
fn a_full_list_of_logouts_forgets_none_but_refuses_all_older_sessions() {
    let (list, start) = (RevocationList::with_capacity(100, Clock::default()), Timestamp::now());
    for n in 0..250 {
        let name = format!("u-{n}");
        let of = if n % 2 == 0 {
            Whose::Subject(&name)
        } else {
            Whose::Sid { sid: &name, subject: None }
        };
        let received = after(start, n);
        list.log_out(Logout { of, received, issued_at: 1 }, after(start, 100_000));
        assert!(list.list().logouts.len() <= 100);
    }
    let of_last = session(start, 1, Some("u-249"));
    assert!(list.is_ended(&of_last) && list.is_ended(&session(start, 1, Some("u-1"))));
    assert!(list.is_ended(&session(start, 1, None)), "older than what was forgotten");
    assert!(!list.is_ended(&session(after(start, 251), 1, Some("u-1"))));

    // Expired entries make room without that.
    let (list, past) = (RevocationList::with_capacity(10, Clock::default()), Timestamp::default());
    for n in 0..100 {
        let name = format!("u-{n}");
        let logout = Logout {
            of: Whose::Sid { sid: &name, subject: None },
            received: after(past, n),
            issued_at: 1,
        };
        list.log_out(logout, after(past, n + 1));
    }
    assert!(!list.is_ended(&session(past, 1, None)), "nobody else is refused");
}

/// S24: a user who signs in and out in a loop ends only their own older sessions.
#[test]
fn one_user_who_signs_out_again_and_again_signs_nobody_else_out() {
    let (list, start) = (RevocationList::with_capacity(1000, Clock::default()), Timestamp::now());
    let of_bob = [of("bob", start), of("bob", after(start, 9_999))];
    let of_alice = [of("alice", start), of("alice", after(start, 10_000))];
    let ended: Vec<_> = (0..10_000).map(|n| of("alice", after(start, n))).collect();
    let also = of("bob", after(start, 5_000));
    for (n, session) in ended.iter().enumerate() {
        list.end(session, after(start, 100_000), true);
        assert!(list.list().len() <= 1000, "{n}");
        if n == 5_000 {
            list.end(&also, after(start, 100_000), true);
        }
    }
    assert_eq!(of_bob.each_ref().map(|s| list.standing(s)), [Standing::Live; 2]);
    assert_eq!(list.standing(&also), Standing::EndedWithToken, "what they ended is over");
    assert!(ended.iter().all(|session| list.is_ended(session)));
    assert!(ended.iter().all(|session| list.standing(session) != Standing::Live));
    assert!(list.is_ended(&of_alice[0]), "an older session, on another device, ends too");
    assert!(!list.is_ended(&of_alice[1]));
}

/// S24: so does a user who signs out at Logto, whose tokens name both the user and the
/// session.
#[test]
fn one_user_who_signs_out_at_logto_again_and_again_signs_nobody_else_out() {
    let (list, start) = (RevocationList::with_capacity(1000, Clock::default()), Timestamp::now());
    let with_sid = |session: Record, sid: &str| Record { sid: Some(sid.into()), ..session };
    let mut last = None;
    for n in 0..10_000 {
        let (sid, received) = (format!("s-{n}"), after(start, n + 1));
        let of_session = Whose::Sid { sid: &sid, subject: Some("alice") };
        let logout = Logout { of: of_session, received, issued_at: received.seconds() };
        list.log_out(logout, after(start, 100_000));
        assert!(list.list().logouts.len() <= 1000, "{n}");
        last = Some(with_sid(of("alice", after(start, n)), &sid));
    }
    let first = with_sid(of("alice", start), "s-0");
    assert!(list.is_ended(&first) && list.is_ended(&last.expect("one")));
    for created in [start, after(start, 9_999)] {
        assert_eq!(list.standing(&of("bob", created)), Standing::Live);
        assert_eq!(list.standing(&with_sid(of("bob", created), "other")), Standing::Live);
    }
    assert!(!list.is_ended(&with_sid(of("alice", after(start, 10_000)), "other")));
}

/// S24: a user who does so a few times keeps the sessions they did not end.
#[test]
fn a_few_sign_outs_of_one_user_end_no_other_session_of_theirs() {
    let (list, start) = (RevocationList::with_capacity(1000, Clock::default()), Timestamp::now());
    let until = after(start, 100_000);
    let other = Record { sid: Some("other".into()), ..of("u-0", start) };
    for n in 0..900 {
        // Fifteen users, sixty sign-outs each, here and at Logto.
        let (subject, sid) = (format!("u-{}", n % 15), format!("s-{n}"));
        list.end(&of(&subject, after(start, n)), until, false);
        if n < 450 {
            let of = Whose::Sid { sid: &sid, subject: Some(&subject) };
            let received = after(start, n + 1);
            list.log_out(Logout { of, received, issued_at: received.seconds() }, until);
        }
    }
    assert_eq!(list.standing(&other), Standing::Live);
}

/// S24: even if very many users do so, the list is bounded, and no ended session lives.
#[test]
fn marks_of_many_users_are_bounded_too() {
    let (list, start) = (RevocationList::with_capacity(200, Clock::default()), Timestamp::now());
    let mut ended = Vec::new();
    for n in 0..20_000 {
        let session = of(&format!("u-{}", n / 90), after(start, n));
        list.end(&session, after(start, 100_000), false);
        assert!(list.list().len() <= 200, "{n}");
        ended.push(session);
    }
    assert!(ended.iter().all(|session| list.is_ended(session)));
    assert_eq!(list.standing(&of("bob", after(start, 19_999))), Standing::Live);
}

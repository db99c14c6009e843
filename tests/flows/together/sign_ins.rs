//! Sign-ins that begin at one instance and end at another.

use super::*;

/// A38: the callback may reach any instance.
#[rocket::async_test]
async fn a_sign_in_begins_at_one_instance_and_ends_at_another() {
    for mode in MODES {
        let three = Three::start(mode).await;
        let callback = three.op.authorize(&three.at[0].start("/protected").await);
        three.carry(0);
        let answer = three.at[1].visit(&callback).await;
        assert_eq!(answer.status, Status::SeeOther, "{mode:?}: {answer:?}");
        three.carry(1);
        assert_eq!(three.statuses().await, ALIVE, "{mode:?}");
    }
}

/// A38: a callback is good once, whichever instance it reaches.
#[rocket::async_test]
async fn a_callback_that_one_instance_took_is_worth_nothing_at_another() {
    for mode in MODES {
        let three = Three::start(mode).await;
        let callback = three.op.authorize(&three.at[0].start("/protected").await);
        let stolen = three.at[0].cookies();
        assert_eq!(three.at[0].visit(&callback).await.status, Status::SeeOther);
        let count = three.op.count("token");
        three.at[1].restore(stolen);
        let again = three.at[1].visit(&callback).await;
        assert_ne!(again.status, Status::SeeOther, "{mode:?}");
        assert_eq!(three.op.count("token"), count, "{mode:?}: the code was redeemed twice");
        assert!(three.at[1].session_cookies().is_empty(), "{mode:?}");
    }
}

/// A38: a user who presses back is led on, even at an instance that has not seen the callback.
#[rocket::async_test]
async fn a_repeated_callback_leads_a_signed_in_user_on() {
    for mode in MODES {
        let three = Three::start(mode).await;
        let callback = three.op.authorize(&three.at[0].start("/protected").await);
        let before = three.at[0].cookies();
        assert_eq!(three.at[0].visit(&callback).await.status, Status::SeeOther);
        let mut both = before;
        both.extend(three.at[0].cookies());
        three.at[1].restore(both);
        let again = three.at[1].visit(&callback).await;
        assert_eq!(again.status, Status::SeeOther, "{mode:?}: {again:?}");
        assert_eq!(again.location(), "/protected");
    }
}

/// A38: a browser that has the answer to the first, and so no sign-in cookie any more, goes where
/// the sign-in was to lead.
#[rocket::async_test]
async fn a_doubled_callback_at_another_instance_leads_its_session_on() {
    for mode in MODES {
        let three = Three::start(mode).await;
        let callback = three.op.authorize(&three.at[0].start("/protected").await);
        assert_eq!(three.at[0].visit(&callback).await.status, Status::SeeOther);
        three.carry(0);
        assert!(three.at[1].sign_in_cookies().is_empty(), "{mode:?}");
        let count = three.op.count("token");
        let again = three.at[1].visit(&callback).await;
        assert_eq!(again.status, Status::SeeOther, "{mode:?}: {again:?}");
        assert_eq!(again.location(), "/protected", "{mode:?}");
        assert_eq!(three.op.count("token"), count, "{mode:?}");
        assert_eq!(three.statuses().await, ALIVE, "{mode:?}");
    }
}

/// A38: somebody else's callback leads nobody anywhere, and neither does that of an ended
/// session.
#[rocket::async_test]
async fn a_callback_of_another_sign_in_leads_nowhere() {
    for mode in MODES {
        let three = Three::start(mode).await;
        let foreign = three.op.authorize(&three.at[0].start("/protected").await);
        assert_eq!(three.at[0].visit(&foreign).await.status, Status::SeeOther);
        three.at[0].forget();
        three.sign_in().await;
        let before = three.at[1].cookies();
        let answer = three.at[1].visit(&foreign).await;
        assert_ne!(answer.status, Status::SeeOther, "{mode:?}: {answer:?}");
        three.at[1].restore(before);
        assert_eq!(three.statuses().await, ALIVE, "{mode:?}");

        three.at[2].forget();
        let callback = three.op.authorize(&three.at[2].start("/protected").await);
        assert_eq!(three.at[2].visit(&callback).await.status, Status::SeeOther);
        let ended = three.at[2].cookies();
        three.at[2].visit("/sign-out").await;
        three.at[1].restore(ended);
        let answer = three.at[1].visit(&callback).await;
        assert_ne!(answer.status, Status::SeeOther, "{mode:?}: {answer:?}");
    }
}

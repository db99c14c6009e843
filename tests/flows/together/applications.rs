//! Two applications of one Logto with one store.

use super::*;

/// S40: neither sees or ends the other's sessions.
#[rocket::async_test]
async fn applications_with_one_store_see_nothing_of_each_other() {
    for mode in MODES {
        let three = Three::start(mode).await;
        three.sign_in().await;
        three.op.serve("another");
        let other = Browser::open(app(mode, three.op.figment(), &three.store)).await;
        assert_eq!(other.sign_in(&three.op, "/protected").await.body, "u-alice", "{mode:?}");
        three.op.serve("hostile-app");
        rocket::tokio::time::sleep(Duration::from_millis(2)).await;

        let own = other.cookies();
        let names = own.keys().cloned();
        let foreign = names.zip(three.at[0].session_cookies().into_values()).collect();
        other.restore(foreign);
        assert_eq!(other.fetch("/me").await.status, Status::Unauthorized, "{mode:?}");
        assert_eq!(three.statuses().await, ALIVE, "{mode:?}: nor was it deleted");

        other.restore(own);
        let token = three.op.logout_token("u-alice", None);
        assert_eq!(three.at[1].post_logout(&token).await.status, Status::Ok, "{mode:?}");
        assert_eq!(three.statuses().await, ENDED, "{mode:?}");
        assert_eq!(other.fetch("/me").await.status, Status::Ok, "{mode:?}: a logout");

        three.at[0].forget();
        // Logto issues the next ID token in another second than the logout.
        rocket::tokio::time::sleep(Duration::from_millis(1100)).await;
        three.sign_in().await;
        let request = other.client().post("/sign-out-everywhere/u-alice");
        let count = other.deliver(request).await.body;
        assert_eq!(count, if mode == Mode::Stored { "1" } else { "0" });
        assert_eq!(other.fetch("/me").await.status, Status::Unauthorized, "{mode:?}");
        assert_eq!(three.statuses().await, ALIVE, "{mode:?}: everywhere");
    }
}

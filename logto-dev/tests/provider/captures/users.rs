//! Users who are suspended or deleted.

use super::replay::Replay;
use crate::support::text;

pub(crate) async fn play(replay: &mut Replay) {
    let app = &replay.start().await;
    for (what, username) in [("suspended", "alice"), ("deleted", "bob")] {
        let tokens = app.sign_in(username, &[]).await;
        match what {
            "suspended" => app.provider.suspend(username),
            _ => app.provider.delete(username),
        }
        let answer = app.refresh(&text(&tokens, "refresh_token"), &[]).await;
        replay.same(&format!("{what} refresh"), app, &answer);
        let info = app.user_info(&text(&tokens, "access_token")).await;
        replay.same(&format!("{what} userinfo"), app, &info);
    }
}

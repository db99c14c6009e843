//! The machine-to-machine application.

use super::replay::Replay;
use crate::support::{ACME, API, GLOBEX, text};

pub(crate) async fn play(replay: &mut Replay) {
    let app = &replay.start().await;
    let (resource, organization) = (("resource", API), ("organization_id", ACME));
    let answer = app.machine(&[resource, ("scope", "read:items")]).await;
    replay.same("m2m.resource", app, &answer);
    replay.same_token("m2m.at", app, &text(&answer.ok(), "access_token"));
    let answer = app.machine(&[organization, ("scope", "read:data")]).await;
    replay.same("m2m.org", app, &answer);
    replay.same_token("m2m.org.at", app, &text(&answer.ok(), "access_token"));
    let management = ("resource", "https://default.logto.app/api");
    replay.same("m2m.mgmt", app, &app.machine(&[management, ("scope", "all")]).await);
    replay.same("m2m.noresource", app, &app.machine(&[]).await);
    let answer = app.machine(&[("organization_id", GLOBEX)]).await;
    replay.same("m2m.org.notmember", app, &answer);
    let answer = app.machine(&[("resource", "https://nope.example.com")]).await;
    replay.same("m2m.unknown_resource", app, &answer);
}

//! Tokens of organizations, for their members.

use super::replay::Replay;
use crate::support::{ACME, ALL_SCOPES, API, App, GLOBEX, text};

const ORGANIZATIONS: &str = "urn:logto:scope:organizations";
const RESOURCE: &str = "urn:logto:resource:organizations";

pub(crate) async fn play(replay: &mut Replay) {
    let app = replay.start().await;
    members(replay, &app).await;
    needs(replay, &app).await;
}

async fn members(replay: &mut Replay, app: &App) {
    let scope = format!("{ALL_SCOPES} read:items write:items read:data write:data");
    let resources = format!("{API},{RESOURCE}");
    let asked = [("scope", scope.as_str()), ("resource", &resources)];
    let alice = text(&app.sign_in("alice", &asked).await, "refresh_token");
    for (name, form) in [
        ("refresh.org", vec![("organization_id", ACME)]),
        ("refresh.org2", vec![("organization_id", GLOBEX)]),
        ("refresh.org+resource", vec![("organization_id", ACME), ("resource", API)]),
    ] {
        let answer = app.refresh(&alice, &form).await;
        replay.same(name, app, &answer);
        replay.same_token(&format!("{name}.at"), app, &text(&answer.ok(), "access_token"));
    }
    let bob = text(&app.sign_in("bob", &asked).await, "refresh_token");
    let answer = app.refresh(&bob, &[("organization_id", ACME)]).await;
    replay.same("refresh.org.not_member", app, &answer);
}

/// What a sign-in must have requested.
async fn needs(replay: &mut Replay, app: &App) {
    let base = "openid offline_access profile";
    let with_scope = format!("{base} {ORGANIZATIONS} read:data");
    let with_items = format!("{base} {ORGANIZATIONS} read:items");
    let cases = [
        ("org token: no organizations scope, no resource", format!("{base} read:data"), ""),
        ("org token: organizations scope, no urn resource", with_scope.clone(), ""),
        ("org token: both", with_scope, RESOURCE),
        ("org token: both, no org scopes asked", format!("{base} {ORGANIZATIONS}"), RESOURCE),
        ("org token: urn resource only", format!("{base} read:data"), RESOURCE),
        ("org token + resource, no urn resource", with_items, API),
    ];
    for (name, scope, resource) in cases {
        let tokens = app.sign_in("alice", &[("scope", &scope), ("resource", resource)]).await;
        let mut form = vec![("organization_id", ACME)];
        if resource == API {
            form.push(("resource", API));
        }
        let answer = app.refresh(&text(&tokens, "refresh_token"), &form).await;
        replay.same(name, app, &answer);
    }
}

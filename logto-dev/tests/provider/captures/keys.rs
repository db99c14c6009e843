//! New signing keys.

use logto_dev::Generation;
use serde_json::{Value, json};

use super::replay::Replay;
use crate::support::{API, Answer, App, decode, text};

const OLD_HINT: &str = "end_session with old EC id_token_hint";

pub(crate) async fn play(replay: &mut Replay) {
    let app = &replay.start().await;
    replay.same_value("keys.before", app, &published(app).await);
    if replay.generation == Generation::V1_37 {
        return;
    }
    let scope = "openid offline_access read:items";
    let asked = [("scope", scope), ("resource", API)];
    let first = app.sign_in("alice", &asked).await;

    app.provider.rotate_keys_to_rsa();
    replay.same_value("keys.afterRSA", app, &published(app).await);
    let refreshed = app.refresh(&text(&first, "refresh_token"), &[("resource", API)]).await.ok();
    let header = |tokens: &Value, name: &str| decode(&text(tokens, name)).0;
    replay.same_value("refresh after RSA idt header", app, &header(&refreshed, "id_token"));
    replay.same_value("RSA at header", app, &header(&refreshed, "access_token"));
    let second = app.sign_in("alice", &asked).await;
    replay.same_value("RSA idt header", app, &header(&second, "id_token"));
    replay.same(OLD_HINT, app, &hint(app, &text(&first, "id_token")).await);

    app.provider.rotate_keys();
    replay.same_value("keys.afterEC", app, &published(app).await);
    let third = text(&app.sign_in("alice", &asked).await, "id_token");
    app.provider.rotate_keys();
    let answer = hint(app, &third).await;
    replay.same("hint signed by previous EC key (still in JWKS)", app, &answer);
    let answer = hint(app, &text(&first, "id_token")).await;
    replay.same("hint signed by a removed key", app, &answer);
    let jwks = published(app).await["jwks"].clone();
    let kids: Vec<_> = jwks.as_array().expect("keys").iter().map(|key| text(key, "kid")).collect();
    replay.same_lengths("jwks", &kids);
}

async fn hint(app: &App, token: &str) -> Answer {
    app.get(&format!("/oidc/session/end?id_token_hint={token}")).await
}

/// The keys without their numbers, and what discovery says about them.
async fn published(app: &App) -> Value {
    let mut jwks = app.get("/oidc/jwks").await.ok()["keys"].clone();
    for key in jwks.as_array_mut().expect("keys") {
        key.as_object_mut().expect("a key").retain(|name, _| name.len() > 1);
    }
    let discovery = app.get("/oidc/.well-known/openid-configuration").await.ok();
    json!({ "idalgs": discovery["id_token_signing_alg_values_supported"], "jwks": jwks })
}

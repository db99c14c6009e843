//! The endpoints: the right answers, with the deviations applied.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::access::Wanted;
use crate::encode::{basic, hash_half};
use crate::grants::Grant;
use crate::state::{APP_SECRET, ENDPOINTS, Recorded, State};
use crate::token::{Draft, altered};
use crate::wire::{Reply, Request};
use crate::{Deviation, Key};

/// Answers `request`, and remembers it.
pub(crate) fn answer(state: &mut State, request: &Request) -> Reply {
    let path = request.path().strip_prefix("/oidc").unwrap_or("");
    let Some((endpoint, _)) = ENDPOINTS.into_iter().find(|(_, known)| *known == path) else {
        return oidc_error(404, "invalid_request");
    };
    state.recorded.push(Recorded {
        endpoint,
        method: request.method.clone(),
        target: request.target.clone(),
        headers: request.headers.clone(),
        form: request.form(),
    });
    match state.fault(endpoint) {
        // A failing server has neither used the code up nor rotated a token.
        Some(fault) if fault.is_refusal() => fault.instead_of(Reply::new(200, "text/plain", "")),
        Some(fault) => fault.instead_of(right(state, endpoint, request)),
        None => right(state, endpoint, request),
    }
}

fn right(state: &mut State, endpoint: &str, request: &Request) -> Reply {
    match endpoint {
        "discovery" => Reply::json(200, &discovery(state)),
        "jwks" => jwks(state),
        "token" => token(state, request),
        "me" => user_info(state, request),
        "revocation" => revocation(state, request),
        "auth" => oidc_error(400, "interaction_required"),
        _ => Reply::new(200, "text/html", "<!doctype html><title>Signed out</title>"),
    }
}

fn discovery(state: &State) -> Value {
    let issuer = state.issuer();
    let algs: Vec<_> = state.keys.iter().take(1).map(|key| key.alg()).collect();
    let document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/auth"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/me"),
        "jwks_uri": format!("{issuer}/jwks"),
        "revocation_endpoint": format!("{issuer}/token/revocation"),
        "end_session_endpoint": format!("{issuer}/session/end"),
        "authorization_response_iss_parameter_supported": true,
        "backchannel_logout_session_supported": true,
        "backchannel_logout_supported": true,
        "claims_supported": ["sub", "name", "email", "sid", "auth_time", "iss"],
        "code_challenge_methods_supported": ["S256"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "id_token_signing_alg_values_supported": algs,
        "response_modes_supported": ["form_post", "fragment", "query"],
        "response_types_supported": ["code id_token", "code", "id_token", "none"],
        "scopes_supported": ["openid", "offline_access", "profile", "email"],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    });
    altered(document, &state.deviations, |deviation| match deviation {
        Deviation::Discovery(alter) => Some(alter),
        _ => None,
    })
}

fn jwks(state: &State) -> Reply {
    let keys: Vec<Value> = state.keys.iter().map(|key| key.jwk()).collect();
    let set = altered(json!({"keys": keys}), &state.deviations, |deviation| match deviation {
        Deviation::Jwks(alter) => Some(alter),
        _ => None,
    });
    Reply::new(200, "application/jwk-set+json; charset=utf-8", set.to_string())
}

fn token(state: &mut State, request: &Request) -> Reply {
    let form = request.form();
    let field =
        |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.to_owned());
    let header = request.headers.get("authorization").and_then(|header| basic(header));
    let posted = field("client_id").zip(field("client_secret"));
    if header.or(posted) != Some((state.app_id.clone(), APP_SECRET.to_owned())) {
        return oidc_error(401, "invalid_client");
    }
    let asked = field("refresh_token");
    let grant = match field("grant_type").as_deref() {
        Some("authorization_code") => state.grants.redeem(field),
        Some("refresh_token") => asked.as_ref().and_then(|token| state.grants.refresh(token)),
        _ => return oidc_error(400, "unsupported_grant_type"),
    };
    let Some(grant) = grant else { return oidc_error(400, "invalid_grant") };
    let wanted = Wanted { resource: field("resource"), organization: field("organization_id") };
    match wanted.refusal(&grant) {
        Some((status, error)) => oidc_error(status, error),
        None => Reply::json(200, &tokens(state, &grant, &wanted, asked)),
    }
}

fn tokens(state: &mut State, grant: &Grant, wanted: &Wanted, refreshed: Option<String>) -> Value {
    if state.has(|deviation| matches!(deviation, Deviation::RotateBeforeSigning)) {
        state.exchange_keys(Key::es384());
    }
    let (access_token, scope) = wanted.token(state, grant);
    let id_token = id_token(state, grant, &access_token, refreshed.is_some());
    let mut answer = json!({
        "access_token": access_token, "token_type": "Bearer", "expires_in": 3600,
        "scope": scope, "id_token": id_token,
    });
    if let Some(token) = refresh_token(state, grant, refreshed) {
        answer["refresh_token"] = token.into();
    }
    altered(answer, &state.deviations, |deviation| match deviation {
        Deviation::Tokens(alter) => Some(alter),
        _ => None,
    })
}

fn refresh_token(state: &mut State, grant: &Grant, old: Option<String>) -> Option<String> {
    let rotates = state.has(|deviation| matches!(deviation, Deviation::RotateRefreshTokens));
    match old {
        Some(old) if rotates => {
            state.grants.forget_refresh_token(&old);
            state.grants.refresh_token(grant)
        }
        Some(old) => Some(old),
        None => state.grants.refresh_token(grant),
    }
}

fn id_token(state: &State, grant: &Grant, access_token: &str, refreshed: bool) -> String {
    let mut claims = grant.claims(true);
    if let Some(nonce) = &grant.nonce {
        claims["nonce"] = nonce.as_str().into();
    }
    if state.has(|deviation| matches!(deviation, Deviation::AtHash)) {
        claims["at_hash"] = hash_half(access_token, state.keys[0].alg()).into();
    }
    let iat = now();
    claims["sid"] = grant.id.as_str().into();
    claims["aud"] = state.app_id.as_str().into();
    claims["exp"] = (iat + 3600).into();
    claims["iat"] = iat.into();
    claims["iss"] = state.issuer().into();
    let key = state.keys[0].clone();
    let draft = Draft { typ: None, claims, refreshed, key, app_secret: APP_SECRET.to_owned() };
    draft.sign(&state.deviations)
}

fn user_info(state: &State, request: &Request) -> Reply {
    let header = request.headers.get("authorization");
    let token = header.and_then(|header| header.strip_prefix("Bearer "));
    let Some(grant) = token.and_then(|token| state.grants.account_of(token)) else {
        return oidc_error(401, "invalid_token");
    };
    let info = altered(grant.claims(false), &state.deviations, |deviation| match deviation {
        Deviation::UserInfo(alter) => Some(alter),
        _ => None,
    });
    Reply::json(200, &info)
}

fn revocation(state: &mut State, request: &Request) -> Reply {
    if let Some((_, token)) = request.form().into_iter().find(|(key, _)| key == "token") {
        state.grants.revoke(&token);
    }
    Reply::new(200, "text/plain", "")
}

/// An error with the members that Logto adds.
fn oidc_error(status: u16, error: &str) -> Reply {
    let body = json!({
        "code": format!("oidc.{error}"), "message": "An OIDC error occurred.",
        "error": error, "error_description": format!("{error} by the hostile provider"),
    });
    Reply::json(status, &body)
}

pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("the clock is past 1970").as_secs()
}

//! The provider's metadata and keys.

use rocket::get;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::error;
use crate::names::{GRANT_TYPES, OIDC_SCOPES};
use crate::tenant::{Shared, Tenant};

#[get("/oidc/.well-known/openid-configuration")]
pub(crate) fn openid_configuration(tenant: &Shared) -> Answer {
    Answer::tagged("application/json; charset=utf-8", &metadata(tenant)).header(ALLOW_ORIGIN, "*")
}

#[get("/oidc/.well-known/oauth-authorization-server")]
pub(crate) fn oauth_authorization_server(tenant: &Shared) -> Answer {
    match tenant.is_old() {
        true => error::unrecognized("GET", "/oidc/.well-known/oauth-authorization-server"),
        false => openid_configuration(tenant),
    }
}

#[get("/oidc/jwks")]
pub(crate) fn jwks(tenant: &Shared) -> Answer {
    let keys = json!({ "keys": tenant.keys.jwks() });
    let answer = Answer::tagged("application/jwk-set+json; charset=utf-8", &keys);
    let answer = answer.header(ALLOW_ORIGIN, "*");
    match tenant.is_old() {
        true => answer,
        false => answer.header("Cache-Control", "no-cache, max-age=0, must-revalidate"),
    }
}

const ALLOW_ORIGIN: &str = "Access-Control-Allow-Origin";

fn metadata(tenant: &Tenant) -> Value {
    let issuer = tenant.issuer();
    let mut metadata = json!({
        "authorization_endpoint": format!("{issuer}/auth"),
        "authorization_response_iss_parameter_supported": true,
        "backchannel_logout_session_supported": true,
        "backchannel_logout_supported": true,
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": false,
        "claims_supported": CLAIMS,
        "code_challenge_methods_supported": ["S256"],
        "device_authorization_endpoint": format!("{issuer}/device/auth"),
        "end_session_endpoint": format!("{issuer}/session/end"),
        "grant_types_supported": GRANT_TYPES,
        "id_token_signing_alg_values_supported": tenant.keys.algorithms(),
        "introspection_endpoint": format!("{issuer}/token/introspection"),
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/jwks"),
        "pushed_authorization_request_endpoint": format!("{issuer}/request"),
        "request_uri_parameter_supported": false,
        "response_modes_supported": ["form_post", "fragment", "query"],
        "response_types_supported": ["code id_token", "code", "id_token", "none"],
        "revocation_endpoint": format!("{issuer}/token/revocation"),
        "scopes_supported": OIDC_SCOPES,
        "subject_types_supported": ["public"],
        "token_endpoint": format!("{issuer}/token"),
        "token_endpoint_auth_methods_supported": AUTH_METHODS,
        "token_endpoint_auth_signing_alg_values_supported":
            ["HS256", "RS256", "PS256", "ES256", "Ed25519", "EdDSA"],
        "userinfo_endpoint": format!("{issuer}/me"),
    });
    if tenant.is_old() {
        make_older(&mut metadata);
    }
    metadata
}

/// What 1.37 announces differently.
fn make_older(metadata: &mut Value) {
    let scopes = &OIDC_SCOPES[..OIDC_SCOPES.len() - 1];
    metadata["scopes_supported"] = json!(scopes);
    metadata["request_parameter_supported"] = json!(false);
    metadata["token_endpoint_auth_signing_alg_values_supported"] =
        json!(["HS256", "RS256", "PS256", "ES256", "EdDSA"]);
}

const AUTH_METHODS: [&str; 5] =
    ["client_secret_basic", "client_secret_jwt", "client_secret_post", "private_key_jwt", "none"];

const CLAIMS: [&str; 32] = [
    "sub",
    "name",
    "family_name",
    "given_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at",
    "username",
    "created_at",
    "email",
    "email_verified",
    "phone_number",
    "phone_number_verified",
    "address",
    "custom_data",
    "identities",
    "sso_identities",
    "roles",
    "organizations",
    "organization_data",
    "organization_roles",
    "sid",
    "auth_time",
    "iss",
];

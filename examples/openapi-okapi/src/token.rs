//! The recipe for routes with `bearer`: `Token<ReadNotes>` instead of `&AuthInfo`; `ReadNotes`
//! has the route's scopes. Copy this file too.

use std::marker::PhantomData;

use logto_rocket::AuthInfo;
use rocket::Request;
use rocket::request::{FromRequest, Outcome};
use rocket_okapi::OpenApiError;
use rocket_okapi::r#gen::OpenApiGenerator;
use rocket_okapi::okapi::Map;
use rocket_okapi::okapi::openapi3::{
    OpenApi, RefOr, Responses, SecurityScheme, SecuritySchemeData,
};
use rocket_okapi::request::{OpenApiFromRequest, RequestHeaderInput};

use crate::documented::add;

const TOKEN: &str = "token";

/// The scopes of a route. Its guard cannot read the attribute.
pub(crate) trait Scopes {
    const SCOPES: &'static [&'static str];
}

/// The sender of a token, and in the document: the token's scopes.
pub(crate) struct Token<'r, S>(pub(crate) &'r AuthInfo, PhantomData<fn() -> S>);

#[rocket::async_trait]
impl<'r, S> FromRequest<'r> for Token<'r, S> {
    type Error = <&'r AuthInfo as FromRequest<'r>>::Error;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        <&AuthInfo>::from_request(request).await.map(|auth| Self(auth, PhantomData))
    }
}

impl<'r, S: Scopes> OpenApiFromRequest<'r> for Token<'r, S> {
    fn from_request_input(
        _: &mut OpenApiGenerator,
        _: String,
        _: bool,
    ) -> Result<RequestHeaderInput, OpenApiError> {
        let scheme = SecurityScheme {
            description: Some(
                "An access token from Logto. The client requests it with the resource \
                 `https://notes.example.com` and the scopes of the operation."
                    .into(),
            ),
            // `add_discovery()` knows it.
            data: SecuritySchemeData::OpenIdConnect { open_id_connect_url: String::new() },
            extensions: Map::new(),
        };
        let scopes = S::SCOPES.iter().map(ToString::to_string).collect();
        let needs = Map::from_iter([(TOKEN.to_owned(), scopes)]);
        Ok(RequestHeaderInput::Security(TOKEN.into(), scheme, needs))
    }

    fn get_responses(_: &mut OpenApiGenerator) -> Result<Responses, OpenApiError> {
        let mut responses = Responses::default();
        add(&mut responses, "401", "There is no token, or it is invalid or for another resource");
        add(&mut responses, "403", "The token lacks a scope");
        add(&mut responses, "503", "Logto's keys are not available");
        Ok(responses)
    }
}

/// Adds the address of Logto's discovery document, which depends on the configuration.
pub(crate) fn add_discovery(document: &mut OpenApi, endpoint: &str) {
    let schemes = document.components.iter_mut().flat_map(|all| all.security_schemes.values_mut());
    for scheme in schemes {
        if let RefOr::Object(SecurityScheme {
            data: SecuritySchemeData::OpenIdConnect { open_id_connect_url },
            ..
        }) = scheme
        {
            let endpoint = endpoint.trim_end_matches('/');
            *open_id_connect_url = format!("{endpoint}/oidc/.well-known/openid-configuration");
        }
    }
}

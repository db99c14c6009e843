//! The recipe: a `logto-rocket` guard, and what the document says about it.
//!
//! rocket_okapi requires `OpenApiFromRequest` of every guard, which only the application's own
//! types can have. Copy this file.

use std::ops::Deref;

use rocket::Request;
use rocket::request::{FromRequest, Outcome};
use rocket_okapi::OpenApiError;
use rocket_okapi::r#gen::OpenApiGenerator;
use rocket_okapi::okapi::Map;
use rocket_okapi::okapi::openapi3::{
    OpenApi, Operation, Response, Responses, SecurityScheme, SecuritySchemeData,
};
use rocket_okapi::request::{OpenApiFromRequest, RequestHeaderInput};

const SESSION: &str = "session";

/// Operations with this tag belong to routes with `#[authenticated(redirect)]`.
const REDIRECTS: &str = "pages";

/// The guard `T`, documented: `Documented<&User>` instead of `&User`.
pub(crate) struct Documented<T>(pub(crate) T);

impl<T> Deref for Documented<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

#[rocket::async_trait]
impl<'r, T: FromRequest<'r>> FromRequest<'r> for Documented<T> {
    type Error = T::Error;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, T::Error> {
        T::from_request(request).await.map(Self)
    }
}

impl<'r, T: FromRequest<'r>> OpenApiFromRequest<'r> for Documented<T> {
    fn from_request_input(
        _: &mut OpenApiGenerator,
        _: String,
        _: bool,
    ) -> Result<RequestHeaderInput, OpenApiError> {
        let scheme = SecurityScheme {
            description: Some(
                "Set by `/sign-in`. Six more characters in the name tell \
                 applications apart, and begins with `__Host-` on https."
                    .into(),
            ),
            data: SecuritySchemeData::ApiKey { name: "logto_".into(), location: "cookie".into() },
            extensions: Map::new(),
        };
        let needs = Map::from_iter([(SESSION.to_owned(), Vec::new())]);
        Ok(RequestHeaderInput::Security(SESSION.into(), scheme, needs))
    }

    fn get_responses(_: &mut OpenApiGenerator) -> Result<Responses, OpenApiError> {
        let mut responses = Responses::default();
        add(&mut responses, "401", "Nobody is signed in");
        Ok(responses)
    }
}

/// Adds the answers of `#[authenticated]` that depend on the route, which a guard
/// does not know.
pub(crate) fn add_answers(document: &mut OpenApi) {
    for path in document.paths.values_mut() {
        let changing = [&mut path.put, &mut path.post, &mut path.patch, &mut path.delete];
        for operation in changing.into_iter().flatten().filter(|found| needs_session(found)) {
            add(&mut operation.responses, "403", "A page of another origin sent this");
        }
        if let Some(operation) = &mut path.get
            && operation.tags.iter().any(|tag| tag == REDIRECTS)
        {
            add(&mut operation.responses, "303", "Nobody is signed in: to sign-in, and back");
        }
    }
}

fn needs_session(operation: &Operation) -> bool {
    let mut needs = operation.security.iter().flatten();
    needs.any(|requirement| requirement.contains_key(SESSION))
}

pub(crate) fn add(responses: &mut Responses, status: &str, description: &str) {
    let response = Response { description: description.into(), ..Response::default() };
    responses.responses.insert(status.into(), response.into());
}

//! The parameters of a request: its query, or its form.

use std::convert::Infallible;

use rocket::Data;
use rocket::data::{FromData, Outcome as DataOutcome, ToByteUnit};
use rocket::http::Status;
use rocket::http::uri::Origin;
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest, Request};
use url::form_urlencoded;

use crate::error::OidcError;

/// The names and values of a request, in the order they came.
#[derive(Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    pub(crate) fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// The value of a parameter. An empty one counts as absent.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The value of a parameter, or the error that it is missing.
    pub(crate) fn required(&self, name: &str) -> Result<&str, OidcError> {
        self.one(name).ok_or_else(|| OidcError::missing(name))
    }

    /// Every value of a parameter that may be repeated.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.0.iter().filter(move |(key, value)| key == name && !value.is_empty());
        named.map(|(_, value)| value.as_str())
    }

    /// The words of a parameter that is a list, like `scope`.
    pub(crate) fn words(&self, name: &str) -> Vec<String> {
        let words = self.one(name).unwrap_or_default().split(' ');
        words.filter(|word| !word.is_empty()).map(str::to_string).collect()
    }

    /// All parameters but one.
    pub(crate) fn without(&self, name: &str) -> Self {
        Self(self.0.iter().filter(|(key, _)| key != name).cloned().collect())
    }

    /// A parameter given twice. Only `resource` may be repeated.
    pub(crate) fn repeated(&self) -> Option<&str> {
        let names = self.0.iter().map(|(name, _)| name.as_str()).filter(|name| *name != "resource");
        names.enumerate().find_map(|(place, name)| {
            let before =
                self.0.iter().map(|(key, _)| key.as_str()).filter(|key| *key != "resource");
            before.take(place).any(|earlier| earlier == name).then_some(name)
        })
    }
}

/// The query of a request, which [`rewrite`] moved out of the URI.
#[derive(Default)]
pub(crate) struct Query(pub(crate) Params);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for &'r Query {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, Self::Error> {
        Outcome::Success(request.local_cache(Query::default))
    }
}

/// Moves the query out of the URI before Rocket logs it, and puts `mark` before the path: the
/// provider shares the log with the application, and the query holds `state` and the like.
pub(crate) fn rewrite(request: &mut Request<'_>, mark: &str) {
    let query = request.uri().query().map(|query| Params::parse(query.as_str().as_bytes()));
    let path = format!("{mark}{}", request.uri().path());
    if let Ok(path) = Origin::parse_owned(path) {
        request.local_cache(|| Query(query.unwrap_or_default()));
        request.set_uri(path);
    }
}

/// The form of a request.
pub(crate) struct Form(pub(crate) Params);

#[rocket::async_trait]
impl<'r> FromData<'r> for &'r Form {
    type Error = std::io::Error;

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> DataOutcome<'r, Self> {
        match data.open(64.kibibytes()).into_bytes().await {
            Ok(bytes) if bytes.is_complete() => {
                Outcome::Success(request.local_cache(|| Form(Params::parse(&bytes))))
            }
            Ok(_) => {
                let error = std::io::Error::other("the form is larger than 64 KiB");
                Outcome::Error((Status::PayloadTooLarge, error))
            }
            Err(error) => Outcome::Error((Status::BadRequest, error)),
        }
    }
}

//! Errors: the protocol's, and those of playing the browser.

use std::borrow::Cow;
use std::fmt;

use rocket::http::Status;
use rocket::request::Request;
use rocket::response::Responder;
use serde::Serialize;

use crate::answer::Answer;

/// What went wrong while playing the browser's part, or while starting.
///
/// The message is meant for the output of a failed test. It may quote the provider's
/// answer.
pub struct Error(Cow<'static, str>);

impl Error {
    pub(crate) fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// `expect` prints this form, so it is the readable one.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl std::error::Error for Error {}

/// An error of the protocol, as Logto puts it into JSON.
#[derive(Debug)]
pub(crate) struct OidcError(Box<Fields>);

#[derive(Debug, Serialize)]
struct Fields {
    #[serde(skip)]
    status: Status,
    #[serde(skip)]
    challenge: Option<String>,
    code: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_uri: Option<&'static str>,
    error: &'static str,
    error_description: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
}

impl OidcError {
    /// An error with a description, of status 400.
    pub(crate) fn new(error: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Fields {
            status: Status::BadRequest,
            challenge: None,
            code: format!("oidc.{error}"),
            message: message(error),
            error_uri: (error == "invalid_grant").then_some(INVALID_GRANT_URI),
            error,
            error_description: description.into(),
            scope: None,
            state: None,
            iss: None,
        }))
    }

    /// The one answer to every invalid code and refresh token.
    pub(crate) fn invalid_grant() -> Self {
        Self::new("invalid_grant", "grant request is invalid")
    }

    /// A request that lacks something or has it in the wrong form.
    pub(crate) fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new("invalid_request", description)
    }

    /// A request without one of its parameters.
    pub(crate) fn missing(parameter: &str) -> Self {
        Self::invalid_request(format!("missing required parameter '{parameter}'"))
    }

    /// A parameter given more than once.
    pub(crate) fn twice(parameter: &str) -> Self {
        Self::invalid_request(format!("'{parameter}' parameter must not be provided twice"))
    }

    /// A resource that is not registered, or was not requested.
    pub(crate) fn invalid_target() -> Self {
        Self::new("invalid_target", "resource indicator is missing, or unknown")
    }

    /// A user or an application that does not belong to the organization.
    pub(crate) fn forbidden(description: &'static str) -> Self {
        Self::new("access_denied", description).status(Status::Forbidden)
    }

    /// An application that is not registered.
    pub(crate) fn unknown_client(id: &str) -> Self {
        Self::new("invalid_client", format!("invalid client {id}"))
    }

    /// An application that did not authenticate.
    pub(crate) fn client_authentication() -> Self {
        Self::new("invalid_client", "client authentication failed").status(Status::Unauthorized)
    }

    pub(crate) fn status(mut self, status: Status) -> Self {
        self.0.status = status;
        self
    }

    /// Sets the `WWW-Authenticate` header.
    pub(crate) fn challenge(mut self, challenge: String) -> Self {
        self.0.challenge = Some(challenge);
        self
    }

    /// Names the scope that is missing.
    pub(crate) fn scope(mut self, scope: &str) -> Self {
        self.0.scope = Some(scope.to_string());
        self
    }

    /// Adds what the authorization endpoint's errors carry.
    pub(crate) fn authorization(mut self, state: Option<&str>, issuer: &str) -> Self {
        self.0.state = state.map(str::to_string);
        self.0.iss = Some(issuer.to_string());
        self
    }

    pub(crate) fn name(&self) -> &'static str {
        self.0.error
    }

    pub(crate) fn description(&self) -> &str {
        &self.0.error_description
    }
}

impl Serialize for OidcError {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'r> Responder<'r, 'static> for OidcError {
    fn respond_to(mut self, request: &'r Request<'_>) -> rocket::response::Result<'static> {
        let challenge = self.0.challenge.take();
        let mut answer = Answer::json(self.0.status, &self).no_store();
        if let Some(challenge) = challenge {
            answer = answer.header("WWW-Authenticate", challenge);
        }
        answer.respond_to(request)
    }
}

/// What Logto answers to a path or a method it does not know.
pub(crate) fn unrecognized(method: &str, path: &str) -> Answer {
    let Some(path) = path.strip_prefix("/oidc") else {
        return Answer::plain(Status::NotFound, "Not Found");
    };
    let description = format!("unrecognized route or not allowed method ({method} on {path})");
    Answer::json(Status::NotFound, &OidcError::invalid_request(description))
}

const INVALID_GRANT_URI: &str = "https://openid.sh/debug/invalid_grant";

/// Logto's English texts. If it has none, it names the code.
fn message(error: &str) -> String {
    let text = match error {
        "access_denied" => "Access denied.",
        "insufficient_scope" => "Token missing scope `{{scope}}`.",
        "invalid_grant" => "Grant request is invalid.",
        "invalid_redirect_uri" => {
            "`redirect_uri` did not match any of the client's registered `redirect_uris`."
        }
        "invalid_request" => "Request is invalid.",
        "invalid_target" => "Invalid resource indicator.",
        "invalid_token" => "Invalid token provided.",
        "unsupported_grant_type" => "Unsupported `grant_type` requested.",
        _ => return format!("An OIDC error occurred: oidc.{error}."),
    };
    text.to_string()
}

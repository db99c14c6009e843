//! Back-channel logout: Logto's POST and its answer (OpenID Connect Back-Channel Logout
//! 1.0, sections 2.5 and 2.8).

use std::io::Cursor;

use rocket::data::ToByteUnit as _;
use rocket::http::{ContentType, Header, Status};
use rocket::request::Request;
use rocket::{Data, Response};

use crate::error::{Error, ErrorKind, Result};
use crate::logto::Logto;
use crate::request::RequestState;
use crate::warning;

/// The longest body that is read, in KiB.
const MAX_BODY: u64 = 64;

pub(super) async fn answer(
    logto: &Logto,
    request: &Request<'_>,
    data: Data<'_>,
) -> Response<'static> {
    match log_out(logto, request, data).await {
        Ok(()) => uncached(Status::Ok).finalize(),
        Err(error) => {
            warning::warn("a logout token ended nothing", &error);
            RequestState::of(request).fail(&error);
            failure(&error)
        }
    }
}

async fn log_out(logto: &Logto, request: &Request<'_>, data: Data<'_>) -> Result<()> {
    if !request.content_type().is_some_and(|kind| kind.is_form()) {
        return Err(invalid("the body is not a form"));
    }
    let body = data.open(MAX_BODY.kibibytes()).into_bytes().await;
    let body = body.map_err(|_| invalid("the body cannot be read"))?;
    if !body.is_complete() {
        return Err(invalid("the body is too long"));
    }
    logto.handle_backchannel_logout(&token(&body)?).await
}

/// The token in the form. If it is given twice it has no value: taking the first or the
/// last would be guessing.
fn token(body: &[u8]) -> Result<String> {
    let pairs = url::form_urlencoded::parse(body);
    let mut tokens = pairs.filter(|(name, _)| name == "logout_token").map(|(_, value)| value);
    match (tokens.next(), tokens.next()) {
        (Some(token), None) => Ok(token.into_owned()),
        (None, _) => Err(invalid("there is no `logout_token`")),
        (Some(_), Some(_)) => Err(invalid("`logout_token` is given twice")),
    }
}

/// 400 for a token that will never be accepted; 503 if the same one may be later, so that
/// it is sent again.
fn failure(error: &Error) -> Response<'static> {
    let (status, code) = match error.kind() {
        ErrorKind::InvalidLogoutToken => (Status::BadRequest, "invalid_request"),
        _ => (Status::ServiceUnavailable, "temporarily_unavailable"),
    };
    let description = error.to_string();
    let body = serde_json::json!({ "error": code, "error_description": description }).to_string();
    uncached(status).header(ContentType::JSON).sized_body(body.len(), Cursor::new(body)).finalize()
}

fn uncached(status: Status) -> rocket::response::Builder<'static> {
    let mut response = Response::build();
    response.status(status).header(Header::new("Cache-Control", "no-store"));
    response
}

fn invalid(detail: &'static str) -> Error {
    Error::new(ErrorKind::InvalidLogoutToken, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A11, L9: the token is present exactly once, whatever else is there.
    #[test]
    fn a_form_has_one_logout_token() {
        assert_eq!(token(b"logout_token=a.b%2Bc").expect("a token"), "a.b+c");
        assert_eq!(token(b"x=1&logout_token=a&x=2").expect("a token"), "a");
        let bodies: [&[u8]; 5] = [
            b"",
            b"Logout_Token=a",
            b"logout_token=a&logout_token=a",
            b"logout_token=a&logout%5Ftoken=b",
            b"\xff\xfe=\x00&&==&%",
        ];
        for body in bodies {
            assert_eq!(token(body).expect_err("no token").kind(), ErrorKind::InvalidLogoutToken);
        }
    }
}

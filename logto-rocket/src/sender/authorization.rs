//! The access token that a request presents (RFC 6750 section 2.1).

use rocket::request::Request;

use crate::error::{Error, ErrorKind, Result};

/// The access token in `Authorization`; `None` if the request presents none. Another scheme
/// presents none: a proxy in front may ask for `Basic`. Nor does a query: it ends up in logs
/// and in the browser's history (RFC 6750 section 5.3).
///
/// # Errors
///
/// [`ErrorKind::InvalidRequest`]: there is one of this scheme next to another one, or without
/// a token. We do not guess which of two was meant.
pub(crate) fn access_token<'r>(request: &'r Request<'_>) -> Result<Option<&'r str>> {
    // A proxy may merge two headers into one with a comma.
    let credentials = || request.headers().get("Authorization").flat_map(|all| all.split(','));
    let Some(token) = credentials().find_map(presented) else { return Ok(None) };
    match credentials().nth(1) {
        None if is_token(token) => Ok(Some(token)),
        None => {
            Err(Error::new(ErrorKind::InvalidRequest, "`Bearer` must be followed by one token"))
        }
        Some(_) => Err(Error::new(
            ErrorKind::InvalidRequest,
            "there is more than one `Authorization`, or it contains a comma",
        )),
    }
}

/// The text after the scheme Bearer and a space. The scheme ends at the first character
/// that cannot be in a name: `Bearer:a` is not another scheme, but this one with nothing
/// after it.
fn presented(credentials: &str) -> Option<&str> {
    let credentials = credentials.trim();
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let end = credentials.find(|c| !is_of_name(c)).unwrap_or(credentials.len());
    let (scheme, rest) = credentials.split_at(end);
    let token = || rest.strip_prefix(' ').map(|rest| rest.trim_start_matches(' '));
    scheme.eq_ignore_ascii_case("Bearer").then(|| token().unwrap_or_default())
}

/// Whether this is a `b64token` of RFC 6750 section 2.1.
fn is_token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b);
    !body.is_empty() && body.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use rocket::http::Header;
    use rocket::local::blocking::Client;

    use super::*;

    /// What a request with these headers presents: a token, nothing, or something
    /// refused.
    fn read(headers: &[&'static str]) -> Result<Option<String>, ErrorKind> {
        let rocket = rocket::custom(rocket::Config::debug_default());
        let client = Client::untracked(rocket).expect("an application");
        let mut request = client.get("/?access_token=a.b.c");
        for header in headers {
            request.add_header(Header::new("Authorization", *header));
        }
        let token = access_token(request.inner());
        token.map(|token| token.map(str::to_owned)).map_err(|error| error.kind())
    }

    /// W4: RFC 6750 section 2.1; the scheme may be in any case (RFC 9110 section 11.1).
    #[test]
    fn a_token_is_presented_by_the_scheme_bearer() {
        for header in ["Bearer a.b-c_~+/9==", "bearer a.b-c_~+/9==", "BEARER   a.b-c_~+/9=="] {
            assert_eq!(read(&[header]), Ok(Some("a.b-c_~+/9==".to_owned())), "{header}");
        }
    }

    /// W4: neither a proxy's password nor a token in a query is for us.
    #[test]
    fn other_schemes_and_queries_present_nothing() {
        for headers in [
            &[][..],
            &["Basic YTpi"],
            &["Bearerx a.b.c"],
            &["Bearer-x a"],
            &["Basic Bearer"],
            &["Basic YTpi", "Digest x"],
        ] {
            assert_eq!(read(headers), Ok(None), "{headers:?}");
        }
    }

    /// H14: a malformed header is refused, and nothing is guessed (RFC 6750 section 3.1).
    #[test]
    fn what_cannot_be_read_is_refused() {
        for headers in [
            &["Bearer"][..],
            &["Bearer "],
            &["Bearer %"],
            &["Bearer a b"],
            &["Bearer a,b"],
            &["Bearer =="],
            &["Bearer ä"],
            &["Bearer\ta.b.c"],
            &["Bearer\u{a0}a.b.c"],
            &["Bearer:a.b.c"],
            &["Bearer=a.b.c"],
            &["Bearer/a.b.c"],
            &["Bearer a.b.c, Basic YTpi"],
            &["Basic YTpi,bearer a.b.c"],
            &["Bearer a.b.c,"],
            &["Bearer a.b.c", "Bearer a.b.c"],
            &["Bearer a.b.c", "Basic YTpi"],
            &["Basic YTpi", "bearer a.b.c"],
        ] {
            assert_eq!(read(headers), Err(ErrorKind::InvalidRequest), "{headers:?}");
        }
    }
}

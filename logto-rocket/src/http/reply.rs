//! Logto's answers, and how they are read.

use super::object;
use crate::error::{Error, ErrorKind, Result};

/// An answer from Logto, whatever its status.
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Whether its `Content-Type` is JSON.
    pub(super) is_json: bool,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// Answers that mean "not now": RFC 9110 section 15, 408, 429 and 5xx.
    pub(crate) fn check_available(&self) -> Result<()> {
        let detail = || format!("it answered {}", self.status);
        match self.status {
            408 | 429 => Err(Error::busy(detail())),
            500.. => Err(Error::new(ErrorKind::Unreachable, detail())),
            _ => Ok(()),
        }
    }

    /// The body of a 200 as `T`.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, what: &str) -> Result<T> {
        self.check_available()?;
        if self.status != 200 {
            return Err(unexpected(self.status));
        }
        if !self.is_json {
            let detail = format!("{what}: the `Content-Type` is not JSON");
            return Err(Error::new(ErrorKind::InvalidAnswer, detail));
        }
        // The message of serde_json may quote the body, so it is left out.
        object(&self.body).map_err(|error| {
            let at = format!("{what}, line {} column {}", error.line(), error.column());
            Error::new(ErrorKind::InvalidAnswer, at)
        })
    }

    /// The OAuth error of a 4xx answer (RFC 6749 section 5.2). Logto's own errors have
    /// only a `code`, like `oidc.invalid_grant`.
    pub(crate) fn refusal(&self) -> Error {
        #[derive(serde::Deserialize)]
        struct Body {
            error: Option<String>,
            code: Option<String>,
            error_description: Option<String>,
        }
        let body = object::<Body>(&self.body).ok();
        let description = body.as_ref().and_then(|body| body.error_description.as_deref());
        let code = body.as_ref().and_then(|b| b.error.as_deref().or(b.code.as_deref()));
        let Some(code) = code.and_then(error_code) else { return unexpected(self.status) };
        let kind = match code {
            "invalid_grant" => ErrorKind::SessionEnded,
            "access_denied" => ErrorKind::Denied,
            "invalid_target" | "insufficient_scope" | "invalid_scope" => ErrorKind::NotGranted,
            _ => ErrorKind::Refused,
        };
        Error::refused(kind, code, description)
    }
}

#[cfg(any(test, feature = "__internal"))]
impl Reply {
    /// A JSON answer.
    pub(crate) fn of(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, is_json: true, body: body.into() }
    }
}

/// An error code that may be shown: short, and only with characters that OAuth and Logto
/// use in codes. `None` for anything else.
pub(crate) fn error_code(code: &str) -> Option<&str> {
    let code = code.strip_prefix("oidc.").unwrap_or(code);
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'.';
    ((1..=64).contains(&code.len()) && code.bytes().all(plain)).then_some(code)
}

fn unexpected(status: u16) -> Error {
    Error::new(ErrorKind::InvalidAnswer, format!("it answered {status}"))
}

/// `application/json`, `application/jwk-set+json` and the like (RFC 6838 section 4.2.8).
pub(super) fn says_json(content_type: &[u8]) -> bool {
    let kind = content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    kind.eq_ignore_ascii_case(b"application/json")
        || kind.last_chunk().is_some_and(|end: &[u8; 5]| end.eq_ignore_ascii_case(b"+json"))
}

//! What the browser brings back from Logto.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind, Result};
use crate::http::error_code;
use crate::seal;

/// The parameters of a callback (OpenID Connect Core, section 3.1.2.5 and .6).
#[derive(Default)]
pub(super) struct Callback<'q> {
    state: Option<Cow<'q, str>>,
    iss: Option<Cow<'q, str>>,
    code: Option<Cow<'q, str>>,
    error: Option<Cow<'q, str>>,
    error_description: Option<Cow<'q, str>>,
}

/// The code in a callback's query that is an answer from `issuer`.
#[cfg(feature = "__internal")]
pub(crate) fn callback_code(query: &str, issuer: &str) -> Result<String> {
    Callback::parse(query)?.code(issuer).map(Into::into)
}

impl<'q> Callback<'q> {
    /// A parameter that is given twice has no meaning (RFC 6749 section 3.1):
    /// taking the first or the last would be guessing.
    pub(super) fn parse(query: &'q str) -> Result<Self> {
        let mut callback = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let slot = match &*name {
                "state" => &mut callback.state,
                "iss" => &mut callback.iss,
                "code" => &mut callback.code,
                "error" => &mut callback.error,
                "error_description" => &mut callback.error_description,
                _ => continue,
            };
            if slot.replace(value).is_some() {
                let detail = "a parameter is given twice";
                return Err(Error::new(ErrorKind::InvalidCallback, detail));
            }
        }
        Ok(callback)
    }

    /// Whether it has no parameters: this is how users leave Logto's consent page.
    pub(super) fn is_bare(&self) -> bool {
        [&self.state, &self.iss, &self.code, &self.error].iter().all(|given| given.is_none())
    }

    /// The `state`; empty if there is none.
    pub(super) fn state(&self) -> &str {
        self.state.as_deref().unwrap_or_default()
    }

    /// The code of a successful answer from this issuer. A wrong or missing `iss` means
    /// that another provider's answer was sent here (RFC 9207 section 2.4).
    pub(super) fn code(&self, issuer: &str) -> Result<&str> {
        let from_us = self
            .iss
            .as_ref()
            .is_some_and(|iss| seal::same_secret(iss.as_bytes(), issuer.as_bytes()));
        if !from_us {
            return Err(Error::new(ErrorKind::InvalidCallback, "`iss` is not this Logto"));
        }
        match (self.error.as_deref(), self.code.as_deref()) {
            (Some(error), _) => Err(refusal(error, self.error_description.as_deref())),
            (None, Some(code)) if !code.is_empty() => Ok(code),
            (None, _) => Err(Error::new(ErrorKind::InvalidCallback, "there is no code")),
        }
    }
}

/// What an error from Logto means (RFC 6749 section 4.1.2.1; OpenID Connect Core, section
/// 3.1.2.6).
fn refusal(error: &str, description: Option<&str>) -> Error {
    let Some(code) = error_code(error) else {
        return Error::new(ErrorKind::Refused, "an error without a code");
    };
    let kind = match code {
        "access_denied" => ErrorKind::Cancelled,
        "login_required"
        | "consent_required"
        | "interaction_required"
        | "account_selection_required" => ErrorKind::InteractionRequired,
        "server_error" | "temporarily_unavailable" => ErrorKind::Unreachable,
        _ => ErrorKind::Refused,
    };
    Error::refused(kind, code, description)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(query: &str) -> Result<String> {
        Callback::parse(query)?.code("https://foo/oidc").map(String::from)
    }

    /// A8, A9, A11: another issuer, none, and parameters given twice.
    #[test]
    fn a_callback_of_another_issuer_or_with_a_parameter_twice_is_refused() {
        assert_eq!(code("code=a&state=s&iss=https%3A%2F%2Ffoo%2Foidc").expect("a code"), "a");
        for query in [
            "code=a&state=s",
            "code=a&state=s&iss=https%3A%2F%2Ffoo%2Foidc2",
            "code=a&code=b&iss=https%3A%2F%2Ffoo%2Foidc",
            "error=access_denied&state=s",
            "code=&iss=https%3A%2F%2Ffoo%2Foidc",
            "iss=https%3A%2F%2Ffoo%2Foidc",
            "",
        ] {
            let error = code(query).expect_err(query);
            assert_eq!(error.kind(), ErrorKind::InvalidCallback, "{query}");
        }
    }

    #[test]
    fn an_error_of_the_provider_is_named_only_if_it_is_a_plain_code() {
        let error = |error: &str| {
            code(&format!("error={error}&iss=https%3A%2F%2Ffoo%2Foidc")).expect_err("an error")
        };
        assert_eq!(error("access_denied").kind(), ErrorKind::Cancelled);
        assert_eq!(
            error("invalid_target").to_string(),
            "Logto refused the request: invalid_target"
        );
        assert!(!error("%3Cscript%3E").to_string().contains('<'));
    }
}

//! Where Logto is: for browsers, and for this application.

use url::{Position, Url};

use crate::config::Checked;
use crate::error::{Error, ErrorKind, Result};
use crate::location::is_loopback;

/// The addresses of one Logto, which limit where its endpoints may be.
#[derive(Clone, Debug)]
pub(crate) struct Endpoints {
    /// The public one, whichever address was asked.
    pub(crate) issuer: String,
    /// Where this application reaches it, if browsers use another address.
    internal: Option<String>,
    allow_http: bool,
}

impl Endpoints {
    pub(crate) fn new(checked: &Checked) -> Self {
        Self {
            issuer: checked.issuer.clone(),
            internal: checked.internal_endpoint.clone(),
            allow_http: checked.config.danger_allow_http,
        }
    }

    #[cfg(any(test, feature = "__internal"))]
    pub(crate) fn of(issuer: &str) -> Self {
        Self { issuer: issuer.to_owned(), internal: None, allow_http: false }
    }

    /// Where the metadata is (OpenID Connect Discovery, section 4).
    pub(crate) fn metadata(&self) -> String {
        let issuer = self.internal.as_ref().map(|internal| format!("{internal}/oidc"));
        format!("{}/.well-known/openid-configuration", issuer.as_ref().unwrap_or(&self.issuer))
    }

    /// An endpoint that browsers are sent to.
    pub(crate) fn for_browsers(&self, endpoint: String) -> Result<String> {
        match self.internal {
            None => self.safe(endpoint),
            Some(_) => Ok(format!("{}{}", self.public(), self.below(&endpoint)?)),
        }
    }

    /// An endpoint that this application calls.
    pub(crate) fn for_us(&self, endpoint: String) -> Result<String> {
        match &self.internal {
            None => self.safe(endpoint),
            Some(internal) => Ok(format!("{internal}{}", self.below(&endpoint)?)),
        }
    }

    /// Refuses an endpoint that must not receive secrets.
    fn safe(&self, endpoint: String) -> Result<String> {
        let is_safe = Url::parse(&endpoint).is_ok_and(|url| match url.scheme() {
            "https" => true,
            "http" => self.allow_http || is_loopback(&url),
            _ => false,
        });
        match is_safe {
            true => Ok(endpoint),
            false => Err(refused("the metadata names an endpoint that is not https".into())),
        }
    }

    /// The part of an endpoint after Logto's address. Logto builds its endpoints from its
    /// own address or from the one that it was asked at, behind the proxy in front of it.
    fn below(&self, endpoint: &str) -> Result<String> {
        let bases = [Some(self.public()), self.internal.as_deref()];
        let found = Url::parse(endpoint).ok().and_then(|url| {
            let origin = url.origin().ascii_serialization();
            let full = format!("{origin}{}", &url[Position::BeforePath..]);
            let rest = bases.iter().flatten().find_map(|base| full.strip_prefix(base))?;
            rest.starts_with('/').then(|| rest.to_owned())
        });
        found.ok_or_else(|| {
            let internal = self.internal.as_deref().unwrap_or_default();
            let bases = format!("neither below {} nor below {internal}", self.public());
            refused(format!("the metadata names an endpoint that is {bases}"))
        })
    }

    fn public(&self) -> &str {
        self.issuer.strip_suffix("/oidc").unwrap_or(&self.issuer)
    }
}

fn refused(detail: String) -> Error {
    Error::new(ErrorKind::InvalidAnswer, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(endpoint: &str, internal: &str) -> Endpoints {
        let issuer = format!("{endpoint}/oidc");
        Endpoints { internal: Some(internal.into()), ..Endpoints::of(&issuer) }
    }

    /// H20: Logto builds its endpoints from its own address, or from the one that it was
    /// asked at.
    #[test]
    fn endpoints_are_public_for_browsers_and_internal_for_us() {
        let endpoints = inside("https://auth.example.com", "http://logto:3001");
        assert_eq!(endpoints.metadata(), "http://logto:3001/oidc/.well-known/openid-configuration");
        for named in ["https://auth.example.com/oidc/x?y=1", "http://logto:3001/oidc/x?y=1"] {
            let browsers = endpoints.for_browsers(named.into()).expect("an endpoint");
            assert_eq!(browsers, "https://auth.example.com/oidc/x?y=1");
            let us = endpoints.for_us(named.into()).expect("an endpoint");
            assert_eq!(us, "http://logto:3001/oidc/x?y=1");
        }
    }

    #[test]
    fn both_addresses_may_have_a_path() {
        let endpoints = inside("https://example.com/auth", "http://10.0.0.1/logto");
        let us =
            endpoints.for_us("https://example.com/auth/oidc/token".into()).expect("an endpoint");
        assert_eq!(us, "http://10.0.0.1/logto/oidc/token");
        assert!(endpoints.for_us("https://example.com/oidc/token".into()).is_err());
        assert!(endpoints.for_us("https://example.com/author/oidc/token".into()).is_err());
    }

    /// H20: neither secrets nor browsers are sent to any other host.
    #[test]
    fn endpoints_elsewhere_are_refused() {
        let endpoints = inside("https://auth.example.com", "http://logto:3001");
        for named in [
            "https://evil.example/oidc/token",
            "https://auth.example.com@evil.example/oidc/token",
            "https://auth.example.com.evil.example/oidc/token",
            "https://auth.example.com:8443/oidc/token",
            "http://auth.example.com/oidc/token",
            "http://logto:30011/oidc/token",
            "http://169.254.169.254/",
            "file:///etc/passwd",
            "/oidc/token",
            "",
        ] {
            for refused in [endpoints.for_us(named.into()), endpoints.for_browsers(named.into())] {
                let error = refused.expect_err(named);
                assert!(error.to_string().contains("neither below https://auth.example.com nor"));
            }
        }
        let user = endpoints.for_us("https://a:b@auth.example.com/oidc/token".into());
        assert_eq!(user.expect("an endpoint"), "http://logto:3001/oidc/token");
    }
}

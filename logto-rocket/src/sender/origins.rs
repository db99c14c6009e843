use rocket::request::Request;
use url::Url;

use super::is_safe;
use crate::error::{Error, ErrorKind, Result};

/// Whose pages may change something here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origins {
    /// The origin of the base URL.
    own: String,
    trusted: Vec<String>,
}

impl Origins {
    pub(crate) fn new(base: &Url, trusted: &[String]) -> Self {
        Self { own: base.origin().ascii_serialization(), trusted: trusted.to_vec() }
    }

    /// Checks that no foreign page forged a request that changes something:
    /// `SameSite=Lax` does not stop those on other hosts of the same site.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::CrossSite`]
    pub(crate) fn check(&self, request: &Request<'_>) -> Result<()> {
        match is_safe(request.method()) || self.allow(request) {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::CrossSite, NOT_ALLOWED)),
        }
    }

    /// Works like `CrossOriginProtection` in Go's `net/http`, with the base URL in place
    /// of `Host`, which a proxy may rewrite.
    fn allow(&self, request: &Request<'_>) -> bool {
        let header = |name| request.headers().get_one(name);
        let origin = header("Origin");
        let is_trusted = |origin| self.trusted.iter().any(|trusted| trusted == origin);
        match (header("Sec-Fetch-Site"), origin) {
            _ if origin.is_some_and(is_trusted) => true,
            (Some(site), _) => matches!(site, "same-origin" | "none"),
            (None, Some(origin)) => origin == self.own,
            // Every browser sends at least one of these with a request that changes
            // something.
            (None, None) => true,
        }
    }
}

const NOT_ALLOWED: &str = "its `Origin` is neither that of `base_url` nor one of `trusted_origins`";

/// The origin of an http or https address, as browsers write it.
pub(crate) fn origin_of(address: &str) -> Option<String> {
    let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let is_pattern = url.host_str().is_none_or(|host| host.contains('*'));
    (!is_pattern).then(|| url.origin().ascii_serialization())
}

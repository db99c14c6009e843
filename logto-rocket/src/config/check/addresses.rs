//! The addresses of Logto and of this application.

use url::Url;

use super::Check;
use super::placeholders::is_placeholder;
use crate::config::Config;
use crate::location::{is_loopback, plain_path};
use crate::sender::origin_of;

impl Check<'_> {
    pub(super) fn endpoint(&mut self, config: &Config) -> Option<String> {
        self.logto("endpoint", &config.endpoint, ("danger_allow_http", config.danger_allow_http))
    }

    pub(super) fn internal_endpoint(&mut self, config: &Config) -> Option<String> {
        let allow_http = ("danger_allow_internal_http", config.danger_allow_internal_http);
        self.logto("internal_endpoint", config.internal_endpoint.as_deref()?, allow_http)
    }

    /// An address of Logto, without a trailing slash.
    fn logto(&mut self, key: &str, given: &str, allow_http: (&str, bool)) -> Option<String> {
        const FIX: &str = "write Logto's address, like `https://foo.logto.app`";
        let url = self.address(key, given, FIX)?;
        let is_allowed = allow_http.1 || !self.is_read(allow_http.0);
        if url.scheme() == "http" && !is_loopback(&url) && !is_allowed {
            let fix =
                format!("write https, or `{} = true` if nobody is between the two", allow_http.0);
            self.problem(key, Some(given), "is plain http to another host", fix);
        }
        let path = url.path().trim_end_matches('/');
        // As it is called in the Console and in other libraries.
        let discovery = path.strip_suffix("/.well-known/openid-configuration").unwrap_or(path);
        if let Some(base) = discovery.strip_suffix("/oidc") {
            let fix = format!("write `{}{base}`", url.origin().ascii_serialization());
            self.problem(key, Some(given), "is the address of Logto's issuer", fix);
        }
        Some(format!("{}{path}", url.origin().ascii_serialization()))
    }

    pub(super) fn base_url(&mut self, config: &Config) -> Option<Url> {
        const FIX: &str = "write the address that browsers use, like `https://app.example.com`";
        let Some(given) = &config.base_url else {
            // No browser returns to an API or has its cookies.
            if self.debug || config.is_api() {
                let port = self.figment.extract_inner("port").unwrap_or(8000_u16);
                return format!("http://localhost:{port}").parse().ok();
            }
            let fix = "set it under `[default.logto]` in Rocket.toml or as LOGTO_BASE_URL in the \
                       environment, like `https://app.example.com`";
            self.problem("base_url", None, "is missing outside the `debug` profile", fix);
            return None;
        };
        let url = self.address("base_url", given, FIX)?;
        let (written, plain) = (written_path(given), plain_path(url.path()));
        if !written.is_empty() && written != plain {
            let origin = url.origin().ascii_serialization();
            let fix = format!("write `{origin}{}`", plain.trim_end_matches('/'));
            self.problem("base_url", Some(given), "has a path that browsers send differently", fix);
        }
        let callback = config.routes.full(&config.routes.callback);
        if let Some(base) = plain.trim_end_matches('/').strip_suffix(&callback) {
            let fix = format!("write `{}{base}`", url.origin().ascii_serialization());
            self.problem("base_url", Some(given), "is the redirect URI", fix);
        }
        Some(url)
    }

    /// Written differently than browsers do, an origin would never match theirs.
    pub(super) fn trusted_origins(&mut self, config: &Config) {
        for given in &config.trusted_origins {
            let fix = match origin_of(given) {
                Some(origin) if origin == *given => continue,
                Some(origin) => format!("write `{origin}`"),
                None => "write each one in full, like `https://admin.example.com`".into(),
            };
            let message = "is not an origin as browsers send it: scheme, host and port";
            self.problem("trusted_origins", Some(given), message, fix);
        }
    }

    /// An absolute http(s) address without user, query or fragment.
    fn address(&mut self, key: &str, given: &str, fix: &str) -> Option<Url> {
        if is_placeholder(given) {
            return None;
        }
        let url = Url::parse(given).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none()
        });
        if url.is_none() {
            self.problem(key, Some(given), "is not an absolute http or https address", fix);
        }
        url
    }
}

/// The path in an address, as written.
fn written_path(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.find('/').map_or("", |at| &rest[at..])
}

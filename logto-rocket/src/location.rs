//! Return paths, and every place that ends up in a `Location`.

use std::fmt;

use rocket::http::uri::Origin;
use rocket::http::{Header, Method, Status};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use url::Url;

/// The longest return path; a longer one would not fit into its cookie.
const MAX_LENGTH: usize = 512;

/// A path with an optional query on this site, to return to after sign-in. A
/// browser that resolves it stays on the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReturnPath(String);

impl ReturnPath {
    pub(crate) fn root() -> Self {
        Self("/".into())
    }

    /// Accepts what a browser resolves to a path of this site.
    ///
    /// Browsers read `\` as `/` and drop tabs and line breaks, and take `//host`
    /// for another site: all of these are refused before the path is parsed.
    /// Percent-encoded forms stay encoded and are harmless.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let plain = path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        if path.len() > MAX_LENGTH || !plain || !path.starts_with('/') || path.starts_with("//") {
            return None;
        }
        let origin = Origin::parse(path).ok()?.into_normalized().to_string();
        (origin.starts_with('/') && !origin.starts_with("//")).then_some(Self(origin))
    }

    /// The page that `request` asks for. Only pages that can be asked for again
    /// with GET: a form's target would answer 404 or act without its form.
    pub(crate) fn of(request: &Request<'_>) -> Option<Self> {
        matches!(request.method(), Method::Get | Method::Head)
            .then(|| Self::parse(&request.uri().clone().into_normalized().to_string()))
            .flatten()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where the application is: its origin, and the path that a proxy in front of it
/// takes away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    base: Url,
    prefix: String,
}

impl Site {
    pub(crate) fn new(base: Url) -> Self {
        let prefix = base.path().trim_end_matches('/').to_owned();
        Self { base, prefix }
    }

    /// The `Location` of a page of this site. Relative, so that it holds whatever
    /// name the browser knows the site by.
    pub(crate) fn page(&self, path: &ReturnPath) -> String {
        format!("{}{}", self.prefix, path.as_str())
    }

    /// As [`page()`](Self::page), with `return_to` as the only query parameter.
    pub(crate) fn page_returning(&self, path: &str, return_to: Option<&ReturnPath>) -> String {
        let mut location = format!("{}{path}", self.prefix);
        if let Some(return_to) = return_to {
            let encoded = url::form_urlencoded::byte_serialize(return_to.as_str().as_bytes());
            location.extend(["?return_to="].into_iter().chain(encoded));
        }
        location
    }

    /// The full address of a path of this site, as it is registered with Logto.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{}{path}", self.base.origin().ascii_serialization(), self.prefix)
    }

    /// A return path from a query: a path, or a full address of this very site.
    pub(crate) fn return_path(&self, given: &str) -> Option<ReturnPath> {
        let origin = self.base.origin().ascii_serialization();
        match given.strip_prefix(&origin) {
            Some(rest) if rest.starts_with('/') => {
                let path = rest.strip_prefix(&self.prefix).unwrap_or(rest);
                ReturnPath::parse(path)
            }
            _ => ReturnPath::parse(given),
        }
    }

    /// Whether `host`, as a `Host` header gives it, is the one in the base URL.
    pub(crate) fn is_host(&self, host: &str) -> bool {
        let expected = self.base.host_str().unwrap_or_default();
        let port = self.base.port();
        match (port, host.strip_prefix(expected)) {
            (Some(port), Some(rest)) => rest.strip_prefix(':') == Some(&port.to_string()),
            (None, Some(rest)) => matches!(rest, "" | ":80" | ":443"),
            (_, None) => false,
        }
    }

    pub(crate) fn is_https(&self) -> bool {
        self.base.scheme() == "https"
    }
}

/// A responder: 303 See Other to where an operation of [`LogtoClient`](crate::LogtoClient) leads.
///
/// The answer is not stored by caches and passes on no address of its own.
#[derive(Clone, PartialEq, Eq)]
pub struct Redirect(String);

impl Redirect {
    pub(crate) fn to(location: String) -> Self {
        Self(location)
    }

    /// The address. That of a sign-in holds `state` and `nonce`: not for logs.
    pub fn location(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Redirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.split('?').next().unwrap_or_default();
        f.debug_tuple("Redirect").field(&shown).finish()
    }
}

impl<'r> Responder<'r, 'static> for Redirect {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Ok(Response::build()
            .status(Status::SeeOther)
            .header(Header::new("Location", self.0))
            .header(Header::new("Cache-Control", "private, no-store"))
            .header(Header::new("Referrer-Policy", "no-referrer"))
            .finalize())
    }
}

/// Whether plain http to this host stays on the machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(base: &str) -> Site {
        Site::new(base.parse().expect("a URL"))
    }

    /// R1, R2, R3, R4, R5, R8, R9: what is accepted stays on the site for a
    /// browser (the `url` crate resolves as browsers do).
    #[test]
    fn whatever_is_accepted_as_a_return_path_stays_on_this_site() {
        let base: Url = "https://app.example.com/".parse().expect("a URL");
        let attacks = [
            "//evil.com",
            "///evil.com",
            "/\\evil.com",
            "\\\\evil.com",
            "/\t/evil.com",
            "/\n/evil.com",
            "/%09/evil.com",
            "%2f%2fevil.com",
            "/%2f%2fevil.com",
            "/%5cevil.com",
            "/%252fevil.com",
            "https://evil.com",
            "https://app.example.com@evil.com",
            "https:/evil.com",
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            " //evil.com",
            "/./\\evil.com",
            "/..//evil.com",
            "/.//evil.com",
            "/a/../..//evil.com",
            "/\r\nX: y",
            "/\u{3002}evil",
            "",
            "?x=//evil.com",
            "#",
            "/#//evil",
            "http:///evil.com",
            "/\0",
        ];
        for attack in attacks {
            if let Some(path) = ReturnPath::parse(attack) {
                let resolved = base.join(path.as_str()).expect("a URL");
                assert_eq!(resolved.origin(), base.origin(), "{attack:?} → {path:?}");
            }
        }
        for refused in ["//evil.com", "/\\evil.com", "https://evil.com", "/\r\nX: y", ""] {
            assert_eq!(ReturnPath::parse(refused), None, "{refused:?}");
        }
    }

    #[test]
    fn ordinary_paths_are_kept_with_their_query() {
        for path in ["/", "/protected?x=1&y=%2F", "/a/b%20c", "/%2f%2fevil.com"] {
            assert_eq!(ReturnPath::parse(path).expect(path).as_str(), path);
        }
        assert_eq!(ReturnPath::parse(&format!("/{}", "x".repeat(600))), None);
    }

    /// R6: an absolute address only with this very scheme, host and port.
    #[test]
    fn a_full_address_is_a_return_path_only_on_this_very_origin() {
        let site = site("https://example.com/app/");
        let path = |given| site.return_path(given).map(|path| path.0);
        assert_eq!(path("https://example.com/app/x?y=1"), Some("/x?y=1".into()));
        assert_eq!(path("https://example.com:444/x"), None);
        assert_eq!(path("http://example.com/x"), None);
        assert_eq!(path("https://example.com.evil.com/x"), None);
        assert_eq!(path("https://example.com//evil.com"), None);
    }

    #[test]
    fn the_path_of_the_base_url_prefixes_every_location() {
        let site = site("https://example.com/app/");
        let x = ReturnPath::parse("/x?a=1&b=2").expect("a path");
        assert_eq!(site.page(&x), "/app/x?a=1&b=2");
        assert_eq!(site.url("/callback"), "https://example.com/app/callback");
        let location = site.page_returning("/sign-in", Some(&x));
        assert_eq!(location, "/app/sign-in?return_to=%2Fx%3Fa%3D1%26b%3D2");
    }

    #[test]
    fn the_host_is_compared_with_its_port() {
        let local = site("http://localhost:8000");
        assert!(local.is_host("localhost:8000"));
        assert!(!local.is_host("127.0.0.1:8000"));
        assert!(!local.is_host("localhost"));
        assert!(!local.is_host("localhost:80000"));
        assert!(site("https://example.com").is_host("example.com"));
        assert!(!site("https://example.com").is_host("example.com.evil.com"));
    }
}

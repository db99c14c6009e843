//! Return paths, and everything that ends up in a `Location`.

#[cfg(test)]
mod tests;

use std::fmt;

use rocket::http::uri::Origin;
use rocket::http::{Header, Method, Status};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use url::Url;

use crate::uri::{MAX_PATH, is_path};
use crate::warning;

/// A path on this site with an optional query, to return to after sign-in. A browser that
/// resolves it stays on the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReturnPath(String);

impl ReturnPath {
    pub(crate) fn root() -> Self {
        Self("/".into())
    }

    /// Accepts anything that a browser resolves to a path on this site.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        if !is_path(path.as_bytes()) {
            return None;
        }
        let origin = Origin::parse(path).ok()?.into_normalized().to_string();
        (origin.starts_with('/') && !origin.starts_with("//")).then_some(Self(origin))
    }

    /// Like [`parse()`](Self::parse); a path too long for its cookie loses its query.
    fn shortened(path: &str) -> Option<Self> {
        if path.len() <= MAX_PATH {
            return Self::parse(path);
        }
        let without = path.split_once('?').map_or(path, |(without, _)| without);
        let shortened = Self::parse(without);
        warning::warn_of(match shortened {
            Some(_) => "a page to return to is too long; it loses its query",
            None => "a page to return to is too long; it is dropped",
        });
        shortened
    }

    /// The page that `request` asks for. Only pages that GET can request again: a form's
    /// target would answer 404 or act without its form.
    pub(crate) fn of(request: &Request<'_>) -> Option<Self> {
        matches!(request.method(), Method::Get | Method::Head)
            .then(|| Self::shortened(&request.uri().clone().into_normalized().to_string()))
            .flatten()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where the application is: its origin, and the path prefix that a proxy strips.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    base: Url,
    prefix: String,
}

impl Site {
    pub(crate) fn new(base: Url) -> Self {
        // Two slashes at the start of a `Location` would be another site.
        let prefix = match base.path().trim_matches('/') {
            "" => String::new(),
            path => format!("/{path}"),
        };
        Self { base, prefix }
    }

    /// The `Location` of a page on this site. Relative, so that it works under whatever
    /// host name the browser uses.
    pub(crate) fn page(&self, path: &ReturnPath) -> String {
        format!("{}{}", self.prefix, path.as_str())
    }

    /// Like [`page()`](Self::page), with `return_to` as a query parameter.
    pub(crate) fn page_returning(&self, path: &str, return_to: Option<&ReturnPath>) -> String {
        // A page that begins with the prefix would be read as another one.
        let unmistakable = |path: &ReturnPath| match self.below(path.as_str()) {
            Some(_) => self.page(path),
            None => path.as_str().to_owned(),
        };
        let return_to = return_to.map(unmistakable);
        let return_to = return_to.as_deref().map(|page| ("return_to", page));
        with_query(format!("{}{path}", self.prefix), return_to)
    }

    /// The page that `request` asks for, on the host of the base URL, if the browser used
    /// another host name, such as `127.0.0.1` for `localhost`: cookies set there would not
    /// be sent to the callback. The query is only repeated.
    pub(crate) fn moved(&self, request: &Request<'_>) -> Option<String> {
        let host = request.host().filter(|_| request.method() == Method::Get)?;
        let query = request.uri().query().map_or("", |query| query.as_str());
        // Otherwise a proxy that rewrites `Host` would cause an endless redirect.
        let was_moved = || url::form_urlencoded::parse(query.as_bytes()).any(|(n, _)| n == "moved");
        if self.is_host(host.domain().as_str()) || was_moved() {
            return None;
        }
        let repeated = if query.is_empty() { String::new() } else { format!("&{query}") };
        Some(format!("{}?moved=1{repeated}", self.url(request.uri().path().as_str())))
    }

    /// The full address of a path on this site, as registered with Logto.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{}{path}", self.base.origin().ascii_serialization(), self.prefix)
    }

    /// A return path from a query: a path, or a full address on this site. Either may
    /// begin with the prefix, as it does in the browser.
    pub(crate) fn return_path(&self, given: &str) -> Option<ReturnPath> {
        let origin = self.base.origin().ascii_serialization();
        let path = given.strip_prefix(&origin).filter(|rest| rest.starts_with('/'));
        let path = path.unwrap_or(given);
        match self.below(path) {
            Some(rest) if rest.starts_with('/') => ReturnPath::shortened(rest),
            Some(rest) => ReturnPath::shortened(&format!("/{rest}")),
            None => ReturnPath::shortened(path),
        }
    }

    /// The rest of `path` after the prefix, if it begins with that.
    fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(&self.prefix).filter(|_| !self.prefix.is_empty())?;
        // `/app` is not a prefix of `/application`.
        (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(rest)
    }

    /// The port that browsers use, if the site is on their own machine.
    pub(crate) fn local_port(&self) -> Option<u16> {
        is_loopback(&self.base).then(|| self.base.port_or_known_default()).flatten()
    }

    /// Whether browsers reach the site over a network without encryption.
    pub(crate) fn is_plain_http(&self) -> bool {
        self.base.scheme() == "http" && !is_loopback(&self.base)
    }

    /// Whether `host`, the name in a `Host` header, is the one in the base URL. Ports share
    /// cookies, and some proxies leave the port out.
    fn is_host(&self, host: &str) -> bool {
        self.base.host_str().is_some_and(|expected| expected.eq_ignore_ascii_case(host))
    }
}

/// `path` as browsers send it and Rocket compares it: without empty segments and dots, and
/// without needless encoding (RFC 3986 section 6.2.2). A trailing slash stays.
pub(crate) fn plain_path(path: &str) -> String {
    let path = decode_unreserved(path);
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let end = if segments.is_empty() || !path.ends_with('/') { "" } else { "/" };
    format!("/{}{end}", segments.join("/"))
}

fn decode_unreserved(path: &str) -> String {
    let mut parts = path.split('%');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let byte = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte.map(char::from) {
            Some(plain) if plain.is_ascii_alphanumeric() || "-._~".contains(plain) => {
                decoded.push(plain);
                decoded.push_str(&part[2..]);
            }
            _ => decoded.extend(["%", part]),
        }
    }
    decoded
}

fn with_query<'a>(page: String, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    match (query.is_empty(), page.contains('?')) {
        (true, _) => page,
        (false, true) => format!("{page}&{query}"),
        (false, false) => format!("{page}?{query}"),
    }
}

/// A responder: 303 See Other to where an operation of [`LogtoClient`](crate::LogtoClient) leads.
///
/// Caches do not store the answer, and it passes on no referrer.
#[derive(Clone, PartialEq, Eq)]
pub struct Redirect(String);

impl Redirect {
    pub(crate) fn to(location: String) -> Self {
        Self(location)
    }

    /// The address. For a sign-in it contains `state` and `nonce`: do not log it.
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

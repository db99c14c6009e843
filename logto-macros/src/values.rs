//! Valid strings for arguments.

use syn::{Error, LitStr, Result};

/// Why `path` could lead to another site, or is not a path at all.
pub(crate) fn not_on_this_site(path: &str) -> Option<&'static str> {
    // Browsers read `\` as `/`, and drop tabs and newlines before they look for `//`: each of
    // `//evil.com`, `/\evil.com` and `/<tab>/evil.com` names another host.
    if !path.starts_with('/') {
        Some("expected a path on this site, which begins with `/`")
    } else if path.starts_with("//") {
        Some("a path that begins with `//` names another site; begin it with one `/`")
    } else if path.contains('\\') {
        Some("browsers read `\\` in a path as `/`; write `/` or `%5C`")
    } else if !is_graphic(path) {
        Some("spaces, control characters and non-ASCII characters must be percent-encoded")
    } else if path.contains('#') {
        Some("a fragment stays in the browser; leave out `#` and what follows")
    } else if path.len() > 1024 {
        Some("a path has at most 1024 bytes")
    } else {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let is_encoded = !path.contains(NOT_IN_PATHS) && !query.contains(NOT_IN_QUERIES);
        (!is_encoded).then_some(
            "`\"`, `<` and `>`, and in the path also `^`, `` ` ``, `{`, `|` and `}`, \
             must be percent-encoded",
        )
    }
}

/// Characters that RFC 3986 allows in no URI. In a query, browsers send some of them
/// unencoded.
const NOT_IN_PATHS: [char; 9] = ['"', '<', '>', '\\', '^', '`', '{', '|', '}'];
const NOT_IN_QUERIES: [char; 3] = ['"', '<', '>'];

/// The indicator of an API resource: an absolute URI without a fragment (RFC 8707 section
/// 2), or a name from the configuration.
pub(crate) fn indicator(uri: LitStr) -> Result<LitStr> {
    let value = uri.value();
    if is_name(&value) {
        return Ok(uri);
    }
    if value.contains('#') {
        let message =
            "an indicator cannot have a fragment (RFC 8707); leave out `#` and what follows";
        return Err(Error::new(uri.span(), message));
    }
    if !is_absolute(&value) || value.contains(NOT_IN_PATHS) {
        let message = "expected the indicator of an API resource, an absolute URI like \
                       \"https://api.example.com\", or its name in the configuration, like \
                       \"items\"";
        return Err(Error::new(uri.span(), message));
    }
    Ok(uri)
}

fn is_name(name: &str) -> bool {
    let of_name = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
    !name.is_empty() && name.bytes().all(of_name)
}

/// Whether it begins with a scheme (RFC 3986 section 3.1) and has more after it, for http
/// and https a host.
fn is_absolute(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    let of_scheme = |b: u8| b.is_ascii_alphanumeric() || b"+-.".contains(&b);
    let goes_on = match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => {
            let host = rest.strip_prefix("//").unwrap_or_default();
            !host.is_empty() && !host.starts_with(['/', '?', ':', '@'])
        }
        _ => !rest.trim_start_matches('/').is_empty(),
    };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(of_scheme)
        && goes_on
        && is_graphic(uri)
}

/// The organization of a route.
pub(crate) enum Organization {
    /// One for all requests.
    Id(LitStr),
    /// Named by a path parameter; the parameter's name, without the brackets.
    Param(String, LitStr),
}

impl Organization {
    pub(crate) fn new(literal: LitStr) -> Result<Self> {
        let value = literal.value();
        let Some(name) = value.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) else {
            return match is_id(&value) {
                true => Ok(Self::Id(literal)),
                false => Err(Error::new(literal.span(), NO_ORGANIZATION)),
            };
        };
        if let Some(name) = name.strip_suffix("..") {
            let message = format!(
                "`<{name}..>` stands for several segments, and an organization's id is one; \
                 write `<{name}>`"
            );
            return Err(Error::new(literal.span(), message));
        }
        match is_id(name) && name != "_" {
            true => Ok(Self::Param(name.to_owned(), literal)),
            false => Err(Error::new(literal.span(), NO_ORGANIZATION)),
        }
    }

    pub(crate) fn literal(&self) -> &LitStr {
        match self {
            Self::Id(literal) | Self::Param(_, literal) => literal,
        }
    }
}

const NO_ORGANIZATION: &str = "expected an organization's id, or a parameter of the route's path, \
                               like \"<org>\"";

fn is_id(value: &str) -> bool {
    !value.is_empty() && is_graphic(value) && !value.contains(['<', '>'])
}

/// A scope, as RFC 6749 section 3.3 writes it.
pub(crate) fn scope(scope: &LitStr) -> Result<()> {
    let value = scope.value();
    let message = if value.is_empty() {
        "a scope cannot be empty"
    } else if value.contains(' ') {
        "a scope cannot contain spaces; write each scope as its own string"
    } else if !is_graphic(&value) || value.contains(['"', '\\']) {
        "a scope cannot contain control characters, non-ASCII characters, `\"` or `\\`"
    } else {
        return Ok(());
    };
    Err(Error::new(scope.span(), message))
}

fn is_graphic(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic())
}

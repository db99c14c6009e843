//! Which strings are paths on this site, and which are indicators of API resources.

/// The longest return path, in bytes: a search in a non-Latin alphabet takes hundreds. A
/// longer one would not fit into its cookie.
pub(crate) const MAX_PATH: usize = 1024;

/// Whether it is a path, with or without a query, that a browser resolves to this site,
/// and that Rocket can parse.
///
/// Browsers read `\` as `/` and drop tabs and line breaks, and take `//host` for another
/// site. A fragment stays in the browser, so it is not part of the request.
/// Percent-encoded forms stay encoded and are harmless.
pub(crate) const fn is_path(path: &[u8]) -> bool {
    if path.len() > MAX_PATH || !matches!(path, [b'/', ..]) || matches!(path, [_, b'/', ..]) {
        return false;
    }
    let (mut at, mut in_query) = (0, false);
    while at < path.len() {
        in_query |= path[at] == b'?';
        // Browsers send these unencoded, and Rocket accepts them.
        let is_sent = in_query && matches!(path[at], b'{' | b'}' | b'|' | b'^' | b'`');
        if !is_sent && !is_of_uri(path[at]) {
            return false;
        }
        at += 1;
    }
    true
}

/// Whether it is an absolute URI without a fragment (RFC 8707 section 2): a scheme (RFC
/// 3986 section 3.1) and something after it, for http and https a host.
pub(crate) const fn is_indicator(uri: &[u8]) -> bool {
    let mut colon = 0;
    while colon < uri.len() && uri[colon] != b':' {
        if !uri[colon].is_ascii_alphanumeric() && !matches!(uri[colon], b'+' | b'-' | b'.') {
            return false;
        }
        colon += 1;
    }
    if colon == 0 || !uri[0].is_ascii_alphabetic() {
        return false;
    }
    let (scheme, rest) = uri.split_at(colon);
    let is_web = scheme.eq_ignore_ascii_case(b"https") || scheme.eq_ignore_ascii_case(b"http");
    let (mut at, mut says_something) = (0, false);
    while at < rest.len() {
        if !is_of_uri(rest[at]) {
            return false;
        }
        says_something |= at > 0 && rest[at] != b'/';
        at += 1;
    }
    match rest {
        [b':', b'/', b'/', first, ..] if is_web => !matches!(first, b'/' | b'?' | b':' | b'@'),
        _ => says_something && !is_web,
    }
}

/// Whether the configuration may use this name for an API resource. An absolute URI never
/// is one.
pub(crate) const fn is_name(name: &[u8]) -> bool {
    let mut at = 0;
    while at < name.len() {
        if !name[at].is_ascii_alphanumeric() && !matches!(name[at], b'-' | b'_') {
            return false;
        }
        at += 1;
    }
    at > 0
}

/// Whether RFC 3986 allows it in a URI, before the fragment.
const fn is_of_uri(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%')
        || matches!(byte, b':' | b'/' | b'?' | b'[' | b']' | b'@')
        || matches!(
            byte,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rocket::http::uri::Origin;

    use super::*;

    const PATHS: &[(&str, bool)] = include!("../../tests/cases/paths.txt");
    const INDICATORS: &[(&str, bool)] = include!("../../tests/cases/indicators.txt");
    const NAMES: &[(&str, bool)] = include!("../../tests/cases/resource_names.txt");

    #[test]
    fn a_path_and_an_indicator_are_what_the_tables_say() {
        for (path, expected) in PATHS {
            assert_eq!(is_path(path.as_bytes()), *expected, "{path:?}");
        }
        for (uri, expected) in INDICATORS {
            assert_eq!(is_indicator(uri.as_bytes()), *expected, "{uri:?}");
        }
        for (name, expected) in NAMES {
            assert_eq!(is_name(name.as_bytes()), *expected, "{name:?}");
        }
        let long = |length| format!("/{}", "x".repeat(length));
        assert!(is_path(long(1023).as_bytes()) && !is_path(long(1024).as_bytes()));
    }

    proptest! {
        /// Rocket parses everything that is accepted.
        #[test]
        fn rocket_reads_every_path(path in "/[ -~]{0,12}") {
            if is_path(path.as_bytes()) {
                prop_assert!(Origin::parse(&path).is_ok(), "{}", path);
            }
        }
    }
}

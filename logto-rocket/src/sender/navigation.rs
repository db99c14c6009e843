use rocket::http::{Accept, Method};
use rocket::request::Request;

/// Whether a person navigates with this request, so that sending them to a page
/// makes sense. A script, an image or a prefetch that followed the redirect would
/// begin sign-ins that nobody ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Navigation {
    /// Somebody opens a page, which can be opened again later.
    Page,
    /// Somebody sends a form, which cannot be sent again for them.
    Form,
    /// Nobody navigates.
    No,
}

impl Navigation {
    pub(crate) fn of(request: &Request<'_>) -> Self {
        match request.method() {
            _ if says_otherwise(request) => Self::No,
            Method::Get | Method::Head if accepts_page(request) => Self::Page,
            Method::Post if Self::accepts_html(request) => Self::Form,
            _ => Self::No,
        }
    }

    /// Whether `Accept` names HTML; `*/*` does not.
    pub(crate) fn accepts_html(request: &Request<'_>) -> bool {
        request.accept().is_some_and(|accept| names(accept, "html") || names(accept, "xhtml+xml"))
    }
}

/// Fetch Metadata and the older signs of a request that is no navigation.
fn says_otherwise(request: &Request<'_>) -> bool {
    let header = |name| request.headers().get_one(name);
    let other = |name, expected: &str| {
        header(name).is_some_and(|value| !value.trim().eq_ignore_ascii_case(expected))
    };
    other("Sec-Fetch-Mode", "navigate")
        || other("Sec-Fetch-Dest", "document")
        || is_ahead(request)
        || header("Upgrade").is_some()
        || header("X-Requested-With").is_some()
}

/// Whether a browser asks before anybody has clicked: it prefetches or prerenders.
pub(super) fn is_ahead(request: &Request<'_>) -> bool {
    ["Sec-Purpose", "Purpose", "X-Moz"].iter().any(|name| {
        let purpose = request.headers().get_one(name).unwrap_or_default().to_ascii_lowercase();
        purpose.contains("prefetch") || purpose.contains("prerender")
    })
}

/// Whether `Accept` names HTML, says nothing or is `*/*`. All that tells an image from a
/// page where a browser sends no Fetch Metadata, as over plain http.
fn accepts_page(request: &Request<'_>) -> bool {
    let anything = |accept: &Accept| accept.iter().all(|quality| quality.media_type().is_any());
    Navigation::accepts_html(request) || request.accept().is_none_or(anything)
}

fn names(accept: &Accept, sub: &str) -> bool {
    let suffix = format!("+{sub}");
    accept.iter().any(|quality| {
        let given = quality.media_type().sub().as_str();
        given == sub || given.ends_with(&suffix)
    })
}

#[cfg(test)]
mod tests {
    use rocket::http::Header;
    use rocket::local::blocking::Client;

    use super::*;

    fn of(method: Method, headers: &[(&'static str, &'static str)]) -> Navigation {
        let client = Client::untracked(rocket::build()).expect("a client");
        let mut request = client.req(method, "/");
        for (name, value) in headers {
            request.add_header(Header::new(*name, *value));
        }
        Navigation::of(request.inner())
    }

    const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

    /// A23: only a person's navigation is worth a sign-in.
    #[test]
    fn only_navigations_are_sent_to_a_page() {
        use Navigation::{Form, No, Page};
        for (method, headers, expected) in [
            (Method::Get, &[][..], Page),
            (Method::Head, &[], Page),
            (Method::Get, &[("Accept", "*/*")], Page),
            (Method::Get, &[("Accept", BROWSER)], Page),
            (Method::Get, &[("Accept", BROWSER), ("Sec-Fetch-Mode", "navigate")], Page),
            (Method::Get, &[("Accept", "application/json")], No),
            (Method::Get, &[("Accept", "application/problem+json")], No),
            (Method::Get, &[("Accept", "application/json, text/html")], Page),
            (Method::Get, &[("Accept", "image/avif,image/webp,image/*,*/*;q=0.8")], No),
            (Method::Get, &[("Accept", "text/css,*/*;q=0.1")], No),
            (Method::Get, &[("Sec-Fetch-Mode", "cors")], No),
            (Method::Get, &[("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")], No),
            (Method::Get, &[("Sec-Fetch-Dest", "image")], No),
            (Method::Get, &[("Sec-Purpose", "prefetch;prerender")], No),
            (Method::Get, &[("Sec-Purpose", "Prerender")], No),
            (Method::Get, &[("Upgrade", "websocket")], No),
            (Method::Get, &[("X-Requested-With", "XMLHttpRequest")], No),
            (Method::Post, &[("Accept", BROWSER)], Form),
            (Method::Post, &[("Accept", "*/*")], No),
            (Method::Post, &[], No),
            (Method::Put, &[("Accept", BROWSER)], No),
        ] {
            assert_eq!(of(method, headers), expected, "{method} {headers:?}");
        }
    }
}

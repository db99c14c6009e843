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
    let header = |name| request.headers().get_one(name).map(str::trim);
    let is = |value: &str, word: &str| value.eq_ignore_ascii_case(word);
    let mode = header("Sec-Fetch-Mode");
    let by_script = match mode {
        Some(mode) => !is(mode, "navigate"),
        // The WebView of an Android application sends the application's name here, with
        // every page; only this value is a script's.
        None => header("X-Requested-With").is_some_and(|with| is(with, "XMLHttpRequest")),
    };
    let elsewhere = header("Sec-Fetch-Dest").is_some_and(|dest| {
        // A service worker that passes a navigation on has no destination of its own, and
        // neither has a download, which asks for no HTML.
        let passed_on = mode.is_some() && is(dest, "empty") && Navigation::accepts_html(request);
        !is(dest, "document") && !passed_on
    });
    by_script || elsewhere || is_ahead(request) || header("Upgrade").is_some()
}

/// Whether a browser asks before anybody has clicked: it prefetches or prerenders.
pub(super) fn is_ahead(request: &Request<'_>) -> bool {
    ["Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"].iter().any(|name| {
        let purpose = request.headers().get_one(name).unwrap_or_default().to_ascii_lowercase();
        ["prefetch", "prerender", "preview"].iter().any(|ahead| purpose.contains(ahead))
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

    /// A23, A35, A36: only a person's navigation is worth a sign-in, in the browser of another
    /// application, through a service worker and over plain http too.
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
            (Method::Get, &[("Accept", BROWSER), ("X-Requested-With", "xmlhttprequest")], No),
            (Method::Get, &[("Accept", BROWSER), ("X-Requested-With", "com.example.app")], Page),
            (
                Method::Get,
                &[("X-Requested-With", "XMLHttpRequest"), ("Sec-Fetch-Mode", "navigate")],
                Page,
            ),
            (
                Method::Get,
                &[("X-Requested-With", "com.example.app"), ("Sec-Fetch-Mode", "cors")],
                No,
            ),
            (
                Method::Get,
                &[("Accept", BROWSER), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "empty")],
                Page,
            ),
            (Method::Get, &[("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "empty")], No),
            (
                Method::Get,
                &[("Accept", "*/*"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "empty")],
                No,
            ),
            (Method::Get, &[("Accept", BROWSER), ("Sec-Fetch-Dest", "object")], No),
            (Method::Get, &[("Accept", BROWSER), ("Sec-Fetch-Dest", "embed")], No),
            (Method::Get, &[("Accept", "text/event-stream")], No),
            (Method::Get, &[("Accept", "image/*")], No),
            (Method::Get, &[("Accept", "font/woff2;q=1.0,font/*;q=0.9,*/*;q=0.1")], No),
            (Method::Get, &[("Accept", BROWSER), ("Purpose", "preview")], No),
            (Method::Get, &[("Accept", BROWSER), ("X-Purpose", "preview")], No),
            (Method::Post, &[("Accept", BROWSER)], Form),
            (Method::Post, &[("Accept", "*/*")], No),
            (Method::Post, &[], No),
            (Method::Put, &[("Accept", BROWSER)], No),
        ] {
            assert_eq!(of(method, headers), expected, "{method} {headers:?}");
        }
    }
}

use rocket::http::Method;
use rocket::request::Request;

/// Whether a person navigates with this request, so that sending them to a page makes
/// sense. A script, an image or a prefetch that followed the redirect would begin
/// sign-ins that are never completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Navigation {
    /// A person opens a page, which can be opened again later.
    Page,
    /// A person sends a form, which cannot be sent again for them.
    Form,
    /// Not a navigation.
    No,
}

impl Navigation {
    pub(crate) fn of(request: &Request<'_>) -> Self {
        match request.method() {
            _ if is_ahead(request) || request.headers().contains("Upgrade") => Self::No,
            Method::Get | Method::Head if navigates(request) => Self::Page,
            Method::Post if navigates(request) && Self::accepts_html(request) => Self::Form,
            _ => Self::No,
        }
    }

    /// Whether `Accept` names HTML; `*/*` does not.
    pub(crate) fn accepts_html(request: &Request<'_>) -> bool {
        let is_html = |name: &String| matches!(&**name, "text/html" | "application/xhtml+xml");
        accepted(request).iter().any(is_html)
    }
}

/// Whether a browser says that it navigates, or, if it does not say, may be navigating.
fn navigates(request: &Request<'_>) -> bool {
    let header = |name| request.headers().get_one(name).map(str::trim);
    match (header("Sec-Fetch-Mode"), header("Sec-Fetch-Dest")) {
        (Some("navigate") | None, Some("document")) => true,
        // How a service worker passes on a navigation. Downloads do not name HTML.
        (Some("navigate"), Some("empty")) => Navigation::accepts_html(request),
        (Some("navigate"), None) => accepts_page(request),
        // Only then: an Android app sends its own name with every navigation inside it.
        (None, None) => accepts_page(request) && !is_script(request),
        _ => false,
    }
}

/// Whether a script identifies itself, as jQuery does.
fn is_script(request: &Request<'_>) -> bool {
    let sender = request.headers().get_one("X-Requested-With");
    sender.is_some_and(|sender| sender.trim().eq_ignore_ascii_case("XMLHttpRequest"))
}

/// Whether a browser asks before a click: it prefetches, prerenders or makes a preview.
pub(super) fn is_ahead(request: &Request<'_>) -> bool {
    ["Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"].iter().any(|name| {
        let purpose = request.headers().get_one(name).unwrap_or_default().to_ascii_lowercase();
        ["prefetch", "prerender", "preview"].iter().any(|ahead| purpose.contains(ahead))
    })
}

/// Whether `Accept` names HTML, is absent or is `*/*` alone. This alone distinguishes an
/// image from a page if a browser sends no Fetch Metadata, as over plain http.
fn accepts_page(request: &Request<'_>) -> bool {
    Navigation::accepts_html(request) || accepted(request).iter().all(|name| name == "*/*")
}

/// The media types in `Accept`. Rocket returns none at all if it cannot read one.
fn accepted(request: &Request<'_>) -> Vec<String> {
    let names = request.headers().get("Accept").flat_map(|line| line.split(','));
    let names = names.filter_map(|name| name.split(';').next()).map(str::trim);
    names.filter(|name| !name.is_empty()).map(str::to_ascii_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use rocket::http::Header;
    use rocket::local::blocking::Client;

    use super::*;

    type Headers<'a> = &'a [(&'static str, &'static str)];

    fn of(method: Method, headers: Headers<'_>) -> Navigation {
        let client = Client::untracked(rocket::build()).expect("a client");
        let mut request = client.req(method, "/");
        for (name, value) in headers {
            request.add_header(Header::new(*name, *value));
        }
        Navigation::of(request.inner())
    }

    const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

    const NAVIGATE: (&str, &str) = ("Sec-Fetch-Mode", "navigate");
    const DOCUMENT: (&str, &str) = ("Sec-Fetch-Dest", "document");
    const EMPTY: (&str, &str) = ("Sec-Fetch-Dest", "empty");
    const XHR: (&str, &str) = ("X-Requested-With", "XMLHttpRequest");
    /// The header that Android's WebView adds to every request: the name of its app.
    const IN_APP: (&str, &str) = ("X-Requested-With", "com.instagram.android");

    fn assert_all(cases: &[(Method, Headers<'_>, Navigation)]) {
        for (method, headers, expected) in cases {
            assert_eq!(of(*method, headers), *expected, "{method} {headers:?}");
        }
    }

    /// A23: only a person's navigation is worth a sign-in.
    #[test]
    fn only_navigations_are_sent_to_a_page() {
        use Navigation::{Form, No, Page};
        assert_all(&[
            (Method::Get, &[("Accept", BROWSER), NAVIGATE, DOCUMENT], Page),
            (Method::Get, &[NAVIGATE, DOCUMENT], Page),
            (Method::Get, &[("Accept", BROWSER), NAVIGATE], Page),
            (Method::Get, &[("Accept", BROWSER), ("Sec-Fetch-Mode", "cors"), EMPTY], No),
            (Method::Get, &[("Sec-Fetch-Mode", "cors")], No),
            (Method::Get, &[("Sec-Fetch-Dest", "image")], No),
            (Method::Get, &[("Accept", BROWSER), ("Sec-Purpose", "prefetch;prerender")], No),
            (Method::Get, &[("Accept", BROWSER), ("Sec-Purpose", "Prerender")], No),
            (Method::Get, &[("Accept", BROWSER), ("Purpose", "prefetch")], No),
            (Method::Get, &[("Accept", BROWSER), ("Purpose", "preview")], No),
            (Method::Get, &[("Accept", BROWSER), ("X-Purpose", "preview")], No),
            (Method::Get, &[("Accept", BROWSER), ("X-Moz", "prefetch")], No),
            (Method::Get, &[("Upgrade", "websocket")], No),
            (Method::Post, &[("Accept", BROWSER)], Form),
            (Method::Post, &[("Accept", BROWSER), NAVIGATE, DOCUMENT], Form),
            (Method::Post, &[("Accept", "*/*")], No),
            (Method::Post, &[], No),
            (Method::Put, &[("Accept", BROWSER)], No),
        ]);
    }

    /// A23: over plain http there is no Fetch Metadata, and only `Accept` distinguishes a
    /// page from an image, a stream or a font.
    #[test]
    fn without_fetch_metadata_a_page_is_what_names_html_or_nothing_at_all() {
        use Navigation::{No, Page};
        assert_all(&[
            (Method::Get, &[], Page),
            (Method::Head, &[], Page),
            (Method::Get, &[("Accept", "*/*")], Page),
            (Method::Get, &[("Accept", BROWSER)], Page),
            (Method::Get, &[("Accept", "TEXT/HTML;q=0.9, */*")], Page),
            (Method::Get, &[("Accept", "application/json, text/html")], Page),
            (Method::Get, &[("Accept", "application/json"), ("Accept", "text/html")], Page),
            (Method::Get, &[("Accept", "application/json")], No),
            (Method::Get, &[("Accept", "application/problem+json")], No),
            (Method::Get, &[("Accept", "image/avif,image/webp,image/*,*/*;q=0.8")], No),
            (Method::Get, &[("Accept", "image/*")], No),
            (Method::Get, &[("Accept", "image/*;q=0.8,*/*;q=0.5")], No),
            (Method::Get, &[("Accept", "audio/*")], No),
            (Method::Get, &[("Accept", "font/woff2;q=1.0,font/*;q=0.8")], No),
            (Method::Get, &[("Accept", "font/*")], No),
            (Method::Get, &[("Accept", "text/*")], No),
            (Method::Get, &[("Accept", "text/event-stream")], No),
            (Method::Get, &[("Accept", "text/css,*/*;q=0.1")], No),
            (Method::Get, &[("Accept", "text/html-like, not a type")], No),
        ]);
    }

    /// A35: an app's name is not a script's, and only a script's own value counts.
    #[test]
    fn an_in_app_browser_navigates_and_a_script_does_not() {
        use Navigation::{Form, No, Page};
        assert_all(&[
            (Method::Get, &[("Accept", BROWSER), IN_APP], Page),
            (Method::Get, &[("Accept", BROWSER), IN_APP, NAVIGATE, DOCUMENT], Page),
            (Method::Get, &[("Accept", BROWSER), ("X-Requested-With", "")], Page),
            (Method::Post, &[("Accept", BROWSER), IN_APP], Form),
            (Method::Get, &[IN_APP, ("Accept", "*/*"), ("Sec-Fetch-Mode", "cors"), EMPTY], No),
            (Method::Get, &[IN_APP, ("Accept", "image/*")], No),
            (Method::Get, &[XHR], No),
            (Method::Get, &[("Accept", BROWSER), XHR], No),
            (Method::Get, &[("X-Requested-With", "xmlhttprequest")], No),
            (Method::Post, &[("Accept", BROWSER), XHR], No),
            (Method::Get, &[("Accept", BROWSER), XHR, NAVIGATE, DOCUMENT], Page),
        ]);
    }

    /// A36: a worker's `fetch(event.request)` for a navigation does not have the
    /// destination `document`; for a frame it keeps its destination.
    #[test]
    fn a_navigation_that_a_service_worker_passes_on_is_still_one() {
        use Navigation::{Form, No, Page};
        assert_all(&[
            (Method::Get, &[("Accept", BROWSER), NAVIGATE, EMPTY], Page),
            (Method::Post, &[("Accept", BROWSER), NAVIGATE, EMPTY], Form),
            (Method::Get, &[("Accept", "*/*"), NAVIGATE, EMPTY], No),
            (Method::Get, &[NAVIGATE, EMPTY], No),
            (Method::Get, &[("Accept", BROWSER), NAVIGATE, ("Sec-Fetch-Dest", "object")], No),
            (Method::Get, &[("Accept", BROWSER), NAVIGATE, ("Sec-Fetch-Dest", "embed")], No),
            (Method::Get, &[("Accept", BROWSER), NAVIGATE, ("Sec-Fetch-Dest", "frame")], No),
            (Method::Get, &[("Accept", BROWSER), NAVIGATE, ("Sec-Fetch-Dest", "iframe")], No),
            (Method::Get, &[("Accept", BROWSER), ("Sec-Fetch-Mode", "same-origin"), EMPTY], No),
        ]);
    }
}

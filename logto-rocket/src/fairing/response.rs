//! The headers on every answer: the cookies, and the final caching policy.

use rocket::fairing::{Fairing, Info, Kind, Result};
use rocket::http::{Cookie, Header, Status};
use rocket::request::Request;
use rocket::response::Responder as _;
use rocket::{Build, Response, Rocket};

use crate::answer::{Page, RETRY_AFTER, message};
use crate::logto::Logto;
use crate::request::RequestState;

/// How often the fairing attaches itself again. Rocket runs fairings in the order in which
/// they were attached, and a fairing attached during ignition comes after all earlier
/// ones. So this one comes after any that others attach from their ignition, up to four
/// ignitions deep.
const RELAYS: u8 = 4;

const WAITING: [&str; RELAYS as usize] = [
    "Logto: waiting for later fairings, 1 of 4",
    "Logto: waiting for later fairings, 2 of 4",
    "Logto: waiting for later fairings, 3 of 4",
    "Logto: waiting for later fairings, 4 of 4",
];

/// Finishes every answer, after all other fairings. A later one could make a cache serve
/// one user's answer, with its cookies, to another.
pub(super) struct Last {
    relays: u8,
}

impl Last {
    pub(super) fn new() -> Self {
        Self { relays: RELAYS }
    }
}

#[rocket::async_trait]
impl Fairing for Last {
    fn info(&self) -> Info {
        // Rocket lists every one of them.
        match self.relays {
            0 => Info { name: "Logto: cookies and caching", kind: Kind::Response },
            left => Info { name: WAITING[usize::from(RELAYS - left)], kind: Kind::Ignite },
        }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> Result {
        Ok(rocket.attach(Self { relays: self.relays - 1 }))
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        finish(request, response);
    }
}

/// Writes our cookies on every answer. Cookies of the jar are lost when a
/// catcher answers, and a rotated refresh token must never be lost.
fn finish<'r>(request: &'r Request<'_>, response: &mut Response<'r>) {
    let Some(logto) = Logto::of(request) else { return };
    let outgoing = RequestState::of(request).take_outgoing();
    let mut cookies = outgoing.transactions;
    match logto.session_cookies(request.cookies(), outgoing.session) {
        Ok(written) => cookies.extend(written),
        Err(error) => {
            log::error!("logto: {error}");
            let page = Page::new(error.status(), "Something went wrong", message(&error));
            if let Ok(page) = page.respond_to(request) {
                *response = page;
            }
        }
    }
    let writes = !cookies.is_empty();
    if writes {
        let removals = logto.make_room(request.cookies(), &cookies);
        cookies.extend(removals);
    }
    for cookie in &cookies {
        response.adjoin_header(cookie);
    }
    let bytes = |cookie: &Cookie<'_>| "Set-Cookie: \r\n".len() + cookie.to_string().len();
    logto.warn_of_large_header(cookies.iter().map(bytes).sum());
    if writes || outgoing.depends_on_cookies {
        keep_private(response, writes);
    }
    if outgoing.depends_on_token {
        keep_from_others(response);
    }
    let refuses = matches!(response.status().code, 400 | 401 | 403);
    if let Some(challenge) = outgoing.challenge.filter(|_| refuses) {
        response.adjoin_header(Header::new("WWW-Authenticate", challenge));
    }
    if let Some(failure) = outgoing.failure
        && response.status() == Status::ServiceUnavailable
        && failure.is_transient()
    {
        response.set_header(Header::new("Retry-After", RETRY_AFTER));
    }
}

/// Keeps caches from serving one user's answer to another. The application's own header
/// stands if it is as strict, but never on an answer with our cookies.
fn keep_private(response: &mut Response<'_>, writes: bool) {
    let (mut no_store, mut private, mut varies) = (false, false, false);
    let mut targeted = Vec::new();
    // One pass: each lookup by name would hash it again, on every answer.
    for header in response.headers().iter() {
        let names = |word: &str| {
            header.value().split(',').any(|part| part.trim().eq_ignore_ascii_case(word))
        };
        if header.name() == "Cache-Control" {
            no_store |= names("no-store");
            private |= names("private");
        } else if header.name() == "Vary" {
            varies |= names("Cookie");
        } else if is_targeted(header.name().as_str()) {
            targeted.push(header.name().to_string());
        }
    }
    targeted.iter().for_each(|name| response.remove_header(name));
    if no_store {
        return;
    }
    if !private || writes {
        response.set_header(Header::new("Cache-Control", "private, no-store"));
    } else if !varies {
        // The browser may keep it, and must not show it to the next user.
        response.adjoin_header(Header::new("Vary", "Cookie"));
    }
}

/// Keeps an answer to a request with one access token from requests with another. Caches do
/// not keep it unless the application says `public`, `s-maxage` or `must-revalidate` in
/// `Cache-Control` (RFC 9111 section 3.5), which is its own choice. Otherwise headers for
/// particular caches, which would then ignore `Cache-Control`, must not say so in its
/// place.
fn keep_from_others(response: &mut Response<'_>) {
    if !is_shared(response) {
        let headers = response.headers().iter();
        let targeted = headers.filter(|header| is_targeted(header.name().as_str()));
        let targeted: Vec<_> = targeted.map(|header| header.name().to_string()).collect();
        targeted.iter().for_each(|name| response.remove_header(name));
    }
    if !response.headers().contains("Cache-Control") {
        response.set_header(Header::new("Cache-Control", "private"));
    }
    let is_named = |value: &str| {
        value.split(',').any(|name| name.trim().eq_ignore_ascii_case("Authorization"))
    };
    if !response.headers().get("Vary").any(is_named) {
        response.adjoin_header(Header::new("Vary", "Authorization"));
    }
}

/// Whether the application says that shared caches may keep the answer for anyone.
fn is_shared(response: &Response<'_>) -> bool {
    let mut parts = response.headers().get("Cache-Control").flat_map(|value| value.split(','));
    parts.any(|part| {
        let name = part.split('=').next().unwrap_or_default().trim();
        ["public", "s-maxage", "must-revalidate"].iter().any(|s| name.eq_ignore_ascii_case(s))
    })
}

/// Headers older than RFC 9213 that caches obey instead of `Cache-Control`: the Edge
/// Architecture Specification's (Fastly, Varnish), Akamai's, whose `!no-store` overrides a
/// `no-store`, and nginx's.
const TARGETED: [&str; 3] = ["Surrogate-Control", "Edge-Control", "X-Accel-Expires"];

/// Whether a header is for particular caches, which then ignore `Cache-Control`. Those of
/// RFC 9213 all have this suffix, by the convention of its section 2.4:
/// `CDN-Cache-Control`, and those of Cloudflare, Vercel, LiteSpeed and others.
fn is_targeted(name: &str) -> bool {
    const END: &[u8; 14] = b"-Cache-Control";
    name.as_bytes().last_chunk().is_some_and(|end: &[u8; 14]| end.eq_ignore_ascii_case(END))
        || TARGETED.iter().any(|other| name.eq_ignore_ascii_case(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: (&str, &str) = ("Cache-Control", "private, no-store");
    const PRIVATE: (&str, &str) = ("Cache-Control", "private, max-age=60");

    /// The resulting headers of an answer with these headers.
    fn kept(given: &[(&'static str, &'static str)], writes: bool) -> Vec<(String, String)> {
        let mut response = Response::new();
        given.iter().for_each(|(name, value)| response.adjoin_raw_header(*name, *value));
        keep_private(&mut response, writes);
        let headers = response.headers().iter();
        headers.map(|header| (header.name().to_string(), header.value().to_owned())).collect()
    }

    /// S15, S25: an application may be stricter, and its own `Vary` stays.
    #[test]
    fn what_an_application_says_to_caches_holds_if_it_is_as_strict() {
        let strict = ("Cache-Control", "no-cache, No-Store");
        let (accept, cookie) = (("Vary", "Accept"), ("Vary", "Cookie"));
        let both = ("vary", "Accept, cookie");
        let table: [(&[_], bool, &[_]); 11] = [
            (&[], false, &[OURS]),
            (&[], true, &[OURS]),
            (&[accept], true, &[accept, OURS]),
            (&[("cache-control", "public")], false, &[OURS]),
            (&[("Cache-Control", "private=\"Set-Cookie\"")], false, &[OURS]),
            (&[strict], true, &[strict]),
            (&[strict, cookie], false, &[strict, cookie]),
            (&[PRIVATE], false, &[PRIVATE, cookie]),
            (&[PRIVATE, accept], false, &[PRIVATE, accept, cookie]),
            (&[PRIVATE, both], false, &[PRIVATE, both]),
            (&[PRIVATE], true, &[OURS]),
        ];
        for (given, writes, expected) in table {
            let lower = |(name, value): (&str, &str)| (name.to_lowercase(), value.to_owned());
            let found = kept(given, writes);
            let found: Vec<_> = found.iter().map(|(n, v)| lower((n, v))).collect();
            let expected: Vec<_> = expected.iter().copied().map(lower).collect();
            assert_eq!(found, expected, "{given:?}, writes: {writes}");
        }
    }

    /// S15, S25: RFC 9111 section 3.5: an answer that depends on a token is shared only if the
    /// application says so in `Cache-Control`.
    #[test]
    fn what_depends_on_a_token_is_shared_by_the_applications_word_only() {
        let cdn = ("CDN-Cache-Control", "max-age=600");
        for (said, expected, is_targeted_kept) in [
            (None, "private", false),
            (Some("max-age=60"), "max-age=60", false),
            (Some("private, max-age=60"), "private, max-age=60", false),
            (Some("no-store"), "no-store", false),
            (Some("max-age=60, PUBLIC"), "max-age=60, PUBLIC", true),
            (Some("s-maxage=60"), "s-maxage=60", true),
            (Some("must-revalidate"), "must-revalidate", true),
        ] {
            let mut response = Response::new();
            response.adjoin_raw_header(cdn.0, cdn.1);
            if let Some(said) = said {
                response.adjoin_raw_header("Cache-Control", said);
            }
            keep_from_others(&mut response);
            let headers = response.headers();
            assert_eq!(headers.get_one("Cache-Control"), Some(expected));
            assert_eq!(headers.contains(cdn.0), is_targeted_kept, "{said:?}");
            assert_eq!(headers.get_one("Vary"), Some("Authorization"));
        }
    }

    /// S25: RFC 9213, and its predecessors.
    #[test]
    fn headers_for_shared_caches_are_removed_in_any_case() {
        let names = ["CDN-Cache-Control", "vercel-cdn-cache-control", "X-Cache-Control"];
        for name in names.into_iter().chain(TARGETED).chain(["edge-control", "x-accel-EXPIRES"]) {
            for (own, expected) in [(OURS, OURS), (PRIVATE, PRIVATE), (("X-A", "b"), OURS)] {
                let found = kept(&[(name, "max-age=9"), own, (name, "public")], false);
                assert!(found.iter().all(|(found, _)| found != name), "{found:?}");
                let expected = (expected.0.to_owned(), expected.1.to_owned());
                assert!(found.contains(&expected), "{found:?}");
            }
        }
        for other in ["X-Accel-Buffering", "Cache-Tag", "X-Control", "Access-Control-Max-Age"] {
            assert!(kept(&[(other, "v")], true).iter().any(|(name, _)| name == other), "{other}");
        }
    }
}

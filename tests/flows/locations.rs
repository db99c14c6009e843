//! Where strangers are sent, for addresses that parsers disagree about.

use logto_tests::{BASE_URL, catch_all};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::http::uri::Host;
use rocket::local::blocking::Client;
use url::Url;

/// Pieces of the address of a page.
const PIECES: &[&str] = &[
    "/",
    "//",
    "\\",
    "%2f",
    "%5c",
    "%09",
    "%0d%0aX:y",
    "%00",
    "%2e",
    "%2e%2e",
    "%252f",
    "%",
    ".",
    "..",
    "@",
    ":",
    "?",
    "&",
    "=",
    ";",
    "+",
    "x",
    "evil.example",
    "http:",
    "https://evil.example",
    "return_to=//evil.example",
    "moved=1",
    "sign-in",
];

fn address() -> impl Strategy<Value = String> {
    vec(select(PIECES), 0..8).prop_map(|pieces| format!("/{}", pieces.concat()))
}

thread_local! {
    static CLIENT: Client = {
        let figment = Figment::from(rocket::Config::debug_default())
            .merge(("log_level", "off"))
            .merge(("logto.endpoint", "http://127.0.0.1:9"))
            .merge(("logto.app_id", "app"))
            .merge(("logto.base_url", BASE_URL));
        Client::untracked(catch_all(figment)).expect("a client")
    };
}

/// The `Location` that a browser gets when it opens `address` at `host`.
fn location(address: &str, host: &'static str) -> Option<String> {
    CLIENT.with(|client| {
        let mut request = client.get(address);
        request.inner_mut().set_host(Host::parse(host).expect("a host"));
        let answer = request.dispatch();
        let location = answer.headers().get_one("Location").map(String::from);
        (answer.status() == Status::SeeOther).then_some(location).flatten()
    })
}

fn return_to(url: &Url) -> Option<String> {
    url.query_pairs().find(|(name, _)| name == "return_to").map(|(_, value)| value.into_owned())
}

proptest! {
    /// R1 to R9: from a page to the sign-in route, and from there, where the
    /// browser knows the site by another name, to the sign-in route of the base URL.
    #[test]
    fn a_stranger_is_sent_nowhere_but_to_this_site(address in address()) {
        let base = Url::parse(BASE_URL).expect("a URL");
        let Some(sign_in) = location(&address, "localhost:8000") else { return Ok(()) };
        let url = base.join(&sign_in).expect("a location");
        prop_assert_eq!(url.origin(), base.origin(), "{} → {}", address, sign_in);
        prop_assert_eq!(url.path(), "/sign-in");
        if let Some(path) = return_to(&url) {
            let landed = base.join(&path).expect("a path");
            prop_assert_eq!(landed.origin(), base.origin(), "{} → {}", address, path);
        }

        let moved = location(&sign_in, "127.0.0.1:8000").expect("the name of the base URL");
        let there = Url::parse(&moved).expect("an address");
        prop_assert_eq!(there.origin(), base.origin(), "{} → {}", sign_in, moved);
        prop_assert_eq!(there.path(), "/sign-in");
        prop_assert_eq!(return_to(&there), return_to(&url));
    }

    /// The same for what somebody else put into a link to the sign-in route.
    #[test]
    fn the_name_of_the_base_url_does_not_lead_away(query in address()) {
        let base = Url::parse(BASE_URL).expect("a URL");
        let link = format!("/sign-in?return_to={}", query.replace("moved", ""));
        let Some(moved) = location(&link, "evil.example") else { return Ok(()) };
        let there = Url::parse(&moved).expect("an address");
        prop_assert_eq!(there.origin(), base.origin(), "{} → {}", link, moved);
        prop_assert_eq!(there.path(), "/sign-in");
    }
}

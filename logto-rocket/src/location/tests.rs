use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

fn site(base: &str) -> Site {
    Site::new(base.parse().expect("a URL"))
}

/// Pieces of paths that URL parsers disagree about, and ordinary ones.
const PIECES: &[&str] = &[
    "/",
    "//",
    "\\",
    "\t",
    "\n",
    "\r",
    "\0",
    " ",
    "\u{7f}",
    "\u{a0}",
    "\u{3002}",
    "\u{ff0f}",
    "\u{2025}",
    "%2f",
    "%2F",
    "%5c",
    "%09",
    "%0d%0a",
    "%00",
    "%2e",
    "%252f",
    "%",
    "%zz",
    ".",
    "..",
    "/.",
    "/..",
    "@",
    ":",
    "#",
    "?",
    "&",
    "=",
    ";",
    "[",
    "]",
    "<",
    "+",
    "x",
    "evil.com",
    "app.example.com",
    "127.1",
    "http:",
    "https:",
    "https://",
    "javascript:",
    "data:",
    "file:",
    "https://app.example.com",
    "https://app.example.com:443",
    "/app",
    "return_to=",
];

fn hostile() -> impl Strategy<Value = String> {
    let pieces = vec(select(PIECES), 0..8).prop_map(|pieces| pieces.concat());
    (select(&["", "/", "https://app.example.com", "https://app.example.com/app"][..]), pieces)
        .prop_map(|(begin, rest)| format!("{begin}{rest}"))
}

/// Where a browser on a page of the site goes with this `Location`: the `url` crate
/// parses addresses as browsers do.
fn lands(base: &Url, location: &str) -> Url {
    assert!(location.bytes().all(|b| b.is_ascii_graphic()), "{location:?} is no header's value");
    base.join("a/page?x#y").and_then(|page| page.join(location)).expect("an address")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// R1 to R9: however it arrives.
    #[test]
    fn whatever_is_accepted_as_a_return_path_stays_on_this_site(given in hostile()) {
        for base in ["https://app.example.com/", "https://app.example.com/app/"] {
            let (site, base) = (site(base), base.parse().expect("a URL"));
            let parsed = ReturnPath::parse(&given);
            for path in [parsed, site.return_path(&given)].into_iter().flatten() {
                prop_assert_eq!(lands(&base, &site.page(&path)).origin(), base.origin());
                let sign_in = lands(&base, &site.page_returning("/sign-in", Some(&path)));
                prop_assert_eq!(sign_in.origin(), base.origin());
                let (name, value) = sign_in.query_pairs().next().expect("the return path");
                prop_assert_eq!(&*name, "return_to");
                prop_assert!(*value == *path.as_str() || *value == site.page(&path));
                prop_assert_eq!(site.return_path(&value), Some(path), "it is accepted again");
            }
        }
    }
}

/// R1, R2, R5, R9.
#[test]
fn what_could_lead_away_is_refused() {
    let attacks =
        ["//evil.com", "/\\evil.com", "https://evil.com", "javascript:x", "/\r\nX: y", ""];
    for attack in attacks {
        assert_eq!(ReturnPath::parse(attack), None, "{attack:?}");
    }
}

/// The operator writes the base URL, perhaps by mistake with two slashes.
#[test]
fn slashes_of_the_base_url_do_not_lead_away() {
    for base in ["https://app.example.com//evil.com", "https://app.example.com/.//evil.com/"] {
        let (site, base): (_, Url) = (site(base), base.parse().expect("a URL"));
        let page = lands(&base, &site.page(&ReturnPath::root()));
        assert_eq!(page.origin(), base.origin(), "{page}");
        assert!(site.page_returning("/sign-in", None).starts_with("/evil.com/"));
    }
}

#[test]
fn ordinary_paths_are_kept_with_their_query() {
    for path in ["/", "/protected?x=1&y=%2F", "/a/b%20c", "/%2f%2fevil.com"] {
        assert_eq!(ReturnPath::parse(path).expect(path).as_str(), path);
    }
    assert_eq!(ReturnPath::parse(&format!("/{}", "x".repeat(1100))), None);
}

/// R6: an absolute address only with exactly this scheme, host and port.
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

/// R14: whether written as in the browser or as in Rocket.
#[test]
fn the_path_of_the_base_url_ends_at_a_slash() {
    let (below, root) = (site("https://example.com/app/"), site("https://example.com"));
    let path = |site: &Site, given: &str| site.return_path(given).map(|path| path.0);
    for (given, expected, at_root) in [
        ("/app/x?y=1", "/x?y=1", "/app/x?y=1"),
        ("/app/app/x", "/app/x", "/app/app/x"),
        ("/app/", "/", "/app"),
        ("/app", "/", "/app"),
        ("/app?y=1", "/?y=1", "/app?y=1"),
        ("/application", "/application", "/application"),
        ("/apple/app/x", "/apple/app/x", "/apple/app/x"),
        ("/x", "/x", "/x"),
    ] {
        for given in [given.to_owned(), format!("https://example.com{given}")] {
            assert_eq!(path(&below, &given).as_deref(), Some(expected), "{given}");
            assert_eq!(path(&root, &given).as_deref(), Some(at_root), "{given}");
        }
    }
    for given in ["/app//evil.com", "/app/\\evil.com", "?y=1", "app/x"] {
        assert_eq!(path(&below, given), None, "{given}");
    }
}

#[test]
fn a_plain_path_is_what_a_browser_sends() {
    for (given, plain) in [
        ("/a//b", "/a/b"),
        ("/a/./b/../c/", "/a/c/"),
        ("/..", "/"),
        ("/%61%2d%2E%5f%7E", "/a-._~"),
        ("/%2e%2e/%2f%c3%A9%", "/%2f%c3%A9%"),
        ("/%\u{e9}", "/%\u{e9}"),
        ("", "/"),
    ] {
        assert_eq!(plain_path(given), plain, "{given}");
        assert_eq!(plain_path(plain), plain, "{given}");
    }
}

/// Cookies ignore ports, and nginx leaves them out of `$host`.
#[test]
fn the_host_is_compared_without_its_port() {
    let local = site("http://localhost:8000");
    assert!(local.is_host("localhost") && local.is_host("LOCALHOST"));
    assert!(!local.is_host("127.0.0.1"));
    assert!(site("http://[::1]:8000").is_host("[::1]"));
    assert!(site("https://example.com:8443").is_host("example.com"));
    assert!(!site("https://example.com").is_host("example.com.evil.com"));
    assert!(!site("https://example.com").is_host(""));
}

#[test]
fn the_debug_form_of_a_redirect_shows_no_query() {
    let redirect = Redirect::to("https://foo.logto.app/oidc/auth?state=hunter2".into());
    assert_eq!(format!("{redirect:?}"), "Redirect(\"https://foo.logto.app/oidc/auth\")");
    assert!(redirect.location().ends_with("?state=hunter2"));
}

/// H6: plain http is for this machine, not for a name that looks like it.
#[test]
fn loopback_is_this_machine_and_nothing_else() {
    let here = |url: &str| is_loopback(&url.parse().expect("a URL"));
    for url in ["http://localhost:1", "http://a.localhost", "http://127.1", "http://[::1]:3001"] {
        assert!(here(url), "{url}");
    }
    for url in ["http://localhost.evil.com", "http://127.0.0.1.evil.com", "http://[::2]", "data:x"]
    {
        assert!(!here(url), "{url}");
    }
}

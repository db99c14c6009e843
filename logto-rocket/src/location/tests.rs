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

use std::str;
use std::sync::LazyLock;

use logto_rocket::internal::Addresses;
use url::Url;

/// Sites at the root, behind a proxy's path, and on this machine.
const BASES: [&str; 3] =
    ["https://app.example.com/", "https://app.example.com/app/", "http://localhost:8000"];

static SITES: LazyLock<[(Url, Addresses); 3]> =
    LazyLock::new(|| BASES.map(|base| (base.parse().expect("a URL"), Addresses::new(base))));

/// R1 to R11: whatever is accepted as a return path keeps a browser on the site. The
/// `url` crate reads addresses as browsers do (WHATWG).
pub fn return_path(data: &[u8]) {
    let Ok(given) = str::from_utf8(data) else { return };
    let decoded = url::form_urlencoded::parse(format!("x={given}").as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default();
    for (base, site) in &*SITES {
        for given in [given, &decoded] {
            for location in [site.page(given), site.return_path(given)].into_iter().flatten() {
                check(base, given, &location);
            }
            if let Some(location) = site.page_returning(given) {
                check(base, given, &location);
                check_query(base, site, given, &location);
            }
        }
    }
}

/// Resolved on any page of the site, `location` is on the site, and it is a header of one
/// line.
fn check(base: &Url, given: &str, location: &str) {
    assert!(location.bytes().all(|b| b.is_ascii_graphic()), "{given:?} → {location:?}");
    let page = base.join("some/page?x#y").expect("a URL");
    for base in [base, &page] {
        let resolved = base.join(location).expect("a location");
        assert_eq!(resolved.origin(), base.origin(), "{given:?} → {location:?}");
        // Not even for a parser that takes `//` for another site anywhere in it.
        assert!(!location.starts_with("//"), "{given:?} → {location:?}");
    }
}

/// The way through the sign-in route: one parameter, and its value is accepted there
/// and is on the site again.
fn check_query(base: &Url, site: &Addresses, given: &str, location: &str) {
    let resolved = base.join(location).expect("a location");
    let mut query = resolved.query_pairs();
    let (name, value) = query.next().expect("the return path");
    assert_eq!((&*name, query.next()), ("return_to", None), "{location:?}");
    let back = site.return_path(&value).expect("what was accepted before");
    check(base, &value, &back);
    assert_eq!(site.page(given), Some(back), "{location:?}");
}

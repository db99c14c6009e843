use logto_rocket::internal::metadata;
use url::{Host, Url};

const ISSUER: &str = "https://foo.logto.app/oidc";

/// H1, H2: accepted metadata are the issuer's, and nobody on the way can read secrets
/// sent to their endpoints.
pub fn discovery(data: &[u8]) {
    let Some(metadata) = metadata(data, ISSUER) else { return };
    assert_eq!(metadata.issuer().trim_end_matches('/'), ISSUER);
    let always = [
        metadata.authorization_endpoint(),
        metadata.token_endpoint(),
        metadata.userinfo_endpoint(),
        metadata.jwks_uri(),
    ];
    let optional = [metadata.end_session_endpoint(), metadata.revocation_endpoint()];
    for endpoint in always.into_iter().chain(optional.into_iter().flatten()) {
        let url = Url::parse(endpoint).expect("an address");
        assert!(url.scheme() == "https" || url.scheme() == "http" && is_here(&url), "{endpoint}");
    }
    let shown = format!("{metadata:?}");
    assert!(shown.len() < 200, "{shown}");
}

fn is_here(url: &Url) -> bool {
    match url.host().expect("a host") {
        Host::Domain(name) => name.rsplit('.').next() == Some("localhost"),
        Host::Ipv4(ip) => ip.octets()[0] == 127,
        Host::Ipv6(ip) => ip.segments() == [0, 0, 0, 0, 0, 0, 0, 1],
    }
}

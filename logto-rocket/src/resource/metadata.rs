//! The metadata of a resource, which says which Logto issues its tokens, and its address
//! (RFC 9728).

use std::sync::{Arc, OnceLock};

use rocket::http::uri::Origin;
use serde_json::json;
use url::Url;

/// The part of the address between a resource's origin and its path (RFC 9728 section 3.1).
pub(crate) const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The metadata of one API resource.
#[derive(Debug)]
pub(crate) struct ResourceMetadata {
    indicator: String,
    /// The full address. It does not depend on the request: clients trust it.
    address: Arc<str>,
    path: Origin<'static>,
    /// The scopes that routes require for the resource; known once all are mounted.
    scopes: OnceLock<Vec<String>>,
}

impl ResourceMetadata {
    /// `None` for an indicator that is not an http or https URL.
    pub(crate) fn of(indicator: &str) -> Option<Self> {
        let url = Url::parse(indicator).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let query = url.query().filter(|query| !query.is_empty());
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let path = if url.path() == "/" { "" } else { url.path() };
        let path = format!("{WELL_KNOWN}{path}{query}");
        Some(Self {
            indicator: indicator.to_owned(),
            address: format!("{}{path}", url.origin().ascii_serialization()).into(),
            path: Origin::parse_owned(path).ok()?,
            scopes: OnceLock::new(),
        })
    }

    pub(crate) fn indicator(&self) -> &str {
        &self.indicator
    }

    pub(crate) fn address(&self) -> &Arc<str> {
        &self.address
    }

    /// Whether the path is the same, as Rocket compares it.
    pub(crate) fn is_at_path_of(&self, other: &Self) -> bool {
        self.has_path(&other.path)
    }

    /// Whether `asked` is the address of this metadata. The host is ignored: a proxy may
    /// change it.
    pub(crate) fn is_at(&self, asked: &Origin<'_>) -> bool {
        let has_query = |own: &str| asked.query().is_some_and(|query| query.as_str() == own);
        self.has_path(asked) && self.path.query().is_none_or(|own| has_query(own.as_str()))
    }

    fn has_path(&self, other: &Origin<'_>) -> bool {
        self.path.path().segments().eq(other.path().segments())
    }

    /// Records, once, the scopes that routes require.
    pub(crate) fn learn(&self, scopes: Vec<String>) {
        self.scopes.get_or_init(|| scopes);
    }

    /// The document.
    pub(crate) fn json(&self, issuer: &str) -> String {
        let mut document = json!({
            "resource": self.indicator,
            "authorization_servers": [issuer],
            "bearer_methods_supported": ["header"],
        });
        // RFC 9728 section 3.2: members without values are left out.
        if let Some(scopes) = self.scopes.get().filter(|scopes| !scopes.is_empty()) {
            document["scopes_supported"] = json!(scopes);
        }
        document.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_at(indicator: &str, asked: &str) -> bool {
        let metadata = ResourceMetadata::of(indicator).expect(indicator);
        metadata.is_at(&Origin::parse(asked).expect(asked))
    }

    /// W17: RFC 9728 section 3.1.
    #[test]
    fn the_address_is_the_indicator_with_the_well_known_path_in_it() {
        for (indicator, origin, rest) in [
            ("https://api.example.com", "https://api.example.com", ""),
            ("https://api.example.com/", "https://api.example.com", ""),
            ("https://api.example.com/items", "https://api.example.com", "/items"),
            ("https://api.example.com/items/", "https://api.example.com", "/items/"),
            ("https://api.example.com/v1/items", "https://api.example.com", "/v1/items"),
            ("https://api.example.com/items?a=b&c", "https://api.example.com", "/items?a=b&c"),
            ("https://api.example.com?a=b", "https://api.example.com", "?a=b"),
            ("https://api.example.com/?a=b", "https://api.example.com", "?a=b"),
            ("https://api.example.com?", "https://api.example.com", ""),
            ("https://api.example.com:8443/v1", "https://api.example.com:8443", "/v1"),
            ("https://api.example.com:443/v1", "https://api.example.com", "/v1"),
            ("HTTPS://API.Example.com/Items", "https://api.example.com", "/Items"),
            ("http://localhost:8000/mcp", "http://localhost:8000", "/mcp"),
            ("http://[::1]:3000", "http://[::1]:3000", ""),
            ("https://[2001:DB8::1]/mcp", "https://[2001:db8::1]", "/mcp"),
            (
                "https://api.example.com/caf%C3%A9/a%2Fb",
                "https://api.example.com",
                "/caf%C3%A9/a%2Fb",
            ),
            ("https://api.example.com/a/../b/./c", "https://api.example.com", "/b/c"),
            ("https://user:word@api.example.com/a", "https://api.example.com", "/a"),
        ] {
            let metadata = ResourceMetadata::of(indicator).expect(indicator);
            assert_eq!(&**metadata.address(), format!("{origin}{WELL_KNOWN}{rest}"));
            assert_eq!(metadata.indicator(), indicator, "as it was written");
            assert!(is_at(indicator, &format!("{WELL_KNOWN}{rest}")), "{indicator}");
        }
    }

    /// W18: such an indicator is a name only.
    #[test]
    fn an_indicator_without_a_host_has_no_address() {
        for indicator in ["urn:items", "file:///items", "ftp://example.com/a", "wss://example.com"]
        {
            assert!(ResourceMetadata::of(indicator).is_none(), "{indicator}");
        }
    }

    /// W17: equivalent addresses are equal, and different ones are not.
    #[test]
    fn an_address_is_compared_as_rocket_compares_it() {
        let items = "https://api.example.com/items";
        let encoded = "https://api.example.com/a%2Fb/%7Ec";
        let query = "https://api.example.com/items?a=b";
        for (indicator, rest, expected) in [
            (items, "/items/", true),
            (items, "//items", true),
            (items, "/%69tems", true),
            (items, "/items?cached=no", true),
            (items, "", false),
            (items, "/Items", false),
            (items, "/items/1", false),
            (items, "/itemsx", false),
            (encoded, "/a%2fb/~c", true),
            (encoded, "/a/b/~c", false),
            (query, "/items", false),
            (query, "/items?a=c", false),
            (query, "/items?a=b&c=d", false),
            ("https://api.example.com", "/", true),
            ("https://api.example.com", "/items", false),
        ] {
            let asked = format!("{WELL_KNOWN}{rest}");
            assert_eq!(is_at(indicator, &asked), expected, "{indicator} {asked}");
        }
    }

    /// W17: all members, and no empty ones.
    #[test]
    fn the_document_has_the_indicator_the_issuer_and_scopes_that_are_known() {
        let metadata = ResourceMetadata::of("https://API.example.com/").expect("metadata");
        let document =
            || serde_json::from_str::<serde_json::Value>(&metadata.json("https://l/oidc"));
        let without = json!({
            "resource": "https://API.example.com/",
            "authorization_servers": ["https://l/oidc"],
            "bearer_methods_supported": ["header"],
        });
        assert_eq!(document().expect("JSON"), without);
        metadata.learn(vec!["read:items".into(), "write:items".into()]);
        let scopes = &document().expect("JSON")["scopes_supported"];
        assert_eq!(*scopes, json!(["read:items", "write:items"]));

        let metadata = ResourceMetadata::of("https://API.example.com/").expect("metadata");
        metadata.learn(Vec::new());
        assert!(!metadata.json("https://l/oidc").contains("scopes_supported"));
    }
}

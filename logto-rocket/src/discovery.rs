//! Provider metadata: fetched when first needed, kept, renewed in the background.

mod endpoints;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

pub(crate) use self::endpoints::Endpoints;
use crate::clock::{Clock, Timestamp};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Cached, Http};

/// Metadata older than this is renewed while the old serves.
const MAX_AGE: Duration = Duration::from_secs(60 * 60);

/// Logto's provider metadata (OpenID Connect Discovery, section 3).
///
/// With [`internal_endpoint`](crate::Config::internal_endpoint), the endpoints for tokens,
/// user info, keys and revocation are internal, the other two are for browsers.
#[derive(Clone, Deserialize)]
pub struct ProviderMetadata {
    pub(crate) issuer: String,
    pub(crate) authorization_endpoint: String,
    pub(crate) token_endpoint: String,
    pub(crate) userinfo_endpoint: String,
    pub(crate) jwks_uri: String,
    pub(crate) end_session_endpoint: Option<String>,
    pub(crate) revocation_endpoint: Option<String>,
    #[serde(default)]
    pub(crate) id_token_signing_alg_values_supported: Vec<String>,
    /// Everything else, kept for the application.
    #[serde(flatten)]
    pub(crate) other: Map<String, Value>,
    #[serde(skip)]
    fetched: Timestamp,
}

impl ProviderMetadata {
    /// The issuer: `{endpoint}/oidc`.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Where sign-ins begin.
    pub fn authorization_endpoint(&self) -> &str {
        &self.authorization_endpoint
    }

    /// Where tokens are issued.
    pub fn token_endpoint(&self) -> &str {
        &self.token_endpoint
    }

    /// Where the user info is.
    pub fn userinfo_endpoint(&self) -> &str {
        &self.userinfo_endpoint
    }

    /// Where the keys for verifying tokens are.
    pub fn jwks_uri(&self) -> &str {
        &self.jwks_uri
    }

    /// Where sessions at Logto end.
    pub fn end_session_endpoint(&self) -> Option<&str> {
        self.end_session_endpoint.as_deref()
    }

    /// Where tokens are revoked.
    pub fn revocation_endpoint(&self) -> Option<&str> {
        self.revocation_endpoint.as_deref()
    }

    /// Any other member, by its name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.other.get(name)
    }

    /// Refuses metadata from another issuer (OpenID Connect Discovery, section 4.3) and
    /// endpoints that must not receive secrets.
    pub(crate) fn checked(self, endpoints: &Endpoints) -> Result<Self> {
        if self.issuer.trim_end_matches('/') != endpoints.issuer {
            let theirs: String = self.issuer.chars().take(200).collect();
            let detail = format!(
                "the metadata names the issuer {theirs:?}, but `endpoint` makes it {:?}",
                endpoints.issuer
            );
            return Err(Error::new(ErrorKind::InvalidAnswer, detail));
        }
        let (browsers, us) = (|url| endpoints.for_browsers(url), |url| endpoints.for_us(url));
        Ok(Self {
            authorization_endpoint: browsers(self.authorization_endpoint)?,
            end_session_endpoint: self.end_session_endpoint.map(browsers).transpose()?,
            token_endpoint: us(self.token_endpoint)?,
            userinfo_endpoint: us(self.userinfo_endpoint)?,
            jwks_uri: us(self.jwks_uri)?,
            revocation_endpoint: self.revocation_endpoint.map(us).transpose()?,
            ..self
        })
    }
}

impl fmt::Debug for ProviderMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let others = self.other.len();
        f.debug_struct("ProviderMetadata")
            .field("issuer", &self.issuer)
            .field("others", &others)
            .finish()
    }
}

/// The metadata of one provider.
#[derive(Debug)]
pub(crate) struct Discovery {
    endpoints: Endpoints,
    http: Http,
    cached: Arc<Cached<ProviderMetadata>>,
    clock: Clock,
}

impl Discovery {
    pub(crate) fn new(http: Http, endpoints: Endpoints, clock: Clock) -> Self {
        let cached = Arc::new(Cached::new(clock.clone()));
        Self { endpoints, http, cached, clock }
    }

    pub(crate) async fn metadata(&self) -> Result<Arc<ProviderMetadata>> {
        let metadata = self.cached.get(|| self.fetch()).await?;
        if !self.clock.now().waits_for(metadata.fetched.plus(MAX_AGE), MAX_AGE) {
            self.renew_in_background(Arc::clone(&metadata));
        }
        Ok(metadata)
    }

    /// Fetches the metadata again, for example after keys of a new kind appeared.
    pub(crate) async fn renew(
        &self,
        seen: &Arc<ProviderMetadata>,
    ) -> Result<Arc<ProviderMetadata>> {
        self.cached.replace(Some(seen), || self.fetch()).await
    }

    fn renew_in_background(&self, seen: Arc<ProviderMetadata>) {
        let cached = Arc::clone(&self.cached);
        let fetch = self.fetch();
        tokio::spawn(async move { cached.replace(Some(&seen), || fetch).await.map(drop) });
    }

    fn fetch(&self) -> impl Future<Output = Result<ProviderMetadata>> + use<> {
        let (http, endpoints, clock) =
            (self.http.clone(), self.endpoints.clone(), self.clock.clone());
        async move {
            let answer = http.get(&endpoints.metadata()).await?;
            let metadata = answer.json::<ProviderMetadata>("the metadata")?.checked(&endpoints)?;
            Ok(ProviderMetadata { fetched: clock.now(), ..metadata })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(change: impl FnOnce(&mut Value)) -> Result<ProviderMetadata> {
        let mut json = serde_json::json!({
            "issuer": "https://foo.logto.app/oidc",
            "authorization_endpoint": "https://foo.logto.app/oidc/auth",
            "token_endpoint": "https://foo.logto.app/oidc/token",
            "userinfo_endpoint": "https://foo.logto.app/oidc/me",
            "jwks_uri": "https://foo.logto.app/oidc/jwks",
        });
        change(&mut json);
        let metadata: ProviderMetadata = serde_json::from_value(json).expect("metadata");
        metadata.checked(&Endpoints::of("https://foo.logto.app/oidc"))
    }

    /// H1, H2: metadata from another issuer or with plain http endpoints.
    #[test]
    fn metadata_of_another_issuer_or_with_plain_http_endpoints_are_refused() {
        assert!(metadata(|_| ()).is_ok());
        assert!(metadata(|m| m["issuer"] = "https://foo.logto.app/oidc/".into()).is_ok());
        assert!(metadata(|m| m["issuer"] = "https://foo.logto.app/oidcINVALID".into()).is_err());
        assert!(metadata(|m| m["token_endpoint"] = "http://foo.logto.app/".into()).is_err());
        assert!(metadata(|m| m["jwks_uri"] = "file:///etc/passwd".into()).is_err());
        assert!(metadata(|m| m["revocation_endpoint"] = "http://169.254.169.254/".into()).is_err());
        assert!(metadata(|m| m["token_endpoint"] = "http://127.0.0.1:3001/".into()).is_ok());
    }

    /// H21: a proxy in front of Logto, or its `ENDPOINT`, is set to a different address.
    #[test]
    fn metadata_of_another_issuer_are_refused_with_both_names() {
        let error = metadata(|m| m["issuer"] = "http://localhost:3001/oidc".into());
        let error = error.expect_err("another issuer").to_string();
        for issuer in ["\"http://localhost:3001/oidc\"", "\"https://foo.logto.app/oidc\""] {
            assert!(error.contains(issuer), "{error}");
        }
        let long = metadata(|m| m["issuer"] = "x\n".repeat(10_000).into());
        let long = long.expect_err("another issuer").to_string();
        assert!(long.len() < 1000 && !long.contains('\n'), "{long}");
    }

    #[test]
    fn what_logto_says_is_found_under_its_name() {
        let metadata = metadata(|m| {
            m["end_session_endpoint"] = "https://foo.logto.app/oidc/session/end".into();
            m["revocation_endpoint"] = "https://foo.logto.app/oidc/token/revocation".into();
            m["claims_supported"] = serde_json::json!(["sub"]);
        })
        .expect("metadata");
        let said = [
            metadata.issuer(),
            metadata.authorization_endpoint(),
            metadata.token_endpoint(),
            metadata.userinfo_endpoint(),
            metadata.jwks_uri(),
            metadata.end_session_endpoint().expect("an address"),
            metadata.revocation_endpoint().expect("an address"),
        ];
        let paths = ["", "/auth", "/token", "/me", "/jwks", "/session/end", "/token/revocation"];
        assert_eq!(said.to_vec(), paths.map(|path| format!("https://foo.logto.app/oidc{path}")));
        assert_eq!(metadata.get("claims_supported"), Some(&serde_json::json!(["sub"])));
        assert_eq!(metadata.get("issuer"), None);
        assert!(format!("{metadata:?}").contains("others: 1"));
    }

    /// Metadata fetched at the epoch, and a client that has it.
    async fn with_old_ones(provider: &logto_dev::Provider) -> (Discovery, Arc<ProviderMetadata>) {
        let endpoints = Endpoints::of(&format!("{}/oidc", provider.endpoint()));
        let http = Http::new(Duration::from_secs(4)).expect("a client");
        let discovery = Discovery::new(http, endpoints, Clock::default());
        let fresh = discovery.metadata().await.expect("metadata");
        let old = ProviderMetadata { fetched: Timestamp::default(), ..(*fresh).clone() };
        let old = discovery.cached.replace(Some(&fresh), async || Ok(old)).await.expect("old ones");
        (discovery, old)
    }

    /// REL-3: no request waits to renew metadata that is an hour old, or for Logto to be
    /// back.
    #[rocket::async_test]
    async fn old_metadata_serve_while_new_ones_are_fetched() {
        let provider = logto_dev::Provider::start().await;
        let (discovery, old) = with_old_ones(&provider).await;
        assert!(Arc::ptr_eq(&discovery.metadata().await.expect("metadata"), &old));
        while discovery.cached.peek().is_some_and(|metadata| metadata.fetched == old.fetched) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let renewed = discovery.metadata().await.expect("metadata");
        assert_eq!(renewed.issuer, old.issuer);
    }

    /// REL-3: however old it is.
    #[rocket::async_test]
    async fn old_metadata_serve_while_logto_is_down() {
        let provider = logto_dev::Provider::start().await;
        let (discovery, old) = with_old_ones(&provider).await;
        drop(provider);
        for _ in 0..50 {
            assert!(Arc::ptr_eq(&discovery.metadata().await.expect("metadata"), &old));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

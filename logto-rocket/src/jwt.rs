//! Tokens that somebody sends to this application and says to have from Logto.

mod compact;
mod logout;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use self::compact::Compact;
pub(crate) use self::logout::{LogoutToken, MAX_AGE, Whom};
use crate::clock::Timestamp;
use crate::config::Checked;
use crate::discovery::{Discovery, ProviderMetadata};
use crate::error::{Error, ErrorKind, Result};
use crate::jwks::{Jwks, KeySet, Source, algorithm_named};

/// What verifies tokens of one provider for one application.
pub(crate) struct Verifier {
    discovery: Arc<Discovery>,
    jwks: Arc<Jwks>,
    app_id: String,
    clock_skew: Duration,
}

impl Verifier {
    /// A verifier with the metadata and the keys that sign-ins use.
    pub(crate) fn new(checked: &Checked, discovery: Arc<Discovery>, jwks: Arc<Jwks>) -> Self {
        let app_id = checked.config.app_id.clone();
        Self { discovery, jwks, app_id, clock_skew: checked.clock_skew() }
    }

    /// Verifies a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.6).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidLogoutToken`], or any other kind where the metadata or the
    /// keys cannot be had: then the token may be good.
    pub(crate) async fn logout_token(&self, token: &str) -> Result<LogoutToken> {
        let token = parse(token).map_err(refused)?;
        let metadata = self.check_signature(&token).await?;
        let now = Timestamp::now().seconds();
        let skew = i64::try_from(self.clock_skew.as_secs()).unwrap_or(0);
        LogoutToken::read(&token.payload, &metadata.issuer, &self.app_id, now, skew)
            .map_err(refused)
    }

    /// Checks that the provider signed the token. When no key fits, keys and metadata
    /// are fetched again once: the provider may have rotated them.
    async fn check_signature(&self, token: &Compact<'_>) -> Result<Arc<ProviderMetadata>> {
        let metadata = self.discovery.metadata().await?;
        let keys = self.jwks.keys(&metadata.jwks_uri).await?;
        match signed_by(token, &metadata, &keys).map_err(refused)? {
            Signed::Yes => return Ok(metadata),
            Signed::ByNoKnownKey => {}
        }
        // Keys of a moment ago are new enough: 400 for junk, whoever sends how much of it.
        let renewed = self.jwks.renew(&metadata.jwks_uri, &keys, Source::BackChannel).await?;
        let keys = renewed.ok_or_else(|| refused(UNKNOWN_KEY))?;
        let metadata = self.discovery.renew(&metadata).await?;
        match signed_by(token, &metadata, &keys).map_err(refused)? {
            Signed::Yes => Ok(metadata),
            Signed::ByNoKnownKey => Err(refused(UNKNOWN_KEY)),
        }
    }
}

const UNKNOWN_KEY: &str = "no key of Logto's fits it";

enum Signed {
    Yes,
    /// Another set of keys may have the one that signed it.
    ByNoKnownKey,
}

fn parse(token: &str) -> Result<Compact<'_>, &'static str> {
    let token = Compact::parse(token)?;
    logout::check_type(token.typ())?;
    Ok(token)
}

/// As [`Verifier::logout_token()`], with what there is to know of the provider.
#[cfg(feature = "__internal")]
pub(crate) fn logout_token_at_hand(
    token: &str,
    metadata: &ProviderMetadata,
    keys: &KeySet,
    app_id: &str,
    now: i64,
) -> Result<LogoutToken, &'static str> {
    let token = parse(token)?;
    match signed_by(&token, metadata, keys)? {
        Signed::Yes => LogoutToken::read(&token.payload, &metadata.issuer, app_id, now, 60),
        Signed::ByNoKnownKey => Err(UNKNOWN_KEY),
    }
}

/// Whether one of these keys signed the token. The algorithm is the key's; what the
/// header says only picks the key.
fn signed_by(
    token: &Compact<'_>,
    metadata: &ProviderMetadata,
    keys: &KeySet,
) -> Result<Signed, &'static str> {
    let algorithm = algorithm_named(token.alg()).ok_or("its algorithm is not one of Logto's")?;
    if !keys.algorithms(&metadata.id_token_signing_alg_values_supported).contains(&algorithm) {
        return Ok(Signed::ByNoKnownKey);
    }
    let fits = |kid: Option<&str>| token.kid().is_none_or(|named| Some(named) == kid);
    let mut fitting = keys
        .verifying
        .iter()
        .filter(|key| key.algorithm == algorithm && fits(key.kid.as_deref()))
        .peekable();
    let is_known = token.kid().is_some() && fitting.peek().is_some();
    match fitting.any(|key| key.verifies(token.signed.as_bytes(), &token.signature)) {
        true => Ok(Signed::Yes),
        // A token that names no key may be of one that is not here.
        false if !is_known => Ok(Signed::ByNoKnownKey),
        false => Err("its signature is wrong"),
    }
}

fn refused(detail: &'static str) -> Error {
    Error::new(ErrorKind::InvalidLogoutToken, detail)
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

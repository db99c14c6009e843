//! Tokens that others send to this application, claiming that they are from Logto.

mod access;
#[cfg(test)]
mod captures;
mod compact;
mod logout;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use self::access::Verified;
use self::compact::Compact;
pub(crate) use self::compact::MAX_BYTES;
pub(crate) use self::logout::{LogoutToken, MAX_AGE, Whom};
use crate::clock::Clock;
use crate::config::Checked;
use crate::discovery::ProviderMetadata;
use crate::error::{Error, ErrorKind, Result};
use crate::jwks::{KeySet, PublicKey, Source};
use crate::signed::{Signatures, Signer, Unverified};

const OPAQUE: &str = "it is opaque: Logto issues such tokens if the client asks for no resource \
                      and no organization, or for two resources";

/// Verifies tokens of one provider for one application.
pub(crate) struct Verifier {
    signatures: Arc<Signatures>,
    app_id: String,
    clock_skew: Duration,
    clock: Clock,
}

impl Verifier {
    /// A verifier with the metadata and the keys that sign-ins use.
    pub(crate) fn new(checked: &Checked, signatures: Arc<Signatures>, clock: Clock) -> Self {
        let app_id = checked.app_id.clone();
        Self { signatures, app_id, clock_skew: checked.clock_skew(), clock }
    }

    /// Verifies a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.6).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidLogoutToken`], or any other kind if the metadata or the keys
    /// are not available: then the token may be valid.
    pub(crate) async fn logout_token(&self, token: &str) -> Result<LogoutToken> {
        let verified = self.verify(Source::BackChannel, token, logout::check_type, |payload, m| {
            LogoutToken::read(payload, &m.issuer, &self.app_id, self.now(), self.skew())
        });
        let (token, _) = verified.await.map_err(|e| e.into_error(ErrorKind::InvalidLogoutToken))?;
        Ok(token)
    }

    /// Verifies an access token, for any route (RFC 9068 section 4), and returns the keys
    /// used.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAccessToken`], or any other kind if the metadata or the keys
    /// are not available: then the token may be valid.
    pub(crate) async fn access_token(&self, token: &str) -> Result<(Verified, Arc<KeySet>)> {
        if !token.contains('.') {
            return Err(Error::new(ErrorKind::InvalidAccessToken, OPAQUE));
        }
        let verified = self.verify(Source::Bearer, token, access::check_type, |payload, m| {
            access::read(payload, &m.issuer, self.now(), self.skew())
        });
        verified.await.map_err(|failure| failure.into_error(ErrorKind::InvalidAccessToken))
    }

    async fn verify<T>(
        &self,
        source: Source,
        token: &str,
        check_type: fn(Option<&str>) -> Result<(), &'static str>,
        read: impl Fn(&str, &ProviderMetadata) -> Result<T, &'static str>,
    ) -> Result<(T, Arc<KeySet>), Unverified> {
        let kind = source.error_kind();
        let token = parse(token, check_type, kind)?;
        let signer = signer(&token)?;
        let verified = self.signatures.verify(source, &signer, |metadata, key| {
            check_signature(&token, &signer, key)?;
            let read = read(&token.payload, metadata);
            read.map_err(|detail| Unverified::Refused(Error::new(kind, detail)))
        });
        verified.await
    }

    /// The keys fetched last.
    pub(crate) fn keys(&self) -> Option<Arc<KeySet>> {
        self.signatures.keys()
    }

    fn now(&self) -> i64 {
        self.clock.now().seconds()
    }

    fn skew(&self) -> i64 {
        i64::try_from(self.clock_skew.as_secs()).unwrap_or(0)
    }
}

fn parse(
    token: &str,
    check_type: fn(Option<&str>) -> Result<(), &'static str>,
    kind: ErrorKind,
) -> Result<Compact<'_>, Unverified> {
    let refused = |detail| Unverified::Refused(Error::new(kind, detail));
    let token = Compact::parse(token).map_err(refused)?;
    check_type(token.typ()).map_err(refused)?;
    Ok(token)
}

fn signer<'a>(token: &'a Compact<'_>) -> Result<Signer<'a>, Unverified> {
    Signer::new(token.alg(), token.kid())
}

fn check_signature(
    token: &Compact<'_>,
    signer: &Signer<'_>,
    key: &PublicKey,
) -> Result<(), Unverified> {
    match key.verifies(&signer.algorithm, token.signed.as_bytes(), &token.signature) {
        true => Ok(()),
        false => Err(Unverified::WrongSignature),
    }
}

/// Like [`Verifier::logout_token()`], with the provider's metadata and keys at hand.
#[cfg(feature = "__internal")]
pub(crate) fn logout_token_at_hand(
    token: &str,
    metadata: &ProviderMetadata,
    keys: &KeySet,
    app_id: &str,
    now: i64,
) -> Result<LogoutToken> {
    const KIND: ErrorKind = ErrorKind::InvalidLogoutToken;
    let verified = parse(token, logout::check_type, KIND).and_then(|token| {
        let signer = signer(&token)?;
        crate::signed::tried(&signer, metadata, keys, |metadata, key| {
            check_signature(&token, &signer, key)?;
            let read = LogoutToken::read(&token.payload, &metadata.issuer, app_id, now, 60);
            read.map_err(|detail| Unverified::Refused(Error::new(KIND, detail)))
        })
    });
    verified.map_err(|failure| failure.into_error(KIND))
}

/// Like [`Verifier::access_token()`], with the provider's metadata and keys at hand.
#[cfg(any(test, feature = "__internal"))]
pub(crate) fn access_token_at_hand(
    token: &str,
    metadata: &ProviderMetadata,
    keys: &KeySet,
    now: i64,
    skew: i64,
) -> Result<Verified> {
    const KIND: ErrorKind = ErrorKind::InvalidAccessToken;
    let verified = parse(token, access::check_type, KIND).and_then(|token| {
        let signer = signer(&token)?;
        crate::signed::tried(&signer, metadata, keys, |metadata, key| {
            check_signature(&token, &signer, key)?;
            let read = access::read(&token.payload, &metadata.issuer, now, skew);
            read.map_err(|detail| Unverified::Refused(Error::new(KIND, detail)))
        })
    });
    verified.map_err(|failure| failure.into_error(KIND))
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

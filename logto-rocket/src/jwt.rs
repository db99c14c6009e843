//! Tokens that somebody sends to this application and says to have from Logto.

mod compact;
mod logout;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use self::compact::Compact;
pub(crate) use self::logout::{LogoutToken, MAX_AGE, Whom};
use crate::clock::Clock;
use crate::config::Checked;
use crate::discovery::ProviderMetadata;
use crate::error::{Error, ErrorKind, Result};
use crate::jwks::{PublicKey, Source};
use crate::signed::{Signatures, Signer, Unverified};

/// What verifies tokens of one provider for one application.
pub(crate) struct Verifier {
    signatures: Arc<Signatures>,
    app_id: String,
    clock_skew: Duration,
    clock: Clock,
}

impl Verifier {
    /// A verifier with the metadata and the keys that sign-ins use.
    pub(crate) fn new(checked: &Checked, signatures: Arc<Signatures>, clock: Clock) -> Self {
        let app_id = checked.config.app_id.clone();
        Self { signatures, app_id, clock_skew: checked.clock_skew(), clock }
    }

    /// Verifies a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.6).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidLogoutToken`], or any other kind where the metadata or the
    /// keys cannot be had: then the token may be good.
    pub(crate) async fn logout_token(&self, token: &str) -> Result<LogoutToken> {
        let token = parse(token)?;
        let signer = signer(&token)?;
        let now = self.clock.now().seconds();
        let skew = i64::try_from(self.clock_skew.as_secs()).unwrap_or(0);
        let verified = self.signatures.verify(Source::BackChannel, &signer, |metadata, key| {
            check_signature(&token, &signer, key)?;
            read(&token, metadata, &self.app_id, now, skew)
        });
        verified.await.map_err(failed)
    }
}

fn parse(token: &str) -> Result<Compact<'_>> {
    let token = Compact::parse(token).map_err(refused)?;
    logout::check_type(token.typ()).map_err(refused)?;
    Ok(token)
}

fn signer<'a>(token: &'a Compact<'_>) -> Result<Signer<'a>> {
    Signer::new(token.alg(), token.kid()).map_err(failed)
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

fn read(
    token: &Compact<'_>,
    metadata: &ProviderMetadata,
    app_id: &str,
    now: i64,
    skew: i64,
) -> Result<LogoutToken, Unverified> {
    let read = LogoutToken::read(&token.payload, &metadata.issuer, app_id, now, skew);
    read.map_err(|detail| Unverified::Refused(refused(detail)))
}

/// As [`Verifier::logout_token()`], with what there is to know of the provider.
#[cfg(feature = "__internal")]
pub(crate) fn logout_token_at_hand(
    token: &str,
    metadata: &ProviderMetadata,
    keys: &crate::jwks::KeySet,
    app_id: &str,
    now: i64,
) -> Result<LogoutToken> {
    let token = parse(token)?;
    let signer = signer(&token)?;
    let verified = crate::signed::tried(&signer, metadata, keys, |metadata, key| {
        check_signature(&token, &signer, key)?;
        read(&token, metadata, app_id, now, 60)
    });
    verified.map_err(failed)
}

fn failed(failure: Unverified) -> Error {
    failure.into_error(ErrorKind::InvalidLogoutToken)
}

fn refused(detail: &'static str) -> Error {
    Error::new(ErrorKind::InvalidLogoutToken, detail)
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

//! Sign-out: here first, then at Logto.

use std::sync::Arc;
use std::time::Duration;

use super::marker::Visit;
use super::{Inner, Logto, user_of, within_patience};
use crate::error::Result;
use crate::location::ReturnPath;
use crate::session::Session;

/// What the revocation of a refresh token may take.
const REVOCATION: Duration = Duration::from_secs(2);

/// How far a sign-out went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SignedOut {
    /// The session here has ended; this address ends the one at Logto.
    ToLogto(String),
    /// The session here has ended. Logto was not reached: the user may still be
    /// signed in there.
    HereOnly,
}

impl Logto {
    /// Ends the session of this request, whether or not Logto can be reached.
    ///
    /// # Errors
    ///
    /// Nobody here asked for it, or the store failed: the session goes on.
    pub(crate) async fn sign_out(&self, visit: Visit<'_>) -> Result<SignedOut> {
        // The answer to a prefetch must not be the one that the click gets.
        visit.marker.consult();
        visit.request.check_sign_out(&self.inner.checked.origins, visit.marker.is_head())?;
        self.end_here(visit).await?;
        match within_patience(self.inner.client.end_session_url()).await {
            Ok(Some(url)) => Ok(SignedOut::ToLogto(url.into())),
            Ok(None) => Ok(SignedOut::HereOnly),
            Err(error) => {
                log::warn!("logto: signed out here only: {error}");
                Ok(SignedOut::HereOnly)
            }
        }
    }

    /// As [`sign_out()`](Self::sign_out), and leaves the user signed in at Logto.
    ///
    /// # Errors
    ///
    /// Nobody here asked for it, or the store failed: the session goes on.
    pub(crate) async fn sign_out_here(&self, visit: Visit<'_>) -> Result<()> {
        visit.marker.consult();
        visit.request.check_sign_out_here(&self.inner.checked.origins, visit.marker.is_head())?;
        self.end_here(visit).await
    }

    async fn end_here(&self, visit: Visit<'_>) -> Result<()> {
        if let Some(session) = self.session_as_read(visit).await? {
            self.inner.end(&session, true).await?;
            self.inner.revoke_in_background(&session);
            visit.marker.end();
            if let Ok(user) = user_of(&session) {
                visit.request.after_sign_out(&*self.inner.hooks, &user).await;
            }
        }
        visit.marker.end();
        visit.marker.add_transactions(self.inner.transactions.stop_counting(visit.jar));
        Ok(())
    }

    /// The `Location` of the page after a sign-out that does not lead to Logto.
    pub(crate) fn after_sign_out(&self) -> String {
        let path = &self.inner.checked.config.post_sign_out_path;
        self.site().page(&ReturnPath::parse(path).unwrap_or_else(ReturnPath::root))
    }
}

impl Inner {
    /// Revokes the refresh token, best effort: with `offline_access` it would
    /// outlive the sign-out at Logto.
    pub(super) fn revoke_in_background(self: &Arc<Self>, session: &Session) {
        let Some(token) = session.record.refresh_token.clone() else { return };
        let inner = Arc::clone(self);
        tokio::spawn(async move {
            match tokio::time::timeout(REVOCATION, inner.client.revoke(&token)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => log::warn!("logto: a refresh token was not revoked: {error}"),
                Err(_) => log::warn!("logto: a refresh token was not revoked: no answer in time"),
            }
        });
    }
}

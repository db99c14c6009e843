//! Sign-out: here first, then at Logto; and Logto's notices of sign-outs there.

mod backchannel;

use std::sync::Arc;
use std::time::Duration;

use self::backchannel::Receipts;
use crate::client::Client;
use crate::clock::Clock;
use crate::error::Result;
use crate::flight::in_its_own_task;
use crate::hooks::Hooks;
use crate::jwt::Verifier;
use crate::request::Visit;
use crate::sender::Origins;
use crate::session::Sessions;
use crate::warning;

/// The sign-outs of one application.
pub(crate) struct SignOuts {
    client: Arc<Client>,
    verifier: Verifier,
    sessions: Arc<Sessions>,
    hooks: Arc<dyn Hooks>,
    /// The origins whose requests may end a session.
    origins: Origins,
    clock: Clock,
    receipts: Receipts,
}

/// How far a sign-out went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SignedOut {
    /// The session here has ended; this address ends the one at Logto.
    ToLogto(String),
    /// The session here has ended. Logto could not be reached: the user may still be
    /// signed in there.
    HereOnly,
}

impl SignOuts {
    pub(crate) fn new(
        client: Arc<Client>,
        verifier: Verifier,
        sessions: Arc<Sessions>,
        hooks: Arc<dyn Hooks>,
        origins: Origins,
        clock: Clock,
        clock_skew: Duration,
    ) -> Self {
        let receipts = Receipts::new(clock_skew);
        Self { client, verifier, sessions, hooks, origins, clock, receipts }
    }

    /// Ends the session of this request, whether or not Logto can be reached.
    ///
    /// # Errors
    ///
    /// The user did not ask for it, or the store failed: the session continues.
    pub(crate) async fn sign_out(&self, visit: Visit<'_>) -> Result<SignedOut> {
        // The answer to a prefetch must not be reused for the click.
        visit.state.depend_on_cookies();
        visit.request.check_sign_out(&self.origins, visit.state.is_head())?;
        self.end_session(visit).await?;
        match self.client.within_patience(self.client.end_session_url()).await {
            Ok(Some(url)) => Ok(SignedOut::ToLogto(url.into())),
            Ok(None) => Ok(SignedOut::HereOnly),
            Err(error) => {
                warning::warn("signed out here only", &error);
                Ok(SignedOut::HereOnly)
            }
        }
    }

    /// Like [`sign_out()`](Self::sign_out), but leaves the user signed in at Logto.
    ///
    /// # Errors
    ///
    /// The user did not ask for it, or the store failed: the session continues.
    pub(crate) async fn sign_out_here(&self, visit: Visit<'_>) -> Result<()> {
        visit.state.depend_on_cookies();
        visit.request.check_sign_out_here(&self.origins, visit.state.is_head())?;
        self.end_session(visit).await
    }

    async fn end_session(&self, visit: Visit<'_>) -> Result<()> {
        if let Some(session) = visit.session(&self.sessions).await? {
            let (sessions, ended) = (Arc::clone(&self.sessions), session.clone());
            // A dropped request must not leave it half done.
            in_its_own_task(async move { sessions.end_and_revoke(&ended).await }).await?;
            visit.state.end();
            if let Ok(user) = session.user() {
                log::info!("logto: {} signed out", self.sessions.named(user.subject()));
                visit.request.after_sign_out(&*self.hooks, &user).await;
            }
        }
        visit.state.end();
        Ok(())
    }

    /// Drops the session of this request and its tokens. Logto is not notified, and the
    /// refresh token stays valid.
    ///
    /// # Errors
    ///
    /// The store failed: the session continues.
    pub(crate) async fn forget(&self, visit: Visit<'_>) -> Result<()> {
        if let Some(session) = visit.session(&self.sessions).await? {
            let sessions = Arc::clone(&self.sessions);
            in_its_own_task(async move { sessions.end(&session).await }).await?;
        }
        visit.state.end();
        Ok(())
    }
}

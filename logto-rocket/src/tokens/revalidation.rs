//! Whether Logto still says that a session holds.

use std::sync::Arc;

use super::Tokens;
use crate::error::{ErrorKind, Result};
use crate::flight::within_patience;
use crate::request::Visit;
use crate::session::Session;
use crate::token::Audience;

impl Tokens {
    /// Whether it was long ago that Logto said that the session holds, and it can be
    /// asked.
    pub(crate) fn is_due_for_revalidation(&self, session: &Session) -> bool {
        let record = &session.record;
        !self.revalidate.is_zero()
            && record.refresh_token.is_some()
            && record.is_check_due(self.clock.now(), self.revalidate)
    }

    /// Asks Logto whether a session still holds that it has not spoken of for long.
    /// A failure says nothing of the session, which goes on.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub(crate) async fn revalidate(
        self: &Arc<Self>,
        visit: Visit<'_>,
        session: &Session,
    ) -> Result<()> {
        if !self.is_due_for_revalidation(session) || self.check_writable(visit).is_err() {
            return Ok(());
        }
        let audience = Audience::logto();
        let seen = self.kept(session, &audience);
        match within_patience(self.renew(visit, session, &audience, seen)).await {
            Err(error) if error.kind() == ErrorKind::Store => Err(error),
            Err(error) if error.kind() != ErrorKind::SessionEnded => {
                log::warn!("logto: could not revalidate a session; keeping it: {error}");
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

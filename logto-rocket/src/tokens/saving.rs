//! Saving new generations of a session.

use std::sync::Arc;
use std::time::Duration;

use super::Tokens;
use crate::error::{Error, ErrorKind, Result};
use crate::instances::Lease;
use crate::session::Session;
use crate::session::record::Record;

/// How long to wait after each attempt at saving new tokens: a store that fails for
/// a moment must not cost a rotated refresh token.
const PAUSES: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(50), Duration::from_millis(250), Duration::from_secs(1)];

impl Tokens {
    /// Saves the refreshed record over what another instance may have written: the tokens
    /// just received are the valid ones. If the store keeps failing, this process holds it
    /// until it can be saved.
    pub(super) async fn save(
        &self,
        mut session: Session,
        record: Record,
        lease: Option<Lease>,
    ) -> Result<Session> {
        for pause in PAUSES {
            tokio::time::sleep(pause).await;
            match self.try_save(&mut session, &record).await {
                // In cookies it can be saved even if it has ended.
                Ok(Some(saved)) if self.sessions.came_too_late(&saved.record).await => {
                    return Err(Error::new(ErrorKind::SessionEnded, "the user signed out"));
                }
                Ok(Some(saved)) => return Ok(saved),
                Ok(None) => {}
                Err(error) if error.kind() == ErrorKind::Store => {}
                Err(error) => {
                    self.sessions.came_too_late(&Arc::new(record)).await;
                    return Err(error);
                }
            }
        }
        self.sessions.save_later(&session, record, lease)
    }

    /// One attempt; `None` if another instance was faster, and `session` is what it
    /// saved.
    async fn try_save(&self, session: &mut Session, record: &Record) -> Result<Option<Session>> {
        let generation = record.generation.max(session.record.generation + 1);
        let saved = self.sessions.save(session, Record { generation, ..record.clone() }).await?;
        if saved.is_none() {
            *session = self.sessions.current(session).await?;
        }
        Ok(saved)
    }

    /// Applies `change` to the newest saved record, as the session's next generation.
    ///
    /// # Errors
    ///
    /// The session has ended, or the store kept failing.
    pub(super) async fn make_next(
        &self,
        session: &Session,
        change: impl Fn(&Record) -> Record,
    ) -> Result<Session> {
        let mut session = session.clone();
        let mut failure = Error::new(ErrorKind::Store, "other instances kept changing the session");
        for pause in PAUSES {
            tokio::time::sleep(pause).await;
            let generation = session.record.generation + 1;
            let next = Record { generation, ..change(&session.record) };
            match self.sessions.save(&session, next).await {
                Ok(Some(saved)) => return Ok(saved),
                Ok(None) => session = self.sessions.current(&session).await?,
                Err(error) if error.kind() == ErrorKind::Store => failure = error,
                Err(error) => return Err(error),
            }
        }
        Err(failure)
    }
}

//! A callback that comes again, to this instance or to another.

use super::completion::StateHash;
use super::{Completed, FailedCallback, SignIns};
use crate::error::{Error, ErrorKind, Result};
use crate::instances::Item;
use crate::location::ReturnPath;
use crate::request::Visit;
use crate::seal;
use crate::session::Session;
use crate::transaction::Transaction;

impl SignIns {
    /// A callback whose sign-in is not in progress. The back button or a second click repeats
    /// it for a user who is already signed in, who then goes where they were going.
    pub(super) async fn repeated(
        &self,
        visit: Visit<'_>,
        key: StateHash,
        return_to: ReturnPath,
    ) -> Result<Completed, FailedCallback> {
        if let Ok(Some(session)) = visit.session(&self.sessions).await {
            if self.completions.is_used(&key) {
                return Ok(Completed { return_to });
            }
            match self.completed_elsewhere(key, &session).await {
                Ok(Some(return_to)) => return Ok(Completed { return_to }),
                Ok(None) => {}
                Err(error) => return Err(FailedCallback { error, return_to }),
            }
        }
        let error = Error::new(ErrorKind::SignInNotFound, "");
        Err(FailedCallback { error, return_to })
    }

    /// Where the sign-in with this `state` was going, if another instance completed it and this
    /// is the session that it began. No other session is redirected: anybody can link to the
    /// callback of their own sign-in.
    async fn completed_elsewhere(
        &self,
        state: StateHash,
        session: &Session,
    ) -> Result<Option<ReturnPath>> {
        let (instances, item) = (self.sessions.instances(), Item::UsedState(state));
        let value = instances.get(&[item]).await?.pop().flatten();
        let used = value.and_then(|value| instances.open(item, value));
        Ok(used.and_then(|used| destination_of(&used, &session.record.nonce_hash)))
    }
}

/// What instances share about a completed sign-in: which session it began, by the hash of its
/// nonce, and where it was going.
pub(super) fn used_by(transaction: &Transaction) -> Vec<u8> {
    let nonce_hash = seal::sha256(transaction.nonce.secret().as_bytes());
    [&nonce_hash, transaction.return_to.as_bytes()].concat()
}

fn destination_of(used: &[u8], nonce_hash: &[u8; 32]) -> Option<ReturnPath> {
    let (of, return_to) = used.split_at_checked(nonce_hash.len())?;
    if !seal::same_secret(of, nonce_hash) {
        return None;
    }
    ReturnPath::parse(std::str::from_utf8(return_to).ok()?)
}

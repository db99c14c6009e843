//! Since when the store has lost no mark.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::SharedMarks;
use crate::error::{Error, ErrorKind, Result};
use crate::instances::{Item, SealedValue};
use crate::seal;
use crate::session::record::Epoch;

/// How long an epoch is kept: as long as browsers keep a cookie, at most.
const EPOCH_TTL: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// How often to read it again if it changes in the meantime.
const READS: usize = 5;

impl SharedMarks {
    pub(super) fn last_heard(&self) -> Option<Epoch> {
        *self.epoch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn opened_epoch(&self, value: Option<SealedValue>) -> Result<Option<Epoch>> {
        let bytes = value.map(|value| self.instances.read(Item::Epoch, value)).transpose()?;
        Ok(bytes.and_then(|bytes| bytes.as_slice().try_into().ok()))
    }

    /// Records the store's epoch; `known` was known before it was asked. If the store has none,
    /// it has lost its marks, and a new one begins.
    ///
    /// Of two answers, the last to arrive may be the older one, from before a loss: sessions of
    /// that epoch would be admitted again. To find out, the store is asked once more.
    pub(super) async fn heard_of(
        self: &Arc<Self>,
        mut known: Option<Epoch>,
        mut stored: Option<Epoch>,
    ) -> Result<()> {
        for _ in 0..READS {
            match stored {
                Some(stored) if self.follows(known, stored) => return Ok(()),
                Some(_) => {}
                None => {
                    let new: Epoch = seal::random();
                    self.instances.put_new(Item::Epoch, &new, EPOCH_TTL).await?;
                    // Another instance may have been faster.
                }
            }
            known = self.last_heard();
            let value = self.instances.get(&[Item::Epoch]).await?.pop().flatten();
            stored = self.opened_epoch(value)?;
        }
        Err(Error::new(ErrorKind::Store, "the epoch of marks kept changing"))
    }

    /// Whether `stored` is the epoch from now on: not if another answer has arrived since
    /// `known`. If it is new, this instance shares its marks again.
    fn follows(self: &Arc<Self>, known: Option<Epoch>, stored: Epoch) -> bool {
        let before = {
            let mut last = self.epoch.lock().unwrap_or_else(PoisonError::into_inner);
            if *last == Some(stored) {
                return true;
            }
            if *last != known {
                return false;
            }
            last.replace(stored)
        };
        if before.is_some() {
            log::error!(
                "logto: the store has lost its marks of ended sessions; sessions in cookies are \
                 checked at Logto before they are admitted again"
            );
            tokio::spawn(Arc::clone(self).tell_again());
        }
        true
    }
}

//! One instance at a time, while it is alive.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Instances, Item};
use crate::error::Result;
use crate::seal;
use crate::session::store::{AnyStore, Shared, SharedKey};

/// How long others wait for an instance that died.
const LEASE: Duration = Duration::from_secs(3);

/// How often a live instance renews its lease, and how long it waits before a retry if the store
/// failed: it has to be ahead of the others when the store is back.
const RENEWAL: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_millis(100);

/// How long to wait before another attempt: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(40));

/// That it is this instance's turn, until this is dropped.
pub(crate) struct Lease {
    _released: oneshot::Sender<()>,
}

impl Instances {
    /// Waits until no other instance has the turn, and takes it; `None` if each instance is
    /// alone.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub(crate) async fn take_turn(&self, item: Item<'_>) -> Result<Option<Lease>> {
        let (Some(shared), Some(store)) = (self.shared(), &self.store) else { return Ok(None) };
        let (key, holder) = (self.key(item), seal::random::<16>());
        loop {
            self.outage.settle().await;
            self.wait_for(shared, &key, &holder).await?;
            // An outage may have ended with this very answer.
            if self.outage.is_settled() {
                break;
            }
            self.observed(shared.delete_if(&key, &holder).await)?;
        }
        let (released, wait) = oneshot::channel();
        tokio::spawn(keep(Arc::clone(store), key, holder, wait));
        Ok(Some(Lease { _released: released }))
    }

    async fn wait_for(
        &self,
        shared: &dyn Shared,
        key: &SharedKey,
        holder: &[u8; 16],
    ) -> Result<()> {
        let mut pause = PAUSES.0;
        while !self.observed(shared.put_new(key, holder, LEASE).await)? {
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(PAUSES.1);
        }
        Ok(())
    }
}

/// Keeps the turn until it is released, or lost to another instance while the store or this
/// process was stalled.
async fn keep(
    store: AnyStore,
    key: SharedKey,
    holder: [u8; 16],
    mut released: oneshot::Receiver<()>,
) {
    let Some(shared) = store.shared() else { return };
    let mut pause = RENEWAL;
    while tokio::time::timeout(pause, &mut released).await.is_err() {
        pause = match renewed(shared, &key, &holder).await {
            Ok(true) => RENEWAL,
            Ok(false) => return,
            Err(_) => RETRY,
        };
    }
    // If this fails, the lease expires.
    let _ = shared.delete_if(&key, &holder).await;
}

/// Whether this instance still has the turn, or has it again: it may have expired while the
/// store was down, and no other instance has taken it since.
async fn renewed(shared: &dyn Shared, key: &SharedKey, holder: &[u8; 16]) -> Result<bool> {
    Ok(shared.replace_if(key, holder, holder, LEASE).await?
        || shared.put_new(key, holder, LEASE).await?)
}

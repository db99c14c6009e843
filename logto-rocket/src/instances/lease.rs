//! One instance at a time, while it is alive.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Instances, Item};
use crate::error::Result;
use crate::seal;
use crate::session::store::{AnyStore, SharedKey};

/// How long others wait for an instance that died.
const LEASE: Duration = Duration::from_secs(3);

/// How often a live instance renews its lease.
const RENEWAL: Duration = Duration::from_secs(1);

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
        let mut pause = PAUSES.0;
        self.outage.settle().await;
        while !self.observed(shared.put_new(&key, &holder, LEASE).await)? {
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(PAUSES.1);
        }
        let (released, wait) = oneshot::channel();
        tokio::spawn(keep(Arc::clone(store), key, holder, wait));
        Ok(Some(Lease { _released: released }))
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
    while tokio::time::timeout(RENEWAL, &mut released).await.is_err() {
        if let Ok(false) = shared.replace_if(&key, &holder, &holder, LEASE).await
            // It expired while the store was down, and no other instance has taken it
            // since.
            && let Ok(false) = shared.put_new(&key, &holder, LEASE).await
        {
            return;
        }
    }
    // If this fails, the lease expires.
    let _ = shared.delete_if(&key, &holder).await;
}

//! The configured stores, and the keys that seal and name their contents.

use crate::config::{Checked, Marks, SessionConfig, StoreKind};
use crate::error::{Error, ErrorKind, Result};
use crate::instances::Instances;
use crate::seal::{Kind, Pseudonyms, Sealer};
use crate::session::Storage;
use crate::session::store::AnyStore;

/// The stores of an application: its own, or the configured ones.
#[derive(Default)]
pub(crate) struct Stores {
    /// The store of sessions, if they are not in cookies.
    pub(crate) sessions: Option<AnyStore>,
    /// The store of the marks of sessions in cookies.
    pub(crate) marks: Option<AnyStore>,
}

impl Stores {
    /// These stores, or else the configured ones.
    ///
    /// # Errors
    ///
    /// A store cannot be created.
    pub(super) fn or_configured(self, session: &SessionConfig) -> Result<Self> {
        Ok(match (&self, session.store, session.marks) {
            (Self { sessions: None, marks: None }, StoreKind::Redis, _) => {
                Self { sessions: Some(redis(session, false)?), marks: None }
            }
            (Self { sessions: None, marks: None }, _, Marks::Redis) => {
                Self { sessions: None, marks: Some(redis(session, true)?) }
            }
            _ => self,
        })
    }
}

/// A store in the configured Redis, not yet connected.
#[cfg(feature = "redis")]
fn redis(session: &SessionConfig, for_marks: bool) -> Result<AnyStore> {
    use crate::session::redis::RedisStore;
    let config = session.redis.clone().unwrap_or_default();
    let store = match for_marks {
        true => RedisStore::for_marks(config),
        false => RedisStore::new(config),
    };
    // A failed launch does not show causes.
    let shown = |error: Error| Error::new(ErrorKind::Store, error.causes().unwrap_or_default());
    Ok(std::sync::Arc::new(store.map_err(shown)?))
}

#[cfg(not(feature = "redis"))]
fn redis(_: &SessionConfig, _: bool) -> Result<AnyStore> {
    Err(Error::new(ErrorKind::Store, "Redis needs the feature `redis` of `logto-rocket`"))
}

pub(super) fn instances(checked: &Checked, store: Option<AnyStore>) -> Instances {
    let application = [checked.issuer.clone(), checked.app_id.to_string()];
    Instances::new(store, sealer(checked, Kind::Shared), pseudonyms(checked), application)
}

fn pseudonyms(checked: &Checked) -> Pseudonyms {
    Pseudonyms::new(&checked.secrets.bytes, &checked.issuer, &checked.app_id)
}

pub(super) fn storage(checked: &Checked, store: Option<AnyStore>) -> Storage {
    let session = &checked.config.session;
    let cache = session.cache_bytes;
    match (store, session.store) {
        (Some(store), _) => {
            Storage::store(sealer(checked, Kind::Stored), pseudonyms(checked), store, cache)
        }
        (None, StoreKind::Memory) => Storage::memory(session.capacity, pseudonyms(checked), cache),
        // Its store was already created.
        (None, StoreKind::Cookie | StoreKind::Redis) => {
            Storage::cookie(sealer(checked, Kind::Session), cache)
        }
    }
}

pub(super) fn sealer(checked: &Checked, kind: Kind) -> Sealer {
    Sealer::new(&checked.secrets.bytes, &checked.issuer, &checked.app_id, kind)
}

//! Which stores the configuration asks for.

use crate::config::{Marks, SessionConfig, StoreKind};
use crate::error::{Error, ErrorKind, Result};
use crate::session::store::AnyStore;

/// The stores of an application: its own, or what the configuration says.
#[derive(Default)]
pub(crate) struct Stores {
    /// Where sessions are that are in no cookie.
    pub(crate) sessions: Option<AnyStore>,
    /// Where the marks of sessions in cookies are.
    pub(crate) marks: Option<AnyStore>,
}

impl Stores {
    /// These, and where there are none those of the configuration.
    ///
    /// # Errors
    ///
    /// A store cannot be made.
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

/// A store in the configured Redis, which is not asked yet.
#[cfg(feature = "redis")]
fn redis(session: &SessionConfig, for_marks: bool) -> Result<AnyStore> {
    use crate::session::redis::RedisStore;
    let config = session.redis.clone().unwrap_or_default();
    let store = match for_marks {
        true => RedisStore::for_marks(config),
        false => RedisStore::new(config),
    };
    // A launch that fails shows no causes.
    let shown = |error: Error| Error::new(ErrorKind::Store, error.causes().unwrap_or_default());
    Ok(std::sync::Arc::new(store.map_err(shown)?))
}

#[cfg(not(feature = "redis"))]
fn redis(_: &SessionConfig, _: bool) -> Result<AnyStore> {
    Err(Error::new(ErrorKind::Store, "Redis needs the feature `redis` of `logto-rocket`"))
}

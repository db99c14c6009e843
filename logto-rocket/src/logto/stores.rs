//! Which stores the configuration asks for.

use std::sync::Arc;

use crate::config::{Marks, SessionConfig, StoreKind};
use crate::error::{Error, ErrorKind, Result};
use crate::session::store::SessionStore;

type AnyStore = Arc<dyn SessionStore>;

/// Where sessions are, and where marks are that are not beside them: the application's own
/// store, or what the configuration says.
///
/// # Errors
///
/// A store cannot be made.
pub(super) fn stores(
    session: &SessionConfig,
    own: Option<AnyStore>,
) -> Result<(Option<AnyStore>, Option<AnyStore>)> {
    Ok(match (own, session.store, session.marks) {
        (Some(own), ..) => (Some(own), None),
        (None, StoreKind::Redis, _) => (Some(redis(session, false)?), None),
        (None, _, Marks::Redis) => (None, Some(redis(session, true)?)),
        (None, ..) => (None, None),
    })
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
    Ok(Arc::new(store.map_err(shown)?))
}

#[cfg(not(feature = "redis"))]
fn redis(_: &SessionConfig, _: bool) -> Result<AnyStore> {
    Err(Error::new(ErrorKind::Store, "Redis needs the feature `redis` of `logto-rocket`"))
}

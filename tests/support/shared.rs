//! One session store for several applications, as a database is.

use std::sync::Arc;
use std::time::Duration;

use logto_rocket::{Find, Result, Saved, SessionKey, SessionStore, StoredSession, Version};

/// A store that several applications share.
#[derive(Debug)]
pub struct Shared<S>(Arc<S>);

impl<S> Shared<S> {
    /// Shares `store`.
    pub fn new(store: S) -> Self {
        Self(Arc::new(store))
    }
}

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[rocket::async_trait]
impl<S: SessionStore> SessionStore for Shared<S> {
    async fn create(&self, key: &SessionKey, s: StoredSession, ttl: Duration) -> Result<Version> {
        self.0.create(key, s, ttl).await
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<(Vec<u8>, Version)>> {
        self.0.load(key).await
    }

    async fn save(
        &self,
        key: &SessionKey,
        read: Version,
        session: StoredSession,
        ttl: Duration,
    ) -> Result<Saved> {
        self.0.save(key, read, session, ttl).await
    }

    async fn delete(&self, key: &SessionKey) -> Result<()> {
        self.0.delete(key).await
    }

    async fn find(&self, which: Find<'_>) -> Result<Vec<SessionKey>> {
        self.0.find(which).await
    }
}

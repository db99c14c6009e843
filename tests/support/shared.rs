//! One session store for several applications, as a database is.

use std::sync::Arc;
use std::time::Duration;

use logto_rocket::{Find, Result, Saved, SessionId, SessionStore, StoredSession, Version};

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
    async fn create(&self, id: &SessionId, s: StoredSession, ttl: Duration) -> Result<Version> {
        self.0.create(id, s, ttl).await
    }

    async fn load(&self, id: &SessionId) -> Result<Option<(Vec<u8>, Version)>> {
        self.0.load(id).await
    }

    async fn save(
        &self,
        id: &SessionId,
        read: Version,
        session: StoredSession,
        ttl: Duration,
    ) -> Result<Saved> {
        self.0.save(id, read, session, ttl).await
    }

    async fn delete(&self, id: &SessionId) -> Result<()> {
        self.0.delete(id).await
    }

    async fn find(&self, which: Find<'_>) -> Result<Vec<SessionId>> {
        self.0.find(which).await
    }
}

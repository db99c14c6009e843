//! Stores behind a pointer are stores.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use super::{Saved, SessionKey, SessionStore, Shared, StoredSession, Version};
use crate::error::Result;

macro_rules! forward {
    ($($pointer:ty),+) => {$(
        #[rocket::async_trait]
        impl<S: SessionStore + ?Sized> SessionStore for $pointer {
            async fn create(
                &self,
                key: &SessionKey,
                session: StoredSession,
                ttl: Duration,
            ) -> Result<Version> {
                self.deref().create(key, session, ttl).await
            }

            async fn load(&self, key: &SessionKey) -> Result<Option<(Vec<u8>, Version)>> {
                self.deref().load(key).await
            }

            async fn save(
                &self,
                key: &SessionKey,
                read: Version,
                session: StoredSession,
                ttl: Duration,
            ) -> Result<Saved> {
                self.deref().save(key, read, session, ttl).await
            }

            async fn delete(&self, key: &SessionKey, names: &[String]) -> Result<()> {
                self.deref().delete(key, names).await
            }

            async fn find(&self, names: &[String]) -> Result<Vec<SessionKey>> {
                self.deref().find(names).await
            }

            fn shared(&self) -> Option<&dyn Shared> {
                self.deref().shared()
            }
        }
    )+};
}

forward!(Arc<S>, Box<S>);

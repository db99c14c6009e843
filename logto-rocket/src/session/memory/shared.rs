//! The shared values of instances, in the memory of one process.

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::ops::compute::{CompResult, Op};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::super::store::{Shared, SharedKey};
use crate::error::Result;

/// Values per session that the store may hold: a mark, a lock, tokens.
const FOR_EACH_SESSION: u64 = 4;

#[derive(Debug)]
pub(super) struct SharedValues(Cache<SharedKey, Value>);

#[derive(Clone, Debug)]
struct Value {
    bytes: Arc<[u8]>,
    ttl: Duration,
}

impl Value {
    fn new(bytes: &[u8], ttl: Duration) -> Self {
        Self { bytes: bytes.into(), ttl }
    }
}

/// Each value lives for the time given when it was last put.
struct ValueLife;

impl Expiry<SharedKey, Value> for ValueLife {
    fn expire_after_create(&self, _: &SharedKey, value: &Value, _: Instant) -> Option<Duration> {
        Some(value.ttl)
    }

    fn expire_after_update(
        &self,
        _: &SharedKey,
        value: &Value,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(value.ttl)
    }
}

impl SharedValues {
    pub(super) fn new(sessions: u64) -> Self {
        let values = Cache::builder().max_capacity(FOR_EACH_SESSION.saturating_mul(sessions));
        Self(values.eviction_policy(EvictionPolicy::lru()).expire_after(ValueLife).build())
    }

    fn change_if(&self, key: &SharedKey, old: &[u8], change: Op<Value>) -> bool {
        let result = self.0.entry(*key).and_compute_with(|entry| match entry {
            Some(entry) if *entry.value().bytes == *old => change,
            _ => Op::Nop,
        });
        matches!(result, CompResult::ReplacedWith(_) | CompResult::Removed(_))
    }
}

#[rocket::async_trait]
impl Shared for SharedValues {
    async fn put_new(&self, key: &SharedKey, value: &[u8], ttl: Duration) -> Result<bool> {
        Ok(self.0.entry(*key).or_insert_with(|| Value::new(value, ttl)).is_fresh())
    }

    async fn get(&self, keys: &[SharedKey]) -> Result<Vec<Option<Vec<u8>>>> {
        Ok(keys.iter().map(|key| self.0.get(key).map(|value| value.bytes.to_vec())).collect())
    }

    async fn replace_if(
        &self,
        key: &SharedKey,
        old: &[u8],
        new: &[u8],
        ttl: Duration,
    ) -> Result<bool> {
        Ok(self.change_if(key, old, Op::Put(Value::new(new, ttl))))
    }

    async fn delete_if(&self, key: &SharedKey, old: &[u8]) -> Result<bool> {
        Ok(self.change_if(key, old, Op::Remove))
    }
}

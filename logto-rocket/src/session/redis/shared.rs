//! The shared values of instances, in Redis: a string for each.

use std::time::Duration;

use super::super::store::{Shared, SharedKey};
use super::{RedisStore, millis};
use crate::error::{Error, Result};

const REPLACE_IF: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then \
                          redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) return 1 end return 0";
const DELETE_IF: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then \
                         return redis.call('DEL', KEYS[1]) end return 0";

impl RedisStore {
    fn value(&self, key: &SharedKey) -> String {
        format!("{}v:{}", self.prefix, key.to_text())
    }

    /// Redis's answer, unless it may have evicted a mark: then a missing one proves nothing.
    ///
    /// # Errors
    ///
    /// Redis failed, or evicts.
    fn kept<T>(&self, answer: Result<T>) -> Result<T> {
        match answer {
            Ok(_) if self.is_for_marks && self.commands.evicts() => Err(Error::store(
                "Redis evicts (`maxmemory-policy`), so a missing mark proves nothing; set \
                 `noeviction`",
            )),
            answer => answer,
        }
    }
}

#[rocket::async_trait]
impl Shared for RedisStore {
    async fn put_new(&self, key: &SharedKey, value: &[u8], ttl: Duration) -> Result<bool> {
        let name = self.value(key);
        let mut command = redis::cmd("SET");
        command.arg(&name).arg(value).arg("NX").arg("PX").arg(millis(ttl));
        let answer = self.commands.write::<Option<String>>(&name, command).await;
        Ok(self.kept(answer)?.is_some())
    }

    async fn get(&self, keys: &[SharedKey]) -> Result<Vec<Option<Vec<u8>>>> {
        let names: Vec<_> = keys.iter().map(|key| self.value(key)).collect();
        self.kept(self.commands.get_all(&names).await)
    }

    async fn replace_if(
        &self,
        key: &SharedKey,
        old: &[u8],
        new: &[u8],
        ttl: Duration,
    ) -> Result<bool> {
        let name = self.value(key);
        let mut command = redis::cmd("EVAL");
        command.arg(REPLACE_IF).arg(1).arg(&name).arg(old).arg(new).arg(millis(ttl));
        self.kept(self.commands.write(&name, command).await)
    }

    async fn delete_if(&self, key: &SharedKey, old: &[u8]) -> Result<bool> {
        let name = self.value(key);
        let mut command = redis::cmd("EVAL");
        command.arg(DELETE_IF).arg(1).arg(&name).arg(old);
        self.kept(self.commands.write(&name, command).await)
    }
}

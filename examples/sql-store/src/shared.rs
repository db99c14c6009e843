//! What instances share besides sessions: four statements.

use std::collections::HashMap;
use std::time::Duration;

use logto_rocket::{Error, Result, Shared, SharedKey};
use rocket::async_trait;
use sqlx::{QueryBuilder, Sqlite, query};

use crate::store::{SqlStore, end, now};

#[async_trait]
impl Shared for SqlStore {
    async fn put_new(&self, key: &SharedKey, value: &[u8], ttl: Duration) -> Result<bool> {
        let put = query(
            "INSERT INTO shared (key, value, expires) VALUES (?, ?, ?)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires
             WHERE shared.expires <= ?",
        );
        let put = put.bind(key.to_text()).bind(value).bind(end(ttl)).bind(now());
        let done = put.execute(self.pool()).await.map_err(Error::store)?;
        Ok(done.rows_affected() > 0)
    }

    async fn get(&self, keys: &[SharedKey]) -> Result<Vec<Option<Vec<u8>>>> {
        let mut sql = QueryBuilder::<Sqlite>::new("SELECT key, value FROM shared WHERE expires > ");
        sql.push_bind(now()).push(" AND key IN (");
        let mut list = sql.separated(", ");
        for key in keys {
            list.push_bind(key.to_text());
        }
        sql.push(")");
        let rows = sql.build_query_as().fetch_all(self.pool()).await.map_err(Error::store)?;
        let mut values: HashMap<String, Vec<u8>> = rows.into_iter().collect();
        Ok(keys.iter().map(|key| values.remove(&key.to_text())).collect())
    }

    async fn replace_if(
        &self,
        key: &SharedKey,
        old: &[u8],
        new: &[u8],
        ttl: Duration,
    ) -> Result<bool> {
        let replace = query(
            "UPDATE shared SET value = ?, expires = ? WHERE key = ? AND value = ? AND expires > ?",
        );
        let replace = replace.bind(new).bind(end(ttl)).bind(key.to_text()).bind(old).bind(now());
        let done = replace.execute(self.pool()).await.map_err(Error::store)?;
        Ok(done.rows_affected() > 0)
    }

    async fn delete_if(&self, key: &SharedKey, old: &[u8]) -> Result<bool> {
        let delete = query("DELETE FROM shared WHERE key = ? AND value = ? AND expires > ?");
        let delete = delete.bind(key.to_text()).bind(old).bind(now());
        let done = delete.execute(self.pool()).await.map_err(Error::store)?;
        Ok(done.rows_affected() > 0)
    }
}

//! Sessions in SQLite. Each operation is one statement, or one transaction that writes from its
//! beginning (`BEGIN IMMEDIATE`), so that simultaneous ones take turns.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use logto_rocket::{
    Error, Result, Saved, SessionKey, SessionStore, Shared, StoredSession, Version,
};
use rocket::async_trait;
use sqlx::{QueryBuilder, Sqlite, SqlitePool, Transaction, query, query_as, query_scalar};

#[derive(Clone)]
pub(crate) struct SqlStore(SqlitePool);

impl SqlStore {
    pub(crate) fn new(pool: SqlitePool) -> Self {
        Self(pool)
    }

    pub(crate) fn pool(&self) -> &SqlitePool {
        &self.0
    }

    /// Removes expired rows. Nothing reads them any more, but they take up space.
    pub(crate) async fn remove_expired(&self) -> sqlx::Result<()> {
        let now = now();
        query("DELETE FROM sessions WHERE expires <= ?").bind(now).execute(self.pool()).await?;
        query("DELETE FROM shared WHERE expires <= ?").bind(now).execute(self.pool()).await?;
        Ok(())
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>> {
        self.0.begin_with("BEGIN IMMEDIATE").await.map_err(Error::store)
    }
}

#[async_trait]
impl SessionStore for SqlStore {
    async fn create(
        &self,
        key: &SessionKey,
        session: StoredSession,
        ttl: Duration,
    ) -> Result<Version> {
        let mut tx = self.begin().await?;
        query("INSERT INTO sessions (key, data, version, expires) VALUES (?, ?, 1, ?)")
            .bind(key.to_text())
            .bind(session.data)
            .bind(end(ttl))
            .execute(&mut *tx)
            .await
            .map_err(Error::store)?;
        add_names(&mut tx, key, &session.names).await?;
        tx.commit().await.map_err(Error::store)?;
        Ok(Version::from(1))
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<(Vec<u8>, Version)>> {
        let row: Option<(Vec<u8>, i64)> =
            query_as("SELECT data, version FROM sessions WHERE key = ? AND expires > ?")
                .bind(key.to_text())
                .bind(now())
                .fetch_optional(self.pool())
                .await
                .map_err(Error::store)?;
        Ok(row.map(|(data, version)| (data, Version::from(version))))
    }

    async fn save(
        &self,
        key: &SessionKey,
        read: Version,
        session: StoredSession,
        ttl: Duration,
    ) -> Result<Saved> {
        let mut tx = self.begin().await?;
        let version: Option<i64> = query_scalar(
            "UPDATE sessions SET data = ?, version = version + 1, expires = ?
             WHERE key = ? AND version = ? AND expires > ? RETURNING version",
        )
        .bind(session.data)
        .bind(end(ttl))
        .bind(key.to_text())
        // A version that is not a number is not ours, and NULL equals nothing.
        .bind(read.number())
        .bind(now())
        .fetch_optional(&mut *tx)
        .await
        .map_err(Error::store)?;
        let Some(version) = version else { return Ok(Saved::No) };
        query("DELETE FROM names WHERE key = ?")
            .bind(key.to_text())
            .execute(&mut *tx)
            .await
            .map_err(Error::store)?;
        add_names(&mut tx, key, &session.names).await?;
        tx.commit().await.map_err(Error::store)?;
        Ok(Saved::Yes(Version::from(version)))
    }

    async fn delete(&self, key: &SessionKey, _names: &[String]) -> Result<()> {
        let delete = query("DELETE FROM sessions WHERE key = ?").bind(key.to_text());
        delete.execute(self.pool()).await.map_err(Error::store)?;
        Ok(())
    }

    async fn find(&self, names: &[String]) -> Result<Vec<SessionKey>> {
        let mut sql = QueryBuilder::<Sqlite>::new(
            "SELECT DISTINCT key FROM names JOIN sessions USING (key) WHERE expires > ",
        );
        sql.push_bind(now()).push(" AND name IN (");
        let mut list = sql.separated(", ");
        for name in names {
            list.push_bind(name);
        }
        sql.push(")");
        let keys = sql.build_query_scalar().fetch_all(self.pool()).await.map_err(Error::store)?;
        Ok(keys.iter().filter_map(|key: &String| SessionKey::from_text(key)).collect())
    }

    fn shared(&self) -> Option<&dyn Shared> {
        Some(self)
    }
}

async fn add_names(
    tx: &mut Transaction<'static, Sqlite>,
    key: &SessionKey,
    names: &[String],
) -> Result<()> {
    for name in names {
        query("INSERT OR IGNORE INTO names (name, key) VALUES (?, ?)")
            .bind(name)
            .bind(key.to_text())
            .execute(&mut **tx)
            .await
            .map_err(Error::store)?;
    }
    Ok(())
}

/// By the clock of this machine: all instances that use the file are on it. Of a database that
/// is elsewhere, use its own clock.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

pub(crate) fn end(ttl: Duration) -> i64 {
    now().saturating_add(i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX))
}

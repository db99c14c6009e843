//! The application's database: a managed pool, its tables, and a clean-up task.

use std::time::Duration;

use rocket::fairing::AdHoc;
use rocket::{Build, Rocket, tokio};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};

use crate::store::SqlStore;

const SCHEMA: &str = include_str!("../schema.sql");

/// How often expired rows are removed.
const CLEANUP: Duration = Duration::from_secs(60);

/// Manages a `SqlitePool` for the file set by `database` in the configuration.
pub(crate) fn fairing() -> AdHoc {
    AdHoc::try_on_ignite("database", |rocket| async {
        match open(&rocket).await {
            Ok(pool) => Ok(rocket.manage(pool).attach(cleanup())),
            Err(error) => {
                rocket::error!("the database was not opened: {error}");
                Err(rocket)
            }
        }
    })
}

async fn open(rocket: &Rocket<Build>) -> sqlx::Result<SqlitePool> {
    let file: String = rocket.figment().extract_inner("database").unwrap_or("app.db".into());
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    // Readers continue while one writes.
    let options = options.journal_mode(SqliteJournalMode::Wal);
    let pool = SqlitePool::connect_with(options).await?;
    sqlx::raw_sql(SCHEMA).execute(&pool).await?;
    Ok(pool)
}

fn cleanup() -> AdHoc {
    AdHoc::on_liftoff("cleanup", |rocket| {
        Box::pin(async move {
            let Some(pool) = rocket.state::<SqlitePool>() else { return };
            let (store, shutdown) = (SqlStore::new(pool.clone()), rocket.shutdown());
            tokio::spawn(async move {
                let mut shutdown = std::pin::pin!(shutdown);
                while tokio::time::timeout(CLEANUP, &mut shutdown).await.is_err() {
                    if let Err(error) = store.remove_expired().await {
                        rocket::warn!("expired rows were not removed: {error}");
                    }
                }
            });
        })
    })
}

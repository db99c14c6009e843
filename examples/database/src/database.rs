//! The application's database: a managed pool, and its tables.

use rocket::fairing::AdHoc;
use rocket::http::Status;
use rocket::{Build, Request, Rocket};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};

const SCHEMA: &str = include_str!("../schema.sql");

/// Manages a `SqlitePool` for the file set by `database` in the configuration.
pub(crate) fn fairing() -> AdHoc {
    AdHoc::try_on_ignite("database", |rocket| async {
        match open(&rocket).await {
            Ok(pool) => Ok(rocket.manage(pool)),
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

pub(crate) fn pool<'r>(request: &'r Request<'_>) -> &'r SqlitePool {
    request.rocket().state().expect("the fairing is attached")
}

/// 503, with a page that says to try again. The log says why.
pub(crate) fn unavailable(error: sqlx::Error) -> Status {
    rocket::error!("the database: {error}");
    Status::ServiceUnavailable
}

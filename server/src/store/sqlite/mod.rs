//! The store in one SQLite file: a district, or several, on one machine.
//!
//! One connection writes, others read beside it (WAL). Every write is a `BEGIN IMMEDIATE` transaction, so a second
//! process on the same file waits at the door and not in the middle. `synchronous=FULL`: what was answered is on
//! disk. Lists of keys travel as one JSON parameter, so that each statement is constant text and stays prepared.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection as _, SqlSafeStr, Sqlite, Transaction};

use tokio::sync::broadcast;

use super::{Store, StoreError, StoreFigures, Word};

mod account;
mod audit;
mod blob;
mod broken;
mod commit;
mod device;
mod district;
mod figures;
mod frozen;
mod judged;
mod log;
mod news;
mod pack;
mod projection;
mod quarantine;
mod row;
mod session;
#[cfg(test)]
mod tests;

pub use frozen::{FrozenFile, faults_of_file};

/// How long a call waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a call waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// Readers: enough to keep two to four cores busy, few enough to keep their page caches small.
const READERS: u32 = 4;
/// The writer's page cache, as SQLite counts: negative, in KiB. A commit of one evening touches leaves all over the file,
/// which it would otherwise read again each time.
const WRITER_CACHE: &str = "-8192";

/// [`Store`] on SQLite.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
    /// Never spoken into, and closed with the store.
    silence: broadcast::Sender<Word>,
}

impl SqliteStore {
    /// Opens the file, makes it if it is not there, and brings its schema up to date.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .statement_cache_capacity(256);
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                // A file does not hang up: asking before each statement would double what it costs.
                .test_before_acquire(false)
                .idle_timeout(None)
                .max_lifetime(None)
        };
        // After an error of the disk SQLite has rolled back by itself; the driver's own ROLLBACK then fails, and it takes
        // the connection for one within a transaction for ever. Such a connection is closed and another one opened.
        let writer = pool(1).before_acquire(|writer, _| {
            let is_sound = !writer.is_in_transaction();
            async move { Ok(is_sound) }.boxed()
        });
        let options_of_writer = options.clone().pragma("cache_size", WRITER_CACHE);
        let writer = writer.connect_with(options_of_writer).await.map_err(from_sqlx)?;
        migrations().run(&writer).await.map_err(|e| StoreError::Unavailable(Box::new(e)))?;
        let readers =
            pool(READERS).connect_with(options.pragma("query_only", "on")).await.map_err(from_sqlx)?;
        Ok(Self { writer, readers, silence: broadcast::channel(1).0 })
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(from_sqlx)
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn ping(&self) -> Result<(), StoreError> {
        let schema: i64 = sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations WHERE success")
            .fetch_one(&self.readers)
            .await
            .map_err(from_sqlx)?;
        if MIGRATIONS.last().is_some_and(|(newest, ..)| schema < *newest) {
            return Err(StoreError::Unavailable("the schema is older than the program".into()));
        }
        let free = figures::free_bytes(self.readers.connect_options().get_filename());
        if free.is_some_and(|free| free < figures::LEAST_FREE_BYTES) {
            return Err(StoreError::Unavailable("the disk is full".into()));
        }
        // A commit that changes nothing goes all the way to the disk: only so a disk that does not sync is seen.
        let mut transaction = self.begin().await?;
        sqlx::query("PRAGMA user_version = 0").execute(&mut *transaction).await.map_err(from_sqlx)?;
        transaction.commit().await.map_err(from_sqlx)
    }

    async fn figures(&self) -> Result<StoreFigures, StoreError> {
        figures::read(self).await
    }

    async fn broken_rows(&self) -> Result<Vec<(&'static str, String)>, StoreError> {
        broken::rows(self).await
    }

    /// Also folds the write-ahead log into the file.
    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// The schema's steps. Their text is part of the binary: a server needs no files beside it.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "spine", include_str!("../../../../migrations/sqlite/0001_spine.sql")),
    (2, "console", include_str!("../../../../migrations/sqlite/0002_console.sql")),
    (3, "blobs", include_str!("../../../../migrations/sqlite/0003_blobs.sql")),
    (4, "lists", include_str!("../../../../migrations/sqlite/0004_lists.sql")),
    (5, "packs", include_str!("../../../../migrations/sqlite/0005_packs.sql")),
    (6, "record_indexes", include_str!("../../../../migrations/sqlite/0006_record_indexes.sql")),
    (7, "loose_blobs", include_str!("../../../../migrations/sqlite/0007_loose_blobs.sql")),
    (8, "checksums", include_str!("../../../../migrations/sqlite/0008_checksums.sql")),
];

fn migrations() -> Migrator {
    let step = |&(version, name, text): &(i64, &'static str, &'static str)| {
        Migration::new(version, name.into(), MigrationType::Simple, text.into_sql_str(), false)
    };
    Migrator::with_migrations(MIGRATIONS.iter().map(step).collect())
}

/// The one place where a driver's error becomes ours.
fn from_sqlx(error: sqlx::Error) -> StoreError {
    /// SQLITE_BUSY and SQLITE_LOCKED in the low byte of the extended code.
    const WAITING: [i32; 2] = [5, 6];
    let is_waiting = match &error {
        sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Database(db) => db
            .code()
            .and_then(|code| code.parse::<i32>().ok())
            .is_some_and(|code| WAITING.contains(&(code & 0xff))),
        _ => false,
    };
    if is_waiting { StoreError::Busy } else { StoreError::Unavailable(Box::new(error)) }
}

/// Whether a row was not added because its key exists.
fn is_taken(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(db) if db.is_unique_violation())
}

//! The store in one Postgres database: many districts, and as many servers beside each other as one likes.
//!
//! Nothing is shared between servers but the database: row locks order what must be ordered (see
//! `commit`), and everything else is one statement. `synchronous_commit` is on: what was answered is on disk. Lists of
//! keys and rows travel as arrays, so that each statement is constant text and stays prepared.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Postgres, SqlSafeStr, Transaction};

use tokio::sync::Mutex;

use claim::Claims;
use news::Line;

use super::{Store, StoreError, StoreFigures};

mod account;
mod audit;
mod blob;
mod broken;
mod claim;
mod commit;
mod device;
mod district;
mod figures;
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

/// How long a call waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// How many connections a server keeps unless it is told otherwise.
pub const CONNECTIONS: u32 = 12;
/// The fewest that it can do with: one that writes, one that reads, one that hears the other servers, and the
/// projector's.
const FEWEST_CONNECTIONS: u32 = 4;
/// How often a commit is tried again when another server's stood in its way.
const ATTEMPTS: usize = 4;

/// [`Store`] on Postgres.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    writer: PgPool,
    readers: PgPool,
    line: Arc<Line>,
    claims: Arc<Mutex<Claims>>,
}

impl PostgresStore {
    /// Connects to a database and brings its schema up to date; servers that start at once do so one after the other.
    /// At most so many connections are used, a third of them for writing.
    pub async fn open(url: &str, connections: u32) -> Result<Self, StoreError> {
        let store = Self::connect(url, connections).await?;
        migrations().run(&store.writer).await.map_err(|e| StoreError::Unavailable(Box::new(e)))?;
        Ok(store)
    }

    /// Connects to a database that has a district; `None` if it has none, and then nothing is made in it.
    pub async fn find(url: &str, connections: u32) -> Result<Option<Self>, StoreError> {
        let store = Self::connect(url, connections).await?;
        let has_schema: bool = sqlx::query_scalar("SELECT to_regclass('districts') IS NOT NULL")
            .fetch_one(&store.readers)
            .await
            .map_err(from_sqlx)?;
        store.close().await;
        if !has_schema {
            return Ok(None);
        }
        let store = Self::open(url, connections).await?;
        let is_founded: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM districts)")
            .fetch_one(&store.readers)
            .await
            .map_err(from_sqlx)?;
        Ok(is_founded.then_some(store))
    }

    async fn connect(url: &str, connections: u32) -> Result<Self, StoreError> {
        let options: PgConnectOptions = url.parse().map_err(from_sqlx)?;
        let options = options.application_name("zhibu-server").statement_cache_capacity(256).options([
            ("synchronous_commit", "on"),
            ("lock_timeout", "5s"),
            // A server that hangs or loses its network inside a transaction must not hold up the others.
            ("idle_in_transaction_session_timeout", "20s"),
            ("tcp_keepalives_idle", "15"),
            ("tcp_keepalives_interval", "5"),
            ("tcp_keepalives_count", "3"),
        ]);
        let pool = |connections| {
            PgPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .max_lifetime(None)
        };
        let connections = connections.max(FEWEST_CONNECTIONS);
        let writers = connections / 3;
        // One is the projector's, see `claim`.
        let readers = connections - writers - 1;
        // What writes names its keys: one plan fits all of them, and is not worth making anew for each commit. Lists
        // are another matter, see `plan_cache_mode`.
        let writing = options.clone().options([("plan_cache_mode", "force_generic_plan")]);
        let writer = pool(writers).connect_with(writing).await.map_err(from_sqlx)?;
        let readers = pool(readers).connect_with(options).await.map_err(from_sqlx)?;
        Ok(Self { writer, readers, line: Arc::default(), claims: Arc::default() })
    }

    async fn begin(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        self.writer.begin().await.map_err(from_sqlx)
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn ping(&self) -> Result<(), StoreError> {
        let schema: i64 = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success")
            .fetch_one(&self.readers)
            .await
            .map_err(from_sqlx)?;
        if MIGRATIONS.last().is_some_and(|(newest, ..)| schema < *newest) {
            return Err(StoreError::Unavailable("the schema is older than the program".into()));
        }
        let is_standby: bool = sqlx::query_scalar("SELECT pg_is_in_recovery()")
            .fetch_one(&self.writer)
            .await
            .map_err(from_sqlx)?;
        if is_standby { Err(StoreError::Busy) } else { Ok(()) }
    }

    async fn figures(&self) -> Result<StoreFigures, StoreError> {
        figures::read(self).await
    }

    async fn broken_rows(&self) -> Result<Vec<(&'static str, String)>, StoreError> {
        broken::rows(self).await
    }

    async fn close(&self) {
        claim::release(self).await;
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// The schema's steps. Their text is part of the binary: a server needs no files beside it.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "spine", include_str!("../../../../migrations/postgres/0001_spine.sql")),
    (2, "console", include_str!("../../../../migrations/postgres/0002_console.sql")),
    (3, "blobs", include_str!("../../../../migrations/postgres/0003_blobs.sql")),
    (4, "lists", include_str!("../../../../migrations/postgres/0004_lists.sql")),
    (5, "packs", include_str!("../../../../migrations/postgres/0005_packs.sql")),
    (6, "record_indexes", include_str!("../../../../migrations/postgres/0006_record_indexes.sql")),
    (7, "loose_blobs", include_str!("../../../../migrations/postgres/0007_loose_blobs.sql")),
    (8, "checksums", include_str!("../../../../migrations/postgres/0008_checksums.sql")),
];

/// Run under an advisory lock, which sqlx takes.
fn migrations() -> Migrator {
    let step = |&(version, name, text): &(i64, &'static str, &'static str)| {
        Migration::new(version, name.into(), MigrationType::Simple, text.into_sql_str(), false)
    };
    Migrator::with_migrations(MIGRATIONS.iter().map(step).collect())
}

/// The one place where a driver's error becomes ours.
fn from_sqlx(error: sqlx::Error) -> StoreError {
    /// Somebody stood in the way: serialization failure, deadlock, lock timeout, a key that another call was faster to
    /// take; or the server has no connection left, or starts or stops.
    const WAITING: [&str; 8] = ["40001", "40P01", "55P03", "23505", "53300", "57P01", "57P02", "57P03"];
    let is_waiting = match &error {
        sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Database(db) => db.code().is_some_and(|code| WAITING.contains(&&*code)),
        _ => false,
    };
    if is_waiting { StoreError::Busy } else { StoreError::Unavailable(Box::new(error)) }
}

/// Whether a row was not added because its key exists.
fn is_taken(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(db) if db.is_unique_violation())
}

//! A database file that stands still while it is read, although a server goes on writing: for backups.
//!
//! Writers of a WAL database write behind the file. The file itself changes at checkpoints alone, and those wait for
//! whoever reads the file and nothing behind it. So: no writer for a moment, everything behind the file brought into it,
//! and a reader that begins in that moment. Writers go on at once; the file stands until the reader ends.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use super::from_sqlx;
use crate::store::StoreError;

/// How often it is tried, and how long between: readers that still look behind the file end within a request.
const TRIES: usize = 200;
const BETWEEN: Duration = Duration::from_millis(50);
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// A database whose file stands still for as long as this lives.
#[derive(Debug)]
pub struct FrozenFile {
    reader: SqliteConnection,
}

impl FrozenFile {
    /// Lets the file stand still. Only there must be one.
    ///
    /// # Errors
    /// When it cannot be opened, or is never quiet.
    pub async fn of(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY_TIMEOUT);
        let mut door = options.connect().await.map_err(from_sqlx)?;
        let mut reader = options.connect().await.map_err(from_sqlx)?;
        for _ in 0..TRIES {
            sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut door).await.map_err(from_sqlx)?;
            let (busy, behind, brought): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)")
                .fetch_one(&mut reader)
                .await
                .map_err(from_sqlx)?;
            let is_whole = busy == 0 && behind == brought;
            if is_whole {
                // Reading begins with the first row that is read.
                sqlx::raw_sql("BEGIN; SELECT count(*) FROM sqlite_schema")
                    .execute(&mut reader)
                    .await
                    .map_err(from_sqlx)?;
            }
            sqlx::raw_sql("ROLLBACK").execute(&mut door).await.map_err(from_sqlx)?;
            if is_whole {
                door.close().await.map_err(from_sqlx)?;
                return Ok(Self { reader });
            }
            tokio::time::sleep(BETWEEN).await;
        }
        Err(StoreError::Busy)
    }

    /// The names of all pictures that it speaks of, as districts and hashes.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn pictures(&mut self) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        sqlx::query_as("SELECT DISTINCT district_id, hash FROM blobs ORDER BY district_id, hash")
            .fetch_all(&mut self.reader)
            .await
            .map_err(from_sqlx)
    }

    /// Lets it move again.
    ///
    /// # Errors
    /// When the connection broke: then what was read may have moved.
    pub async fn release(mut self) -> Result<(), StoreError> {
        sqlx::raw_sql("ROLLBACK").execute(&mut self.reader).await.map_err(from_sqlx)?;
        self.reader.close().await.map_err(from_sqlx)
    }
}

/// What SQLite itself finds wrong with a file, pages, indexes and references; empty when all is well.
///
/// # Errors
/// When it cannot be opened.
pub async fn faults_of_file(path: &Path) -> Result<Vec<String>, StoreError> {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY_TIMEOUT);
    let mut connection = options.connect().await.map_err(from_sqlx)?;
    let said: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check(20)")
        .fetch_all(&mut connection)
        .await
        .map_err(from_sqlx)?;
    let mut faults: Vec<_> = said.into_iter().filter(|line| line != "ok").collect();
    let strays: Vec<(String,)> = sqlx::query_as("SELECT DISTINCT \"table\" FROM pragma_foreign_key_check")
        .fetch_all(&mut connection)
        .await
        .map_err(from_sqlx)?;
    faults.extend(strays.into_iter().map(|(table,)| format!("{table}: a row that refers to nothing")));
    connection.close().await.map_err(from_sqlx)?;
    Ok(faults)
}

//! [`LocalStore`] in one SQLite file, for laptops and the command line.

use std::path::Path;
use std::time::Duration;

use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqlitePool, Transaction};
use zhibu_domain::attachment::BlobHash;
use zhibu_domain::ids::{DeviceId, OrgId, RecordId};
use zhibu_domain::record::{ChangeHash, Collection, RecordRef};
use zhibu_domain::wire::{AuthorCard, Profile, ReadMark, Voucher};

use super::{
    AcceptedChange, Act, CarriedEnvelope, ClosedEnvelope, DeviceState, KeptBlob, LocalStore, PendingChange,
    RefusedChange, StoreError,
};

mod upgrade;
mod write;

const SCHEMA: &str = include_str!("schema.sql");
/// `PRAGMA user_version` of [`SCHEMA`].
const SCHEMA_VERSION: i64 = 3;
/// A row's CBOR ends in so many bytes of its SHA-256: a disk that turns a bit must not have it shown or delivered.
const CHECK_BYTES: usize = 4;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

type Rows<T> = Result<Vec<T>, StoreError>;

/// A phone's store in one file.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    pool: SqlitePool,
}

impl SqliteStore {
    /// Opens the store in this file; makes a new one when there is none.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // "Saved on this phone" must survive a battery that falls out.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        let store = Self { pool };
        store.upgrade().await?;
        Ok(store)
    }

    /// Waits until everything is written and the file is let go.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn upgrade(&self) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *transaction).await?;
        match version {
            0 => {
                sqlx::raw_sql(SCHEMA).execute(&mut *transaction).await?;
            }
            1 => {
                upgrade::from_version_1(&mut transaction).await?;
                upgrade::from_version_2(&mut transaction).await?;
            }
            2 => upgrade::from_version_2(&mut transaction).await?,
            SCHEMA_VERSION => {}
            newer => return Err(StoreError::Damaged(format!("the file is of version {newer}"))),
        }
        // Takes no parameter.
        sqlx::raw_sql("PRAGMA user_version = 3").execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }

    async fn rows<T: for<'b> Decode<'b, ()>>(&self, sql: &'static str) -> Rows<T> {
        let rows: Vec<Vec<u8>> = sqlx::query_scalar(sql).fetch_all(&self.pool).await?;
        rows.iter().map(|row| read(row)).collect()
    }

    async fn rows_at<T: for<'b> Decode<'b, ()>>(&self, sql: &'static str, key: &[u8]) -> Rows<T> {
        let rows: Vec<Vec<u8>> = sqlx::query_scalar(sql).bind(key).fetch_all(&self.pool).await?;
        rows.iter().map(|row| read(row)).collect()
    }
}

impl LocalStore for SqliteStore {
    async fn revision(&self) -> Result<u64, StoreError> {
        let revision: i64 = sqlx::query_scalar("SELECT revision FROM phone").fetch_one(&self.pool).await?;
        Ok(revision as u64)
    }

    async fn state(&self) -> Result<Option<DeviceState>, StoreError> {
        Ok(self.rows("SELECT state FROM phone WHERE state IS NOT NULL").await?.pop())
    }

    async fn profile(&self) -> Result<Option<Profile>, StoreError> {
        Ok(self.rows("SELECT profile FROM phone WHERE profile IS NOT NULL").await?.pop())
    }

    async fn authors(&self) -> Rows<AuthorCard> {
        self.rows("SELECT row FROM authors ORDER BY device").await
    }

    async fn author(&self, device: DeviceId) -> Result<Option<AuthorCard>, StoreError> {
        Ok(self.rows_at("SELECT row FROM authors WHERE device = ?", device.bytes()).await?.pop())
    }

    async fn records(&self) -> Rows<RecordRef> {
        let mut records: Vec<RecordRef> = self.rows("SELECT row FROM records").await?;
        records.sort_unstable();
        Ok(records)
    }

    async fn accepted(&self, record: RecordId) -> Rows<AcceptedChange> {
        self.rows_at("SELECT row FROM accepted WHERE record = ? ORDER BY place", record.bytes()).await
    }

    async fn pending_of(&self, record: RecordId) -> Rows<PendingChange> {
        self.rows_at("SELECT row FROM pending WHERE record = ? ORDER BY number", record.bytes()).await
    }

    async fn pending(&self) -> Rows<PendingChange> {
        self.rows("SELECT row FROM pending ORDER BY number").await
    }

    async fn unknown(&self, hashes: &[ChangeHash]) -> Result<Vec<ChangeHash>, StoreError> {
        let mut unknown = Vec::new();
        for hash in hashes {
            let known: bool = sqlx::query_scalar(
                "SELECT EXISTS (SELECT 1 FROM accepted WHERE hash = ?1)
                     OR EXISTS (SELECT 1 FROM pending WHERE hash = ?1)
                     OR EXISTS (SELECT 1 FROM refused WHERE hash = ?1)",
            )
            .bind(&hash.0[..])
            .fetch_one(&self.pool)
            .await?;
            if !known {
                unknown.push(*hash);
            }
        }
        Ok(unknown)
    }

    async fn marks(&self) -> Rows<ReadMark> {
        let rows: Vec<MarkRow> =
            sqlx::query_as("SELECT org, year, position, name FROM marks ORDER BY org, year")
                .fetch_all(&self.pool)
                .await?;
        rows.into_iter().map(mark_of).collect()
    }

    async fn envelopes(&self) -> Rows<ClosedEnvelope> {
        self.rows("SELECT row FROM envelopes ORDER BY counter").await
    }

    async fn refused(&self) -> Rows<RefusedChange> {
        self.rows("SELECT row FROM refused ORDER BY number").await
    }

    async fn carried(&self) -> Rows<CarriedEnvelope> {
        self.rows("SELECT row FROM carried ORDER BY device, counter, id").await
    }

    async fn blobs(&self) -> Rows<KeptBlob> {
        self.rows("SELECT row FROM blobs ORDER BY record, hash").await
    }

    async fn blob_bytes(&self, record: RecordId, hash: BlobHash) -> Result<Option<Vec<u8>>, StoreError> {
        let bytes = sqlx::query_scalar("SELECT bytes FROM blob_bytes WHERE record = ? AND hash = ?")
            .bind(&record.bytes()[..])
            .bind(&hash.0[..]);
        Ok(bytes.fetch_optional(&self.pool).await?)
    }

    async fn vouchers(&self) -> Rows<Voucher> {
        self.rows("SELECT row FROM vouchers ORDER BY place").await
    }

    async fn commit(&self, act: Act) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let fenced = sqlx::query("UPDATE phone SET revision = revision + 1 WHERE revision = ?")
            .bind(act.based_on as i64)
            .execute(&mut *transaction)
            .await?;
        if fenced.rows_affected() == 0 {
            return Err(StoreError::Raced);
        }
        for write in &act.writes {
            write::one(&mut transaction, write).await?;
        }
        Ok(transaction.commit().await?)
    }
}

type Tx<'a> = Transaction<'a, Sqlite>;

/// Organisation, year, position, name.
type MarkRow = (Vec<u8>, i64, i64, Option<Vec<u8>>);

fn mark_of((org, year, position, name): MarkRow) -> Result<ReadMark, StoreError> {
    let damaged = || StoreError::Damaged("a read mark".to_owned());
    let org = OrgId::from_bytes(org.try_into().map_err(|_| damaged())?);
    let year = u16::try_from(year).map_err(|_| damaged())?;
    let name = name.map(|name| name.try_into().map_err(|_| damaged())).transpose()?;
    Ok(ReadMark { collection: Collection { org, year }, position: position as u64, name })
}

fn row<T: Encode<()>>(value: &T) -> Result<Vec<u8>, StoreError> {
    Ok(with_check(minicbor::to_vec(value).map_err(|e| StoreError::Failed(e.to_string()))?))
}

fn with_check(mut row: Vec<u8>) -> Vec<u8> {
    let digest = Sha256::digest(&row);
    row.extend_from_slice(&digest[..CHECK_BYTES]);
    row
}

fn read<T: for<'b> Decode<'b, ()>>(bytes: &[u8]) -> Result<T, StoreError> {
    let row = bytes.split_at_checked(bytes.len().saturating_sub(CHECK_BYTES));
    let row = row.filter(|(row, check)| Sha256::digest(row)[..CHECK_BYTES] == **check);
    let (row, _) = row.ok_or_else(|| StoreError::Damaged("a row is not what was written".to_owned()))?;
    minicbor::decode(row).map_err(|e| StoreError::Damaged(e.to_string()))
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        // SQLite's primary result codes; the upper bits only detail them.
        let code =
            error.as_database_error().and_then(|e| e.code()?.parse::<i32>().ok()).map(|code| code & 0xff);
        match code {
            Some(5 | 6) => StoreError::Busy,
            Some(11 | 26) => StoreError::Damaged(error.to_string()),
            Some(13) => StoreError::Full,
            _ => StoreError::Failed(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn fresh() -> (tempfile::TempDir, SqliteStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("phone.sqlite")).await.unwrap();
        (folder, store)
    }

    crate::store_conformance!(tokio::test, fresh);

    #[tokio::test]
    async fn what_was_committed_is_there_after_opening_again() {
        let (folder, store) = fresh().await;
        crate::store::conformance::accepted_changes_keep_their_order(&store).await;
        let before = store.records().await.unwrap();
        store.close().await;
        let again = SqliteStore::open(&folder.path().join("phone.sqlite")).await.unwrap();
        assert_eq!(again.records().await.unwrap(), before);
        assert!(again.revision().await.unwrap() > 0);
    }

    #[tokio::test]
    async fn a_file_of_a_newer_version_is_left_alone() {
        let (folder, store) = fresh().await;
        sqlx::raw_sql("PRAGMA user_version = 99").execute(&store.pool).await.unwrap();
        store.close().await;
        let again = SqliteStore::open(&folder.path().join("phone.sqlite")).await;
        assert!(matches!(again, Err(StoreError::Damaged(_))));
    }
}

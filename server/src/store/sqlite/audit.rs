//! The audit log in SQLite.

use async_trait::async_trait;
use futures::TryStreamExt as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use zhibu_domain::ids::DistrictId;

use super::row::{Columns, sql_int};
use super::{SqliteStore, from_sqlx};
use crate::store::audit::CHAIN_START;
use crate::store::checksum::broken;
use crate::store::{AuditEntry, AuditRow, AuditStore, ChainState, StoreError};

#[async_trait]
impl AuditStore for SqliteStore {
    async fn append_audit(&self, district: DistrictId, entry: &AuditEntry) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let seq = append(&mut tx, district, entry).await?;
        tx.commit().await.map_err(from_sqlx)?;
        Ok(seq)
    }

    async fn list_audit(
        &self,
        district: DistrictId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM audit WHERE district_id = ? AND seq > ? ORDER BY seq LIMIT ?")
            .bind(&district.bytes()[..])
            .bind(sql_int(after))
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await
            .map_err(from_sqlx)?;
        rows.iter().map(read_row).collect()
    }

    async fn verify_audit(&self, district: DistrictId) -> Result<ChainState, StoreError> {
        let mut rows = sqlx::query("SELECT * FROM audit WHERE district_id = ? ORDER BY seq")
            .bind(&district.bytes()[..])
            .fetch(&self.readers);
        let (mut length, mut last_hash) = (0, CHAIN_START);
        while let Some(row) = rows.try_next().await.map_err(from_sqlx)? {
            let expected = length + 1;
            // A row that cannot even be read was tampered with just as well.
            let fits = read_row(&row).is_ok_and(|row| {
                row.seq == expected && row.entry.chain_hash(&last_hash, row.seq) == row.hash
            });
            if !fits {
                return Ok(ChainState::Broken { seq: expected });
            }
            last_hash = Columns::of("audit", &row).array("hash")?;
            length = expected;
        }
        Ok(ChainState::Intact { length, last_hash })
    }
}

/// Adds an entry to the chain within a transaction that holds the write lock.
pub(super) async fn append(
    tx: &mut SqliteConnection,
    district: DistrictId,
    entry: &AuditEntry,
) -> Result<u64, StoreError> {
    let last = sqlx::query("SELECT seq, hash FROM audit WHERE district_id = ? ORDER BY seq DESC LIMIT 1")
        .bind(&district.bytes()[..])
        .fetch_optional(&mut *tx)
        .await
        .map_err(from_sqlx)?;
    let (last_seq, previous) = match &last {
        Some(row) => {
            let columns = Columns::of("audit", row);
            (columns.int("seq")?, columns.array("hash")?)
        }
        None => (0, CHAIN_START),
    };
    let seq = last_seq + 1;
    sqlx::query(
        "INSERT INTO audit (district_id, seq, at, account, device, act, subject, detail, prev_hash, hash)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&district.bytes()[..])
    .bind(sql_int(seq))
    .bind(entry.at.0)
    .bind(entry.account.as_ref().map(|id| &id.bytes()[..]))
    .bind(entry.device.as_ref().map(|id| &id.bytes()[..]))
    .bind(entry.act.as_str())
    .bind(&entry.subject)
    .bind(entry.detail.to_string())
    .bind(&previous[..])
    .bind(&entry.chain_hash(&previous, seq)[..])
    .execute(tx)
    .await
    .map_err(from_sqlx)?;
    Ok(seq)
}

fn read_row(row: &SqliteRow) -> Result<AuditRow, StoreError> {
    let columns = Columns::of("audit", row);
    let entry = AuditEntry {
        at: columns.millis("at")?,
        account: columns.id_opt("account")?,
        device: columns.id_opt("device")?,
        act: columns.word("act")?,
        subject: columns.get("subject")?,
        detail: serde_json::from_str(columns.get("detail")?).map_err(|e| columns.corrupt(e))?,
    };
    let (seq, previous, hash) = (columns.int("seq")?, columns.array("prev_hash")?, columns.array("hash")?);
    match entry.chain_hash(&previous, seq) == hash {
        true => Ok(AuditRow { seq, entry, hash }),
        false => Err(broken("audit", seq)),
    }
}

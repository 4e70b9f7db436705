//! The audit log in Postgres.

use async_trait::async_trait;
use futures::TryStreamExt as _;
use sqlx::postgres::{PgConnection, PgRow};
use zhibu_domain::ids::DistrictId;

use super::row::{Columns, sql_int, sql_text};
use super::{PostgresStore, from_sqlx};
use crate::store::audit::CHAIN_START;
use crate::store::checksum::broken;
use crate::store::{AuditEntry, AuditRow, AuditStore, ChainState, StoreError};

#[async_trait]
impl AuditStore for PostgresStore {
    async fn append_audit(&self, district: DistrictId, entry: &AuditEntry) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let seq = append(&mut tx, district, vec![entry.clone()]).await?;
        tx.commit().await.map_err(from_sqlx)?;
        Ok(seq)
    }

    async fn list_audit(
        &self,
        district: DistrictId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT seq, at, account, device, act, subject, detail::text, prev_hash, hash FROM audit
             WHERE district_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        )
        .bind(district.0)
        .bind(sql_int(after))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        rows.iter().map(read_row).collect()
    }

    async fn verify_audit(&self, district: DistrictId) -> Result<ChainState, StoreError> {
        let mut rows = sqlx::query(
            "SELECT seq, at, account, device, act, subject, detail::text, prev_hash, hash FROM audit
             WHERE district_id = $1 ORDER BY seq",
        )
        .bind(district.0)
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

/// Adds entries to the chain, which is held until the transaction ends: by the district's row, because the chain's own
/// last row is another one after each entry. Answers the last number.
pub(super) async fn append(
    tx: &mut PgConnection,
    district: DistrictId,
    mut entries: Vec<AuditEntry>,
) -> Result<u64, StoreError> {
    sqlx::query("SELECT 1 FROM districts WHERE district_id = $1 FOR NO KEY UPDATE")
        .bind(district.0)
        .execute(&mut *tx)
        .await
        .map_err(from_sqlx)?;
    let last = sqlx::query("SELECT seq, hash FROM audit WHERE district_id = $1 ORDER BY seq DESC LIMIT 1")
        .bind(district.0)
        .fetch_optional(&mut *tx)
        .await
        .map_err(from_sqlx)?;
    let (mut seq, mut previous) = match &last {
        Some(row) => {
            let columns = Columns::of("audit", row);
            (columns.int::<u64>("seq")?, columns.array("hash")?)
        }
        None => (0, CHAIN_START),
    };
    let (mut numbers, mut hashes) = (Vec::new(), vec![previous]);
    for entry in &mut entries {
        seq += 1;
        // Before it is hashed: the chain is over what is stored.
        entry.subject = sql_text(&entry.subject).into_owned();
        previous = entry.chain_hash(&previous, seq);
        numbers.push(sql_int(seq));
        hashes.push(previous);
    }
    sqlx::query(
        "INSERT INTO audit (district_id, seq, at, account, device, act, subject, detail, prev_hash, hash)
         SELECT $1, seq, at, account, device, act, subject, detail::json, prev_hash, hash
         FROM unnest($2::bigint[], $3::bigint[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[],
                     $9::bytea[], $10::bytea[])
              AS entry (seq, at, account, device, act, subject, detail, prev_hash, hash)",
    )
    .bind(district.0)
    .bind(numbers)
    .bind(entries.iter().map(|entry| entry.at.0).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| entry.account.map(|id| id.0)).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| entry.device.map(|id| id.0)).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| entry.act.as_str()).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| entry.subject.as_str()).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| entry.detail.to_string()).collect::<Vec<_>>())
    .bind(&hashes[..entries.len()])
    .bind(&hashes[1..])
    .execute(tx)
    .await
    .map_err(from_sqlx)?;
    Ok(seq)
}

fn read_row(row: &PgRow) -> Result<AuditRow, StoreError> {
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

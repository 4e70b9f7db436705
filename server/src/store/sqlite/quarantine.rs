//! Quarantine in SQLite.

use async_trait::async_trait;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use uuid::Uuid;
use zhibu_domain::ids::DistrictId;
use zhibu_domain::wire::Refusal;

use super::row::{Columns, JsonRows, hex_list, sql_int};
use super::{SqliteStore, audit, from_sqlx};
use crate::store::decide::{Appended, Kept};
use crate::store::{HowResolved, QuarantineFilter, QuarantineStore, QuarantinedItem, Resolution, StoreError};

#[async_trait]
impl QuarantineStore for SqliteStore {
    async fn list_quarantine(
        &self,
        district: DistrictId,
        filter: &QuarantineFilter,
    ) -> Result<Vec<QuarantinedItem>, StoreError> {
        let orgs = filter.orgs.as_ref().map(|orgs| hex_list(orgs.iter().map(|org| &org.bytes()[..])));
        let rows = sqlx::query(
            "SELECT q.*, q.checksum IS NOT DISTINCT FROM q.said AS is_whole FROM quarantine q
             WHERE q.district_id = ?1
               AND (?2 IS NULL OR org IN (SELECT unhex(value) FROM json_each(?2)))
               AND (?3 IS NULL OR author = ?3)
               AND (?4 = 0 OR resolved_at IS NULL)
               AND (?5 IS NULL OR (received_at, item) > (?5, ?6))
             ORDER BY received_at, item LIMIT ?7",
        )
        .bind(&district.bytes()[..])
        .bind(orgs)
        .bind(filter.author.as_ref().map(|author| &author.bytes()[..]))
        .bind(filter.open_only)
        .bind(filter.after.map(|(at, _)| at.0))
        .bind(filter.after.as_ref().map(|(_, item)| &item.as_bytes()[..]))
        .bind(i64::from(filter.limit))
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        rows.iter().map(read_item).collect()
    }

    async fn find_quarantined(
        &self,
        district: DistrictId,
        item: Uuid,
    ) -> Result<Option<QuarantinedItem>, StoreError> {
        let row = sqlx::query(
            "SELECT q.*, q.checksum IS NOT DISTINCT FROM q.said AS is_whole FROM quarantine q
             WHERE q.district_id = ? AND q.item = ?",
        )
        .bind(&district.bytes()[..])
        .bind(&item.as_bytes()[..])
        .fetch_optional(&self.readers)
        .await
        .map_err(from_sqlx)?;
        row.as_ref().map(read_item).transpose()
    }

    async fn resolve_quarantine(
        &self,
        district: DistrictId,
        item: Uuid,
        resolution: &Resolution,
    ) -> Result<bool, StoreError> {
        let resolved = sqlx::query(
            "UPDATE quarantine SET resolved_at = ?, resolved_by = ?, resolved_how = ?
             WHERE district_id = ? AND item = ? AND resolved_at IS NULL",
        )
        .bind(resolution.at.0)
        .bind(resolution.by.as_ref().map(|by| &by.bytes()[..]))
        .bind(resolution.how.as_str())
        .bind(&district.bytes()[..])
        .bind(&item.as_bytes()[..])
        .execute(&self.writer)
        .await
        .map_err(from_sqlx)?;
        Ok(resolved.rows_affected() == 1)
    }
}

/// Keeps what was refused, once for each author and hash, and tells the audit log the first time.
pub(super) async fn keep(tx: &mut SqliteConnection, kept: &Kept<'_>) -> Result<(), StoreError> {
    let Kept { delivery, record, hash, content, refusal } = *kept;
    let inserted = sqlx::query(
        "INSERT INTO quarantine
             (district_id, item, author, hash, is_envelope, carrier, counter, kind, org, year, key,
              content, code, slot, detail, received_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(&delivery.district.bytes()[..])
    .bind(&kept.item().as_bytes()[..])
    .bind(&delivery.author.bytes()[..])
    .bind(&hash[..])
    .bind(record.is_none())
    .bind(&delivery.carrier.bytes()[..])
    .bind(sql_int(delivery.counter))
    .bind(record.map(|record| record.kind.as_str()))
    .bind(record.map(|record| &record.org.bytes()[..]))
    .bind(record.map(|record| i64::from(record.year)))
    .bind(record.map(|record| &record.key.bytes()[..]))
    .bind(content)
    .bind(refusal.code.as_str())
    .bind(refusal.slot.as_deref())
    .bind(refusal.detail.as_deref())
    .bind(delivery.received_at.0)
    .execute(&mut *tx)
    .await
    .map_err(from_sqlx)?;
    if inserted.rows_affected() == 1 {
        audit::append(tx, delivery.district, &kept.audit_entry()).await?;
    }
    Ok(())
}

/// Closes what waits under the hashes of these changes, whoever its author was: the very change is in the log now.
pub(super) async fn close_appended(
    tx: &mut SqliteConnection,
    district: DistrictId,
    changes: &[Appended<'_>],
) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    let mut rows = JsonRows::default();
    for Appended { delivery, verdict, .. } in changes {
        let how = if verdict.admitted_by.is_some() { HowResolved::Admitted } else { HowResolved::Arrived };
        rows.row().bytes(district.bytes()).bytes(&verdict.hash.0).word(how.as_str());
        rows.millis(delivery.received_at);
        rows.bytes(verdict.admitted_by.as_ref().map_or(&[], |by| &by.bytes()[..]));
    }
    sqlx::query(
        "UPDATE quarantine SET resolved_how = appended.value ->> 2, resolved_at = appended.value ->> 3,
                               resolved_by = nullif(unhex(appended.value ->> 4), x'')
         FROM json_each(?1) AS appended
         WHERE district_id = unhex(appended.value ->> 0) AND hash = unhex(appended.value ->> 1)
           AND is_envelope = 0 AND resolved_at IS NULL",
    )
    .bind(rows.finish())
    .execute(tx)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

/// The columns `code`, `slot` and `detail`.
pub(super) fn read_refusal(columns: &Columns<'_>) -> Result<Refusal, StoreError> {
    Ok(Refusal { code: columns.word("code")?, slot: columns.get("slot")?, detail: columns.get("detail")? })
}

fn read_item(row: &SqliteRow) -> Result<QuarantinedItem, StoreError> {
    let columns = Columns::whole("quarantine", row, "item")?;
    let is_envelope: bool = columns.get("is_envelope")?;
    let resolution = match columns.millis_opt("resolved_at")? {
        Some(at) => {
            Some(Resolution { at, by: columns.id_opt("resolved_by")?, how: columns.word("resolved_how")? })
        }
        None => None,
    };
    Ok(QuarantinedItem {
        id: columns.id("item")?,
        hash: columns.array("hash")?,
        record: if is_envelope { None } else { Some(columns.reference()?) },
        author: columns.id("author")?,
        carrier: columns.id("carrier")?,
        counter: columns.int("counter")?,
        content: columns.get("content")?,
        refusal: read_refusal(&columns)?,
        received_at: columns.millis("received_at")?,
        resolution,
    })
}

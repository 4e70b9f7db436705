//! Quarantine in Postgres.

use std::collections::HashSet;

use async_trait::async_trait;
use sqlx::postgres::{PgConnection, PgRow};
use uuid::Uuid;
use zhibu_domain::ids::{AccountId, DistrictId};
use zhibu_domain::wire::Refusal;

use super::row::{Columns, sql_int, sql_text};
use super::{PostgresStore, audit, from_sqlx};
use crate::store::decide::{Appended, Kept};
use crate::store::{HowResolved, QuarantineFilter, QuarantineStore, QuarantinedItem, Resolution, StoreError};

#[async_trait]
impl QuarantineStore for PostgresStore {
    async fn list_quarantine(
        &self,
        district: DistrictId,
        filter: &QuarantineFilter,
    ) -> Result<Vec<QuarantinedItem>, StoreError> {
        let rows = sqlx::query(
            "SELECT q.*, q.checksum IS NOT DISTINCT FROM q.said AS is_whole FROM quarantine q
             WHERE q.district_id = $1
               AND ($2 IS NULL OR org = ANY ($2))
               AND ($3 IS NULL OR author = $3)
               AND (NOT $4 OR resolved_at IS NULL)
               AND ($5 IS NULL OR (received_at, item) > ($5, $6))
             ORDER BY received_at, item LIMIT $7",
        )
        .bind(district.0)
        .bind(filter.orgs.as_ref().map(|orgs| orgs.iter().map(|org| org.0).collect::<Vec<_>>()))
        .bind(filter.author.map(|author| author.0))
        .bind(filter.open_only)
        .bind(filter.after.map(|(at, _)| at.0))
        .bind(filter.after.map(|(_, item)| item))
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
             WHERE q.district_id = $1 AND q.item = $2",
        )
        .bind(district.0)
        .bind(item)
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
            "UPDATE quarantine SET resolved_at = $1, resolved_by = $2, resolved_how = $3
             WHERE district_id = $4 AND item = $5 AND resolved_at IS NULL",
        )
        .bind(resolution.at.0)
        .bind(resolution.by.map(|by| by.0))
        .bind(resolution.how.as_str())
        .bind(district.0)
        .bind(item)
        .execute(&self.writer)
        .await
        .map_err(from_sqlx)?;
        Ok(resolved.rows_affected() == 1)
    }
}

/// Keeps what was refused, once for each author and hash, and tells the audit log of what was not kept before.
pub(super) async fn keep(
    tx: &mut PgConnection,
    district: DistrictId,
    refused: &[Kept<'_>],
) -> Result<(), StoreError> {
    if refused.is_empty() {
        return Ok(());
    }
    let items: Vec<Uuid> = refused.iter().map(Kept::item).collect();
    let records = || refused.iter().map(|kept| kept.record);
    let deliveries = || refused.iter().map(|kept| kept.delivery);
    let new = sqlx::query_scalar::<_, Uuid>(
        "INSERT INTO quarantine
             (district_id, item, author, hash, is_envelope, carrier, counter, kind, org, year, key,
              content, code, slot, detail, received_at)
         SELECT $1, * FROM unnest(
             $2::uuid[], $3::uuid[], $4::bytea[], $5::boolean[], $6::uuid[], $7::bigint[], $8::text[],
             $9::uuid[], $10::integer[], $11::uuid[], $12::bytea[], $13::text[], $14::text[], $15::text[],
             $16::bigint[])
         ON CONFLICT DO NOTHING RETURNING item",
    )
    .bind(district.0)
    .bind(&items)
    .bind(deliveries().map(|delivery| delivery.author.0).collect::<Vec<_>>())
    .bind(refused.iter().map(|kept| &kept.hash[..]).collect::<Vec<_>>())
    .bind(records().map(|record| record.is_none()).collect::<Vec<_>>())
    .bind(deliveries().map(|delivery| delivery.carrier.0).collect::<Vec<_>>())
    .bind(deliveries().map(|delivery| sql_int(delivery.counter)).collect::<Vec<_>>())
    .bind(records().map(|record| record.map(|record| record.kind.as_str())).collect::<Vec<_>>())
    .bind(records().map(|record| record.map(|record| record.org.0)).collect::<Vec<_>>())
    .bind(records().map(|record| record.map(|record| i32::from(record.year))).collect::<Vec<_>>())
    .bind(records().map(|record| record.map(|record| record.key.0)).collect::<Vec<_>>())
    .bind(refused.iter().map(|kept| kept.content).collect::<Vec<_>>())
    .bind(refused.iter().map(|kept| kept.refusal.code.as_str()).collect::<Vec<_>>())
    .bind(refused.iter().map(|kept| kept.refusal.slot.as_deref().map(sql_text)).collect::<Vec<_>>())
    .bind(refused.iter().map(|kept| kept.refusal.detail.as_deref().map(sql_text)).collect::<Vec<_>>())
    .bind(deliveries().map(|delivery| delivery.received_at.0).collect::<Vec<_>>())
    .fetch_all(&mut *tx)
    .await
    .map_err(from_sqlx)?;
    let mut new: HashSet<Uuid> = new.into_iter().collect();
    let told = refused.iter().zip(items).filter(|(_, item)| new.remove(item));
    let entries: Vec<_> = told.map(|(kept, _)| kept.audit_entry()).collect();
    if !entries.is_empty() {
        audit::append(tx, district, entries).await?;
    }
    Ok(())
}

/// Closes what waits under the hashes of these changes, whoever its author was: the very change is in the log now.
pub(super) async fn close_appended(
    tx: &mut PgConnection,
    district: DistrictId,
    changes: &[Appended<'_>],
) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    let admitters = || changes.iter().map(|change| change.verdict.admitted_by);
    let how = |by: Option<AccountId>| if by.is_some() { HowResolved::Admitted } else { HowResolved::Arrived };
    sqlx::query(
        "UPDATE quarantine q
         SET resolved_at = appended.at, resolved_by = appended.admitted_by, resolved_how = appended.how
         FROM unnest($2::bytea[], $3::bigint[], $4::uuid[], $5::text[])
              AS appended (hash, at, admitted_by, how)
         WHERE q.district_id = $1 AND q.hash = appended.hash AND NOT q.is_envelope AND q.resolved_at IS NULL",
    )
    .bind(district.0)
    .bind(changes.iter().map(|change| &change.verdict.hash.0[..]).collect::<Vec<_>>())
    .bind(changes.iter().map(|change| change.delivery.received_at.0).collect::<Vec<_>>())
    .bind(admitters().map(|by| by.map(|by| by.0)).collect::<Vec<_>>())
    .bind(admitters().map(|by| how(by).as_str()).collect::<Vec<_>>())
    .execute(tx)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

/// The columns `code`, `slot` and `detail`.
pub(super) fn read_refusal(columns: &Columns<'_>) -> Result<Refusal, StoreError> {
    Ok(Refusal { code: columns.word("code")?, slot: columns.get("slot")?, detail: columns.get("detail")? })
}

fn read_item(row: &PgRow) -> Result<QuarantinedItem, StoreError> {
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

//! One commit of the log: many deliveries, one transaction.
//!
//! A delivery is first looked at as a whole (is any verdict stale, is its number taken?) and only then written, so
//! that leaving it out needs no savepoint. Heads and versions are kept in memory until the end: an envelope of a
//! hundred changes to one record updates its row once.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use sqlx::sqlite::SqliteConnection;
use zhibu_domain::ids::{DeviceId, DistrictId, RecordId};
use zhibu_domain::record::{ChangeHash, Collection, RecordRef};
use zhibu_domain::wire::Receipt;

use super::row::{Columns, sql_int};
use super::{device, from_sqlx, quarantine};
use crate::store::{Committed, Decision, Delivery, StoreError, Verdict};

/// What this commit has seen and will write at its end.
#[derive(Default)]
struct Batch {
    heads: BTreeMap<(DistrictId, Collection), u64>,
    records: BTreeMap<(DistrictId, RecordId), Growth>,
}

/// A record's row as it will be.
#[derive(Clone, Copy)]
struct Growth {
    version: u64,
    size_bytes: u64,
    is_new: bool,
    has_moved: bool,
}

/// Writes the deliveries in their order; the caller commits the transaction.
pub(super) async fn write(
    tx: &mut SqliteConnection,
    deliveries: &[Delivery],
) -> Result<Vec<Committed>, StoreError> {
    let mut batch = Batch::default();
    let mut committed = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        committed.push(write_delivery(tx, &mut batch, delivery).await?);
    }
    batch.flush(tx).await?;
    Ok(committed)
}

async fn write_delivery(
    tx: &mut SqliteConnection,
    batch: &mut Batch,
    delivery: &Delivery,
) -> Result<Committed, StoreError> {
    if let Some((refusal, bytes)) = &delivery.refused_envelope {
        quarantine::keep_envelope(tx, delivery, refusal, bytes).await?;
        return Ok(Committed::Done(Vec::new()));
    }
    if !is_number_free(tx, delivery).await? {
        return Ok(Committed::CounterReused);
    }
    let known = match batch.weigh(tx, delivery).await? {
        Ok(known) => known,
        Err(stale) => return Ok(Committed::Stale(stale)),
    };
    note_envelope(tx, delivery).await?;
    let mut receipts = Vec::with_capacity(delivery.verdicts.len());
    for (verdict, known) in delivery.verdicts.iter().zip(known) {
        receipts.push(match (&verdict.decision, known) {
            (Decision::Duplicate { position }, _) => Receipt::Duplicate(*position),
            (Decision::Append, Some(position)) => Receipt::Duplicate(position),
            (Decision::Append, None) => batch.append(tx, delivery, verdict).await?,
            (Decision::Refuse(refusal), _) => {
                quarantine::keep_change(tx, delivery, verdict, refusal).await?;
                Receipt::Refused(refusal.clone())
            }
        });
    }
    Ok(Committed::Done(receipts))
}

impl Batch {
    /// Whether every verdict still stands. `Ok(Ok)` holds for each the position of the change if it is stored
    /// already; `Ok(Err)` names the record that moved on.
    async fn weigh(
        &mut self,
        tx: &mut SqliteConnection,
        delivery: &Delivery,
    ) -> Result<Result<Vec<Option<u64>>, RecordId>, StoreError> {
        let mut known = Vec::with_capacity(delivery.verdicts.len());
        // What this delivery would add to each record, were it written.
        let mut added = BTreeMap::<RecordId, u64>::new();
        let mut seen = BTreeSet::new();
        for verdict in &delivery.verdicts {
            let appends = verdict.decision == Decision::Append;
            let stored =
                if appends { select_position(tx, delivery.district, verdict.hash).await? } else { None };
            known.push(stored);
            if stored.is_some() || (appends && !seen.insert(verdict.hash)) {
                continue;
            }
            let record = verdict.record.id();
            if let Some(base) = verdict.base_version {
                let growth = self.growth(tx, delivery.district, record).await?;
                if growth.version + added.get(&record).copied().unwrap_or(0) != base {
                    return Ok(Err(record));
                }
            }
            *added.entry(record).or_default() += u64::from(appends);
        }
        Ok(Ok(known))
    }

    async fn append(
        &mut self,
        tx: &mut SqliteConnection,
        delivery: &Delivery,
        verdict: &Verdict,
    ) -> Result<Receipt, StoreError> {
        // The same change twice in one delivery was not stored yet when the delivery was weighed.
        if let Some(position) = select_position(tx, delivery.district, verdict.hash).await? {
            return Ok(Receipt::Duplicate(position));
        }
        let position = self.next_position(tx, delivery.district, verdict.record.collection()).await?;
        self.grow(tx, delivery.district, &verdict.record, verdict.change.len()).await?;
        insert_change(tx, delivery, verdict, position).await?;
        quarantine::close_appended(tx, delivery, verdict).await?;
        Ok(Receipt::Stored(position))
    }

    async fn next_position(
        &mut self,
        tx: &mut SqliteConnection,
        district: DistrictId,
        collection: Collection,
    ) -> Result<u64, StoreError> {
        let head = match self.heads.entry((district, collection)) {
            Entry::Occupied(head) => head.into_mut(),
            Entry::Vacant(unseen) => {
                let head = select_head(tx, district, collection).await?;
                if head.is_none() {
                    insert_collection(tx, district, collection).await?;
                }
                unseen.insert(head.unwrap_or(0))
            }
        };
        *head += 1;
        Ok(*head)
    }

    async fn growth(
        &mut self,
        tx: &mut SqliteConnection,
        district: DistrictId,
        record: RecordId,
    ) -> Result<&mut Growth, StoreError> {
        Ok(match self.records.entry((district, record)) {
            Entry::Occupied(seen) => seen.into_mut(),
            Entry::Vacant(unseen) => {
                let new = Growth { version: 0, size_bytes: 0, is_new: true, has_moved: false };
                unseen.insert(select_growth(tx, district, record).await?.unwrap_or(new))
            }
        })
    }

    async fn grow(
        &mut self,
        tx: &mut SqliteConnection,
        district: DistrictId,
        record: &RecordRef,
        bytes: usize,
    ) -> Result<(), StoreError> {
        let growth = self.growth(tx, district, record.id()).await?;
        growth.version += 1;
        growth.size_bytes += bytes as u64;
        growth.has_moved = true;
        if std::mem::take(&mut growth.is_new) {
            insert_record(tx, district, record).await?;
        }
        Ok(())
    }

    async fn flush(&self, tx: &mut SqliteConnection) -> Result<(), StoreError> {
        for ((district, collection), head) in &self.heads {
            update_head(tx, *district, *collection, *head).await?;
        }
        for ((district, record), growth) in self.records.iter().filter(|(_, growth)| growth.has_moved) {
            update_record(tx, *district, *record, *growth).await?;
        }
        Ok(())
    }
}

async fn is_number_free(tx: &mut SqliteConnection, delivery: &Delivery) -> Result<bool, StoreError> {
    let taken = select_digest(tx, delivery.district, delivery.author, delivery.counter).await?;
    Ok(taken.is_none_or(|digest| digest == delivery.digest))
}

pub(super) async fn select_digest(
    tx: &mut SqliteConnection,
    district: DistrictId,
    device: DeviceId,
    counter: u64,
) -> Result<Option<[u8; 32]>, StoreError> {
    let row =
        sqlx::query("SELECT digest FROM envelopes WHERE district_id = ? AND device = ? AND counter = ?")
            .bind(&district.bytes()[..])
            .bind(&device.bytes()[..])
            .bind(sql_int(counter))
            .fetch_optional(tx)
            .await
            .map_err(from_sqlx)?;
    row.map(|row| Columns::of("envelopes", &row).array("digest")).transpose()
}

async fn note_envelope(tx: &mut SqliteConnection, delivery: &Delivery) -> Result<(), StoreError> {
    if delivery.counter > 0 {
        sqlx::query(
            "INSERT INTO envelopes (district_id, device, counter, digest, received_at)
             VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(&delivery.district.bytes()[..])
        .bind(&delivery.author.bytes()[..])
        .bind(sql_int(delivery.counter))
        .bind(&delivery.digest[..])
        .bind(delivery.received_at.0)
        .execute(&mut *tx)
        .await
        .map_err(from_sqlx)?;
    }
    device::note_numbers(tx, delivery.district, delivery.author, delivery.counter, delivery.epoch_seen).await
}

async fn select_position(
    tx: &mut SqliteConnection,
    district: DistrictId,
    hash: ChangeHash,
) -> Result<Option<u64>, StoreError> {
    let row = sqlx::query("SELECT position FROM changes WHERE district_id = ? AND hash = ?")
        .bind(&district.bytes()[..])
        .bind(&hash.0[..])
        .fetch_optional(tx)
        .await
        .map_err(from_sqlx)?;
    row.map(|row| Columns::of("changes", &row).int("position")).transpose()
}

async fn insert_change(
    tx: &mut SqliteConnection,
    delivery: &Delivery,
    verdict: &Verdict,
    position: u64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO changes
             (district_id, org, year, position, record_id, hash, bytes, device, counter, carrier, received_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&delivery.district.bytes()[..])
    .bind(&verdict.record.org.bytes()[..])
    .bind(i64::from(verdict.record.year))
    .bind(sql_int(position))
    .bind(&verdict.record.id().bytes()[..])
    .bind(&verdict.hash.0[..])
    .bind(&verdict.change[..])
    .bind(&delivery.author.bytes()[..])
    .bind(sql_int(delivery.counter))
    .bind(&delivery.carrier.bytes()[..])
    .bind(delivery.received_at.0)
    .execute(tx)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

async fn select_head(
    tx: &mut SqliteConnection,
    district: DistrictId,
    collection: Collection,
) -> Result<Option<u64>, StoreError> {
    let row = sqlx::query("SELECT head FROM collections WHERE district_id = ? AND org = ? AND year = ?")
        .bind(&district.bytes()[..])
        .bind(&collection.org.bytes()[..])
        .bind(i64::from(collection.year))
        .fetch_optional(tx)
        .await
        .map_err(from_sqlx)?;
    row.map(|row| Columns::of("collections", &row).int("head")).transpose()
}

async fn insert_collection(
    tx: &mut SqliteConnection,
    district: DistrictId,
    collection: Collection,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO collections (district_id, org, year, head) VALUES (?, ?, ?, 0)")
        .bind(&district.bytes()[..])
        .bind(&collection.org.bytes()[..])
        .bind(i64::from(collection.year))
        .execute(tx)
        .await
        .map_err(from_sqlx)?;
    Ok(())
}

async fn update_head(
    tx: &mut SqliteConnection,
    district: DistrictId,
    collection: Collection,
    head: u64,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE collections SET head = ? WHERE district_id = ? AND org = ? AND year = ?")
        .bind(sql_int(head))
        .bind(&district.bytes()[..])
        .bind(&collection.org.bytes()[..])
        .bind(i64::from(collection.year))
        .execute(tx)
        .await
        .map_err(from_sqlx)?;
    Ok(())
}

async fn select_growth(
    tx: &mut SqliteConnection,
    district: DistrictId,
    record: RecordId,
) -> Result<Option<Growth>, StoreError> {
    let row = sqlx::query("SELECT version, size_bytes FROM records WHERE district_id = ? AND record_id = ?")
        .bind(&district.bytes()[..])
        .bind(&record.bytes()[..])
        .fetch_optional(tx)
        .await
        .map_err(from_sqlx)?;
    let Some(row) = row else { return Ok(None) };
    let columns = Columns::of("records", &row);
    Ok(Some(Growth {
        version: columns.int("version")?,
        size_bytes: columns.int("size_bytes")?,
        is_new: false,
        has_moved: false,
    }))
}

async fn insert_record(
    tx: &mut SqliteConnection,
    district: DistrictId,
    record: &RecordRef,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO records (district_id, record_id, kind, org, year, key, version, size_bytes)
         VALUES (?, ?, ?, ?, ?, ?, 0, 0)",
    )
    .bind(&district.bytes()[..])
    .bind(&record.id().bytes()[..])
    .bind(record.kind.as_str())
    .bind(&record.org.bytes()[..])
    .bind(i64::from(record.year))
    .bind(&record.key.bytes()[..])
    .execute(tx)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

/// Notes the record's growth, and that the projector has not seen it.
async fn update_record(
    tx: &mut SqliteConnection,
    district: DistrictId,
    record: RecordId,
    growth: Growth,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE records SET version = ?, size_bytes = ? WHERE district_id = ? AND record_id = ?")
        .bind(sql_int(growth.version))
        .bind(sql_int(growth.size_bytes))
        .bind(&district.bytes()[..])
        .bind(&record.bytes()[..])
        .execute(&mut *tx)
        .await
        .map_err(from_sqlx)?;
    sqlx::query(
        "INSERT INTO dirty_records (district_id, record_id, version) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET version = excluded.version",
    )
    .bind(&district.bytes()[..])
    .bind(&record.bytes()[..])
    .bind(sql_int(growth.version))
    .execute(tx)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

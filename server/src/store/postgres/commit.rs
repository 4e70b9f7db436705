//! One commit of the log: many deliveries, one transaction, a dozen statements however many share it. What is decided
//! is the same for every database, see [`decide`](crate::store::decide).
//!
//! READ COMMITTED, so each statement sees what is committed when it begins; what must not move is held by a row lock
//! taken before it is read. Locks are taken in one order everywhere, district by district: the authors' devices (one
//! envelope number, one envelope), the collections (one position, one change; a record lies in one of them), and what
//! follows from them. A collection is held until the commit: whoever sees a position sees all before it.

use std::collections::{BTreeMap, HashMap};

use sqlx::postgres::{PgConnection, PgRow};
use uuid::Uuid;
use zhibu_domain::ids::{DeviceId, DistrictId, RecordId};
use zhibu_domain::record::{ChangeHash, Collection};

use super::row::{Columns, sql_int};
use super::{from_sqlx, quarantine};
use crate::store::checksum::{Place, check_envelope, checksum_of_envelope};
use crate::store::decide::{Appended, Asked, Growth, Outcome, Standing, by_district, decide};
use crate::store::{Committed, Delivery, StoreError};

/// Writes the deliveries in their order; the caller commits the transaction.
pub(super) async fn write(
    tx: &mut PgConnection,
    deliveries: &[Delivery],
) -> Result<Vec<Committed>, StoreError> {
    let mut committed: Vec<Option<Committed>> = deliveries.iter().map(|_| None).collect();
    for (district, group) in by_district(deliveries) {
        let asked = Asked::of(group.iter().map(|(_, delivery)| *delivery));
        let standing = select_standing(tx, district, &asked).await?;
        let outcome = decide(group.iter().map(|(_, delivery)| *delivery), standing);
        put(tx, district, &outcome).await?;
        for ((place, _), answer) in group.into_iter().zip(outcome.committed) {
            committed[place] = Some(answer);
        }
    }
    Ok(committed.into_iter().flatten().collect())
}

async fn select_standing(
    tx: &mut PgConnection,
    district: DistrictId,
    asked: &Asked,
) -> Result<Standing, StoreError> {
    lock_authors(tx, district, asked).await?;
    let heads = lock_heads(tx, district, asked).await?;
    Ok(Standing {
        digests: select_digests(tx, district, asked).await?,
        positions: select_positions(tx, district, asked).await?,
        records: select_growths(tx, district, asked).await?,
        heads,
    })
}

async fn put(tx: &mut PgConnection, district: DistrictId, outcome: &Outcome<'_>) -> Result<(), StoreError> {
    if !outcome.changes.is_empty() {
        update_heads(tx, district, &outcome.heads).await?;
        upsert_records(tx, district, outcome).await?;
        mark_records(tx, district, outcome).await?;
        insert_changes(tx, district, &outcome.changes).await?;
    }
    insert_envelopes(tx, district, &outcome.envelopes).await?;
    raise_numbers(tx, district, outcome).await?;
    quarantine::keep(tx, district, &outcome.kept).await?;
    quarantine::close_appended(tx, district, &outcome.changes).await
}

async fn lock_authors(tx: &mut PgConnection, district: DistrictId, asked: &Asked) -> Result<(), StoreError> {
    if asked.envelopes.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "SELECT 1 FROM devices WHERE district_id = $1 AND device = ANY ($2)
         ORDER BY device FOR NO KEY UPDATE",
    )
    .bind(district.0)
    .bind(asked.envelopes.iter().map(|(device, _)| device.0).collect::<Vec<_>>())
    .execute(tx)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

/// Holds the collections, those too that begin with this commit.
async fn lock_heads(
    tx: &mut PgConnection,
    district: DistrictId,
    asked: &Asked,
) -> Result<HashMap<Collection, u64>, StoreError> {
    if asked.collections.is_empty() {
        return Ok(HashMap::new());
    }
    let heads = select_heads(tx, district, asked).await?;
    if heads.len() == asked.collections.len() {
        return Ok(heads);
    }
    let (orgs, years) = orgs_and_years(asked.collections.iter().filter(|c| !heads.contains_key(c)));
    sqlx::query(
        "INSERT INTO collections (district_id, org, year, head, checksum)
         SELECT $1, org, year, 0, 0 FROM unnest($2::uuid[], $3::integer[]) AS new (org, year)
         ON CONFLICT DO NOTHING",
    )
    .bind(district.0)
    .bind(orgs)
    .bind(years)
    .execute(&mut *tx)
    .await
    .map_err(from_sqlx)?;
    select_heads(tx, district, asked).await
}

async fn select_heads(
    tx: &mut PgConnection,
    district: DistrictId,
    asked: &Asked,
) -> Result<HashMap<Collection, u64>, StoreError> {
    let (orgs, years) = orgs_and_years(&asked.collections);
    let rows = sqlx::query(
        "SELECT c.org, c.year, c.head, c.checksum = c.head AS is_whole
         FROM unnest($2::uuid[], $3::integer[]) AS wanted (org, year)
         JOIN collections c ON c.district_id = $1 AND c.org = wanted.org AND c.year = wanted.year
         ORDER BY c.org, c.year FOR UPDATE OF c",
    )
    .bind(district.0)
    .bind(orgs)
    .bind(years)
    .fetch_all(tx)
    .await
    .map_err(from_sqlx)?;
    let read = |row: &PgRow| {
        let columns = Columns::whole("collections", row, "org")?;
        Ok((Collection { org: columns.id("org")?, year: columns.int("year")? }, columns.int("head")?))
    };
    rows.iter().map(read).collect()
}

async fn select_digests(
    tx: &mut PgConnection,
    district: DistrictId,
    asked: &Asked,
) -> Result<HashMap<(DeviceId, u64), [u8; 32]>, StoreError> {
    if asked.envelopes.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query(
        "SELECT e.device, e.counter, e.digest, e.checksum
         FROM unnest($2::uuid[], $3::bigint[]) AS wanted (device, counter)
         JOIN envelopes e ON e.district_id = $1 AND e.device = wanted.device AND e.counter = wanted.counter",
    )
    .bind(district.0)
    .bind(asked.envelopes.iter().map(|(device, _)| device.0).collect::<Vec<_>>())
    .bind(asked.envelopes.iter().map(|(_, counter)| sql_int(*counter)).collect::<Vec<_>>())
    .fetch_all(tx)
    .await
    .map_err(from_sqlx)?;
    let read = |row: &PgRow| {
        let columns = Columns::of("envelopes", row);
        let (device, counter, digest) =
            (columns.id("device")?, columns.int("counter")?, columns.array("digest")?);
        check_envelope(device, counter, &digest, columns.get("checksum")?)?;
        Ok(((device, counter), digest))
    };
    rows.iter().map(read).collect()
}

async fn select_positions(
    tx: &mut PgConnection,
    district: DistrictId,
    asked: &Asked,
) -> Result<HashMap<ChangeHash, u64>, StoreError> {
    if asked.hashes.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query(
        "SELECT c.hash, c.position FROM unnest($2::bytea[]) AS wanted (hash)
         JOIN changes c ON c.district_id = $1 AND c.hash = wanted.hash",
    )
    .bind(district.0)
    .bind(asked.hashes.iter().map(|hash| &hash.0[..]).collect::<Vec<_>>())
    .fetch_all(tx)
    .await
    .map_err(from_sqlx)?;
    let read = |row: &PgRow| {
        let columns = Columns::of("changes", row);
        Ok((columns.hash("hash")?, columns.int("position")?))
    };
    rows.iter().map(read).collect()
}

async fn select_growths(
    tx: &mut PgConnection,
    district: DistrictId,
    asked: &Asked,
) -> Result<HashMap<RecordId, Growth>, StoreError> {
    if asked.records.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query(
        "SELECT r.record_id, r.version, r.size_bytes, r.checksum = r.version + r.size_bytes AS is_whole
         FROM unnest($2::uuid[]) AS wanted (record_id)
         JOIN records r ON r.district_id = $1 AND r.record_id = wanted.record_id",
    )
    .bind(district.0)
    .bind(asked.records.iter().map(|record| record.0).collect::<Vec<_>>())
    .fetch_all(tx)
    .await
    .map_err(from_sqlx)?;
    let read = |row: &PgRow| {
        let columns = Columns::whole("records", row, "record_id")?;
        let growth = Growth { version: columns.int("version")?, size_bytes: columns.int("size_bytes")? };
        Ok((columns.id("record_id")?, growth))
    };
    rows.iter().map(read).collect()
}

async fn update_heads(
    tx: &mut PgConnection,
    district: DistrictId,
    heads: &BTreeMap<Collection, u64>,
) -> Result<(), StoreError> {
    let (orgs, years) = orgs_and_years(heads.keys());
    sqlx::query(
        "UPDATE collections c SET head = moved.head, checksum = moved.head
         FROM unnest($2::uuid[], $3::integer[], $4::bigint[]) AS moved (org, year, head)
         WHERE c.district_id = $1 AND c.org = moved.org AND c.year = moved.year",
    )
    .bind(district.0)
    .bind(orgs)
    .bind(years)
    .bind(heads.values().map(|head| sql_int(*head)).collect::<Vec<_>>())
    .execute(tx)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

/// Notes how the records grew.
async fn upsert_records(
    tx: &mut PgConnection,
    district: DistrictId,
    outcome: &Outcome<'_>,
) -> Result<(), StoreError> {
    let records = || outcome.records.values().map(|(reference, _)| reference);
    let growths = || outcome.records.values().map(|(_, growth)| growth);
    sqlx::query(
        "INSERT INTO records (district_id, record_id, kind, org, year, key, version, size_bytes, checksum)
         SELECT $1, grown.*, grown.version + grown.size_bytes
         FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::integer[], $6::uuid[], $7::bigint[], $8::bigint[])
              AS grown (record_id, kind, org, year, key, version, size_bytes)
         ON CONFLICT (district_id, record_id) DO UPDATE
         SET version = excluded.version, size_bytes = excluded.size_bytes, checksum = excluded.checksum",
    )
    .bind(district.0)
    .bind(outcome.records.keys().map(|record| record.0).collect::<Vec<_>>())
    .bind(records().map(|record| record.kind.as_str()).collect::<Vec<_>>())
    .bind(records().map(|record| record.org.0).collect::<Vec<_>>())
    .bind(records().map(|record| i32::from(record.year)).collect::<Vec<_>>())
    .bind(records().map(|record| record.key.0).collect::<Vec<_>>())
    .bind(growths().map(|growth| sql_int(growth.version)).collect::<Vec<_>>())
    .bind(growths().map(|growth| sql_int(growth.size_bytes)).collect::<Vec<_>>())
    .execute(tx)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

/// Notes what the projector has not seen.
async fn mark_records(
    tx: &mut PgConnection,
    district: DistrictId,
    outcome: &Outcome<'_>,
) -> Result<(), StoreError> {
    let (ids, versions): (Vec<Uuid>, Vec<i64>) =
        outcome.marks().map(|(record, version)| (record.0, sql_int(version))).unzip();
    sqlx::query(
        "INSERT INTO dirty_records (district_id, record_id, version)
         SELECT $1, * FROM unnest($2::uuid[], $3::bigint[])
         ON CONFLICT (district_id, record_id) DO UPDATE SET version = excluded.version",
    )
    .bind(district.0)
    .bind(&ids)
    .bind(&versions)
    .execute(tx)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

async fn insert_changes(
    tx: &mut PgConnection,
    district: DistrictId,
    changes: &[Appended<'_>],
) -> Result<(), StoreError> {
    let records = || changes.iter().map(|change| &change.verdict.record);
    let deliveries = || changes.iter().map(|change| change.delivery);
    sqlx::query(
        "INSERT INTO changes
             (district_id, org, year, position, record_id, hash, bytes, device, counter, carrier, received_at,
              checksum)
         SELECT $1, * FROM unnest($2::uuid[], $3::integer[], $4::bigint[], $5::uuid[], $6::bytea[], $7::bytea[],
                                  $8::uuid[], $9::bigint[], $10::uuid[], $11::bigint[], $12::bigint[])",
    )
    .bind(district.0)
    .bind(records().map(|record| record.org.0).collect::<Vec<_>>())
    .bind(records().map(|record| i32::from(record.year)).collect::<Vec<_>>())
    .bind(changes.iter().map(|change| sql_int(change.position)).collect::<Vec<_>>())
    .bind(records().map(|record| record.id().0).collect::<Vec<_>>())
    .bind(changes.iter().map(|change| &change.verdict.hash.0[..]).collect::<Vec<_>>())
    .bind(changes.iter().map(|change| &change.verdict.change[..]).collect::<Vec<_>>())
    .bind(deliveries().map(|delivery| delivery.author.0).collect::<Vec<_>>())
    .bind(deliveries().map(|delivery| sql_int(delivery.counter)).collect::<Vec<_>>())
    .bind(deliveries().map(|delivery| delivery.carrier.0).collect::<Vec<_>>())
    .bind(deliveries().map(|delivery| delivery.received_at.0).collect::<Vec<_>>())
    .bind(changes.iter().map(|change| Place::of_change(change).checksum()).collect::<Vec<_>>())
    .execute(tx)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

async fn insert_envelopes(
    tx: &mut PgConnection,
    district: DistrictId,
    envelopes: &[&Delivery],
) -> Result<(), StoreError> {
    if envelopes.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO envelopes (district_id, device, counter, digest, received_at, checksum)
         SELECT $1, * FROM unnest($2::uuid[], $3::bigint[], $4::bytea[], $5::bigint[], $6::bigint[])",
    )
    .bind(district.0)
    .bind(envelopes.iter().map(|delivery| delivery.author.0).collect::<Vec<_>>())
    .bind(envelopes.iter().map(|delivery| sql_int(delivery.counter)).collect::<Vec<_>>())
    .bind(envelopes.iter().map(|delivery| &delivery.digest[..]).collect::<Vec<_>>())
    .bind(envelopes.iter().map(|delivery| delivery.received_at.0).collect::<Vec<_>>())
    .bind(
        envelopes
            .iter()
            .map(|one| checksum_of_envelope(one.author, one.counter, &one.digest))
            .collect::<Vec<_>>(),
    )
    .execute(tx)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

/// Raises what is known of the authors' numbers; they never go down.
async fn raise_numbers(
    tx: &mut PgConnection,
    district: DistrictId,
    outcome: &Outcome<'_>,
) -> Result<(), StoreError> {
    if outcome.numbers.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE devices d SET last_counter = greatest(last_counter, seen.counter),
                              last_epoch = greatest(last_epoch, seen.epoch)
         FROM unnest($2::uuid[], $3::bigint[], $4::bigint[]) AS seen (device, counter, epoch)
         WHERE d.district_id = $1 AND d.device = seen.device",
    )
    .bind(district.0)
    .bind(outcome.numbers.keys().map(|device| device.0).collect::<Vec<_>>())
    .bind(outcome.numbers.values().map(|(counter, _)| sql_int(*counter)).collect::<Vec<_>>())
    .bind(outcome.numbers.values().map(|(_, epoch)| i64::from(*epoch)).collect::<Vec<_>>())
    .execute(tx)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

fn orgs_and_years<'c>(collections: impl IntoIterator<Item = &'c Collection>) -> (Vec<Uuid>, Vec<i32>) {
    collections.into_iter().map(|collection| (collection.org.0, i32::from(collection.year))).unzip()
}

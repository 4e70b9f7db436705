//! One commit of the log: many deliveries, one transaction, a dozen statements however many share it. What is decided
//! is the same for every database, see [`decide`](crate::store::decide).

use std::collections::{BTreeMap, HashMap};

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use zhibu_domain::ids::{DeviceId, DistrictId, RecordId};
use zhibu_domain::record::{ChangeHash, Collection};

use super::row::{Columns, JsonRows, hex_list};
use super::{from_sqlx, quarantine};
use crate::store::checksum::{Place, check_envelope, checksum_of_envelope};
use crate::store::decide::{Appended, Asked, Growth, Outcome, Standing, by_district, decide};
use crate::store::{Committed, Delivery, StoreError};

/// Writes the deliveries in their order; the caller commits the transaction.
pub(super) async fn write(
    tx: &mut SqliteConnection,
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
    tx: &mut SqliteConnection,
    district: DistrictId,
    asked: &Asked,
) -> Result<Standing, StoreError> {
    Ok(Standing {
        digests: select_digests(tx, district, asked).await?,
        positions: select_positions(tx, district, asked).await?,
        records: select_growths(tx, district, asked).await?,
        heads: select_heads(tx, district, asked).await?,
    })
}

async fn put(
    tx: &mut SqliteConnection,
    district: DistrictId,
    outcome: &Outcome<'_>,
) -> Result<(), StoreError> {
    if !outcome.changes.is_empty() {
        upsert_heads(tx, district, &outcome.heads).await?;
        upsert_records(tx, district, outcome).await?;
        mark_records(tx, district, outcome).await?;
        insert_changes(tx, district, &outcome.changes).await?;
    }
    insert_envelopes(tx, district, &outcome.envelopes).await?;
    raise_numbers(tx, district, outcome).await?;
    for kept in &outcome.kept {
        quarantine::keep(tx, kept).await?;
    }
    quarantine::close_appended(tx, district, &outcome.changes).await
}

async fn select_digests(
    tx: &mut SqliteConnection,
    district: DistrictId,
    asked: &Asked,
) -> Result<HashMap<(DeviceId, u64), [u8; 32]>, StoreError> {
    let mut wanted = JsonRows::default();
    for (device, counter) in &asked.envelopes {
        wanted.row().bytes(device.bytes()).int(*counter);
    }
    let rows = sqlx::query(
        "SELECT e.device, e.counter, e.digest, e.checksum FROM json_each(?2) AS wanted
         CROSS JOIN envelopes e ON e.district_id = ?1 AND e.device = unhex(wanted.value ->> 0)
               AND e.counter = wanted.value ->> 1",
    )
    .bind(&district.bytes()[..])
    .bind(wanted.finish())
    .fetch_all(tx)
    .await
    .map_err(from_sqlx)?;
    let read = |row: &SqliteRow| {
        let columns = Columns::of("envelopes", row);
        let (device, counter, digest) =
            (columns.id("device")?, columns.int("counter")?, columns.array("digest")?);
        check_envelope(device, counter, &digest, columns.get("checksum")?)?;
        Ok(((device, counter), digest))
    };
    rows.iter().map(read).collect()
}

async fn select_positions(
    tx: &mut SqliteConnection,
    district: DistrictId,
    asked: &Asked,
) -> Result<HashMap<ChangeHash, u64>, StoreError> {
    let rows = sqlx::query(
        "SELECT c.hash, c.position FROM json_each(?2) AS wanted
         CROSS JOIN changes c ON c.district_id = ?1 AND c.hash = unhex(wanted.value)",
    )
    .bind(&district.bytes()[..])
    .bind(hex_list(asked.hashes.iter().map(|hash| &hash.0[..])))
    .fetch_all(tx)
    .await
    .map_err(from_sqlx)?;
    let read = |row: &SqliteRow| {
        let columns = Columns::of("changes", row);
        Ok((columns.hash("hash")?, columns.int("position")?))
    };
    rows.iter().map(read).collect()
}

async fn select_growths(
    tx: &mut SqliteConnection,
    district: DistrictId,
    asked: &Asked,
) -> Result<HashMap<RecordId, Growth>, StoreError> {
    let rows = sqlx::query(
        "SELECT r.record_id, r.version, r.size_bytes, r.checksum = r.version + r.size_bytes AS is_whole
         FROM json_each(?2) AS wanted
         CROSS JOIN records r ON r.district_id = ?1 AND r.record_id = unhex(wanted.value)",
    )
    .bind(&district.bytes()[..])
    .bind(hex_list(asked.records.iter().map(|record| &record.bytes()[..])))
    .fetch_all(tx)
    .await
    .map_err(from_sqlx)?;
    let read = |row: &SqliteRow| {
        let columns = Columns::whole("records", row, "record_id")?;
        let growth = Growth { version: columns.int("version")?, size_bytes: columns.int("size_bytes")? };
        Ok((columns.id("record_id")?, growth))
    };
    rows.iter().map(read).collect()
}

async fn select_heads(
    tx: &mut SqliteConnection,
    district: DistrictId,
    asked: &Asked,
) -> Result<HashMap<Collection, u64>, StoreError> {
    let mut wanted = JsonRows::default();
    for collection in &asked.collections {
        wanted.row().bytes(collection.org.bytes()).int(collection.year);
    }
    let rows = sqlx::query(
        "SELECT c.org, c.year, c.head, c.checksum = c.head AS is_whole FROM json_each(?2) AS wanted
         CROSS JOIN collections c ON c.district_id = ?1 AND c.org = unhex(wanted.value ->> 0)
               AND c.year = wanted.value ->> 1",
    )
    .bind(&district.bytes()[..])
    .bind(wanted.finish())
    .fetch_all(tx)
    .await
    .map_err(from_sqlx)?;
    let read = |row: &SqliteRow| {
        let columns = Columns::whole("collections", row, "org")?;
        Ok((Collection { org: columns.id("org")?, year: columns.int("year")? }, columns.int("head")?))
    };
    rows.iter().map(read).collect()
}

async fn upsert_heads(
    tx: &mut SqliteConnection,
    district: DistrictId,
    heads: &BTreeMap<Collection, u64>,
) -> Result<(), StoreError> {
    let mut rows = JsonRows::default();
    for (collection, head) in heads {
        rows.row().bytes(collection.org.bytes()).int(collection.year).int(*head);
    }
    sqlx::query(
        "INSERT INTO collections (district_id, org, year, head, checksum)
         SELECT ?1, unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 2 FROM json_each(?2) WHERE true
         ON CONFLICT DO UPDATE SET head = excluded.head, checksum = excluded.checksum",
    )
    .bind(&district.bytes()[..])
    .bind(rows.finish())
    .execute(tx)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

/// Notes how the records grew.
async fn upsert_records(
    tx: &mut SqliteConnection,
    district: DistrictId,
    outcome: &Outcome<'_>,
) -> Result<(), StoreError> {
    let mut rows = JsonRows::default();
    for (record, (reference, growth)) in &outcome.records {
        rows.row().bytes(record.bytes()).word(reference.kind.as_str()).bytes(reference.org.bytes());
        rows.int(reference.year).bytes(reference.key.bytes()).int(growth.version).int(growth.size_bytes);
    }
    sqlx::query(
        "INSERT INTO records (district_id, record_id, kind, org, year, key, version, size_bytes, checksum)
         SELECT ?1, unhex(value ->> 0), value ->> 1, unhex(value ->> 2), value ->> 3, unhex(value ->> 4),
                value ->> 5, value ->> 6, (value ->> 5) + (value ->> 6)
         FROM json_each(?2) WHERE true
         ON CONFLICT DO UPDATE
         SET version = excluded.version, size_bytes = excluded.size_bytes, checksum = excluded.checksum",
    )
    .bind(&district.bytes()[..])
    .bind(rows.finish())
    .execute(tx)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

/// Notes what the projector has not seen.
async fn mark_records(
    tx: &mut SqliteConnection,
    district: DistrictId,
    outcome: &Outcome<'_>,
) -> Result<(), StoreError> {
    let mut rows = JsonRows::default();
    for (record, version) in outcome.marks() {
        rows.row().bytes(record.bytes()).int(version);
    }
    sqlx::query(
        "INSERT INTO dirty_records (district_id, record_id, version)
         SELECT ?1, unhex(value ->> 0), value ->> 1 FROM json_each(?2) WHERE true
         ON CONFLICT DO UPDATE SET version = excluded.version",
    )
    .bind(&district.bytes()[..])
    .bind(rows.finish())
    .execute(tx)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

/// The changes' bytes travel as one parameter, and each row says which part of it is its own.
async fn insert_changes(
    tx: &mut SqliteConnection,
    district: DistrictId,
    changes: &[Appended<'_>],
) -> Result<(), StoreError> {
    let (mut rows, mut bytes) = (JsonRows::default(), Vec::new());
    for change in changes {
        let Appended { delivery, verdict, position } = change;
        let record = &verdict.record;
        rows.row().bytes(record.org.bytes()).int(record.year).int(*position).bytes(record.id().bytes());
        rows.bytes(&verdict.hash.0).int(bytes.len() as u64 + 1).int(verdict.change.len() as u64);
        rows.bytes(delivery.author.bytes()).int(delivery.counter).bytes(delivery.carrier.bytes());
        rows.millis(delivery.received_at).number(Place::of_change(change).checksum());
        bytes.extend_from_slice(&verdict.change);
    }
    sqlx::query(
        "INSERT INTO changes
             (district_id, org, year, position, record_id, hash, bytes, device, counter, carrier, received_at,
              checksum)
         SELECT ?1, unhex(value ->> 0), value ->> 1, value ->> 2, unhex(value ->> 3), unhex(value ->> 4),
                substr(?3, value ->> 5, value ->> 6), unhex(value ->> 7), value ->> 8, unhex(value ->> 9),
                value ->> 10, value ->> 11
         FROM json_each(?2)",
    )
    .bind(&district.bytes()[..])
    .bind(rows.finish())
    .bind(bytes)
    .execute(tx)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

async fn insert_envelopes(
    tx: &mut SqliteConnection,
    district: DistrictId,
    envelopes: &[&Delivery],
) -> Result<(), StoreError> {
    if envelopes.is_empty() {
        return Ok(());
    }
    let mut rows = JsonRows::default();
    for delivery in envelopes {
        rows.row().bytes(delivery.author.bytes()).int(delivery.counter).bytes(&delivery.digest);
        rows.millis(delivery.received_at);
        rows.number(checksum_of_envelope(delivery.author, delivery.counter, &delivery.digest));
    }
    sqlx::query(
        "INSERT INTO envelopes (district_id, device, counter, digest, received_at, checksum)
         SELECT ?1, unhex(value ->> 0), value ->> 1, unhex(value ->> 2), value ->> 3, value ->> 4 FROM json_each(?2)",
    )
    .bind(&district.bytes()[..])
    .bind(rows.finish())
    .execute(tx)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

/// Raises what is known of the authors' numbers; they never go down.
async fn raise_numbers(
    tx: &mut SqliteConnection,
    district: DistrictId,
    outcome: &Outcome<'_>,
) -> Result<(), StoreError> {
    if outcome.numbers.is_empty() {
        return Ok(());
    }
    let mut rows = JsonRows::default();
    for (device, (counter, epoch)) in &outcome.numbers {
        rows.row().bytes(district.bytes()).bytes(device.bytes()).int(*counter).int(*epoch);
    }
    // The whole key stands in the rows: with the district apart, every device of it would be looked at.
    sqlx::query(
        "UPDATE devices SET last_counter = max(last_counter, seen.value ->> 2),
                            last_epoch = max(last_epoch, seen.value ->> 3)
         FROM json_each(?1) AS seen
         WHERE district_id = unhex(seen.value ->> 0) AND device = unhex(seen.value ->> 1)",
    )
    .bind(rows.finish())
    .execute(tx)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

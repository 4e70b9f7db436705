//! Records as a judge opens them, and the indexes that it puts away, in Postgres.

use sqlx::postgres::PgRow;
use uuid::Uuid;
use zhibu_domain::ids::{DeviceId, DistrictId, RecordId};
use zhibu_domain::record::{ChangeHash, RecordRef};
use zhibu_domain::time::Millis;

use super::pack::read_dictionary;
use super::row::{Columns, sql_int};
use super::{PostgresStore, from_sqlx};
use crate::store::checksum::Place;
use crate::store::pack::Sealed;
use crate::store::{JudgedRecord, KeptIndex, StoreError, StoredChange};

/// Opens records. One statement, so one instant: the changes behind an index come as arrays beside it.
pub(super) async fn open(
    store: &PostgresStore,
    district: DistrictId,
    ids: &[RecordId],
) -> Result<Vec<JudgedRecord>, StoreError> {
    let rows = sqlx::query(
        "SELECT r.record_id, r.kind, r.org, r.year, r.key, r.version,
                r.checksum = r.version + r.size_bytes AS is_whole,
                k.version AS kept_version, k.position AS kept_position, k.bytes AS kept_bytes,
                tail.positions, tail.hashes, tail.changes, tail.devices, tail.arrivals, tail.held,
                tail.checksums,
                d.bytes AS dictionary
         FROM records r
         LEFT JOIN record_indexes k ON k.district_id = r.district_id AND k.record_id = r.record_id
         CROSS JOIN LATERAL (
             SELECT array_agg(c.position) AS positions, array_agg(c.hash) AS hashes,
                    array_agg(c.bytes) AS changes, array_agg(c.device) AS devices,
                    array_agg(c.received_at) AS arrivals, array_agg(c.holds) AS held,
                    array_agg(c.checksum) AS checksums,
                    bool_or(c.holds IS NOT NULL) AS has_pack
             FROM (SELECT position, hash, bytes, device, received_at, holds, checksum FROM changes
                   WHERE district_id = r.district_id AND record_id = r.record_id
                     AND position > coalesce(k.position, 0)
                   ORDER BY position) AS c
         ) AS tail
         LEFT JOIN dictionaries d ON tail.has_pack
              AND d.district_id = r.district_id AND d.org = r.org AND d.year = r.year
         WHERE r.district_id = $1 AND r.record_id = ANY ($2)",
    )
    .bind(district.0)
    .bind(ids.iter().map(|id| id.0).collect::<Vec<_>>())
    .fetch_all(&store.readers)
    .await
    .map_err(from_sqlx)?;
    rows.iter().map(read_judged).collect()
}

/// Puts indexes away in one statement.
pub(super) async fn keep(
    store: &PostgresStore,
    district: DistrictId,
    indexes: &[KeptIndex],
) -> Result<(), StoreError> {
    let mut indexes: Vec<_> = indexes.iter().collect();
    indexes.sort_by_key(|index| index.record);
    sqlx::query(
        "INSERT INTO record_indexes AS kept (district_id, record_id, version, position, bytes)
         SELECT $1, * FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bytea[])
         ON CONFLICT (district_id, record_id) DO UPDATE
         SET version = excluded.version, position = excluded.position, bytes = excluded.bytes
         WHERE excluded.version > kept.version",
    )
    .bind(district.0)
    .bind(indexes.iter().map(|index| index.record.0).collect::<Vec<_>>())
    .bind(indexes.iter().map(|index| sql_int(index.version)).collect::<Vec<_>>())
    .bind(indexes.iter().map(|index| sql_int(index.position)).collect::<Vec<_>>())
    .bind(indexes.iter().map(|index| &index.bytes[..]).collect::<Vec<_>>())
    .execute(&store.writer)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

fn read_judged(row: &PgRow) -> Result<JudgedRecord, StoreError> {
    let columns = Columns::whole("records", row, "record_id")?;
    let record: RecordId = columns.id("record_id")?;
    let kept = match columns.get::<Option<Vec<u8>>>("kept_bytes")? {
        Some(bytes) => {
            let (version, position) = (columns.int("kept_version")?, columns.int("kept_position")?);
            Some(KeptIndex { record, version, position, bytes })
        }
        None => None,
    };
    let reference = columns.record()?;
    let mut changes = read_tail(&columns, &reference)?;
    // A pack may begin before the place where the index ends.
    let seen = kept.as_ref().map_or(0, |kept| kept.position);
    changes.retain(|change| change.position > seen);
    let version = columns.int("version")?;
    let covered = kept.as_ref().map_or(0, |kept| kept.version);
    if version != covered + changes.len() as u64 {
        let text = format_args!("{record}: version {version}, {covered} kept and {} changes", changes.len());
        return Err(columns.corrupt(text));
    }
    Ok(JudgedRecord { reference, version, kept, changes })
}

/// The columns `positions`, `hashes`, `changes`, `devices`, `arrivals`, `held` and `checksums`, which are as long as each other.
fn read_tail(columns: &Columns<'_>, record: &RecordRef) -> Result<Vec<StoredChange>, StoreError> {
    let Some(positions) = columns.get::<Option<Vec<i64>>>("positions")? else { return Ok(Vec::new()) };
    let hashes: Vec<Vec<u8>> = columns.get("hashes")?;
    let changes: Vec<Vec<u8>> = columns.get("changes")?;
    let devices: Vec<Uuid> = columns.get("devices")?;
    let arrivals: Vec<i64> = columns.get("arrivals")?;
    let held: Vec<Option<i64>> = columns.get("held")?;
    let checksums: Vec<Option<i64>> = columns.get("checksums")?;
    let dictionary = read_dictionary(columns)?;
    let mut tail = Vec::with_capacity(positions.len());
    let rows = positions.into_iter().zip(hashes).zip(held.into_iter().zip(checksums));
    let rows = rows.zip(changes.into_iter().zip(devices).zip(arrivals));
    for (((position, hash), (holds, checksum)), ((bytes, device), received_at)) in rows {
        let hash = ChangeHash(hash.try_into().map_err(|_| columns.corrupt("hash is not 32 bytes"))?);
        let position = u64::try_from(position).map_err(|e| columns.corrupt(e))?;
        if let Some(holds) = holds {
            let sealed = Sealed { position, holds, hash, bytes: &bytes };
            tail.extend(sealed.open(record, dictionary.as_deref())?);
            continue;
        }
        let (device, received_at) = (DeviceId(device), Millis(received_at));
        let (collection, record) = (record.collection(), record.id());
        Place { collection, position, record, hash, device, received_at }.check(checksum)?;
        tail.push(StoredChange { position, hash, bytes, author: device, received_at });
    }
    Ok(tail)
}

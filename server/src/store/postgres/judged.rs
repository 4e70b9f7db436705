//! Records as a judge opens them, and the indexes that it puts away, in Postgres.

use sqlx::postgres::PgRow;
use uuid::Uuid;
use zhibu_domain::ids::{DeviceId, DistrictId, RecordId};
use zhibu_domain::record::ChangeHash;
use zhibu_domain::time::Millis;

use super::row::{Columns, sql_int};
use super::{PostgresStore, from_sqlx};
use crate::store::{JudgedRecord, KeptIndex, StoreError, StoredChange};

/// Opens records. One statement, so one instant: the changes behind an index come as arrays beside it.
pub(super) async fn open(
    store: &PostgresStore,
    district: DistrictId,
    ids: &[RecordId],
) -> Result<Vec<JudgedRecord>, StoreError> {
    let rows = sqlx::query(
        "SELECT r.record_id, r.kind, r.org, r.year, r.key, r.version,
                k.version AS kept_version, k.position AS kept_position, k.bytes AS kept_bytes,
                tail.positions, tail.hashes, tail.changes, tail.devices, tail.arrivals
         FROM records r
         LEFT JOIN record_indexes k ON k.district_id = r.district_id AND k.record_id = r.record_id
         CROSS JOIN LATERAL (
             SELECT array_agg(c.position) AS positions, array_agg(c.hash) AS hashes,
                    array_agg(c.bytes) AS changes, array_agg(c.device) AS devices,
                    array_agg(c.received_at) AS arrivals
             FROM (SELECT position, hash, bytes, device, received_at FROM changes
                   WHERE district_id = r.district_id AND record_id = r.record_id
                     AND position > coalesce(k.position, 0)
                   ORDER BY position) AS c
         ) AS tail
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
    let columns = Columns::of("records", row);
    let record: RecordId = columns.id("record_id")?;
    let kept = match columns.get::<Option<Vec<u8>>>("kept_bytes")? {
        Some(bytes) => {
            let (version, position) = (columns.int("kept_version")?, columns.int("kept_position")?);
            Some(KeptIndex { record, version, position, bytes })
        }
        None => None,
    };
    let changes = read_tail(&columns)?;
    let version = columns.int("version")?;
    let covered = kept.as_ref().map_or(0, |kept| kept.version);
    if version != covered + changes.len() as u64 {
        let text = format_args!("{record}: version {version}, {covered} kept and {} changes", changes.len());
        return Err(columns.corrupt(text));
    }
    Ok(JudgedRecord { reference: columns.reference()?, version, kept, changes })
}

/// The columns `positions`, `hashes`, `changes`, `devices` and `arrivals`, which are as long as each other.
fn read_tail(columns: &Columns<'_>) -> Result<Vec<StoredChange>, StoreError> {
    let Some(positions) = columns.get::<Option<Vec<i64>>>("positions")? else { return Ok(Vec::new()) };
    let hashes: Vec<Vec<u8>> = columns.get("hashes")?;
    let changes: Vec<Vec<u8>> = columns.get("changes")?;
    let devices: Vec<Uuid> = columns.get("devices")?;
    let arrivals: Vec<i64> = columns.get("arrivals")?;
    let mut tail = Vec::with_capacity(positions.len());
    let rows = positions.into_iter().zip(hashes).zip(changes.into_iter().zip(devices).zip(arrivals));
    for ((position, hash), ((bytes, device), received_at)) in rows {
        let hash = hash.try_into().map_err(|_| columns.corrupt("hash is not 32 bytes"))?;
        tail.push(StoredChange {
            position: u64::try_from(position).map_err(|e| columns.corrupt(e))?,
            hash: ChangeHash(hash),
            bytes,
            author: DeviceId(device),
            received_at: Millis(received_at),
        });
    }
    Ok(tail)
}

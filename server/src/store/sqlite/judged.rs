//! Records as a judge opens them, and the indexes that it puts away, in SQLite.

use std::collections::HashMap;

use sqlx::sqlite::SqliteRow;
use zhibu_domain::ids::{DistrictId, RecordId};

use super::pack::read_changes;
use super::row::{Columns, JsonRows, hex_list};
use super::{SqliteStore, from_sqlx};
use crate::store::{JudgedRecord, KeptIndex, StoreError};

/// Opens records with two statements of one instant: what they are, then the changes behind their indexes.
pub(super) async fn open(
    store: &SqliteStore,
    district: DistrictId,
    ids: &[RecordId],
) -> Result<Vec<JudgedRecord>, StoreError> {
    let wanted = hex_list(ids.iter().map(|id| &id.bytes()[..]));
    let mut reader = store.readers.begin().await.map_err(from_sqlx)?;
    let records = sqlx::query(
        "SELECT r.record_id, r.kind, r.org, r.year, r.key, r.version,
                r.checksum = r.version + r.size_bytes AS is_whole,
                k.version AS kept_version, k.position AS kept_position, k.bytes AS kept_bytes
         FROM json_each(?2) AS wanted
         CROSS JOIN records r ON r.district_id = ?1 AND r.record_id = unhex(wanted.value)
         LEFT JOIN record_indexes k ON k.district_id = ?1 AND k.record_id = r.record_id",
    )
    .bind(&district.bytes()[..])
    .bind(&wanted)
    .fetch_all(&mut *reader)
    .await
    .map_err(from_sqlx)?;
    let changes = sqlx::query(
        "SELECT c.record_id, c.position, c.hash, c.bytes, c.device, c.received_at, c.holds, c.checksum,
                d.bytes AS dictionary
         FROM json_each(?2) AS wanted
         LEFT JOIN record_indexes k ON k.district_id = ?1 AND k.record_id = unhex(wanted.value)
         CROSS JOIN changes c ON c.district_id = ?1 AND c.record_id = unhex(wanted.value)
               AND c.position > coalesce(k.position, 0)
         LEFT JOIN dictionaries d ON c.holds IS NOT NULL
              AND d.district_id = c.district_id AND d.org = c.org AND d.year = c.year
         ORDER BY c.record_id, c.position",
    )
    .bind(&district.bytes()[..])
    .bind(&wanted)
    .fetch_all(&mut *reader)
    .await
    .map_err(from_sqlx)?;
    drop(reader);
    let mut tails = HashMap::<RecordId, Vec<SqliteRow>>::new();
    for row in changes {
        let record = Columns::of("changes", &row).id("record_id")?;
        tails.entry(record).or_default().push(row);
    }
    records.iter().map(|row| read_judged(row, &tails)).collect()
}

/// Puts indexes away in one transaction.
pub(super) async fn keep(
    store: &SqliteStore,
    district: DistrictId,
    indexes: &[KeptIndex],
) -> Result<(), StoreError> {
    let (mut rows, mut bytes) = (JsonRows::default(), Vec::new());
    for index in indexes {
        rows.row().bytes(index.record.bytes()).int(index.version).int(index.position);
        rows.int(bytes.len() as u64 + 1).int(index.bytes.len() as u64);
        bytes.extend_from_slice(&index.bytes);
    }
    sqlx::query(
        "INSERT INTO record_indexes (district_id, record_id, version, position, bytes)
         SELECT ?1, unhex(value ->> 0), value ->> 1, value ->> 2, substr(?3, value ->> 3, value ->> 4)
         FROM json_each(?2) WHERE true
         ON CONFLICT DO UPDATE
         SET version = excluded.version, position = excluded.position, bytes = excluded.bytes
         WHERE excluded.version > version",
    )
    .bind(&district.bytes()[..])
    .bind(rows.finish())
    .bind(bytes)
    .execute(&store.writer)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

fn read_judged(
    row: &SqliteRow,
    tails: &HashMap<RecordId, Vec<SqliteRow>>,
) -> Result<JudgedRecord, StoreError> {
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
    let mut changes = Vec::new();
    for row in tails.get(&record).into_iter().flatten() {
        read_changes(&reference, row, &mut changes)?;
    }
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

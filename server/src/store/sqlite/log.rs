//! Reading the log in SQLite. Writing it is in [`commit`](super::commit).

use std::collections::HashMap;

use async_trait::async_trait;
use futures::TryStreamExt as _;
use sqlx::sqlite::SqliteRow;
use zhibu_domain::ids::{DeviceId, DistrictId, RecordId};
use zhibu_domain::record::{ChangeHash, Collection, RecordRef};
use zhibu_domain::wire::ReadMark;

use super::quarantine::read_refusal;
use super::row::{Columns, JsonRows, hex, sql_int};
use super::{SqliteStore, commit, from_sqlx, judged, pack};
use crate::store::checksum::{Place, left_out};
use crate::store::{
    Committed, Delivery, JudgedRecord, KeptIndex, KnownChange, LogContent, LogNews, LogRow, LogStore,
    RecordSummary, StoreError, StoredChange, StoredRecord,
};

#[async_trait]
impl LogStore for SqliteStore {
    async fn commit(&self, deliveries: &[Delivery]) -> Result<Vec<Committed>, StoreError> {
        let mut tx = self.begin().await?;
        let committed = commit::write(&mut tx, deliveries).await?;
        tx.commit().await.map_err(from_sqlx)?;
        Ok(committed)
    }

    async fn known_changes(
        &self,
        district: DistrictId,
        wanted: &[(DeviceId, ChangeHash)],
    ) -> Result<HashMap<(DeviceId, ChangeHash), KnownChange>, StoreError> {
        let mut asked = JsonRows::default();
        for (author, hash) in wanted {
            asked.row().bytes(author.bytes()).bytes(&hash.0);
        }
        let rows = sqlx::query(
            "SELECT unhex(wanted.value ->> 0) AS author, unhex(wanted.value ->> 1) AS hash,
                    c.position, q.code, q.slot, q.detail, q.item,
                    q.checksum IS NOT DISTINCT FROM q.said AS is_whole
             FROM json_each(?2) AS wanted
             LEFT JOIN changes c ON c.district_id = ?1 AND c.hash = unhex(wanted.value ->> 1)
             LEFT JOIN quarantine q ON q.district_id = ?1 AND q.hash = unhex(wanted.value ->> 1)
                   AND q.author = unhex(wanted.value ->> 0) AND q.is_envelope = 0
                   AND coalesce(q.resolved_how, '') NOT IN ('admitted', 'arrived')
             WHERE c.position IS NOT NULL OR q.code IS NOT NULL",
        )
        .bind(&district.bytes()[..])
        .bind(asked.finish())
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        rows.iter().filter_map(|row| read_known(row).transpose()).collect()
    }

    async fn open_records(
        &self,
        district: DistrictId,
        ids: &[RecordId],
    ) -> Result<Vec<JudgedRecord>, StoreError> {
        judged::open(self, district, ids).await
    }

    async fn keep_indexes(&self, district: DistrictId, indexes: &[KeptIndex]) -> Result<(), StoreError> {
        judged::keep(self, district, indexes).await
    }

    async fn load_record(
        &self,
        district: DistrictId,
        id: RecordId,
    ) -> Result<Option<StoredRecord>, StoreError> {
        // One statement, so that the version and the changes are of one instant.
        let rows = sqlx::query(
            "SELECT r.record_id, r.kind, r.org, r.year, r.key, r.version,
                    r.checksum = r.version + r.size_bytes AS is_whole,
                    c.position, c.hash, c.bytes, c.device, c.received_at, c.holds, c.checksum,
                    d.bytes AS dictionary
             FROM records r
             JOIN changes c ON c.district_id = r.district_id AND c.record_id = r.record_id
                  AND c.org = r.org AND c.year = r.year
             LEFT JOIN dictionaries d ON c.holds IS NOT NULL
                  AND d.district_id = r.district_id AND d.org = r.org AND d.year = r.year
             WHERE r.district_id = ? AND r.record_id = ? ORDER BY c.position",
        )
        .bind(&district.bytes()[..])
        .bind(&id.bytes()[..])
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        let Some(first) = rows.first() else { return Ok(None) };
        let columns = Columns::whole("records", first, "record_id")?;
        let (reference, version) = (columns.record()?, columns.int("version")?);
        let (mut changes, mut packed) = (Vec::new(), 0);
        for row in &rows {
            packed += pack::read_changes(&reference, row, &mut changes)?;
        }
        if version != changes.len() as u64 {
            return Err(columns.corrupt(format_args!("{id}: version {version}, {} changes", changes.len())));
        }
        Ok(Some(StoredRecord { reference, version, packed, changes }))
    }

    async fn read_news(
        &self,
        district: DistrictId,
        marks: &[ReadMark],
        max_bytes: usize,
    ) -> Result<LogNews, StoreError> {
        // The joins stand in the order in which SQLite must take them: `json_each` counts up, the log's key ends in
        // the position, so the rows come sorted without a sorter that would first read the whole log.
        let mut stream = sqlx::query(
            "SELECT wanted.key AS nth, c.position, c.hash, c.bytes, c.device, c.received_at, c.holds, c.checksum,
                    d.bytes AS dictionary, c.record_id, r.kind, r.org, r.year, r.key
             FROM json_each(?1) AS wanted
             CROSS JOIN changes c ON c.district_id = ?2 AND c.org = unhex(wanted.value ->> 0)
                  AND c.year = wanted.value ->> 1 AND c.position > wanted.value ->> 2
             LEFT JOIN records r ON r.district_id = c.district_id AND r.record_id = c.record_id
             LEFT JOIN dictionaries d ON c.holds IS NOT NULL
                  AND d.district_id = c.district_id AND d.org = c.org AND d.year = c.year",
        )
        .bind(mark_list(marks))
        .bind(&district.bytes()[..])
        .fetch(&self.readers);
        let (mut news, mut bytes, mut last) = (LogNews::default(), 0, (0, 0));
        while let Some(row) = stream.try_next().await.map_err(from_sqlx)? {
            let columns = Columns::of("changes", &row);
            let place: (u64, u64) = (columns.int("nth")?, columns.int("position")?);
            if place <= last {
                return Err(columns.corrupt(format_args!("{place:?} is read behind {last:?}")));
            }
            let before = if place.0 == last.0 {
                last.1
            } else {
                marks.get(place.0 as usize).map_or(0, |mark| mark.position)
            };
            last = place;
            let row = read_log_row(before, &row)?;
            bytes += row.content.size_bytes();
            if bytes > max_bytes && !news.rows.is_empty() {
                news.more = true;
                break;
            }
            news.rows.push(row);
        }
        Ok(news)
    }

    async fn contradicted(
        &self,
        district: DistrictId,
        marks: &[ReadMark],
    ) -> Result<Vec<Collection>, StoreError> {
        let mut asked = JsonRows::default();
        for ReadMark { collection, position, name } in marks {
            let row = asked.row().bytes(collection.org.bytes()).int(collection.year);
            row.int(*position).bytes(name.as_ref().map_or(&[], |name| &name[..]));
        }
        let rows = sqlx::query(
            "SELECT unhex(wanted.value ->> 0) AS org, wanted.value ->> 1 AS year
             FROM json_each(?2) AS wanted
             LEFT JOIN collections h ON h.district_id = ?1 AND h.org = unhex(wanted.value ->> 0)
                  AND h.year = wanted.value ->> 1
             LEFT JOIN changes c ON c.district_id = ?1 AND c.org = unhex(wanted.value ->> 0)
                  AND c.year = wanted.value ->> 1 AND c.position = wanted.value ->> 2 AND c.holds IS NULL
             WHERE (coalesce(h.head, 0) < wanted.value ->> 2 AND h.checksum IS NOT DISTINCT FROM h.head)
                OR (wanted.value ->> 3 <> '' AND substr(c.hash, 1, 8) <> unhex(wanted.value ->> 3))",
        )
        .bind(&district.bytes()[..])
        .bind(asked.finish())
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        rows.iter().map(read_collection).collect()
    }

    async fn list_collections(&self, district: DistrictId) -> Result<Vec<(Collection, u64)>, StoreError> {
        let rows = sqlx::query(
            "SELECT org, year, head, checksum = head AS is_whole FROM collections
             WHERE district_id = ? ORDER BY org, year",
        )
        .bind(&district.bytes()[..])
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        rows.iter().map(read_head).collect()
    }

    async fn list_records(
        &self,
        district: DistrictId,
        after: Option<RecordId>,
        limit: u32,
    ) -> Result<Vec<RecordSummary>, StoreError> {
        let rows = sqlx::query(
            "SELECT record_id, kind, org, year, key, version, size_bytes,
                    checksum = version + size_bytes AS is_whole FROM records
             WHERE district_id = ?1 AND (?2 IS NULL OR record_id > ?2) ORDER BY record_id LIMIT ?3",
        )
        .bind(&district.bytes()[..])
        .bind(after.as_ref().map(|id| &id.bytes()[..]))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        Ok(rows.iter().filter_map(read_summary).collect())
    }

    async fn records_in(
        &self,
        district: DistrictId,
        collection: Collection,
    ) -> Result<Vec<RecordSummary>, StoreError> {
        let rows = sqlx::query(
            "SELECT record_id, kind, org, year, key, version, size_bytes,
                    checksum = version + size_bytes AS is_whole FROM records
             WHERE district_id = ? AND org = ? AND year = ? ORDER BY record_id",
        )
        .bind(&district.bytes()[..])
        .bind(&collection.org.bytes()[..])
        .bind(i64::from(collection.year))
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        Ok(rows.iter().filter_map(read_summary).collect())
    }
}

/// Marks as the JSON parameter of a statement that reads it with `json_each`: org, year, position.
fn mark_list(marks: &[ReadMark]) -> String {
    let one = |mark: &ReadMark| {
        let ReadMark { collection, position, .. } = mark;
        format!("[\"{}\",{},{}]", hex(collection.org.bytes()), collection.year, sql_int(*position))
    };
    format!("[{}]", marks.iter().map(one).collect::<Vec<_>>().join(","))
}

fn read_collection(row: &SqliteRow) -> Result<Collection, StoreError> {
    let columns = Columns::of("changes", row);
    Ok(Collection { org: columns.id("org")?, year: columns.int("year")? })
}

/// What an author was told of a change.
type Told = ((DeviceId, ChangeHash), KnownChange);

fn read_known(row: &SqliteRow) -> Result<Option<Told>, StoreError> {
    let columns = Columns::of("changes", row);
    let known = match columns.get::<Option<i64>>("position")? {
        Some(_) => KnownChange::Stored { position: columns.int("position")? },
        None => {
            // One damaged refusal must not hold up what comes with it: the change is judged anew.
            if let Err(error) = columns.check("is_whole", "quarantine", "item") {
                left_out(&error);
                return Ok(None);
            }
            KnownChange::Quarantined(read_refusal(&Columns::of("quarantine", row))?)
        }
    };
    Ok(Some(((columns.id("author")?, columns.hash("hash")?), known)))
}

pub(super) fn read_change(record: &RecordRef, row: &SqliteRow) -> Result<StoredChange, StoreError> {
    let columns = Columns::of("changes", row);
    let Place { position, hash, device: author, received_at, .. } = read_place(record, &columns)?;
    Ok(StoredChange { position, hash, bytes: columns.get("bytes")?, author, received_at })
}

/// Where a row of a record's log stands.
pub(super) fn read_place(record: &RecordRef, columns: &Columns<'_>) -> Result<Place, StoreError> {
    Ok(Place {
        collection: record.collection(),
        position: columns.int("position")?,
        record: record.id(),
        hash: columns.hash("hash")?,
        device: columns.id("device")?,
        received_at: columns.millis("received_at")?,
    })
}

/// A row as it is sent. One that is damaged may not stand where it says: it stands for the position behind the row before
/// it, so that no reader's mark passes anything.
fn read_log_row(before: u64, row: &SqliteRow) -> Result<LogRow, StoreError> {
    let columns = Columns::of("changes", row);
    let record = columns.record()?;
    let place = read_place(&record, &columns)?;
    let content = match place.check(columns.get("checksum")?) {
        Ok(()) => pack::read_content(&record, row),
        Err(error) => Err(error),
    };
    Ok(match content {
        Err(StoreError::Corrupt { row, .. }) => {
            LogRow { position: before + 1, record, name: place.hash, content: LogContent::Damaged(row) }
        }
        content => LogRow { position: place.position, record, name: place.hash, content: content? },
    })
}

fn read_head(row: &SqliteRow) -> Result<(Collection, u64), StoreError> {
    let columns = Columns::whole("collections", row, "org")?;
    Ok((Collection { org: columns.id("org")?, year: columns.int("year")? }, columns.int("head")?))
}

/// None for a row that is not what was written: the other records are listed all the same, and whoever opens this one
/// is told.
fn read_summary(row: &SqliteRow) -> Option<RecordSummary> {
    read_whole_summary(row).inspect_err(left_out).ok()
}

fn read_whole_summary(row: &SqliteRow) -> Result<RecordSummary, StoreError> {
    let columns = Columns::whole("records", row, "record_id")?;
    Ok(RecordSummary {
        reference: columns.record()?,
        version: columns.int("version")?,
        size_bytes: columns.int("size_bytes")?,
    })
}

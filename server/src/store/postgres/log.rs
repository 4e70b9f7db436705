//! Reading the log in Postgres. Writing it is in [`commit`](super::commit).

use std::collections::HashMap;

use async_trait::async_trait;
use sqlx::postgres::PgRow;
use zhibu_domain::ids::{DeviceId, DistrictId, RecordId};
use zhibu_domain::record::{ChangeHash, Collection, RecordRef};
use zhibu_domain::wire::ReadMark;

use super::quarantine::read_refusal;
use super::row::{Columns, sql_int};
use super::{ATTEMPTS, PostgresStore, commit, from_sqlx, judged, pack};
use crate::store::checksum::{Place, left_out};
use crate::store::{
    Committed, Delivery, JudgedRecord, KeptIndex, KnownChange, LogContent, LogNews, LogRow, LogStore,
    RecordSummary, StoreError, StoredChange, StoredRecord,
};

/// No change is shorter: its header alone names its record's genesis and its actor. Bounds how many rows are looked at
/// for a page.
const SHORTEST_CHANGE: usize = 64;

#[async_trait]
impl LogStore for PostgresStore {
    async fn commit(&self, deliveries: &[Delivery]) -> Result<Vec<Committed>, StoreError> {
        for _ in 1..ATTEMPTS {
            match self.try_commit(deliveries).await {
                // Another server's commit stood in the way, and is through now.
                Err(StoreError::Busy) => {}
                committed => return committed,
            }
        }
        self.try_commit(deliveries).await
    }

    async fn known_changes(
        &self,
        district: DistrictId,
        wanted: &[(DeviceId, ChangeHash)],
    ) -> Result<HashMap<(DeviceId, ChangeHash), KnownChange>, StoreError> {
        let rows = sqlx::query(
            "SELECT wanted.author, wanted.hash, c.position, q.code, q.slot, q.detail, q.item,
                    q.checksum IS NOT DISTINCT FROM q.said AS is_whole
             FROM unnest($2::uuid[], $3::bytea[]) AS wanted (author, hash)
             LEFT JOIN changes c ON c.district_id = $1 AND c.hash = wanted.hash
             LEFT JOIN quarantine q ON q.district_id = $1 AND q.hash = wanted.hash
                   AND q.author = wanted.author AND NOT q.is_envelope
                   AND coalesce(q.resolved_how, '') NOT IN ('admitted', 'arrived')
             WHERE c.position IS NOT NULL OR q.code IS NOT NULL",
        )
        .bind(district.0)
        .bind(wanted.iter().map(|(author, _)| author.0).collect::<Vec<_>>())
        .bind(wanted.iter().map(|(_, hash)| &hash.0[..]).collect::<Vec<_>>())
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
             WHERE r.district_id = $1 AND r.record_id = $2 ORDER BY c.position",
        )
        .bind(district.0)
        .bind(id.0)
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
        // A row comes with the bytes before it, so that only the page travels, and one row more; the limit ends the
        // reading, because the driver takes whatever a statement answers.
        let rows = sqlx::query(
            "SELECT page.nth, page.position, page.hash, page.bytes, page.device, page.received_at, page.holds,
                    page.checksum, d.bytes AS dictionary, page.record_id, r.kind, r.org, r.year, r.key
             FROM (
                 SELECT wanted.nth, c.*, row_number() OVER () AS place,
                        sum(length(c.bytes)) OVER (ROWS UNBOUNDED PRECEDING) - length(c.bytes) AS bytes_before
                 FROM unnest($2::uuid[], $3::integer[], $4::bigint[]) WITH ORDINALITY
                      AS wanted (org, year, position, nth)
                 CROSS JOIN LATERAL (
                     SELECT position, hash, bytes, device, record_id, received_at, holds, checksum FROM changes
                     WHERE district_id = $1 AND org = wanted.org AND year = wanted.year
                       AND position > wanted.position
                     ORDER BY position LIMIT $5
                 ) AS c
                 LIMIT $5
             ) AS page
             LEFT JOIN records r ON r.district_id = $1 AND r.record_id = page.record_id
             LEFT JOIN dictionaries d ON page.holds IS NOT NULL
                  AND d.district_id = $1 AND d.org = r.org AND d.year = r.year
             WHERE page.bytes_before <= $6 OR page.place = 2
             ORDER BY page.place",
        )
        .bind(district.0)
        .bind(marks.iter().map(|mark| mark.collection.org.0).collect::<Vec<_>>())
        .bind(marks.iter().map(|mark| i32::from(mark.collection.year)).collect::<Vec<_>>())
        .bind(marks.iter().map(|mark| sql_int(mark.position)).collect::<Vec<_>>())
        .bind(sql_int((max_bytes / SHORTEST_CHANGE + 2) as u64))
        .bind(sql_int(max_bytes as u64))
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        let (mut news, mut bytes, mut last) = (LogNews::default(), 0, (0, 0));
        for row in &rows {
            let columns = Columns::of("changes", row);
            let place: (u64, u64) = (columns.int("nth")?, columns.int("position")?);
            if place <= last {
                return Err(columns.corrupt(format_args!("{place:?} is read behind {last:?}")));
            }
            let before = if place.0 == last.0 {
                last.1
            } else {
                marks.get(place.0 as usize - 1).map_or(0, |mark| mark.position)
            };
            last = place;
            let row = read_log_row(before, row)?;
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
        let rows = sqlx::query(
            "SELECT wanted.org, wanted.year
             FROM unnest($2::uuid[], $3::integer[], $4::bigint[], $5::bytea[]) AS wanted (org, year, position, name)
             LEFT JOIN collections h ON h.district_id = $1 AND h.org = wanted.org AND h.year = wanted.year
             LEFT JOIN changes c ON c.district_id = $1 AND c.org = wanted.org AND c.year = wanted.year
                  AND c.position = wanted.position AND c.holds IS NULL
             WHERE (coalesce(h.head, 0) < wanted.position AND h.checksum IS NOT DISTINCT FROM h.head)
                OR substr(c.hash, 1, 8) <> wanted.name",
        )
        .bind(district.0)
        .bind(marks.iter().map(|mark| mark.collection.org.0).collect::<Vec<_>>())
        .bind(marks.iter().map(|mark| i32::from(mark.collection.year)).collect::<Vec<_>>())
        .bind(marks.iter().map(|mark| sql_int(mark.position)).collect::<Vec<_>>())
        .bind(marks.iter().map(|mark| mark.name.map(|name| name.to_vec())).collect::<Vec<_>>())
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        let collection = |row: &PgRow| {
            let columns = Columns::of("changes", row);
            Ok(Collection { org: columns.id("org")?, year: columns.int("year")? })
        };
        rows.iter().map(collection).collect()
    }

    async fn list_collections(&self, district: DistrictId) -> Result<Vec<(Collection, u64)>, StoreError> {
        let rows = sqlx::query(
            "SELECT org, year, head, checksum = head AS is_whole FROM collections
             WHERE district_id = $1 ORDER BY org, year",
        )
        .bind(district.0)
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
             WHERE district_id = $1 AND ($2 IS NULL OR record_id > $2) ORDER BY record_id LIMIT $3",
        )
        .bind(district.0)
        .bind(after.map(|id| id.0))
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
             WHERE district_id = $1 AND org = $2 AND year = $3 ORDER BY record_id",
        )
        .bind(district.0)
        .bind(collection.org.0)
        .bind(i32::from(collection.year))
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        Ok(rows.iter().filter_map(read_summary).collect())
    }
}

impl PostgresStore {
    async fn try_commit(&self, deliveries: &[Delivery]) -> Result<Vec<Committed>, StoreError> {
        let mut tx = self.begin().await?;
        let committed = commit::write(&mut tx, deliveries).await?;
        tx.commit().await.map_err(from_sqlx)?;
        Ok(committed)
    }
}

/// What an author was told of a change.
type Told = ((DeviceId, ChangeHash), KnownChange);

fn read_known(row: &PgRow) -> Result<Option<Told>, StoreError> {
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

pub(super) fn read_change(record: &RecordRef, row: &PgRow) -> Result<StoredChange, StoreError> {
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
fn read_log_row(before: u64, row: &PgRow) -> Result<LogRow, StoreError> {
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

fn read_head(row: &PgRow) -> Result<(Collection, u64), StoreError> {
    let columns = Columns::whole("collections", row, "org")?;
    Ok((Collection { org: columns.id("org")?, year: columns.int("year")? }, columns.int("head")?))
}

/// None for a row that is not what was written: the other records are listed all the same, and whoever opens this one
/// is told.
fn read_summary(row: &PgRow) -> Option<RecordSummary> {
    read_whole_summary(row).inspect_err(left_out).ok()
}

fn read_whole_summary(row: &PgRow) -> Result<RecordSummary, StoreError> {
    let columns = Columns::whole("records", row, "record_id")?;
    Ok(RecordSummary {
        reference: columns.record()?,
        version: columns.int("version")?,
        size_bytes: columns.int("size_bytes")?,
    })
}

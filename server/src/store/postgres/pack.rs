//! Packing the log in Postgres, and reading what was packed.

use async_trait::async_trait;
use sqlx::postgres::{PgConnection, PgRow};
use zhibu_domain::ids::{DeviceId, DistrictId};
use zhibu_domain::record::{Collection, RecordRef, change_hash};
use zhibu_domain::time::Millis;

use super::log::{read_change, read_place};
use super::row::{Columns, sql_int};
use super::{PostgresStore, from_sqlx};
use crate::metrics::Stage;
use crate::store::checksum::Place;
use crate::store::pack::{Sealed, open_dictionary, open_for_sending};
use crate::store::{LogContent, LooseRecord, PackStore, SealedPack, StoreError, StoredChange};

#[async_trait]
impl PackStore for PostgresStore {
    async fn loose_records(
        &self,
        district: DistrictId,
        collection: Collection,
        before: Millis,
    ) -> Result<Vec<LooseRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT r.record_id, r.kind, r.org, r.year, r.key, r.version, r.packed,
                    (SELECT count(*) FROM changes c
                     WHERE c.district_id = r.district_id AND c.record_id = r.record_id
                       AND c.holds IS NULL AND c.received_at < $4) AS old
             FROM records r
             WHERE r.district_id = $1 AND r.org = $2 AND r.year = $3 AND r.version > r.packed
             ORDER BY r.record_id",
        )
        .bind(district.0)
        .bind(collection.org.0)
        .bind(i32::from(collection.year))
        .bind(before.0)
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        rows.iter().map(read_loose).collect()
    }

    async fn find_dictionary(
        &self,
        district: DistrictId,
        collection: Collection,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        sqlx::query_scalar("SELECT bytes FROM dictionaries WHERE district_id = $1 AND org = $2 AND year = $3")
            .bind(district.0)
            .bind(collection.org.0)
            .bind(i32::from(collection.year))
            .fetch_optional(&self.readers)
            .await
            .map_err(from_sqlx)
    }

    async fn put_dictionary(
        &self,
        district: DistrictId,
        collection: Collection,
        sealed: &[u8],
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO dictionaries (district_id, org, year, bytes) VALUES ($1, $2, $3, $4)
             ON CONFLICT DO NOTHING",
        )
        .bind(district.0)
        .bind(collection.org.0)
        .bind(i32::from(collection.year))
        .bind(sealed)
        .execute(&self.writer)
        .await
        .map_err(from_sqlx)?;
        Ok(())
    }

    async fn compact(&self, district: DistrictId, packs: &[SealedPack]) -> Result<Vec<bool>, StoreError> {
        let mut tx = self.begin().await?;
        let replacing = Stage::Replace.begin();
        // In the order of their ids, as commits take them: nobody waits in a circle.
        let mut order: Vec<usize> = (0..packs.len()).collect();
        order.sort_by_key(|place| packs[*place].record.id());
        let mut done = vec![false; packs.len()];
        for place in order {
            done[place] = compact_one(&mut tx, district, &packs[place]).await?;
        }
        tx.commit().await.map_err(from_sqlx)?;
        replacing.end();
        Ok(done)
    }

    async fn forget_envelopes(
        &self,
        district: DistrictId,
        before: Millis,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let done = sqlx::query(
            "DELETE FROM envelopes WHERE district_id = $1 AND (device, counter) IN (
                 SELECT device, counter FROM envelopes
                 WHERE district_id = $1 AND received_at < $2 LIMIT $3)",
        )
        .bind(district.0)
        .bind(before.0)
        .bind(i64::from(limit))
        .execute(&self.writer)
        .await
        .map_err(from_sqlx)?;
        Ok(done.rows_affected())
    }
}

/// Holds the record, so that of two servers that pack it one finds the other's pack.
async fn compact_one(
    tx: &mut PgConnection,
    district: DistrictId,
    pack: &SealedPack,
) -> Result<bool, StoreError> {
    let record = pack.record.id();
    sqlx::query("SELECT version FROM records WHERE district_id = $1 AND record_id = $2 FOR NO KEY UPDATE")
        .bind(district.0)
        .bind(record.0)
        .execute(&mut *tx)
        .await
        .map_err(from_sqlx)?;
    let rows: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM changes WHERE district_id = $1 AND record_id = $2 AND position <= $3",
    )
    .bind(district.0)
    .bind(record.0)
    .bind(sql_int(pack.position))
    .fetch_one(&mut *tx)
    .await
    .map_err(from_sqlx)?;
    if rows != sql_int(pack.replaces) {
        return Ok(false);
    }
    sqlx::query("DELETE FROM changes WHERE district_id = $1 AND record_id = $2 AND position <= $3")
        .bind(district.0)
        .bind(record.0)
        .bind(sql_int(pack.position))
        .execute(&mut *tx)
        .await
        .map_err(from_sqlx)?;
    sqlx::query(
        "INSERT INTO changes (district_id, org, year, position, record_id, hash, bytes, device, counter, carrier,
                              received_at, holds, checksum)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $8, $9, $10, $11)",
    )
    .bind(district.0)
    .bind(pack.record.org.0)
    .bind(i32::from(pack.record.year))
    .bind(sql_int(pack.position))
    .bind(record.0)
    .bind(&pack.hash.0[..])
    .bind(&pack.bytes[..])
    .bind(pack.author.0)
    .bind(pack.received_at.0)
    .bind(sql_int(pack.holds))
    .bind(Place::of_pack(pack).checksum())
    .execute(&mut *tx)
    .await
    .map_err(from_sqlx)?;
    sqlx::query("UPDATE records SET packed = $3 WHERE district_id = $1 AND record_id = $2")
        .bind(district.0)
        .bind(record.0)
        .bind(sql_int(pack.holds))
        .execute(&mut *tx)
        .await
        .map_err(from_sqlx)?;
    // Nobody writes to it any more: the index would only lie there.
    sqlx::query(
        "DELETE FROM record_indexes WHERE district_id = $1 AND record_id = $2
             AND $3 = (SELECT version FROM records WHERE district_id = $1 AND record_id = $2)",
    )
    .bind(district.0)
    .bind(record.0)
    .bind(sql_int(pack.holds))
    .execute(&mut *tx)
    .await
    .map_err(from_sqlx)?;
    Ok(true)
}

/// Adds what a row of the log holds to a record's changes; how many of them came out of a pack.
pub(super) fn read_changes(
    record: &RecordRef,
    row: &PgRow,
    changes: &mut Vec<StoredChange>,
) -> Result<usize, StoreError> {
    let columns = Columns::of("changes", row);
    read_place(record, &columns)?.check(columns.get("checksum")?)?;
    let Some(holds) = columns.get::<Option<i64>>("holds")? else {
        changes.push(read_change(record, row)?);
        return Ok(0);
    };
    let dictionary = read_dictionary(&columns)?;
    let position = columns.int("position")?;
    let sealed = Sealed { position, holds, hash: columns.hash("hash")?, bytes: columns.get("bytes")? };
    let packed = sealed.open(record, dictionary.as_deref())?;
    let count = packed.len();
    changes.extend(packed);
    Ok(count)
}

/// What a row of the log holds, as it is sent.
pub(super) fn read_content(record: &RecordRef, row: &PgRow) -> Result<LogContent, StoreError> {
    let columns = Columns::of("changes", row);
    if columns.get::<Option<i64>>("holds")?.is_none() {
        let bytes: Vec<u8> = columns.get("bytes")?;
        // A disk that turned a bit must not have it sent to every phone.
        if change_hash(&bytes) != Some(columns.hash("hash")?) {
            return Err(columns.corrupt(format_args!("a change of {} is not its hash", record.id())));
        }
        return Ok(LogContent::Change(bytes, columns.id::<DeviceId>("device")?));
    }
    let dictionary = read_dictionary(&columns)?;
    let pack =
        open_for_sending(record, columns.int("position")?, columns.get("bytes")?, dictionary.as_deref())?;
    Ok(LogContent::Pack(pack))
}

/// The column `dictionary`, ready for use.
pub(super) fn read_dictionary(columns: &Columns<'_>) -> Result<Option<Vec<u8>>, StoreError> {
    columns.get::<Option<&[u8]>>("dictionary")?.map(open_dictionary).transpose()
}

fn read_loose(row: &PgRow) -> Result<LooseRecord, StoreError> {
    let columns = Columns::of("records", row);
    Ok(LooseRecord {
        reference: columns.record()?,
        version: columns.int("version")?,
        packed: columns.int("packed")?,
        old: columns.int("old")?,
    })
}

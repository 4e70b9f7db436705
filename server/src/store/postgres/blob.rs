//! Pictures in Postgres.

use async_trait::async_trait;
use sqlx::postgres::{PgConnection, PgRow};
use zhibu_domain::attachment::BlobHash;
use zhibu_domain::ids::{DistrictId, RecordId};
use zhibu_domain::time::Millis;

use super::row::Columns;
use super::{PostgresStore, from_sqlx};
use crate::store::{BlobStore, CLAIM_MS, StoreError, StoredBlob};

#[async_trait]
impl BlobStore for PostgresStore {
    async fn expect_blob(
        &self,
        district: DistrictId,
        hash: BlobHash,
        at: Millis,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        hold(&mut tx, district, hash).await?;
        sqlx::query(
            "INSERT INTO loose_blobs AS loose (district_id, hash, since)
             SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT 1 FROM blobs WHERE district_id = $1 AND hash = $2)
             ON CONFLICT (district_id, hash) DO UPDATE SET since = excluded.since, claimed_at = NULL
             WHERE loose.claimed_at IS NULL OR loose.claimed_at < $4",
        )
        .bind(district.0)
        .bind(&hash.0[..])
        .bind(at.0)
        .bind(at.plus(-CLAIM_MS).0)
        .execute(&mut *tx)
        .await
        .map_err(from_sqlx)?;
        let is_claimed: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM loose_blobs
                            WHERE district_id = $1 AND hash = $2 AND claimed_at IS NOT NULL)",
        )
        .bind(district.0)
        .bind(&hash.0[..])
        .fetch_one(&mut *tx)
        .await
        .map_err(from_sqlx)?;
        tx.commit().await.map_err(from_sqlx)?;
        Ok(!is_claimed)
    }

    async fn note_blob(&self, district: DistrictId, blob: &StoredBlob) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        hold(&mut tx, district, blob.hash).await?;
        sqlx::query(
            "INSERT INTO blobs (district_id, record_id, hash, size, mime, size_bytes, arrived_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        )
        .bind(district.0)
        .bind(blob.record.0)
        .bind(&blob.hash.0[..])
        .bind(blob.size.as_str())
        .bind(blob.mime.as_str())
        .bind(i64::from(blob.size_bytes))
        .bind(blob.arrived_at.0)
        .execute(&mut *tx)
        .await
        .map_err(from_sqlx)?;
        sqlx::query("DELETE FROM loose_blobs WHERE district_id = $1 AND hash = $2")
            .bind(district.0)
            .bind(&blob.hash.0[..])
            .execute(&mut *tx)
            .await
            .map_err(from_sqlx)?;
        tx.commit().await.map_err(from_sqlx)
    }

    async fn blobs_of(&self, district: DistrictId, record: RecordId) -> Result<Vec<StoredBlob>, StoreError> {
        let rows = sqlx::query(
            "SELECT b.*, b.checksum IS NOT DISTINCT FROM b.said AS is_whole FROM blobs b
             WHERE b.district_id = $1 AND b.record_id = $2 ORDER BY b.hash",
        )
        .bind(district.0)
        .bind(record.0)
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        rows.iter().map(read_blob).collect()
    }

    async fn list_blobs(
        &self,
        district: DistrictId,
        after: Option<(RecordId, BlobHash)>,
        limit: u32,
    ) -> Result<Vec<StoredBlob>, StoreError> {
        let rows = sqlx::query(
            "SELECT b.*, b.checksum IS NOT DISTINCT FROM b.said AS is_whole FROM blobs b
             WHERE b.district_id = $1 AND ($2 IS NULL OR (b.record_id, b.hash) > ($2, $3))
             ORDER BY b.record_id, b.hash LIMIT $4",
        )
        .bind(district.0)
        .bind(after.map(|(record, _)| record.0))
        .bind(after.map(|(_, hash)| hash.0.to_vec()))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        rows.iter().map(read_blob).collect()
    }

    async fn forget_blob(
        &self,
        district: DistrictId,
        record: RecordId,
        hash: BlobHash,
        at: Millis,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        hold(&mut tx, district, hash).await?;
        let forgotten =
            sqlx::query("DELETE FROM blobs WHERE district_id = $1 AND record_id = $2 AND hash = $3")
                .bind(district.0)
                .bind(record.0)
                .bind(&hash.0[..])
                .execute(&mut *tx)
                .await
                .map_err(from_sqlx)?;
        if forgotten.rows_affected() == 0 {
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO loose_blobs (district_id, hash, since)
             SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT 1 FROM blobs WHERE district_id = $1 AND hash = $2)
             ON CONFLICT DO NOTHING",
        )
        .bind(district.0)
        .bind(&hash.0[..])
        .bind(at.0)
        .execute(&mut *tx)
        .await
        .map_err(from_sqlx)?;
        tx.commit().await.map_err(from_sqlx)
    }

    async fn claim_loose_blobs(
        &self,
        district: DistrictId,
        before: Millis,
        at: Millis,
        limit: u32,
    ) -> Result<Vec<BlobHash>, StoreError> {
        let rows = sqlx::query(
            "UPDATE loose_blobs SET claimed_at = $1
             WHERE district_id = $2 AND hash IN (
                 SELECT hash FROM loose_blobs
                 WHERE district_id = $2 AND since < $3 AND (claimed_at IS NULL OR claimed_at < $4)
                 ORDER BY hash LIMIT $5 FOR UPDATE SKIP LOCKED)
             RETURNING hash",
        )
        .bind(at.0)
        .bind(district.0)
        .bind(before.0)
        .bind(at.plus(-CLAIM_MS).0)
        .bind(i64::from(limit))
        .fetch_all(&self.writer)
        .await
        .map_err(from_sqlx)?;
        rows.iter().map(|row| Ok(BlobHash(Columns::of("loose_blobs", row).array("hash")?))).collect()
    }

    async fn drop_loose_blob(&self, district: DistrictId, hash: BlobHash) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM loose_blobs WHERE district_id = $1 AND hash = $2")
            .bind(district.0)
            .bind(&hash.0[..])
            .execute(&self.writer)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }
}

/// Whoever asks whether a picture is held, and writes what follows, does it alone: there may be no row yet that could
/// be locked.
async fn hold(tx: &mut PgConnection, district: DistrictId, hash: BlobHash) -> Result<(), StoreError> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('picture ' || $1 || encode($2, 'hex'), 0))")
        .bind(district.0)
        .bind(&hash.0[..])
        .execute(tx)
        .await
        .map_err(from_sqlx)?;
    Ok(())
}

fn read_blob(row: &PgRow) -> Result<StoredBlob, StoreError> {
    let columns = Columns::whole("blobs", row, "hash")?;
    Ok(StoredBlob {
        record: columns.id("record_id")?,
        hash: BlobHash(columns.array("hash")?),
        size: columns.word("size")?,
        mime: columns.word("mime")?,
        size_bytes: columns.int("size_bytes")?,
        arrived_at: columns.millis("arrived_at")?,
    })
}

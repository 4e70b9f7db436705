//! What the database says of itself.

use sqlx::Row as _;
use zhibu_domain::time::Millis;

use super::{PostgresStore, from_sqlx};
use crate::store::{StoreError, StoreFigures};

pub(super) async fn read(store: &PostgresStore) -> Result<StoreFigures, StoreError> {
    let row = sqlx::query(
        "SELECT pg_database_size(current_database()) AS bytes,
                (SELECT count(*) FROM dirty_records) AS marked,
                (SELECT min((SELECT c.received_at FROM changes c
                             WHERE c.district_id = d.district_id AND c.record_id = d.record_id
                             ORDER BY c.position DESC LIMIT 1)) FROM dirty_records d) AS oldest,
                (SELECT count(*) FROM quarantine WHERE resolved_at IS NULL) AS quarantined,
                (SELECT count(*) FROM devices WHERE NOT is_console AND revoked_at IS NULL) AS devices,
                (SELECT count(*) FROM sessions) AS sessions,
                (SELECT count(*) FROM blobs) AS blobs,
                (SELECT coalesce(sum(size_bytes), 0)::bigint FROM blobs) AS blob_bytes",
    )
    .fetch_one(&store.readers)
    .await
    .map_err(from_sqlx)?;
    let count = |name| row.try_get::<i64, _>(name).map(i64::unsigned_abs).map_err(from_sqlx);
    Ok(StoreFigures {
        database_bytes: count("bytes")?,
        // Part of what the database server keeps, for all its databases together.
        journal_bytes: 0,
        free_bytes: None,
        marked_records: count("marked")?,
        oldest_mark_at: row.try_get::<Option<i64>, _>("oldest").map_err(from_sqlx)?.map(Millis),
        quarantined: count("quarantined")?,
        devices: count("devices")?,
        sessions: count("sessions")?,
        blobs: count("blobs")?,
        blob_bytes: count("blob_bytes")?,
    })
}

//! What the file says of itself.

use std::path::Path;

use sqlx::Row as _;

use super::{SqliteStore, from_sqlx};
use crate::store::{StoreError, StoreFigures};
use zhibu_domain::time::Millis;

/// Less than this is a full disk: a commit of the largest batch, its write-ahead log and its fold fit in it.
pub(super) const LEAST_FREE_BYTES: u64 = 64 << 20;

pub(super) async fn read(store: &SqliteStore) -> Result<StoreFigures, StoreError> {
    let options = store.readers.connect_options();
    let path = options.get_filename();
    let row = sqlx::query(
        "SELECT (SELECT COUNT(*) FROM dirty_records) AS marked,
                (SELECT MIN((SELECT c.received_at FROM changes c
                             WHERE c.district_id = d.district_id AND c.record_id = d.record_id
                             ORDER BY c.position DESC LIMIT 1)) FROM dirty_records d) AS oldest,
                (SELECT COUNT(*) FROM quarantine WHERE resolved_at IS NULL) AS quarantined,
                (SELECT COUNT(*) FROM devices WHERE NOT is_console AND revoked_at IS NULL) AS devices,
                (SELECT COUNT(*) FROM sessions) AS sessions,
                (SELECT COUNT(*) FROM blobs) AS blobs,
                (SELECT COALESCE(SUM(size_bytes), 0) FROM blobs) AS blob_bytes",
    )
    .fetch_one(&store.readers)
    .await
    .map_err(from_sqlx)?;
    let count = |name| row.try_get::<i64, _>(name).map(i64::unsigned_abs).map_err(from_sqlx);
    Ok(StoreFigures {
        database_bytes: bytes_of(path),
        journal_bytes: bytes_of(&beside(path, "-wal")),
        free_bytes: free_bytes(path),
        marked_records: count("marked")?,
        oldest_mark_at: row.try_get::<Option<i64>, _>("oldest").map_err(from_sqlx)?.map(Millis),
        quarantined: count("quarantined")?,
        devices: count("devices")?,
        sessions: count("sessions")?,
        blobs: count("blobs")?,
        blob_bytes: count("blob_bytes")?,
    })
}

/// What the disk has left; none if it does not say.
pub(super) fn free_bytes(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn bytes_of(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}

fn beside(path: &Path, suffix: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

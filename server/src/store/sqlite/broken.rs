//! Rows that are not what was written, in SQLite: for `verify --deep`.

use futures::TryStreamExt as _;

use super::row::Columns;
use super::{SqliteStore, from_sqlx};
use crate::store::StoreError;
use crate::store::checksum::check_envelope;

/// The tables with checksums.
const TABLES: [&str; 10] = [
    "districts",
    "orgs",
    "accounts",
    "devices",
    "invites",
    "sessions",
    "quarantine",
    "blobs",
    "collections",
    "records",
];

pub(super) async fn rows(store: &SqliteStore) -> Result<Vec<(&'static str, String)>, StoreError> {
    let found: Vec<(String, String)> = sqlx::query_as(
        "SELECT 'districts' AS broken, lower(hex(t.district_id)) AS name FROM districts t WHERE t.checksum IS DISTINCT FROM t.said
         UNION ALL SELECT 'orgs' AS broken, lower(hex(t.org)) AS name FROM orgs t WHERE t.checksum IS DISTINCT FROM t.said
         UNION ALL SELECT 'accounts' AS broken, lower(hex(t.account)) AS name FROM accounts t WHERE t.checksum IS DISTINCT FROM t.said
         UNION ALL SELECT 'devices' AS broken, lower(hex(t.device)) AS name FROM devices t WHERE t.checksum IS DISTINCT FROM t.said
         UNION ALL SELECT 'invites' AS broken, lower(hex(t.invite)) AS name FROM invites t WHERE t.checksum IS DISTINCT FROM t.said
         UNION ALL SELECT 'sessions' AS broken, lower(hex(t.account)) AS name FROM sessions t WHERE t.checksum IS DISTINCT FROM t.said
         UNION ALL SELECT 'quarantine' AS broken, lower(hex(t.item)) AS name FROM quarantine t WHERE t.checksum IS DISTINCT FROM t.said
         UNION ALL SELECT 'blobs' AS broken, lower(hex(t.hash)) AS name FROM blobs t WHERE t.checksum IS DISTINCT FROM t.said
         UNION ALL SELECT 'collections', lower(hex(t.org)) FROM collections t WHERE t.checksum IS DISTINCT FROM t.head
         UNION ALL SELECT 'records', lower(hex(t.record_id)) FROM records t WHERE t.checksum IS DISTINCT FROM t.version + t.size_bytes",
    )
    .fetch_all(&store.readers)
    .await
    .map_err(from_sqlx)?;
    let named =
        |(table, row): (String, String)| Some((TABLES.into_iter().find(|known| *known == table)?, row));
    let mut broken: Vec<_> = found.into_iter().filter_map(named).collect();
    // Only summed up outside of the database.
    let mut envelopes =
        sqlx::query("SELECT device, counter, digest, checksum FROM envelopes").fetch(&store.readers);
    while let Some(row) = envelopes.try_next().await.map_err(from_sqlx)? {
        let columns = Columns::of("envelopes", &row);
        let (device, counter, digest) =
            (columns.id("device")?, columns.int("counter")?, columns.array("digest")?);
        if let Err(StoreError::Corrupt { table, row }) =
            check_envelope(device, counter, &digest, columns.get("checksum")?)
        {
            broken.push((table, row));
        }
    }
    Ok(broken)
}

//! Rows that are not what was written, in Postgres: for `verify --deep`.

use futures::TryStreamExt as _;

use super::row::Columns;
use super::{PostgresStore, from_sqlx};
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

pub(super) async fn rows(store: &PostgresStore) -> Result<Vec<(&'static str, String)>, StoreError> {
    let found: Vec<(String, String)> = sqlx::query_as(
        "SELECT 'districts' AS broken, t.district_id::text AS name FROM districts t WHERE t.checksum IS DISTINCT FROM t.said
         UNION ALL SELECT 'orgs' AS broken, t.org::text AS name FROM orgs t WHERE t.checksum IS DISTINCT FROM t.said
         UNION ALL SELECT 'accounts' AS broken, t.account::text AS name FROM accounts t WHERE t.checksum IS DISTINCT FROM t.said
         UNION ALL SELECT 'devices' AS broken, t.device::text AS name FROM devices t WHERE t.checksum IS DISTINCT FROM t.said
         UNION ALL SELECT 'invites' AS broken, t.invite::text AS name FROM invites t WHERE t.checksum IS DISTINCT FROM t.said
         UNION ALL SELECT 'sessions' AS broken, t.account::text AS name FROM sessions t WHERE t.checksum IS DISTINCT FROM t.said
         UNION ALL SELECT 'quarantine' AS broken, t.item::text AS name FROM quarantine t WHERE t.checksum IS DISTINCT FROM t.said
         UNION ALL SELECT 'blobs' AS broken, encode(t.hash, 'hex') AS name FROM blobs t WHERE t.checksum IS DISTINCT FROM t.said
         UNION ALL SELECT 'collections', t.org::text FROM collections t WHERE t.checksum IS DISTINCT FROM t.head
         UNION ALL SELECT 'records', t.record_id::text FROM records t WHERE t.checksum IS DISTINCT FROM t.version + t.size_bytes",
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

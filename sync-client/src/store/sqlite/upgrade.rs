//! Files of earlier versions.

use std::collections::BTreeSet;

use super::{Tx, with_check};
use crate::store::StoreError;

/// What a file of the first version lacks, beside the check of each row. The first of them had no pictures.
const SINCE_VERSION_1: &str = "
    CREATE TABLE vouchers (place INTEGER PRIMARY KEY AUTOINCREMENT, row BLOB NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS blobs (
        record BLOB NOT NULL, hash BLOB NOT NULL, row BLOB NOT NULL, PRIMARY KEY (record, hash)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS blob_bytes (
        record BLOB NOT NULL, hash BLOB NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (record, hash)
    ) STRICT;";
/// The columns of the first version that hold rows.
const ROWS_OF_VERSION_1: [(&str, &str); 9] = [
    ("SELECT state FROM phone WHERE state IS NOT NULL", "UPDATE phone SET state = ?2 WHERE state = ?1"),
    (
        "SELECT profile FROM phone WHERE profile IS NOT NULL",
        "UPDATE phone SET profile = ?2 WHERE profile = ?1",
    ),
    ("SELECT row FROM authors", "UPDATE authors SET row = ?2 WHERE row = ?1"),
    ("SELECT row FROM pending", "UPDATE pending SET row = ?2 WHERE row = ?1"),
    ("SELECT row FROM refused", "UPDATE refused SET row = ?2 WHERE row = ?1"),
    ("SELECT row FROM envelopes", "UPDATE envelopes SET row = ?2 WHERE row = ?1"),
    ("SELECT row FROM carried", "UPDATE carried SET row = ?2 WHERE row = ?1"),
    ("SELECT row FROM records", "UPDATE records SET row = ?2 WHERE row = ?1"),
    ("SELECT row FROM blobs", "UPDATE blobs SET row = ?2 WHERE row = ?1"),
];

/// Brings a file of the second version up to date: its marks do not say what stands there.
pub(super) async fn from_version_2(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    sqlx::raw_sql("ALTER TABLE marks ADD COLUMN name BLOB").execute(&mut **tx).await?;
    Ok(())
}

/// Makes a file of the first version one of the second: its rows get their checks.
pub(super) async fn from_version_1(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    sqlx::raw_sql(SINCE_VERSION_1).execute(&mut **tx).await?;
    for (select, update) in ROWS_OF_VERSION_1 {
        let rows: BTreeSet<Vec<u8>> =
            sqlx::query_scalar(select).fetch_all(&mut **tx).await?.into_iter().collect();
        for row in rows {
            sqlx::query(update).bind(&row).bind(with_check(row.clone())).execute(&mut **tx).await?;
        }
    }
    // There may be many of these: by place, and not by what they hold.
    let rows: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT place, row FROM accepted").fetch_all(&mut **tx).await?;
    for (place, row) in rows {
        sqlx::query("UPDATE accepted SET row = ? WHERE place = ?")
            .bind(with_check(row))
            .bind(place)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

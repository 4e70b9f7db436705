//! What the one who runs the server does at its command line: make a district, look whether all is well, take a
//! record out, compute the lists anew.

pub mod export;
pub mod init;
pub mod invite;
pub mod second_factor;
pub mod verify;
mod welcome;

use std::path::Path;

use anyhow::Context as _;

use crate::config;
use crate::store::Store;
use crate::store::sqlite::SqliteStore;

/// Opens the database of a data folder that must have one. To make one by a typing error in `--data` would answer
/// "all is well" about nothing.
pub async fn open_existing(data: &Path) -> anyhow::Result<SqliteStore> {
    let database = config::database(data);
    anyhow::ensure!(
        database.is_file(),
        "{} 里没有数据（找不到 {}）。请检查 --data。",
        data.display(),
        config::DATABASE
    );
    SqliteStore::open(&database).await.with_context(|| format!("打不开 {}", database.display()))
}

/// Computes every list anew from the log; answers how many records that were.
pub async fn reproject(store: &dyn Store) -> anyhow::Result<u64> {
    let mut records = 0;
    for district in store.list_districts().await? {
        records += crate::projection::reproject(store, district.id).await?;
    }
    Ok(records)
}

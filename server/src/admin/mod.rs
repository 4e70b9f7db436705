//! What the one who runs the server does at its command line: make a district, look whether all is well, take a
//! record out, compute the lists anew, take backups and give them back.

pub mod backup;
pub mod export;
pub mod generation;
pub mod init;
pub mod invite;
pub mod second_factor;
pub mod size;
pub mod verify;
mod welcome;

use std::sync::Arc;

use anyhow::Context as _;

use crate::store::{Database, Store};

/// Opens a database that must have a district. To make one by a typing error in `--data` would answer "all is well"
/// about nothing.
pub async fn open_existing(database: &Database) -> anyhow::Result<Arc<dyn Store>> {
    let store = database.open_existing().await.with_context(|| format!("打不开 {database}"))?;
    store.with_context(|| format!("{database} 里没有数据。请检查 --data 和 --database-url。"))
}

/// Computes every list anew from the log; answers how many records that were.
pub async fn reproject(store: &dyn Store) -> anyhow::Result<u64> {
    let mut records = 0;
    for district in store.list_districts().await? {
        records += crate::projection::reproject(store, district.id).await?;
    }
    Ok(records)
}

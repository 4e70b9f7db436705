//! The contract, in memory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::MemoryStore;
use crate::store::conformance::conformance;
use crate::store::{Store, StoreError};

/// What stands for the disk: the store of each folder.
static FOLDERS: Mutex<BTreeMap<PathBuf, MemoryStore>> = Mutex::new(BTreeMap::new());

async fn open(folder: &Path) -> Arc<dyn Store> {
    let mut folders = FOLDERS.lock().unwrap();
    let store = folders.entry(folder.to_owned()).or_insert_with(MemoryStore::empty);
    Arc::new(store.reopened())
}

conformance!(open, or_skip: true);

#[tokio::test]
async fn a_backup_stays_as_it_was_and_a_closed_store_answers_nothing() {
    let store = MemoryStore::empty();
    crate::store::conformance::populate(&store).await;
    let (backup, again) = (store.copied(), store.reopened());
    let delivery = crate::store::conformance::delivery;
    let number = [delivery(1, Vec::new())];
    crate::store::LogStore::commit(&store, &number).await.unwrap();
    let last_counter = async |store: &dyn Store| {
        let owner = store.locate_device(crate::store::conformance::PHONE).await.unwrap();
        owner.unwrap().device.last_counter
    };
    assert_eq!((last_counter(&again).await, last_counter(&backup).await), (1, 0));
    again.close().await;
    assert!(matches!(again.ping().await, Err(StoreError::Unavailable(_))));
    store.ping().await.unwrap();
}

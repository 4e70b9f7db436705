//! The contract, in memory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::MemoryStore;
use crate::store::conformance::{DISTRICT, conformance};
use crate::store::{News, NewsStore as _, Store, StoreError, Word};

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

#[tokio::test]
async fn word_goes_to_the_others_over_the_same_tables_and_to_nobody_else() {
    let store = MemoryStore::empty();
    let (other, apart) = (store.reopened(), store.copied());
    let (mut own, mut theirs, mut elsewhere) = (store.hear(), other.hear(), apart.hear());
    let collection = crate::store::conformance::activity(1).collection();
    let news = News { district: DISTRICT, collection, position: 7 };
    store.tell(&[news]);
    assert_eq!(theirs.try_recv().unwrap(), Word::Moved(news));
    assert!(own.try_recv().is_err() && elsewhere.try_recv().is_err());
}

use zhibu_domain::access::Author;
use zhibu_domain::ids::{AccountId, RecordId};
use zhibu_domain::org::{Post, Role};
use zhibu_domain::record::unpack;
use zhibu_domain::wire::{ReadMark, Receipt, SentChange};

use super::*;
use crate::admin::verify::verify;
use crate::blobs::BlobPlace;
use crate::clock::{SystemClock, SystemEntropy};
use crate::demo::cast::{Cast, Size};
use crate::demo::history;
use crate::projection;
use crate::store::sqlite::SqliteStore;
use crate::store::{LogContent, LogRow, LogStore as _, RecordSummary, StoredRecord};
use crate::sync::{Ledger, Trees};

struct Made {
    folder: tempfile::TempDir,
    store: Arc<SqliteStore>,
    district: DistrictId,
}

async fn make() -> Made {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(&folder.path().join("zhibu.sqlite")).await.unwrap());
    let cast = Cast::new(Size::Small, 1);
    history::write(store.clone(), &SystemEntropy, &cast, 1).await.unwrap();
    Made { folder, store, district: cast.district.id }
}

impl Made {
    async fn records(&self) -> Vec<StoredRecord> {
        let mut records = Vec::new();
        for RecordSummary { reference, .. } in
            self.store.list_records(self.district, None, u32::MAX).await.unwrap()
        {
            records.extend(self.store.load_record(self.district, reference.id()).await.unwrap());
        }
        records
    }

    fn blobs(&self) -> BlobPlace {
        BlobPlace::folder(&self.folder.path().join("blobs")).unwrap()
    }

    /// Everything that a new phone of the whole district is sent.
    async fn log(&self) -> Vec<LogRow> {
        let collections = self.store.list_collections(self.district).await.unwrap();
        let marks: Vec<_> =
            collections.into_iter().map(|(collection, _)| ReadMark::at(collection, 0)).collect();
        self.store.read_news(self.district, &marks, usize::MAX).await.unwrap().rows
    }
}

fn changes_of(rows: &[LogRow], record: RecordId) -> Vec<Vec<u8>> {
    let of_record = rows.iter().filter(|row| row.record.id() == record);
    of_record
        .flat_map(|row| match &row.content {
            LogContent::Change(bytes, _) => vec![bytes.clone()],
            LogContent::Damaged(why) => panic!("{why}"),
            LogContent::Pack(pack) => {
                unpack(&row.record, pack).unwrap().into_iter().map(|change| change.bytes).collect()
            }
        })
        .collect()
}

/// 2026-11-22, two weeks behind the end of the demo's history: September is old, October is not.
const NOW: Millis = Millis(1_795_305_600_000);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packed_district_is_the_same_district() {
    let made = make().await;
    let (before, log_before) = (made.records().await, made.log().await);
    let done = compact_at_once(&*made.store, NOW, 30).await.unwrap();
    assert!(done.records > 50 && done.pack_bytes * 2 < done.change_bytes, "{done:?}");
    let again = compact_at_once(&*made.store, NOW, 30).await.unwrap();
    assert_eq!((again.records, again.changes), (0, 0), "what is packed stays packed");
    let late = compact_at_once(&*made.store, NOW, 0).await.unwrap();
    assert!(late.records > 0, "what grew old meanwhile follows, also behind a pack");

    let (after, log_after) = (made.records().await, made.log().await);
    assert!(after.iter().all(|record| record.packed as u64 == record.version));
    assert!(log_after.len() * 2 < log_before.len());
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((before.reference, before.version), (after.reference, after.version));
        assert_eq!(before.changes, after.changes, "bytes, hashes, authors, positions, times");
        let id = before.reference.id();
        assert_eq!(changes_of(&log_before, id), changes_of(&log_after, id));
    }
    assert_eq!(projection::differences(&*made.store, made.district).await.unwrap(), []);
    let report = verify(&*made.store, &made.blobs()).await.unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_pack_is_found() {
    let made = make().await;
    compact_at_once(&*made.store, NOW, 0).await.unwrap();
    let victim = made.records().await.into_iter().find(|record| record.version > 3).unwrap().reference;
    made.store.damage_pack(made.district, victim.id()).await;
    assert!(matches!(
        made.store.load_record(made.district, victim.id()).await,
        Err(StoreError::Corrupt { table: "changes", .. })
    ));
    let report = verify(&*made.store, &made.blobs()).await.unwrap();
    assert!(!report.findings.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_packed_and_comes_again_is_a_duplicate_and_what_is_new_is_judged() {
    let made = make().await;
    let open = Ledger::start(made.store.clone(), Arc::new(SystemClock), Arc::new(Trees::default()));
    let record = made.records().await.into_iter().find(|record| record.version > 3).unwrap();
    let author = Author {
        account: AccountId::from_bytes([9; 16]),
        device: record.changes[1].author,
        member: None,
        posts: vec![Post { role: Role::BranchSecretary, org: record.reference.org }],
    };
    let bring = |ledger: Ledger, nth: usize| {
        let change = record.changes[nth].bytes.clone();
        let (author, record, district) = (author.clone(), record.reference, made.district);
        async move { ledger.submit_change(district, &author, 1, SentChange { record, change }).await.unwrap() }
    };
    // This judge has the record open since before it was packed.
    let position = record.changes[1].position;
    assert_eq!(bring(open.clone(), 1).await, Receipt::Duplicate(position));
    compact_at_once(&*made.store, NOW, 0).await.unwrap();
    let fresh = Ledger::start(made.store.clone(), Arc::new(SystemClock), Arc::new(Trees::default()));
    for ledger in [open, fresh] {
        for nth in 0..record.changes.len() {
            assert_eq!(bring(ledger.clone(), nth).await, Receipt::Duplicate(0), "no row of its own");
        }
    }
    let after = made.store.load_record(made.district, record.reference.id()).await.unwrap().unwrap();
    assert_eq!(after.changes, record.changes, "nothing was added");
}

//! A bit that a disk turned is seen before its row is served: each column of each table is turned once, under a store
//! that is asked everything before and after. Each answer stays what it was, or says which row is damaged.

use std::collections::BTreeMap;

use zhibu_domain::attachment::{BlobHash, PhotoFormat, PhotoSize};
use zhibu_domain::wire::ReadMark;

use super::*;
use crate::admin::verify::{verify, verify_deep};
use crate::blobs::BlobPlace;

/// Whoever reaches into the database behind the store's back.
#[async_trait]
pub(crate) trait Hand: Send {
    /// Keeps the database from summing up what this hand does.
    async fn begin(&mut self);
    /// All columns that are written.
    async fn columns(&mut self) -> Vec<(String, String)>;
    /// Turns a bit of the column's value in one row, the first that has any; `false` if none has.
    async fn turn(&mut self, table: &str, column: &str) -> bool;
    /// Puts the table's rows back.
    async fn put_back(&mut self, table: &str);
}

/// What is served all the same, or found by nobody, and why that is no harm.
const UNSEEN: [(&str, &str); 10] = [
    ("collections", "asked for by verify and the packer alone; verify finds it in the log"),
    ("quarantine.content", "compared with its name where it is shown or admitted"),
    ("dirty_records", "a note for the projector; verify compares the lists with the log"),
    ("envelopes.received_at", "when the number is forgotten"),
    ("records.packed", "where packing goes on; the rows themselves are counted"),
    ("changes.bytes", "hashed where they are sent, and by whoever replays them: see tests/keeping/damage.rs"),
    (
        "projected_activities.record_id",
        "what lists it says so; here its record is no activity that verify could compare",
    ),
    ("changes.counter", "never read"),
    ("changes.carrier", "never read"),
    ("loose_blobs", "when bytes that no record holds are removed"),
];

/// By what a row is found: turned, the row is missing, which whoever asks takes for an answer. `verify` finds it.
const KEYS: [&str; 12] = [
    "district_id",
    "org",
    "year",
    "account",
    "login",
    "device",
    "is_console",
    "secret_hash",
    "record_id",
    "item",
    "invite",
    "hash",
];

const CONSOLE: DeviceId = DeviceId::from_bytes([0x31; 16]);
const SESSION: SessionHash = [0x41; 32];

type Answers = BTreeMap<&'static str, Result<String, StoreError>>;

fn told<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> Result<String, StoreError> {
    answer.map(|answer| format!("{answer:?}"))
}

/// Asks everything that is ever served.
async fn ask(store: &dyn Store) -> Answers {
    let mark = |record: RecordRef| ReadMark::at(record.collection(), 0);
    let all = QuarantineFilter { orgs: None, author: None, open_only: false, after: None, limit: 9 };
    let lists = ActivityFilter { limit: 9, ..ActivityFilter::default() };
    let (one, other) = (activity(1), activity(2));
    let item = super::kept::refused_item();
    BTreeMap::from([
        ("districts", told(store.list_districts().await)),
        ("district", told(store.find_district(DISTRICT).await)),
        ("orgs", told(store.list_orgs(DISTRICT).await)),
        ("account", told(store.find_account(DISTRICT, SECRETARY).await)),
        ("login", told(store.find_login(DISTRICT, "shuji").await)),
        ("accounts", told(store.list_accounts(DISTRICT, None).await)),
        ("factor", told(store.find_factor(DISTRICT, SECRETARY).await)),
        ("session", told(store.find_session(DISTRICT, &SESSION).await)),
        ("owner", told(store.find_device(DISTRICT, PHONE).await)),
        ("located", told(store.locate_device(PHONE).await)),
        ("devices", told(store.list_devices(DISTRICT, SECRETARY).await)),
        ("phones", told(store.list_phones(DISTRICT).await)),
        ("invites", told(store.list_invites(DISTRICT, SECRETARY).await)),
        (
            "news",
            told(store.read_news(DISTRICT, &[mark(one), mark(RecordRef::roster(BRANCH))], 1 << 20).await),
        ),
        ("packed", told(store.load_record(DISTRICT, one.id()).await)),
        ("loose", told(store.load_record(DISTRICT, other.id()).await)),
        ("judged", told(store.open_records(DISTRICT, &[other.id()]).await)),
        ("heads", told(store.list_collections(DISTRICT).await)),
        ("quarantine", told(store.list_quarantine(DISTRICT, &all).await)),
        ("item", told(store.find_quarantined(DISTRICT, item).await)),
        ("audit", told(store.list_audit(DISTRICT, 0, 9).await)),
        ("activity", told(store.find_activity(DISTRICT, one.id()).await)),
        ("activities", told(store.list_activities(DISTRICT, &lists).await)),
        ("blobs", told(store.blobs_of(DISTRICT, one.id()).await)),
        ("all blobs", told(store.list_blobs(DISTRICT, None, 9).await)),
    ])
}

/// Something in every table.
async fn fill(store: &dyn Store) {
    let (one, other) = (activity(1), activity(2));
    let mut written = super::pack::written(one, 4);
    written.extend(super::pack::written(other, 3));
    written.push(super::kept::refused(1));
    store.commit(&[delivery(1, written)]).await.unwrap();
    let pack = super::pack::sealed(store, one, 4).await;
    assert_eq!(store.compact(DISTRICT, &[pack]).await.unwrap(), [true]);
    store.ensure_console_device(DISTRICT, SECRETARY, CONSOLE, NOW).await.unwrap();
    let session = Session {
        hash: SESSION,
        account: SECRETARY,
        device: CONSOLE,
        stage: SessionStage::SettingUp,
        pending_factor: Some([3; FACTOR_BYTES]),
        opened_at: NOW,
        used_at: NOW,
    };
    store.open_session(DISTRICT, &session).await.unwrap();
    assert!(store.confirm_factor(DISTRICT, &SESSION, 7, NOW).await.unwrap());
    store.pend_factor(DISTRICT, &SESSION, &[3; FACTOR_BYTES]).await.unwrap();
    store.set_password(DISTRICT, SECRETARY, "argon2", Some(&SESSION)).await.unwrap();
    let presence = Presence {
        district: DISTRICT,
        device: PHONE,
        proof_at: Some(NOW),
        on: jiff::civil::date(2026, 11, 22),
    };
    store.note_presence(&[presence]).await.unwrap();
    let activity = super::kept::projected(one, 5, 1);
    let projection = Projection { record: one.id(), version: 4, row: Projected::Activity(activity) };
    store.project(DISTRICT, &[projection]).await.unwrap();
    let blob = StoredBlob {
        record: one.id(),
        hash: BlobHash([7; 32]),
        size: PhotoSize::Thumb,
        mime: PhotoFormat::Webp,
        size_bytes: 9_000,
        arrived_at: NOW,
    };
    store.note_blob(DISTRICT, &blob).await.unwrap();
}

/// Whether an answer is what it was, or tells of the damage.
fn is_right(before: &Result<String, StoreError>, after: &Result<String, StoreError>, is_key: bool) -> bool {
    match (before, after) {
        (Ok(before), Ok(after)) => {
            let is_missing = is_key && after.len() < before.len();
            before == after || after.contains("Damaged(") || is_missing
        }
        (_, Err(StoreError::Corrupt { .. })) => true,
        _ => false,
    }
}

pub(crate) async fn a_turned_bit_is_seen_before_it_is_served(
    store: &dyn Store,
    database: &Database,
    hand: &mut dyn Hand,
) {
    populate(store).await;
    fill(store).await;
    hand.begin().await;
    let before = ask(store).await;
    assert!(before.values().all(Result::is_ok), "{before:?}");
    let pictures = tempfile::tempdir().unwrap();
    let pictures = BlobPlace::folder(pictures.path()).unwrap();
    let look = async || {
        let mut findings = verify(store, &pictures).await.unwrap().findings;
        verify_deep(store, database, &mut findings).await.unwrap();
        findings
    };
    let found_before = look().await;
    let (mut served, mut missed, mut turned) = (Vec::new(), Vec::new(), 0);
    for (table, column) in hand.columns().await {
        if !hand.turn(&table, &column).await {
            continue;
        }
        turned += 1;
        let name = format!("{table}.{column}");
        let is_named = |known: &str| known == table || known == name;
        if !UNSEEN.iter().any(|(known, _)| is_named(known)) {
            let (after, is_key) = (ask(store).await, KEYS.contains(&&*column));
            let wrong =
                before.iter().filter(|(question, answer)| !is_right(answer, &after[*question], is_key));
            served.extend(wrong.map(|(question, _)| format!("{name}: {question}")));
            // A row that says it is another district's is looked for by nobody; only SQLite's own check of references
            // finds most of them.
            if column != "district_id" && look().await == found_before {
                missed.push(name);
            }
        }
        hand.put_back(&table).await;
    }
    assert_eq!(format!("{:?}", ask(store).await), format!("{before:?}"), "all is put back");
    assert!(turned > 100, "{turned}");
    assert!(served.is_empty() && missed.is_empty(), "served: {served:#?}, missed: {missed:#?}");
}

//! A district of two phones and a server in memory.

mod blobs;
mod crashing;
mod line;
pub(crate) mod server;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use tempfile::TempDir;
use zhibu_domain::command::{AboutField, Command};
use zhibu_domain::ids::{OrgId, RecordId};
use zhibu_domain::record::{Collection, RecordRef};
use zhibu_domain::time::Millis;
use zhibu_domain::view::ActivityView;
use zhibu_sync_client::client::Client;
use zhibu_sync_client::key_file::FileKey;
use zhibu_sync_client::platform::Surroundings;
use zhibu_sync_client::store::sqlite::SqliteStore;

pub(crate) use crashing::CrashingStore;
pub(crate) use line::Line;
pub(crate) use server::{Server, TOKEN_MS};

pub(crate) const BRANCH: OrgId = OrgId::from_bytes([1; 16]);
pub(crate) const TOWNSHIP: OrgId = OrgId::from_bytes([3; 16]);
pub(crate) const GROUP: OrgId = OrgId::from_bytes([4; 16]);
pub(crate) const NEXT_BRANCH: OrgId = OrgId::from_bytes([2; 16]);
/// 2026-11-07 10:00 in China.
pub(crate) const MORNING: Millis = Millis(1_794_016_800_000);

/// A clock that only moves when told, and bytes that never repeat.
pub(crate) struct TestSurroundings {
    now: AtomicI64,
    random: AtomicU64,
}

impl TestSurroundings {
    pub(crate) fn at(now: Millis) -> Arc<Self> {
        Arc::new(Self { now: AtomicI64::new(now.0), random: AtomicU64::new(1) })
    }

    pub(crate) fn advance(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Surroundings for TestSurroundings {
    fn now(&self) -> Millis {
        Millis(self.now.load(Ordering::SeqCst))
    }

    fn random(&self) -> Option<[u8; 10]> {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&self.random.fetch_add(1, Ordering::SeqCst).to_be_bytes());
        Some(bytes)
    }
}

pub(crate) type PhoneClient = Client<CrashingStore<SqliteStore>, Line, FileKey>;

/// A phone with its folder; the client can die and come back.
pub(crate) struct Phone {
    folder: TempDir,
    pub(crate) line: Line,
    pub(crate) surroundings: Arc<TestSurroundings>,
    pub(crate) client: PhoneClient,
}

impl Phone {
    /// A phone that is enrolled and has nothing.
    pub(crate) async fn enrolled(server: &Server, name: &str) -> Self {
        let phone = Self::unenrolled(server).await;
        phone.client.enrol(&server.invite(name), name).await.unwrap();
        phone
    }

    pub(crate) async fn unenrolled(server: &Server) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let surroundings = TestSurroundings::at(MORNING);
        let line = server.line();
        let client = open(folder.path().to_owned(), line.clone(), surroundings.clone()).await;
        Self { folder, line, surroundings, client }
    }

    /// Kills the process and starts it again on what is on disk.
    pub(crate) async fn restart(&mut self) {
        self.client.store().close().await;
        self.client = open(self.folder.path().to_owned(), self.line.clone(), self.surroundings.clone()).await;
    }

    /// A copy of the store's files, as a backup takes it.
    pub(crate) async fn back_up(&mut self) -> TempDir {
        self.client.store().close().await;
        let backup = tempfile::tempdir().unwrap();
        copy(self.folder.path(), backup.path());
        self.restart().await;
        backup
    }

    pub(crate) async fn restore(&mut self, backup: &TempDir) {
        self.client.store().close().await;
        for file in std::fs::read_dir(self.folder.path()).unwrap() {
            std::fs::remove_file(file.unwrap().path()).unwrap();
        }
        copy(backup.path(), self.folder.path());
        self.restart().await;
    }

    pub(crate) async fn set(&self, record: &RecordRef, field: AboutField, text: &str) {
        let saved = self.client.execute(record, set(field, text)).await.unwrap();
        assert!(saved.is_some(), "{text} changes something");
    }

    pub(crate) async fn view(&self, record: &RecordRef) -> ActivityView {
        ActivityView::of(&self.client.open(record).await.unwrap())
    }

    pub(crate) async fn text(&self, record: &RecordRef, field: AboutField) -> Option<String> {
        self.view(record).await.text(field).map(str::to_owned)
    }
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

async fn open(folder: PathBuf, line: Line, surroundings: Arc<TestSurroundings>) -> PhoneClient {
    let store = SqliteStore::open(&folder.join("phone.sqlite")).await.unwrap();
    let key = FileKey::open_or_create(&folder.join("device.key")).unwrap();
    Client::new(CrashingStore::new(store), line, key, surroundings)
}

pub(crate) fn activity(n: u8) -> RecordRef {
    RecordRef::activity(BRANCH, 2026, RecordId::from_bytes([n; 16]))
}

pub(crate) fn shelf(org: OrgId) -> Collection {
    Collection { org, year: 2026 }
}

pub(crate) fn set(field: AboutField, text: &str) -> Command {
    Command::SetAbout(vec![(field, Some(text.into()))])
}

/// The frame of a JPEG of so many bytes, another one for each number.
pub(crate) fn picture(number: u8, bytes: usize) -> Vec<u8> {
    let scan = [0xff, 0xd8, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0];
    let mut rows: Vec<u8> = (0..bytes - scan.len() - 2).map(|at| (at % 251) as u8).collect();
    rows[0] = number;
    [&scan[..], &rows, &[0xff, 0xd9]].concat()
}

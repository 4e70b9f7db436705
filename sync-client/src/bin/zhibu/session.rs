//! One run of the command line on one phone.
#![expect(clippy::print_stdout, reason = "this is the command line")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use zhibu_domain::command::Command;
use zhibu_domain::record::{RecordKind, RecordRef};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::time::Millis;
use zhibu_sync_client::client::{Client, SyncReport};
use zhibu_sync_client::desk::hint;
use zhibu_sync_client::error::SyncError;
use zhibu_sync_client::http::HttpTransport;
use zhibu_sync_client::key_file::FileKey;
use zhibu_sync_client::platform::RealSurroundings;
use zhibu_sync_client::store::LocalStore;
use zhibu_sync_client::store::sqlite::SqliteStore;

use crate::fault::Fault;

/// How often a busy server is asked again while somebody waits at the keyboard, and the longest single wait for it.
const BUSY_TRIES: usize = 4;
const BUSY_WAIT_MS: u64 = 60_000;

pub(crate) type Phone = Client<SqliteStore, HttpTransport, FileKey>;

/// The phone and how to print.
pub(crate) struct Session {
    pub(crate) client: Phone,
    json: bool,
}

impl Session {
    /// Opens an enrolled phone.
    pub(crate) async fn open(data: &Path, json: bool) -> Result<Self, Fault> {
        if !data.join(STORE_FILE).exists() {
            return Err(SyncError::NotEnrolled.into());
        }
        let store = SqliteStore::open(&data.join(STORE_FILE)).await?;
        let server = store.state().await?.ok_or(SyncError::NotEnrolled)?.server;
        Self::over(data, store, &server, json)
    }

    /// Makes the folder of a phone that is to be enrolled at this server.
    pub(crate) async fn create(data: &Path, server: &str, json: bool) -> Result<Self, Fault> {
        std::fs::create_dir_all(data)?;
        let store = SqliteStore::open(&data.join(STORE_FILE)).await?;
        Self::over(data, store, server, json)
    }

    fn over(data: &Path, store: SqliteStore, server: &str, json: bool) -> Result<Self, Fault> {
        let key = FileKey::open_or_create(&data.join(KEY_FILE))?;
        let client = Client::new(store, HttpTransport::new(server)?, key, Arc::new(RealSurroundings));
        Ok(Self { client, json })
    }

    /// Synchronises; a busy server is waited for, a few times and not for long.
    pub(crate) async fn sync(&self) -> Result<SyncReport, SyncError> {
        for _ in 0..BUSY_TRIES {
            match self.client.sync().await {
                Err(busy @ SyncError::Busy { wait_ms: 0..=BUSY_WAIT_MS, .. }) => {
                    if !self.json {
                        eprintln!("{}", busy.plain());
                    }
                    let wait_ms = busy.wait_ms().unwrap_or(BUSY_WAIT_MS);
                    tokio::time::sleep(Duration::from_millis(wait_ms)).await;
                }
                other => return other,
            }
        }
        self.client.sync().await
    }

    /// Prints the value as JSON, or the sentences for a person.
    pub(crate) fn print(&self, value: &impl Serialize, plain: impl FnOnce() -> String) -> Result<(), Fault> {
        if self.json {
            let json = serde_json::to_string_pretty(value).map_err(|e| Fault::Typed(e.to_string()))?;
            println!("{json}");
        } else {
            println!("{}", plain().trim_end());
        }
        Ok(())
    }

    /// The activity whose id begins with this text.
    pub(crate) async fn activity(&self, text: &str) -> Result<RecordRef, Fault> {
        Ok(self.client.find_record(text, RecordKind::Activity).await?)
    }

    /// Executes commands on one record and says what became of them.
    pub(crate) async fn execute(
        &self,
        record: &RecordRef,
        commands: impl IntoIterator<Item = Command>,
    ) -> Result<(), Fault> {
        self.execute_naming(record, commands, None).await
    }

    /// As [`Session::execute`], naming the entry that was made.
    pub(crate) async fn execute_naming(
        &self,
        record: &RecordRef,
        commands: impl IntoIterator<Item = Command>,
        entry: Option<zhibu_domain::ids::EntryId>,
    ) -> Result<(), Fault> {
        let (mut saved, mut hint) = (0, None);
        for command in commands {
            let foreseen = self.client.foresee(record, &command).await?;
            if self.client.execute(record, command).await?.is_some() {
                saved += 1;
                hint = hint.or(foreseen);
            }
        }
        let printed =
            SavedLine { record: record.id().to_string(), entry: entry.map(|e| e.to_string()), saved, hint };
        let name = entry.map_or_else(|| format!("记录 {}", record.id()), |entry| format!("条目 {entry}"));
        self.print(&printed, || match saved {
            0 => format!("没有变化。{name}"),
            _ => format!("已保存到本机（尚未上传）。{name}"),
        })?;
        self.warn(hint);
        Ok(())
    }

    /// Tells a person that what he saved may be refused; a program reads it in the JSON.
    pub(crate) fn warn(&self, foreseen: Option<RefusalCode>) {
        if let (Some(code), false) = (foreseen, self.json) {
            eprintln!("{}", hint(code));
        }
    }
}

/// What a writing command prints as JSON.
#[derive(Serialize)]
struct SavedLine {
    record: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<String>,
    /// How many changes became durable on this phone.
    saved: usize,
    /// Why the server would refuse it, as far as this phone knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<RefusalCode>,
}

const STORE_FILE: &str = "phone.sqlite";
const KEY_FILE: &str = "device.key";

/// A time typed as `YYYY-MM-DDTHH:MM` or `YYYY-MM-DD`, in China.
pub(crate) fn read_time(text: &str) -> Result<Millis, Fault> {
    let wrong = || Fault::Typed(format!("时间“{text}”看不懂，请写成 2026-11-07T14:30。"));
    let at: jiff::civil::DateTime = text.parse().map_err(|_| wrong())?;
    let time = at.time();
    let minutes = i64::from(time.hour()) * 60 + i64::from(time.minute());
    Ok(Millis::start_of(at.date()).plus(minutes * 60_000))
}

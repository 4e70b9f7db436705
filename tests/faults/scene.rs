//! What every scene begins and ends with: a district and its server, phones that work meanwhile, and every record
//! read back.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use zhibu_server::App;
use zhibu_server::admission::Limits;
use zhibu_server::blobs::BlobPlace;
use zhibu_server::config;
use zhibu_server::store::Database;

use super::crowd::{Crowd, Sum};
use super::ground::Ground;
use super::moments::Moments;
use super::past::Past;
use super::victim::Victim;

/// A server under load.
pub(crate) struct Scene<'a> {
    /// The server.
    pub(crate) victim: Victim,
    /// The phones.
    pub(crate) crowd: &'a Crowd,
    /// What it keeps its records in.
    pub(crate) database: Database,
    /// When things happen.
    pub(crate) moments: Moments,
    /// What was found so far.
    pub(crate) found: Sum,
    /// For what waits.
    pub(crate) runtime: &'a Runtime,
}

impl Scene<'_> {
    /// Holds all receipts so far against the log.
    pub(crate) fn check(&mut self) {
        let sum = self.runtime.block_on(self.crowd.check(&self.database));
        self.found.lost += sum.lost;
        self.found.unverified += sum.unverified;
    }

    /// What `GET` answers at the server: the status, and after how many seconds one may come again.
    pub(crate) fn get(&self, path: &str) -> (u16, Option<u64>) {
        self.runtime.block_on(async {
            match reqwest::get(format!("{}{path}", self.victim.url)).await {
                Ok(answer) => (answer.status().as_u16(), retry_after(&answer)),
                Err(_) => (0, None),
            }
        })
    }

    /// Waits until the server says that it can work; how long that took.
    pub(crate) fn wait_until_ready(&self) -> Duration {
        let began = std::time::Instant::now();
        while self.get("/readyz").0 != 200 {
            assert!(began.elapsed() < Duration::from_secs(30), "not ready: {}", self.victim.last_words());
            std::thread::sleep(Duration::from_millis(50));
        }
        began.elapsed()
    }
}

/// Ends the phones' work when it is dropped.
struct Over<'a>(&'a Crowd);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// The seconds of a `Retry-After`.
pub(crate) fn retry_after(answer: &reqwest::Response) -> Option<u64> {
    answer.headers().get("retry-after")?.to_str().ok()?.parse().ok()
}

/// Where a scene plays.
pub(crate) struct Stage {
    ground: Ground,
    past: Past,
    folder: TempDir,
    runtime: Runtime,
}

impl Stage {
    /// A copy of this past, in a file or on this Postgres server.
    pub(crate) fn build(past: Past, server: Option<&str>) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let ground = runtime.block_on(Ground::lay_out(&past, server));
        Self { ground, past, folder: TempDir::new().unwrap(), runtime }
    }

    /// The file with the records.
    pub(crate) fn file(&self) -> PathBuf {
        config::database(self.ground.folder())
    }

    /// Plays a scene over the stage's own folder.
    pub(crate) fn play(self, seed: u64, act: impl FnOnce(&mut Scene<'_>) -> Value) -> (Value, bool) {
        let (data, database) = (self.ground.folder().to_owned(), self.ground.database().clone());
        let outcome = self.play_at(&data, &database, seed, act);
        self.runtime.block_on(self.ground.clear());
        outcome
    }

    /// Plays a scene over this data folder. What the act has to say beside the sums; whether all was well.
    pub(crate) fn play_at(
        &self,
        data: &Path,
        database: &Database,
        seed: u64,
        act: impl FnOnce(&mut Scene<'_>) -> Value,
    ) -> (Value, bool) {
        let victim = Victim::start_over(data, database, &self.folder.path().join("server.log"));
        let blobs = BlobPlace::folder(&data.join(config::BLOBS)).unwrap();
        // Nobody but the server holds the database open while things happen to it.
        let crowd = self.runtime.block_on(async {
            let store = database.open().await.unwrap();
            let app = App::on_this_machine(Limits::default(), store, "http://127.0.0.1", blobs.clone());
            let crowd = Crowd::equip(&app, &self.past, self.ground.today, &victim.url).await;
            app.store.close().await;
            crowd
        });
        let (database, moments, found) = (database.clone(), Moments::of(seed), Sum::default());
        let mut scene = Scene { victim, crowd: &crowd, database, moments, found, runtime: &self.runtime };
        let said = std::thread::scope(|scope| {
            let working = scope.spawn(|| crowd.work(seed));
            // Also when the act breaks off: the scope waits for the phones.
            let over = Over(&crowd);
            let said = act(&mut scene);
            drop(over);
            working.join().unwrap();
            said
        });
        scene.victim.stop();
        let last = self.runtime.block_on(crowd.check_all(&scene.database, &blobs));
        let mut found = Sum { lost: last.lost + scene.found.lost, ..last };
        found.unverified += scene.found.unverified;
        let figures = json!({
            "synced": crowd.synced.load(Ordering::Relaxed),
            "failed_syncs": crowd.failed.load(Ordering::Relaxed),
            "receipts": found.receipts,
            "lost": found.lost,
            "duplicated": found.duplicated,
            "unverified": found.unverified,
            "left": found.left,
        });
        let mut said = said;
        if let (Value::Object(said), Value::Object(figures)) = (&mut said, figures) {
            said.extend(figures);
        }
        (said, found.is_clean())
    }
}

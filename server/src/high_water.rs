//! How full each district's log was when this server last looked, noted beside the database: a database that holds less
//! under the same generation is an older copy that somebody put in its place.
//!
//! Such a one is given another generation, as `renew-generation` does: phones read it anew and bring back what it has
//! forgotten. It is a net below that command and no proof. What was committed in the last seconds before a kill is not
//! noted, and a machine that is set back as a whole takes the note with it; then the phones themselves must notice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use zhibu_domain::ids::DistrictId;

use crate::admin::generation;
use crate::clock::{Clock as _, SystemClock, SystemEntropy};
use crate::store::{District, Store, StoreError, Word};

/// How long it rests before it looks, and how many times as long as it looked the last time: all heads of a district are
/// read, a few milliseconds for thousands of branches, and a province has many districts.
const SHORTEST_REST: Duration = Duration::from_secs(5);
const REST: u32 = 20;

/// A district's log as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    generation: String,
    changes: u64,
}

/// The marks of all districts, and the file that keeps them.
pub struct HighWater {
    file: PathBuf,
    store: Arc<dyn Store>,
    marks: Mutex<BTreeMap<DistrictId, Mark>>,
}

impl HighWater {
    /// Holds the store against the marks in the file. One that is missing or cannot be read is begun anew; what cannot
    /// be looked at is no reason not to serve, and said.
    pub async fn check(file: PathBuf, store: Arc<dyn Store>) -> Arc<Self> {
        let noted = tokio::fs::read(&file).await.ok();
        let marks = noted.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let checked = Arc::new(Self { file, store, marks: Mutex::new(marks) });
        checked.note(|_| true).await;
        checked
    }

    /// Notes what is appended, until nobody appends any more.
    pub async fn keep(self: Arc<Self>, mut words: Receiver<Word>) {
        let (mut moved, mut rest) = (Moved::default(), SHORTEST_REST);
        loop {
            match words.recv().await {
                Ok(word) => moved.hear(word),
                Err(RecvError::Lagged(_)) => moved.hear(Word::Missed),
                Err(RecvError::Closed) => return,
            }
            tokio::time::sleep(rest).await;
            loop {
                match words.try_recv() {
                    Ok(word) => moved.hear(word),
                    Err(TryRecvError::Lagged(_)) => moved.hear(Word::Missed),
                    Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                }
            }
            let (told, began) = (std::mem::take(&mut moved), Instant::now());
            self.note(|district| told.all || told.districts.contains(&district)).await;
            rest = SHORTEST_REST.max(began.elapsed() * REST);
        }
    }

    /// Notes how full these districts' logs are now. To be called for all before the server ends.
    pub async fn note(&self, which: impl Fn(DistrictId) -> bool) {
        let say = |error: StoreError| {
            tracing::warn!(error = &error as &dyn std::error::Error, "how full the log is was not noted");
        };
        let mut marks = self.marks.lock().await;
        let districts = self.store.list_districts().await.map_err(say).unwrap_or_default();
        for district in districts.iter().filter(|district| which(district.id)) {
            // A damaged row of one stops no other.
            self.look(district, &mut marks).await.unwrap_or_else(say);
        }
        let written = self.write(&marks).await;
        written.unwrap_or_else(|error| say(StoreError::Unavailable(Box::new(error))));
    }

    async fn look(
        &self,
        district: &District,
        marks: &mut BTreeMap<DistrictId, Mark>,
    ) -> Result<(), StoreError> {
        let heads = self.store.list_collections(district.id).await?;
        let (generation, changes) = (named(district), heads.iter().map(|(_, head)| head).sum());
        let held = marks.get(&district.id).filter(|noted| noted.generation == generation);
        if let Some(held) = held.map(|noted| noted.changes).filter(|held| *held > changes) {
            tracing::error!(
                district = %district.id, held, changes,
                "an older database was put in the place of this one; it is another generation from now on"
            );
            generation::renew(&*self.store, &SystemEntropy, district.id, SystemClock.now()).await?;
            marks.remove(&district.id);
        } else {
            marks.insert(district.id, Mark { generation, changes });
        }
        Ok(())
    }

    /// Half of it must not stand where the whole stood. Not synced: what goes with the power was only a note.
    async fn write(&self, marks: &BTreeMap<DistrictId, Mark>) -> std::io::Result<()> {
        let beside = self.file.with_extension("new");
        tokio::fs::write(&beside, serde_json::to_vec(marks)?).await?;
        tokio::fs::rename(&beside, &self.file).await
    }
}

fn named(district: &District) -> String {
    data_encoding::HEXLOWER.encode(&district.generation)
}

/// Which districts moved.
#[derive(Default)]
struct Moved {
    districts: BTreeSet<DistrictId>,
    all: bool,
}

impl Moved {
    fn hear(&mut self, word: Word) {
        match word {
            Word::Moved(news) => drop(self.districts.insert(news.district)),
            Word::Missed => self.all = true,
        }
    }
}

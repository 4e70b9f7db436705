//! The store in memory, for the simulator: the same contract without a disk, a thread or a clock, so that a seed gives
//! the same run every time. It forgets everything with the process and no server offers it.
//!
//! The tables are maps in the order of their keys. Each act holds one lock from its beginning to its end and never
//! waits inside, so it is atomic also when its future is dropped.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::broadcast;
use zhibu_domain::ids::DistrictId;

use self::tables::Tables;
use super::{News, NewsStore, Store, StoreError, StoreFigures, Word};

mod account;
mod audit;
mod blob;
mod commit;
mod device;
mod district;
mod log;
mod pack;
mod projection;
mod quarantine;
mod session;
mod tables;
#[cfg(test)]
mod tests;

/// How much may wait for a listener before he has missed something.
const WAITING: usize = 1024;

/// [`Store`] in memory.
#[derive(Debug)]
pub struct MemoryStore {
    shared: Arc<Shared>,
    is_closed: AtomicBool,
    /// What the others over the same tables tell; closed with the store.
    heard: broadcast::Sender<Word>,
}

/// What all who opened one store have in common.
#[derive(Debug, Default)]
struct Shared {
    districts: Mutex<BTreeMap<DistrictId, Tables>>,
    ears: Mutex<Vec<broadcast::WeakSender<Word>>>,
}

impl MemoryStore {
    /// An empty one.
    pub fn empty() -> Self {
        Self::over(Arc::default())
    }

    /// The same tables, opened once more: what a restarted server does.
    pub fn reopened(&self) -> Self {
        Self::over(self.shared.clone())
    }

    /// A store of its own with what stands in this one now: what a backup is.
    pub fn copied(&self) -> Self {
        let districts = Mutex::new(self.lock().clone());
        Self::over(Arc::new(Shared { districts, ears: Mutex::default() }))
    }

    fn over(shared: Arc<Shared>) -> Self {
        let heard = broadcast::channel(WAITING).0;
        shared.ears.lock().unwrap_or_else(PoisonError::into_inner).push(heard.downgrade());
        Self { shared, is_closed: AtomicBool::new(false), heard }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<DistrictId, Tables>> {
        // Whoever panicked inside an act of the store has broken the test that it ran in.
        self.shared.districts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<MutexGuard<'_, BTreeMap<DistrictId, Tables>>, StoreError> {
        match self.is_closed.load(Ordering::SeqCst) {
            true => Err(StoreError::Unavailable("the store is closed".into())),
            false => Ok(self.lock()),
        }
    }

    /// Reads the tables of one district; empty ones if it was never founded.
    fn read<T>(&self, district: DistrictId, read: impl FnOnce(&Tables) -> T) -> Result<T, StoreError> {
        let districts = self.open()?;
        Ok(match districts.get(&district) {
            Some(tables) => read(tables),
            None => read(&Tables::default()),
        })
    }

    /// Writes into the tables of one district. Like a foreign key, it refuses one that was never founded.
    fn write<T>(&self, district: DistrictId, write: impl FnOnce(&mut Tables) -> T) -> Result<T, StoreError> {
        let mut districts = self.open()?;
        let tables = districts.get_mut(&district);
        tables.map(write).ok_or_else(|| StoreError::Unavailable("there is no such district".into()))
    }

    /// As [`MemoryStore::write`], where a district that does not exist has nothing to change either.
    fn change<T: Default>(
        &self,
        district: DistrictId,
        change: impl FnOnce(&mut Tables) -> T,
    ) -> Result<T, StoreError> {
        let mut districts = self.open()?;
        Ok(districts.get_mut(&district).map(change).unwrap_or_default())
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.open().map(drop)
    }

    async fn figures(&self) -> Result<StoreFigures, StoreError> {
        let districts = self.open()?;
        let mut figures = StoreFigures::default();
        for tables in districts.values() {
            tables.add_figures(&mut figures);
        }
        Ok(figures)
    }

    async fn broken_rows(&self) -> Result<Vec<(&'static str, String)>, StoreError> {
        Ok(Vec::new())
    }

    async fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
    }
}

impl NewsStore for MemoryStore {
    fn tell(&self, news: &[News]) {
        let mut ears = self.shared.ears.lock().unwrap_or_else(PoisonError::into_inner);
        ears.retain(|ear| ear.strong_count() > 0);
        for ear in ears.iter().filter_map(broadcast::WeakSender::upgrade) {
            if !ear.same_channel(&self.heard) {
                for one in news {
                    // Nobody listening is fine: listeners read the store when they come.
                    let _ = ear.send(Word::Moved(*one));
                }
            }
        }
    }

    fn hear(&self) -> broadcast::Receiver<Word> {
        self.heard.subscribe()
    }
}

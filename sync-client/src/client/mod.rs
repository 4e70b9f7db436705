//! The client: what a screen or a command line calls.
//!
//! A record here is *accepted changes + the pending commands behind them*. [`Client::execute`] saves on this phone
//! and never asks the network; [`Client::sync`] delivers and reads; nothing says "uploaded" before the server's
//! receipt. Killing the process between any two steps loses nothing and repeats nothing: each step is one act of the
//! store, and an envelope that may have been sent is sent again byte for byte.

mod carry;
mod enrol;
mod memory;
mod patience;
mod photos;
mod quarantine;
mod rebuild;
mod recovery;
mod status;
mod sync;
mod token;
mod upload;

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use zhibu_domain::command::Command;
use zhibu_domain::ids::EntryId;
use zhibu_domain::record::{Actor, ChangeHash, Record, RecordRef, Stamp};
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{AuthorCard, Profile};

use self::memory::{Memory, Touched};
use crate::error::SyncError;
use crate::keys::DeviceKey;
use crate::platform::Surroundings;
use crate::store::{Act, DeviceState, LocalStore, PendingChange, StoreError, Write};
use crate::transport::Transport;

pub use carry::Carried;
pub use quarantine::Resent;
pub use rebuild::RebuildReport;
pub use status::Status;
pub use sync::SyncReport;
pub use upload::UploadReport;

/// How often an act is thought out anew because the store changed meanwhile. Two tabs race rarely, three never.
const MAX_RACES: usize = 8;

/// One phone.
pub struct Client<S, T, K> {
    store: S,
    transport: T,
    key: K,
    surroundings: Arc<dyn Surroundings>,
    memory: Memory,
    /// How often in a row a synchronisation met a busy server.
    turned_away: AtomicU32,
}

/// A change that is durable on this phone, and no more than that.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Saved {
    /// Its number among the pending changes.
    pub number: u64,
    /// Its record.
    pub record: RecordRef,
    /// Its name.
    pub hash: ChangeHash,
}

impl<S: LocalStore, T: Transport, K: DeviceKey> Client<S, T, K> {
    /// A client over these parts. Nothing is read or sent yet.
    pub fn new(store: S, transport: T, key: K, surroundings: Arc<dyn Surroundings>) -> Self {
        Self {
            store,
            transport,
            key,
            surroundings,
            memory: Memory::default(),
            turned_away: AtomicU32::new(0),
        }
    }

    /// The store, for reading.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// This device's clock.
    pub fn now(&self) -> Millis {
        self.surroundings.now()
    }

    /// A fresh id for an entry, a record or an event.
    pub fn new_id(&self) -> Result<EntryId, SyncError> {
        self.surroundings.new_id().map(EntryId).ok_or(SyncError::NoRandomness)
    }

    /// Who this phone's owner is and what he may see.
    pub async fn profile(&self) -> Result<Profile, SyncError> {
        self.store.profile().await?.ok_or(SyncError::NotEnrolled)
    }

    /// The people behind the devices.
    pub async fn authors(&self) -> Result<Vec<AuthorCard>, SyncError> {
        Ok(self.store.authors().await?)
    }

    /// The records held.
    pub async fn records(&self) -> Result<Vec<RecordRef>, SyncError> {
        Ok(self.store.records().await?)
    }

    /// A record as this phone sees it: what is accepted and what waits. A record that nobody wrote yet is empty.
    pub async fn open(&self, reference: &RecordRef) -> Result<Arc<Record>, SyncError> {
        for _ in 0..MAX_RACES {
            let revision = self.store.revision().await?;
            if let Some(record) = self.memory.find(revision, reference.id()) {
                return Ok(record);
            }
            let state = self.state().await?;
            let record = self.load(reference, &state).await;
            if self.store.revision().await? == revision {
                let record = Arc::new(record?);
                self.memory.keep(revision, record.clone());
                return Ok(record);
            }
        }
        Err(StoreError::Raced.into())
    }

    /// Does what a person did: the change, its command and its name become durable in one act. `None` when nothing
    /// would change.
    pub async fn execute(&self, record: &RecordRef, command: Command) -> Result<Option<Saved>, SyncError> {
        self.execute_with(record, command, &[]).await
    }

    /// As [`Client::execute`], with further writes in the same act.
    async fn execute_with(
        &self,
        reference: &RecordRef,
        command: Command,
        beside: &[Write],
    ) -> Result<Option<Saved>, SyncError> {
        for _ in 0..MAX_RACES {
            let based_on = self.store.revision().await?;
            let mut state = self.state().await?;
            let mut record = match self.memory.find(based_on, reference.id()) {
                Some(record) => Record::clone(&record),
                None => self.load(reference, &state).await?,
            };
            let made_at = self.now();
            let actor = writing_actor(&state);
            let written = record.execute(&command, Stamp { actor, now: made_at })?;
            let mut writes = beside.to_vec();
            let saved = written.map(|written| {
                let number = state.next_number;
                state.next_number += 1;
                let (hash, change, command) = (written.hash, written.bytes, command.clone());
                let record = *reference;
                writes.push(Write::Pending(PendingChange {
                    number,
                    record,
                    hash,
                    change,
                    command,
                    made_at,
                    envelope: None,
                }));
                writes.push(Write::State(state));
                Saved { number, record, hash }
            });
            if writes.is_empty() {
                return Ok(saved);
            }
            if self.try_commit(Act { based_on, writes }).await? {
                self.memory.keep(based_on + 1, Arc::new(record));
                return Ok(saved);
            }
        }
        Err(StoreError::Raced.into())
    }

    async fn state(&self) -> Result<DeviceState, SyncError> {
        self.store.state().await?.ok_or(SyncError::NotEnrolled)
    }

    async fn load(&self, reference: &RecordRef, state: &DeviceState) -> Result<Record, SyncError> {
        let id = reference.id();
        let damaged = |fault| SyncError::DamagedRecord { record: id, fault };
        let accepted = self.store.accepted(id).await?;
        let mut record = Record::from_changes(*reference, accepted.iter().map(|change| &change.change))
            .map_err(damaged)?;
        for pending in self.store.pending_of(id).await? {
            if state.restored {
                // Its bytes may contradict what the server still holds of us, so what the person did is shown
                // instead. A command that does not fit any more is dealt with when all is read.
                let stamp = Stamp { actor: writing_actor(state), now: pending.made_at };
                record.execute(&pending.command, stamp).ok();
            } else {
                record.apply(&pending.change).map_err(damaged)?;
            }
        }
        Ok(record)
    }

    /// Whether the act was written; `false` when the store changed meanwhile and it must be thought out anew.
    async fn try_commit(&self, act: Act) -> Result<bool, SyncError> {
        let (based_on, touched) = (act.based_on, Touched::by(&act.writes));
        match self.store.commit(act).await {
            Ok(()) => {
                self.memory.committed(based_on, &touched);
                Ok(true)
            }
            Err(StoreError::Raced) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes what follows from nothing that is stored.
    pub(crate) async fn write(&self, writes: Vec<Write>) -> Result<(), SyncError> {
        for _ in 0..MAX_RACES {
            let based_on = self.store.revision().await?;
            if self.try_commit(Act { based_on, writes: writes.clone() }).await? {
                return Ok(());
            }
        }
        Err(StoreError::Raced.into())
    }

    /// Changes the device state and nothing else.
    async fn update_state(&self, change: impl Fn(&mut DeviceState)) -> Result<DeviceState, SyncError> {
        for _ in 0..MAX_RACES {
            let based_on = self.store.revision().await?;
            let mut state = self.state().await?;
            change(&mut state);
            if self.try_commit(Act { based_on, writes: vec![Write::State(state.clone())] }).await? {
                return Ok(state);
            }
        }
        Err(StoreError::Raced.into())
    }
}

/// Until a restored phone has read everything, it writes under an epoch that it will never send.
fn writing_actor(state: &DeviceState) -> Actor {
    Actor { device: state.device, epoch: state.epoch + u32::from(state.restored) }
}

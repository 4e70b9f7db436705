//! [`LocalStore`] in memory: for programs that are many phones at once and keep none of them, e.g. the storm of
//! `cargo xtask bench` and the simulator. Nothing survives the process, so it is nobody's real phone.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use zhibu_domain::attachment::BlobHash;
use zhibu_domain::ids::{DeviceId, RecordId};
use zhibu_domain::record::{ChangeHash, Collection, RecordRef};
use zhibu_domain::wire::{AuthorCard, Profile, ReadMark, Voucher};

use super::{
    AcceptedChange, Act, CarriedEnvelope, ClosedEnvelope, DeviceState, KeptBlob, LocalStore, PendingChange,
    RefusedChange, StoreError, Write,
};

/// A phone's store that ends with the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    held: Mutex<Held>,
}

#[derive(Debug, Clone, Default)]
struct Held {
    revision: u64,
    state: Option<DeviceState>,
    profile: Option<Profile>,
    authors: BTreeMap<DeviceId, AuthorCard>,
    records: BTreeMap<RecordId, HeldRecord>,
    names: BTreeSet<ChangeHash>,
    pending: BTreeMap<u64, PendingChange>,
    marks: BTreeMap<Collection, ReadMark>,
    envelopes: BTreeMap<u64, ClosedEnvelope>,
    refused: BTreeMap<u64, RefusedChange>,
    carried: BTreeMap<(DeviceId, u64, [u8; 32]), CarriedEnvelope>,
    blobs: BTreeMap<(RecordId, BlobHash), KeptBlob>,
    blob_bytes: BTreeMap<(RecordId, BlobHash), Vec<u8>>,
    vouchers: Vec<Voucher>,
}

/// A record and what of it is accepted, in that order.
#[derive(Debug, Clone)]
struct HeldRecord {
    reference: RecordRef,
    accepted: Vec<AcceptedChange>,
}

impl MemoryStore {
    /// A store of its own with what stands in this one now: what a backup is.
    pub fn copied(&self) -> Self {
        Self { held: Mutex::new(self.held().clone()) }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LocalStore for MemoryStore {
    async fn revision(&self) -> Result<u64, StoreError> {
        Ok(self.held().revision)
    }

    async fn state(&self) -> Result<Option<DeviceState>, StoreError> {
        Ok(self.held().state.clone())
    }

    async fn profile(&self) -> Result<Option<Profile>, StoreError> {
        Ok(self.held().profile.clone())
    }

    async fn authors(&self) -> Result<Vec<AuthorCard>, StoreError> {
        Ok(self.held().authors.values().cloned().collect())
    }

    async fn author(&self, device: DeviceId) -> Result<Option<AuthorCard>, StoreError> {
        Ok(self.held().authors.get(&device).cloned())
    }

    async fn records(&self) -> Result<Vec<RecordRef>, StoreError> {
        let mut records: Vec<_> = self.held().records.values().map(|record| record.reference).collect();
        records.sort_unstable();
        Ok(records)
    }

    async fn accepted(&self, record: RecordId) -> Result<Vec<AcceptedChange>, StoreError> {
        let held = self.held();
        Ok(held.records.get(&record).map(|record| record.accepted.clone()).unwrap_or_default())
    }

    async fn pending_of(&self, record: RecordId) -> Result<Vec<PendingChange>, StoreError> {
        let held = self.held();
        Ok(held.pending.values().filter(|change| change.record.id() == record).cloned().collect())
    }

    async fn pending(&self) -> Result<Vec<PendingChange>, StoreError> {
        Ok(self.held().pending.values().cloned().collect())
    }

    async fn unknown(&self, hashes: &[ChangeHash]) -> Result<Vec<ChangeHash>, StoreError> {
        let held = self.held();
        let waits = |hash| held.pending.values().any(|change| change.hash == hash);
        let is_refused = |hash| held.refused.values().any(|change| change.hash == hash);
        let is_known = |hash| held.names.contains(&hash) || waits(hash) || is_refused(hash);
        Ok(hashes.iter().filter(|hash| !is_known(**hash)).copied().collect())
    }

    async fn marks(&self) -> Result<Vec<ReadMark>, StoreError> {
        Ok(self.held().marks.values().copied().collect())
    }

    async fn envelopes(&self) -> Result<Vec<ClosedEnvelope>, StoreError> {
        Ok(self.held().envelopes.values().cloned().collect())
    }

    async fn refused(&self) -> Result<Vec<RefusedChange>, StoreError> {
        Ok(self.held().refused.values().cloned().collect())
    }

    async fn carried(&self) -> Result<Vec<CarriedEnvelope>, StoreError> {
        Ok(self.held().carried.values().cloned().collect())
    }

    async fn blobs(&self) -> Result<Vec<KeptBlob>, StoreError> {
        Ok(self.held().blobs.values().copied().collect())
    }

    async fn blob_bytes(&self, record: RecordId, hash: BlobHash) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.held().blob_bytes.get(&(record, hash)).cloned())
    }

    async fn vouchers(&self) -> Result<Vec<Voucher>, StoreError> {
        Ok(self.held().vouchers.clone())
    }

    async fn commit(&self, act: Act) -> Result<(), StoreError> {
        let mut held = self.held();
        if held.revision != act.based_on {
            return Err(StoreError::Raced);
        }
        held.revision += 1;
        act.writes.into_iter().for_each(|write| held.write(write));
        Ok(())
    }
}

impl Held {
    fn write(&mut self, write: Write) {
        match write {
            Write::State(state) => self.state = Some(state),
            Write::Profile(profile) => self.profile = Some(profile),
            Write::Author(card) => drop(self.authors.insert(card.device, card)),
            Write::Pending(change) => {
                self.record(change.record);
                self.pending.insert(change.number, change);
            }
            Write::DropPending(number) => drop(self.pending.remove(&number)),
            Write::Accept(change) => self.accept(change),
            Write::Mark(mark) => drop(self.marks.insert(mark.collection, mark)),
            Write::Envelope(envelope) => drop(self.envelopes.insert(envelope.counter, envelope)),
            Write::DropEnvelope(counter) => drop(self.envelopes.remove(&counter)),
            Write::Refuse(change) => drop(self.refused.insert(change.number, change)),
            Write::DropRefused(number) => drop(self.refused.remove(&number)),
            Write::Carry(envelope) => {
                self.carried.insert((envelope.device, envelope.counter, envelope.id.0), envelope);
            }
            Write::Blob(blob) => drop(self.blobs.insert((blob.record.id(), blob.hash), blob)),
            Write::BlobBytes(record, hash, bytes) => drop(self.blob_bytes.insert((record, hash), bytes)),
            Write::DropBlob(record, hash) => {
                self.blobs.remove(&(record, hash));
                self.blob_bytes.remove(&(record, hash));
            }
            Write::Voucher(voucher) => self.vouchers.push(voucher),
            Write::Forget(collection) => self.forget(collection),
        }
    }

    fn record(&mut self, reference: RecordRef) -> &mut HeldRecord {
        match self.records.entry(reference.id()) {
            Entry::Occupied(held) => held.into_mut(),
            Entry::Vacant(place) => place.insert(HeldRecord { reference, accepted: Vec::new() }),
        }
    }

    fn accept(&mut self, change: AcceptedChange) {
        self.pending.retain(|_, pending| pending.hash != change.hash);
        self.refused.retain(|_, refused| refused.hash != change.hash);
        if self.names.insert(change.hash) {
            self.record(change.record).accepted.push(change);
        }
    }

    fn forget(&mut self, collection: Collection) {
        self.marks.remove(&collection);
        let waiting: BTreeSet<_> = self.pending.values().map(|change| change.record.id()).collect();
        for held in self.records.values_mut().filter(|held| held.reference.collection() == collection) {
            for change in held.accepted.drain(..) {
                self.names.remove(&change.hash);
            }
        }
        self.records.retain(|id, held| held.reference.collection() != collection || waiting.contains(id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn fresh() -> ((), MemoryStore) {
        ((), MemoryStore::default())
    }

    crate::store_conformance!(tokio::test, fresh);
}

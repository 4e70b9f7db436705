//! What a phone keeps, on a disk that may die with the phone at any act or be full; and the rules that hold for every
//! act: no work leaves it without having counted, been refused, or stood already.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use zhibu_domain::attachment::BlobHash;
use zhibu_domain::ids::{DeviceId, RecordId};
use zhibu_domain::record::{Actor, ChangeHash, CommandFault, Record, RecordRef, Stamp};
use zhibu_domain::wire::{AuthorCard, Profile, ReadMark, Voucher};
use zhibu_sync_client::store::memory::MemoryStore;
use zhibu_sync_client::store::{
    AcceptedChange, Act, CarriedEnvelope, ClosedEnvelope, DeviceState, KeptBlob, LocalStore, PendingChange,
    RefusedChange, StoreError, Write,
};

use super::chance::Chance;
use super::oracle::Oracle;

/// The disk of one phone.
#[derive(Clone)]
pub(crate) struct Disk {
    held: Rc<MemoryStore>,
    oracle: Rc<Oracle>,
    luck: Rc<Luck>,
    answered: Answered,
}

/// The counter and the epoch that the last answer named as the device's highest.
pub(crate) type Answered = Rc<Cell<(u64, u32)>>;

/// What may happen to it.
pub(crate) struct Luck {
    chance: Chance,
    /// Acts until the phone dies; negative is never.
    acts_left: Cell<i64>,
    is_dead: Cell<bool>,
    is_full: Cell<bool>,
    /// The person at the phone lets refused work go.
    pub(crate) lets_go: Cell<bool>,
}

impl Disk {
    /// An empty one.
    pub(crate) fn empty(oracle: Rc<Oracle>, chance: Chance) -> Self {
        Self::of(MemoryStore::default(), oracle, chance, Answered::default())
    }

    fn of(held: MemoryStore, oracle: Rc<Oracle>, chance: Chance, answered: Answered) -> Self {
        let (is_dead, is_full, lets_go) = (Cell::new(false), Cell::new(false), Cell::new(false));
        let luck = Luck { chance, acts_left: Cell::new(-1), is_dead, is_full, lets_go };
        Self { held: held.into(), oracle, luck: luck.into(), answered }
    }

    /// A backup.
    pub(crate) fn copied(&self) -> MemoryStore {
        self.held.copied()
    }

    /// The same phone with what a backup holds.
    pub(crate) fn restored(&self, backup: &MemoryStore) -> Self {
        Self::of(backup.copied(), self.oracle.clone(), self.luck.chance.fork(), self.answered.clone())
    }

    /// Where its line notes what answers say.
    pub(crate) fn answered(&self) -> Answered {
        self.answered.clone()
    }

    /// The phone dies at one of its next acts.
    pub(crate) fn die_after(&self, acts: i64) {
        self.luck.acts_left.set(acts);
    }

    pub(crate) fn be_full(&self, is_full: bool) {
        self.luck.is_full.set(is_full);
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.luck.is_dead.get()
    }

    /// The phone is switched on again.
    pub(crate) fn revive(&self) {
        self.luck.is_dead.set(false);
        self.luck.acts_left.set(-1);
    }

    /// Whether the person lets refused work go in what follows.
    pub(crate) fn let_go(&self, lets_go: bool) {
        self.luck.lets_go.set(lets_go);
    }

    async fn check(&self, act: &Act) {
        if self.held.revision().await.unwrap() != act.based_on {
            return;
        }
        let pending: BTreeMap<u64, PendingChange> =
            self.held.pending().await.unwrap().into_iter().map(|change| (change.number, change)).collect();
        let state = self.held.state().await.unwrap();
        let reads_another_store = act.writes.iter().any(|write| match (write, &state) {
            (Write::State(new), Some(old)) => new.generation_changed_at != old.generation_changed_at,
            _ => false,
        });
        let closes_envelope = act.writes.iter().any(|write| matches!(write, Write::Envelope(_)));
        for write in &act.writes {
            match write {
                Write::State(new) => {
                    if let (Some(old), false) = (&state, closes_envelope) {
                        self.check_epoch(old, new);
                    }
                }
                Write::DropPending(number) => {
                    if let Some(change) = pending.get(number) {
                        self.check_dropped(act, change).await;
                    }
                }
                Write::Pending(new) => {
                    if let Some(old) = pending.get(&new.number) {
                        let same = (&old.command, old.made_at, old.record)
                            == (&new.command, new.made_at, new.record);
                        assert!(same, "pending change {} became another: {new:?}", new.number);
                    }
                }
                Write::Accept(change) => {
                    assert!(self.oracle.has_served(change.hash), "{} was taken for accepted", change.hash);
                }
                Write::DropRefused(number) => {
                    assert!(self.luck.lets_go.get(), "refused change {number} was let go by nobody");
                }
                Write::Carry(envelope) => {
                    let carried = self.held.carried().await.unwrap();
                    let before = carried.iter().find(|before| before.id == envelope.id);
                    let forgets =
                        before.is_some_and(|before| before.receipt.is_some() && envelope.receipt.is_none());
                    // A server that was set back has forgotten it too.
                    assert!(
                        !forgets || reads_another_store,
                        "the receipt of a carried envelope was forgotten"
                    );
                }
                _ => {}
            }
        }
    }

    /// A phone of which the server knows more than itself comes from an old backup: what it writes once it has read
    /// everything must not share an epoch with what it wrote and forgot.
    fn check_epoch(&self, old: &DeviceState, new: &DeviceState) {
        let (counter, epoch) = self.answered.get();
        let was_restored = old.restored || old.last_counter < counter;
        if was_restored && !new.restored && new.last_counter == counter {
            let known = old.epoch.max(epoch);
            assert!(new.epoch > known, "a restored phone writes on in epoch {} of {known}", new.epoch);
        }
    }

    /// A pending change leaves: it counts, or is refused, or what it says stands already.
    async fn check_dropped(&self, act: &Act, dropped: &PendingChange) {
        let is_taken = |write: &Write| match write {
            Write::Accept(change) => change.hash == dropped.hash,
            Write::Refuse(change) => change.number == dropped.number && change.command == dropped.command,
            _ => false,
        };
        if act.writes.iter().any(is_taken) {
            return;
        }
        let id = dropped.record.id();
        let mut changes: Vec<Vec<u8>> =
            self.held.accepted(id).await.unwrap().into_iter().map(|change| change.change).collect();
        for write in &act.writes {
            match write {
                Write::Accept(change) if change.record == dropped.record => {
                    changes.push(change.change.clone())
                }
                Write::Pending(change)
                    if change.record == dropped.record && change.number < dropped.number =>
                {
                    changes.push(change.change.clone());
                }
                _ => {}
            }
        }
        let mut record = Record::from_changes(dropped.record, changes).unwrap();
        let actor = Actor { device: DeviceId::from_bytes([0xee; 16]), epoch: 1 };
        let again = record.execute(&dropped.command, Stamp { actor, now: dropped.made_at });
        assert!(
            matches!(again, Ok(None) | Err(CommandFault::AlreadyWritten { .. })),
            "pending change {} ({:?}) was dropped and stands nowhere",
            dropped.number,
            dropped.command
        );
    }
}

impl LocalStore for Disk {
    async fn revision(&self) -> Result<u64, StoreError> {
        self.held.revision().await
    }
    async fn state(&self) -> Result<Option<DeviceState>, StoreError> {
        self.held.state().await
    }
    async fn profile(&self) -> Result<Option<Profile>, StoreError> {
        self.held.profile().await
    }
    async fn authors(&self) -> Result<Vec<AuthorCard>, StoreError> {
        self.held.authors().await
    }
    async fn author(&self, device: DeviceId) -> Result<Option<AuthorCard>, StoreError> {
        self.held.author(device).await
    }
    async fn records(&self) -> Result<Vec<RecordRef>, StoreError> {
        self.held.records().await
    }
    async fn accepted(&self, record: RecordId) -> Result<Vec<AcceptedChange>, StoreError> {
        self.held.accepted(record).await
    }
    async fn pending_of(&self, record: RecordId) -> Result<Vec<PendingChange>, StoreError> {
        self.held.pending_of(record).await
    }
    async fn pending(&self) -> Result<Vec<PendingChange>, StoreError> {
        self.held.pending().await
    }
    async fn unknown(&self, hashes: &[ChangeHash]) -> Result<Vec<ChangeHash>, StoreError> {
        self.held.unknown(hashes).await
    }
    async fn marks(&self) -> Result<Vec<ReadMark>, StoreError> {
        self.held.marks().await
    }
    async fn envelopes(&self) -> Result<Vec<ClosedEnvelope>, StoreError> {
        self.held.envelopes().await
    }
    async fn refused(&self) -> Result<Vec<RefusedChange>, StoreError> {
        self.held.refused().await
    }
    async fn carried(&self) -> Result<Vec<CarriedEnvelope>, StoreError> {
        self.held.carried().await
    }
    async fn blobs(&self) -> Result<Vec<KeptBlob>, StoreError> {
        self.held.blobs().await
    }
    async fn blob_bytes(&self, record: RecordId, hash: BlobHash) -> Result<Option<Vec<u8>>, StoreError> {
        self.held.blob_bytes(record, hash).await
    }
    async fn vouchers(&self) -> Result<Vec<Voucher>, StoreError> {
        self.held.vouchers().await
    }
    async fn commit(&self, act: Act) -> Result<(), StoreError> {
        let dead = || StoreError::Failed("the phone is dead".to_owned());
        if self.luck.is_dead.get() {
            return Err(dead());
        }
        if self.luck.is_full.get() {
            return Err(StoreError::Full);
        }
        let left = self.luck.acts_left.get();
        if left == 0 {
            self.luck.is_dead.set(true);
            if self.luck.chance.percent(50) {
                return Err(dead());
            }
        } else {
            self.luck.acts_left.set((left - 1).max(-1));
        }
        self.check(&act).await;
        let written = self.held.commit(act).await;
        if self.luck.is_dead.get() { Err(dead()) } else { written }
    }
}

//! What the phone keeps, and the one way in which it changes.

use zhibu_domain::attachment::BlobHash;
use zhibu_domain::ids::{DeviceId, RecordId};
use zhibu_domain::record::{ChangeHash, RecordRef};
use zhibu_domain::wire::{AuthorCard, Profile, ReadMark, Voucher};

pub mod conformance;
#[cfg(target_arch = "wasm32")]
pub mod indexed_db;
mod kept;
#[cfg(not(target_arch = "wasm32"))]
pub mod memory;
#[cfg(not(target_arch = "wasm32"))]
pub mod sqlite;

pub use kept::{
    AcceptedChange, Act, CarriedEnvelope, ClosedEnvelope, DeviceState, HeldToken, KeptBlob, LastSync,
    PendingChange, RefusedChange, Write,
};

/// The store did not do what was asked; nothing of it was written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something was written since the act was thought out: read again, think again.
    #[error("the store changed meanwhile")]
    Raced,
    /// Somebody else holds the store for too long.
    #[error("the store is busy")]
    Busy,
    /// Another window of this device writes now; this one only reads until it is chosen again.
    #[error("another window writes")]
    Fenced,
    /// No space left.
    #[error("no space left")]
    Full,
    /// A row that cannot be read: a damaged file, or one of a newer version.
    #[error("damaged: {0}")]
    Damaged(String),
    /// Anything else that the system said.
    #[error("{0}")]
    Failed(String),
}

/// A phone's store.
///
/// The contract, which `conformance` checks for every back end:
///
/// - There is one writer's door, [`LocalStore::commit`]: all writes of an [`Act`] happen, or none. When it has
///   returned `Ok`, they survive the loss of power. When its future is dropped, either may be the case.
/// - Every commit raises [`LocalStore::revision`] by one, from 0 for a new store. An act that was computed from
///   another revision than the present one is refused with [`StoreError::Raced`]: two tabs, two processes, or a
///   command during a synchronisation can never write on top of what they did not see.
/// - Accepted changes come back in the order in which they were accepted; pending and refused ones by number;
///   own envelopes by counter.
/// - What was never written is absent (`None`, or not in the list), never an error.
/// - Reads see the last commit whole. Two reads need not see the same commit: the revision tells.
#[expect(async_fn_in_trait, reason = "used generically; a browser's futures cannot be Send")]
pub trait LocalStore {
    /// How many acts were committed.
    async fn revision(&self) -> Result<u64, StoreError>;

    /// The device state; none before the enrolment.
    async fn state(&self) -> Result<Option<DeviceState>, StoreError>;

    /// The profile; none before the enrolment.
    async fn profile(&self) -> Result<Option<Profile>, StoreError>;

    /// All authors' cards, by device.
    async fn authors(&self) -> Result<Vec<AuthorCard>, StoreError>;

    /// The card of the author behind a device.
    async fn author(&self, device: DeviceId) -> Result<Option<AuthorCard>, StoreError>;

    /// Every record of which something is accepted or pending, once each, in the order of their references.
    async fn records(&self) -> Result<Vec<RecordRef>, StoreError>;

    /// The accepted changes of a record.
    async fn accepted(&self, record: RecordId) -> Result<Vec<AcceptedChange>, StoreError>;

    /// The pending changes of a record.
    async fn pending_of(&self, record: RecordId) -> Result<Vec<PendingChange>, StoreError>;

    /// All pending changes.
    async fn pending(&self) -> Result<Vec<PendingChange>, StoreError>;

    /// Those of these names that are neither accepted, nor pending, nor refused here.
    async fn unknown(&self, hashes: &[ChangeHash]) -> Result<Vec<ChangeHash>, StoreError>;

    /// How far each collection was read.
    async fn marks(&self) -> Result<Vec<ReadMark>, StoreError>;

    /// The own envelopes that wait for their receipt.
    async fn envelopes(&self) -> Result<Vec<ClosedEnvelope>, StoreError>;

    /// The refused changes.
    async fn refused(&self) -> Result<Vec<RefusedChange>, StoreError>;

    /// The carried envelopes, delivered or not, by device and counter.
    async fn carried(&self) -> Result<Vec<CarriedEnvelope>, StoreError>;

    /// The blobs, without their bytes, in the order of record id and hash.
    async fn blobs(&self) -> Result<Vec<KeptBlob>, StoreError>;

    /// The bytes of a blob.
    async fn blob_bytes(&self, record: RecordId, hash: BlobHash) -> Result<Option<Vec<u8>>, StoreError>;

    /// The vouchers, in no order.
    async fn vouchers(&self) -> Result<Vec<Voucher>, StoreError>;

    /// Writes all of it, durably, or nothing.
    async fn commit(&self, act: Act) -> Result<(), StoreError>;
}

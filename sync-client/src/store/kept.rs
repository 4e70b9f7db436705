//! What a phone keeps. Each of these is one row in any store, and CBOR inside it.

use minicbor::{Decode, Encode};
use zhibu_domain::attachment::{BlobHash, PhotoFormat, PhotoSize};
use zhibu_domain::command::Command;
use zhibu_domain::ids::{DeviceId, RecordId};
use zhibu_domain::record::{ChangeHash, Collection, RecordRef};
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{AuthorCard, EnvelopeReceipt, Profile, ReadMark, Refusal, Voucher};

/// Everything that exists once on a phone, but for the [`Profile`], which is large and changes rarely.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DeviceState {
    /// The server's base address.
    #[n(0)]
    pub server: String,
    /// This device.
    #[n(1)]
    pub device: DeviceId,
    /// The epoch in which it writes.
    #[n(2)]
    pub epoch: u32,
    /// Counter of the last envelope that it closed.
    #[n(3)]
    pub last_counter: u64,
    /// Number of the next pending change. Numbers are never used twice.
    #[n(4)]
    pub next_number: u64,
    /// The access token, if one was given.
    #[n(5)]
    pub token: Option<HeldToken>,
    /// Time of the last proof that may have reached the server: the next must be later.
    #[n(6)]
    pub last_proof_at: Millis,
    /// The server's clock minus this device's, in milliseconds.
    #[n(7)]
    pub clock_offset_ms: i64,
    /// Which store answered last.
    #[cbor(n(8), with = "minicbor::bytes")]
    pub generation: Vec<u8>,
    /// When the server was seen to have been restored from a backup, if ever.
    #[n(9)]
    pub generation_changed_at: Option<Millis>,
    /// The phone was found to come from an old backup, and what it holds is not rewritten yet.
    #[n(10)]
    pub restored: bool,
    /// The last synchronisation that came to its end.
    #[n(11)]
    pub last_sync: Option<LastSync>,
    /// How many own changes were receipted so far.
    #[n(12)]
    pub receipted_changes: u64,
    /// The highest counter of an own envelope that the server has receipted.
    #[n(13)]
    #[cbor(default)]
    pub receipted_counter: u64,
}

/// An access token and its end.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HeldToken {
    /// Opaque.
    #[n(0)]
    pub token: String,
    /// On the server's clock.
    #[n(1)]
    pub expires_at: Millis,
}

/// What the last successful synchronisation was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, serde::Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cbor(map)]
pub struct LastSync {
    /// When it ended, on this device's clock.
    #[n(0)]
    pub at: Millis,
    /// Body bytes sent, compressed.
    #[n(1)]
    pub bytes_up: u64,
    /// Body bytes received, compressed.
    #[n(2)]
    pub bytes_down: u64,
    /// How often the server was asked.
    #[n(3)]
    pub round_trips: u32,
}

/// A change that was made here and is not receipted: saved on this phone, no more.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PendingChange {
    /// Its place among all pending changes. It keeps it when it is rewritten.
    #[n(0)]
    pub number: u64,
    /// The record.
    #[n(1)]
    pub record: RecordRef,
    /// The change's name.
    #[n(2)]
    pub hash: ChangeHash,
    /// One uncompressed change chunk.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub change: Vec<u8>,
    /// What the person did, to be done again when the change was refused.
    #[n(4)]
    pub command: Command,
    /// When he did it, on this device's clock.
    #[n(5)]
    pub made_at: Millis,
    /// Counter of the envelope that it is in, once it is in one.
    #[n(6)]
    pub envelope: Option<u64>,
}

/// A change that counts: receipted, or read from the server.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AcceptedChange {
    /// The record.
    #[n(0)]
    pub record: RecordRef,
    /// The change's name.
    #[n(1)]
    pub hash: ChangeHash,
    /// One uncompressed change chunk.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub change: Vec<u8>,
}

/// A signed envelope that waits for its receipt. Its bytes never change.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ClosedEnvelope {
    /// Its counter.
    #[n(0)]
    pub counter: u64,
    /// A [`zhibu_domain::wire::Envelope`] in CBOR.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

/// A change that the server did not accept, with all that is needed to say so and to try again.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RefusedChange {
    /// The number that it had while it was pending.
    #[n(0)]
    pub number: u64,
    /// The record.
    #[n(1)]
    pub record: RecordRef,
    /// The change's name.
    #[n(2)]
    pub hash: ChangeHash,
    /// The change as it was sent.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub change: Vec<u8>,
    /// What the person did.
    #[n(4)]
    pub command: Command,
    /// When he did it, on this device's clock.
    #[n(5)]
    pub made_at: Millis,
    /// When the refusal was learnt, on this device's clock.
    #[n(6)]
    pub refused_at: Millis,
    /// Why.
    #[n(7)]
    pub refusal: Refusal,
    /// Whether the person has been shown it.
    #[n(8)]
    pub seen: bool,
}

/// Another device's envelope, kept to be delivered. Its changes are merged here only once they come back accepted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CarriedEnvelope {
    /// SHA-256 of the bytes.
    #[n(0)]
    pub id: ChangeHash,
    /// A [`zhibu_domain::wire::Envelope`] in CBOR.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
    /// Who wrote it.
    #[n(2)]
    pub device: DeviceId,
    /// Its counter.
    #[n(3)]
    pub counter: u64,
    /// The server's answer, once it was delivered.
    #[n(4)]
    pub receipt: Option<EnvelopeReceipt>,
}

/// A picture that this phone holds, its bytes apart ([`LocalStore::blob_bytes`](super::LocalStore::blob_bytes)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct KeptBlob {
    /// The record that names it. One picture in two records is kept once for each.
    #[n(0)]
    pub record: RecordRef,
    /// The SHA-256 of its bytes.
    #[n(1)]
    pub hash: BlobHash,
    /// Thumbnail or photo.
    #[n(2)]
    pub size: PhotoSize,
    /// JPEG or WebP.
    #[n(3)]
    pub mime: PhotoFormat,
    /// How many bytes it has.
    #[n(4)]
    pub size_bytes: u32,
    /// When it came to be here, on this device's clock.
    #[n(5)]
    pub kept_at: Millis,
    /// Bytes that the server has acknowledged. It may have lost them since: it is asked before each upload.
    #[n(6)]
    pub acknowledged: u64,
    /// The server holds all of it, durably.
    #[n(7)]
    pub is_uploaded: bool,
}

/// One write. An [`Act`] is a list of them, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Replaces the device state.
    State(DeviceState),
    /// Replaces the profile.
    Profile(Profile),
    /// Adds or replaces an author's card, by device.
    Author(AuthorCard),
    /// Adds or replaces a pending change, by number.
    Pending(PendingChange),
    /// Takes away the pending change of this number, if there is one.
    DropPending(u64),
    /// Appends a change to the accepted ones of its record, unless it is among them. A pending or a refused change
    /// of the same name is taken away in the same breath: it counts now.
    Accept(AcceptedChange),
    /// Sets how far a collection was read.
    Mark(ReadMark),
    /// Adds or replaces an own envelope, by counter.
    Envelope(ClosedEnvelope),
    /// Takes away the own envelope of this counter, if there is one.
    DropEnvelope(u64),
    /// Adds or replaces a refused change, by number.
    Refuse(RefusedChange),
    /// Takes away the refused change of this number, if there is one.
    DropRefused(u64),
    /// Adds or replaces a carried envelope, by id.
    Carry(CarriedEnvelope),
    /// Adds or replaces a blob, by record and hash; its bytes stay as they are.
    Blob(KeptBlob),
    /// Adds or replaces the bytes of a blob, by record and hash.
    BlobBytes(RecordId, BlobHash, Vec<u8>),
    /// Takes away the blob of this record and hash and its bytes, if there is one.
    DropBlob(RecordId, BlobHash),
    /// Adds a voucher.
    Voucher(Voucher),
    /// Takes away the accepted changes and the mark of a collection. Blobs stay.
    Forget(Collection),
}

/// Writes that happen together or not at all, and only if nothing was written since they were thought out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// The store's revision that the writes were computed from.
    pub based_on: u64,
    /// What to write, in order.
    pub writes: Vec<Write>,
}

//! The nouns of the log: what is delivered, what was decided, what is stored.

use std::collections::HashMap;

use async_trait::async_trait;
use zhibu_domain::ids::{AccountId, DeviceId, DistrictId, RecordId};
use zhibu_domain::record::{ChangeHash, Collection, Record, RecordRef};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{ReadMark, Receipt, Refusal};

use super::StoreError;

/// One judged envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where it belongs.
    pub district: DistrictId,
    /// The device that brought it.
    pub carrier: DeviceId,
    /// The device that signed it; as claimed, when the envelope was refused as a whole.
    pub author: DeviceId,
    /// The envelope's number; 0 for a console device's own writing, which has no envelope.
    pub counter: u64,
    /// SHA-256 of the envelope, signature included.
    pub digest: [u8; 32],
    /// Set when the envelope was refused as a whole, with its bytes; then `verdicts` is empty.
    pub refused_envelope: Option<(Refusal, Vec<u8>)>,
    /// One for each change, in the envelope's order.
    pub verdicts: Vec<Verdict>,
    /// The highest epoch among the changes' actors; 0 if there is none.
    pub epoch_seen: u32,
    /// When it arrived.
    pub received_at: Millis,
}

/// The judgement of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The record, as the delivery names it.
    pub record: RecordRef,
    /// The change's hash; for bytes that are no change, their SHA-256.
    pub hash: ChangeHash,
    /// The bytes.
    pub change: Vec<u8>,
    /// What was decided.
    pub decision: Decision,
    /// The version of the record that the judge looked at, 0 for one that does not exist, counting what the same
    /// commit appends before. `None` if the verdict does not depend on the record, e.g. a wrong checksum.
    pub base_version: Option<u64>,
    /// Who takes it out of quarantine, if it comes from there: the item is closed in his name.
    pub admitted_by: Option<AccountId>,
}

/// What the judge decided about one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It counts.
    Append,
    /// It is there, at this position.
    Duplicate {
        /// Its position in its collection.
        position: u64,
    },
    /// It does not count; keep it apart.
    Refuse(Refusal),
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    /// Durable; one receipt for each verdict. Empty for an envelope refused as a whole.
    Done(Vec<Receipt>),
    /// This record moved on since it was judged: judge the delivery again. Nothing of it was written.
    Stale(RecordId),
    /// Its number stands for other bytes. Nothing of it was written.
    CounterReused,
}

/// What became of a change earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KnownChange {
    /// It is in the log.
    Stored {
        /// Its position in its collection.
        position: u64,
    },
    /// It was refused, and why.
    Quarantined(Refusal),
}

/// A record and its whole log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// Which record.
    pub reference: RecordRef,
    /// How many changes it has.
    pub version: u64,
    /// How many of them lie in a pack.
    pub packed: usize,
    /// All of them, in the order they were appended, those of the pack too.
    pub changes: Vec<StoredChange>,
}

/// One change of a stored record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChange {
    /// Its position in the collection.
    pub position: u64,
    /// Its hash.
    pub hash: ChangeHash,
    /// One uncompressed Automerge change chunk.
    pub bytes: Vec<u8>,
    /// Who signed it.
    pub author: DeviceId,
    /// When it arrived.
    pub received_at: Millis,
}

/// A record as a judge opens it: its index as it was put away, and the changes behind that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedRecord {
    /// Which record.
    pub reference: RecordRef,
    /// How many changes it has.
    pub version: u64,
    /// Its index, if one was put away.
    pub kept: Option<KeptIndex>,
    /// The changes behind it, or all, in the order they were appended.
    pub changes: Vec<StoredChange>,
}

/// A record's gate index as bytes. It holds nothing that the log does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptIndex {
    /// The record.
    pub record: RecordId,
    /// How many changes it covers...
    pub version: u64,
    /// ...the last of them at this position of the collection.
    pub position: u64,
    /// What [`zhibu_domain::gate::Index::keep`] made.
    pub bytes: Vec<u8>,
}

impl StoredRecord {
    /// Its document, made of its log.
    pub fn document(&self) -> Result<Record, StoreError> {
        Record::from_changes(self.reference, &self.changes).map_err(|fault| StoreError::Corrupt {
            table: "changes",
            row: format!("{}: {fault}", self.reference.id()),
        })
    }
}

impl AsRef<[u8]> for StoredChange {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// One row of a collection's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// Its position.
    pub position: u64,
    /// The record.
    pub record: RecordRef,
    /// The change's hash, or the [`history_digest`](zhibu_domain::record::history_digest) of those in a pack.
    pub name: ChangeHash,
    /// What stands there.
    pub content: LogContent,
}

/// What stands at a position of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogContent {
    /// One uncompressed Automerge change chunk, and who signed it.
    Change(Vec<u8>, DeviceId),
    /// A [`pack`](fn@zhibu_domain::record::pack) of the record's first changes, this position's the last of them.
    Pack(Vec<u8>),
    /// What cannot be what was written, and why. It stands for nothing but its position.
    Damaged(String),
}

impl LogContent {
    /// How many bytes it has.
    pub fn size_bytes(&self) -> usize {
        match self {
            LogContent::Change(bytes, _) | LogContent::Pack(bytes) => bytes.len(),
            LogContent::Damaged(_) => 0,
        }
    }
}

/// What a reader has not seen yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogNews {
    /// Collection by collection as they were asked for, each in position order.
    pub rows: Vec<LogRow>,
    /// Whether more waits behind the last row.
    pub more: bool,
}

/// A record without its changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordSummary {
    /// Which record.
    pub reference: RecordRef,
    /// How many changes it has.
    pub version: u64,
    /// The sum of their lengths in bytes.
    pub size_bytes: u64,
}

impl Committed {
    /// The refusal that a reused counter earns.
    pub fn counter_reused() -> Refusal {
        Refusal::new(RefusalCode::CounterReused, "this envelope number was used for other bytes")
    }
}

/// The log. Part of the contract of [`Store`](super::Store).
#[async_trait]
pub trait LogStore: Send + Sync {
    /// Writes what was judged: all deliveries in **one** transaction, in their order, one answer for each.
    ///
    /// A delivery is taken as a whole or not at all. It is [`Committed::Stale`], and nothing of it written, if a
    /// verdict was reached over a [`Verdict::base_version`] that is no longer the record's, counting what was
    /// appended earlier in the same call; and [`Committed::CounterReused`] if its envelope number is taken by
    /// other bytes. The others are written all the same. Otherwise:
    ///
    /// - [`Decision::Append`] gives the change the next position of its collection. Positions begin at 1 and have
    ///   no gaps, and a reader that sees one sees all before it. If the very change is there already (another
    ///   carrier was faster, or the same call holds it twice) the receipt is a duplicate, whatever `base_version`
    ///   says. The record is marked dirty if lists show its kind, and an open quarantine entry of the same change is
    ///   closed: as admitted by [`Verdict::admitted_by`], else as arrived.
    /// - [`Decision::Refuse`] keeps the change in quarantine, once for each author and hash, and tells the audit
    ///   log the first time.
    /// - The envelope's digest and the device's highest counter and epoch are noted, unless the envelope was
    ///   refused as a whole: then its number is still free, because nothing proves that its author sent it.
    ///   Console devices deliver without an envelope (`counter` 0) and nothing is noted.
    async fn commit(&self, deliveries: &[Delivery]) -> Result<Vec<Committed>, StoreError>;

    /// What became of these changes when their authors (the signers) delivered them. A change that is stored is
    /// stored whoever asks; a refusal counts for the author to whom it was given and for no other.
    async fn known_changes(
        &self,
        district: DistrictId,
        wanted: &[(DeviceId, ChangeHash)],
    ) -> Result<HashMap<(DeviceId, ChangeHash), KnownChange>, StoreError>;

    /// These records as a judge opens them; those that do not exist are left out.
    async fn open_records(
        &self,
        district: DistrictId,
        ids: &[RecordId],
    ) -> Result<Vec<JudgedRecord>, StoreError>;

    /// Puts indexes away, each unless one of the same or a higher version is there.
    async fn keep_indexes(&self, district: DistrictId, indexes: &[KeptIndex]) -> Result<(), StoreError>;

    /// A record with all its changes in the order they were appended.
    async fn load_record(
        &self,
        district: DistrictId,
        id: RecordId,
    ) -> Result<Option<StoredRecord>, StoreError>;

    /// What stands behind these marks, in their order and inside each in position order: as many rows as fit in
    /// `max_bytes`, and at least one if there are any. One question, however many the marks. A row whose bytes are not
    /// what was written comes as [`LogContent::Damaged`]: the others are read all the same.
    async fn read_news(
        &self,
        district: DistrictId,
        marks: &[ReadMark],
        max_bytes: usize,
    ) -> Result<LogNews, StoreError>;

    /// The collections of those marks that the log does not bear out: it never came so far, or another change stands
    /// there than the mark names. Where a pack stands now, or how far it came is damaged, nothing is said against a mark.
    async fn contradicted(
        &self,
        district: DistrictId,
        marks: &[ReadMark],
    ) -> Result<Vec<Collection>, StoreError>;

    /// Every collection that holds anything, with its last position.
    async fn list_collections(&self, district: DistrictId) -> Result<Vec<(Collection, u64)>, StoreError>;

    /// Records in id order after one, at most `limit`.
    async fn list_records(
        &self,
        district: DistrictId,
        after: Option<RecordId>,
        limit: u32,
    ) -> Result<Vec<RecordSummary>, StoreError>;

    /// The records of one collection in id order.
    async fn records_in(
        &self,
        district: DistrictId,
        collection: Collection,
    ) -> Result<Vec<RecordSummary>, StoreError>;
}

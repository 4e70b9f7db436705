//! The record: one small Automerge document of one kind, owned by one org.

mod document;
mod genesis;
mod history;
mod listing;
mod pack;
pub(crate) mod shape;

pub(crate) use document::scalar_from;
pub use document::{CommandFault, MAX_RECORD_BYTES, Record, RecordFault, Stamp, WrittenChange, change_hash};
pub(crate) use genesis::genesis_operations;
pub use genesis::{genesis_bytes, genesis_hash};
pub use history::{MergeCard, TextTouch, Touch, field_history, full_history, merge_cards, text_history};
pub use listing::{SlotShape, shape_of};
pub use pack::{PackFault, UnpackedChange, history_digest, pack, pack_devices, unpack};
pub use shape::{SlotPath, is_code};

use std::fmt;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use serde::{Deserialize, Serialize};

use crate::ids::{DeviceId, EntryId, MemberId, OrgId, RecordId, natural};
use crate::words;

words! {
    /// The kinds of record.
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    RecordKind {
        /// One activity of organisational life.
        Activity = "activity",
        /// One member's points of one cycle.
        Points = "points",
        /// One branch's members.
        Roster = "roster",
        /// The district's rules of a cycle.
        RuleBook = "rule_book",
    }
}

/// The shelf of an org's records that holds no year: roster, rule books.
pub const STANDING: u16 = 0;

/// Everything that says which record is meant and where it belongs.
///
/// It travels with each change, so that the first change of a record needs no other introduction.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode,
)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct RecordRef {
    /// The kind.
    #[n(0)]
    pub kind: RecordKind,
    /// The org that owns it.
    #[n(1)]
    pub org: OrgId,
    /// The calendar year (activity) or the cycle's first year (points); [`STANDING`] for the rest.
    #[n(2)]
    pub year: u16,
    /// What tells it from its neighbours: the activity's own UUIDv7, or for natural keys the member (points) or
    /// the org again.
    #[n(3)]
    pub key: EntryId,
}

impl RecordRef {
    /// An activity of a branch; `id` is a fresh UUIDv7.
    pub fn activity(org: OrgId, year: u16, id: RecordId) -> Self {
        Self { kind: RecordKind::Activity, org, year, key: EntryId(id.0) }
    }

    /// A member's points in a branch and cycle.
    pub fn points(org: OrgId, year: u16, member: MemberId) -> Self {
        Self { kind: RecordKind::Points, org, year, key: EntryId(member.0) }
    }

    /// A branch's roster.
    pub fn roster(org: OrgId) -> Self {
        Self { kind: RecordKind::Roster, org, year: STANDING, key: EntryId(org.0) }
    }

    /// A district's rule books.
    pub fn rule_book(district: OrgId) -> Self {
        Self { kind: RecordKind::RuleBook, org: district, year: STANDING, key: EntryId(district.0) }
    }

    /// The record's id. An activity brings its own; the others follow from their natural keys, so that two
    /// phones that open one ledger without signal open the same record.
    pub fn id(&self) -> RecordId {
        match self.kind {
            RecordKind::Activity => RecordId(self.key.0),
            kind => RecordId(natural(&[
                kind.as_str().as_bytes(),
                self.org.bytes(),
                &self.year.to_be_bytes(),
                self.key.bytes(),
            ])),
        }
    }

    /// Whether the reference can be true of its kind at all: years where years belong, natural keys in place.
    pub fn is_well_formed(&self) -> bool {
        let dated = (1921..=2999).contains(&self.year);
        match self.kind {
            RecordKind::Activity | RecordKind::Points => dated,
            RecordKind::Roster | RecordKind::RuleBook => self.year == STANDING && self.key.0 == self.org.0,
        }
    }

    /// The collection that replicates this record.
    pub fn collection(&self) -> Collection {
        Collection { org: self.org, year: self.year }
    }

    /// The member whose points these are.
    pub fn subject(&self) -> Option<MemberId> {
        (self.kind == RecordKind::Points).then_some(MemberId(self.key.0))
    }
}

/// The unit of replication: what one org shares for one year, or its standing records (year 0).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode,
)]
pub struct Collection {
    /// The org.
    #[n(0)]
    pub org: OrgId,
    /// The year, or [`STANDING`].
    #[n(1)]
    pub year: u16,
}

/// Who writes changes: a device in one of its epochs. Twenty bytes: the device id, then the epoch, big-endian.
///
/// A new epoch begins only after a refusal or a restore, so that two different changes never share actor and
/// sequence number. The genesis actor is twenty zero bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Actor {
    /// The device.
    pub device: DeviceId,
    /// Its epoch, from 1.
    pub epoch: u32,
}

impl Actor {
    /// The length of every actor id.
    pub const LEN: usize = 20;

    /// The actor's bytes.
    pub fn to_bytes(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..16].copy_from_slice(self.device.bytes());
        bytes[16..].copy_from_slice(&self.epoch.to_be_bytes());
        bytes
    }

    /// From an Automerge actor id of exactly our length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (device, epoch) = bytes.split_first_chunk::<16>()?;
        Some(Self {
            device: DeviceId::from_bytes(*device),
            epoch: u32::from_be_bytes(epoch.try_into().ok()?),
        })
    }

    /// As Automerge names it.
    pub fn to_automerge(self) -> automerge::ActorId {
        automerge::ActorId::from(&self.to_bytes()[..])
    }
}

impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.device, self.epoch)
    }
}

/// The SHA-256 that names a change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
pub struct ChangeHash(pub [u8; 32]);

/// The first bytes of a name in the log: enough to tell two changes apart that stood in the same place.
pub type ShortName = [u8; 8];

impl ChangeHash {
    /// Its first bytes.
    pub fn short(&self) -> ShortName {
        std::array::from_fn(|place| self.0[place])
    }
}

impl fmt::Display for ChangeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChangeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<automerge::ChangeHash> for ChangeHash {
    fn from(hash: automerge::ChangeHash) -> Self {
        Self(hash.0)
    }
}

impl Serialize for ChangeHash {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<C> Encode<C> for ChangeHash {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.bytes(&self.0)?;
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for ChangeHash {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let at = d.position();
        let bytes = d.bytes()?.try_into();
        bytes.map(Self).map_err(|_| decode::Error::message("a change hash is 32 bytes").at(at))
    }
}

//! One round trip: what a device has read and delivers, and what the server answers.

use minicbor::{Decode, Encode};
use serde::Serialize;

use super::{Envelope, SentChange, TokenResponse, VOUCHER_CONTEXT};
use crate::ids::{AccountId, DeviceId, DistrictId, MemberId};
use crate::org::{NamingScheme, Org, Post};
use crate::record::{ChangeHash, Collection, RecordRef, ShortName, history_digest};
use crate::refusal::RefusalCode;
use crate::time::Millis;

/// How far a device has read a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ReadMark {
    /// The collection.
    #[n(0)]
    pub collection: Collection,
    /// The last position it holds; 0 is nothing.
    #[n(1)]
    pub position: u64,
    /// The [`CollectionPage::name`] that came with it: a log that holds something else there was set back.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub name: Option<ShortName>,
}

impl ReadMark {
    /// A mark of which nothing more is known than how far it is.
    pub fn at(collection: Collection, position: u64) -> Self {
        Self { collection, position, name: None }
    }
}

/// `POST /v1/sync`: what I have read, and what I deliver.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SyncRequest {
    /// [`PROTOCOL`](super::PROTOCOL).
    #[n(0)]
    pub protocol: u16,
    /// The [`Profile::version`] held; 0 is none.
    #[n(1)]
    pub profile_version: u64,
    /// Collections held. Those of my scope that are not named are read from the beginning.
    #[n(2)]
    pub marks: Vec<ReadMark>,
    /// Own envelopes, and those carried for others.
    #[n(3)]
    pub envelopes: Vec<Envelope>,
    /// About how many bytes of changes the answer may carry; the server has its own bound.
    #[n(4)]
    pub page_bytes: u32,
    /// What a server that was restored from a backup has forgotten.
    #[n(5)]
    pub recovery: Option<Recovery>,
}

/// The answer to [`SyncRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SyncResponse {
    /// [`PROTOCOL`](super::PROTOCOL) of the server.
    #[n(0)]
    pub protocol: u16,
    /// The server's clock.
    #[n(1)]
    pub server_time: Millis,
    /// Which store answered. It changes when the server is restored from a backup.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub generation: Vec<u8>,
    /// One for each envelope of the request, in its order.
    #[n(3)]
    pub receipts: Vec<EnvelopeReceipt>,
    /// What is new, page by page; only collections with news are named.
    #[n(4)]
    pub pages: Vec<CollectionPage>,
    /// Whether more is waiting: ask again with the new marks.
    #[n(5)]
    pub more: bool,
    /// Present when the request named another version.
    #[n(6)]
    pub profile: Option<Profile>,
    /// The highest envelope counter known of the asking device.
    #[n(7)]
    pub last_counter: u64,
    /// The highest epoch known of the asking device.
    #[n(8)]
    pub last_epoch: u32,
    /// The next access token, for a device that came with a proof.
    #[n(9)]
    pub token: Option<TokenResponse>,
    /// One for each change of [`SyncRequest::recovery`], in its order.
    #[n(10)]
    pub recovered: Option<Vec<Receipt>>,
    /// The server's code over what this answer says is stored, see [`Voucher`]; absent when it says so of nothing.
    #[cbor(n(11), with = "minicbor::bytes")]
    pub voucher: Option<Vec<u8>>,
}

/// The server's word that it has stored these changes: whoever holds it can bring them back to a server that was
/// restored from a backup, whoever wrote them. Kept by those who read the answer that it came in.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Voucher {
    /// The [`SyncResponse::generation`] of that answer.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub generation: Vec<u8>,
    /// Its [`SyncResponse::voucher`].
    #[cbor(n(1), with = "minicbor::bytes")]
    pub code: Vec<u8>,
    /// What the code is over, 32 bytes each: the hashes of the device's own changes that were receipted as stored or as
    /// duplicates, of those that were recovered so, then page by page the [`history_digest`](crate::record::history_digest)
    /// of each pack and the hash of each change.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub names: Vec<u8>,
    /// The hashes of the changes in packs, pack by pack. What is in none of `names` as a digest proves nothing.
    #[n(3)]
    pub packs: Vec<PackedNames>,
}

/// The hashes of the changes of one pack, 32 bytes each, one behind the other.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct PackedNames(#[cbor(n(0), with = "minicbor::bytes")] pub Vec<u8>);

impl Voucher {
    /// What the code is computed over.
    pub fn covered_bytes(generation: &[u8], names: &[u8]) -> Vec<u8> {
        [VOUCHER_CONTEXT, generation, names].concat()
    }

    /// The changes that it speaks for, if its code is right.
    pub fn changes(&self) -> impl Iterator<Item = ChangeHash> {
        let packed = self.packs.iter().filter(|pack| {
            let digest = history_digest(hashes(&pack.0));
            hashes(&self.names).any(|name| name == digest)
        });
        hashes(&self.names).chain(packed.flat_map(|pack| hashes(&pack.0)))
    }
}

fn hashes(bytes: &[u8]) -> impl Iterator<Item = ChangeHash> {
    bytes.as_chunks().0.iter().map(|hash| ChangeHash(*hash))
}

/// Changes that a restored server has forgotten, brought back by somebody who holds them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Recovery {
    /// The server's own word for each of the changes.
    #[n(0)]
    pub vouchers: Vec<Voucher>,
    /// Each after what it depends on.
    #[n(1)]
    pub changes: Vec<SentChange>,
    /// Who wrote them, as this device knows it: for devices that the server has forgotten, too.
    #[n(2)]
    pub authors: Vec<AuthorCard>,
}

/// The server's durable answer to one envelope.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EnvelopeReceipt {
    /// Why the envelope as a whole was refused; then `changes` is empty.
    #[n(0)]
    pub refused: Option<Refusal>,
    /// One for each change, in the envelope's order.
    #[n(1)]
    pub changes: Vec<Receipt>,
}

/// The server's durable answer to one change.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Receipt {
    /// Appended to the log at this position of its collection.
    #[n(0)]
    Stored(#[n(0)] u64),
    /// It was there already, at this position.
    #[n(1)]
    Duplicate(#[n(0)] u64),
    /// Not accepted; kept in quarantine.
    #[n(2)]
    Refused(#[n(0)] Refusal),
}

/// Why, and where.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cbor(map)]
pub struct Refusal {
    /// For programs, and for [`RefusalCode::plain`].
    #[n(0)]
    pub code: RefusalCode,
    /// The slot of the record, e.g. `about.place`.
    #[n(1)]
    pub slot: Option<String>,
    /// For those who read logs. No personal data.
    #[n(2)]
    pub detail: Option<String>,
}

impl Refusal {
    /// A refusal that names no slot.
    pub fn new(code: RefusalCode, detail: impl Into<String>) -> Self {
        Self { code, slot: None, detail: Some(detail.into()) }
    }
}

/// What is new in one collection since the mark.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CollectionPage {
    /// The collection.
    #[n(0)]
    pub collection: Collection,
    /// Everything after this position: that of the request's mark. Before it, if this log holds something else there than
    /// the mark says, or never came so far: it was set back.
    #[n(1)]
    pub after: u64,
    /// ...up to and including this one. The new mark.
    #[n(2)]
    pub position: u64,
    /// The records that `changes` and `packs` name by index.
    #[n(3)]
    pub records: Vec<RecordRef>,
    /// In position order.
    #[n(4)]
    pub changes: Vec<LoggedChange>,
    /// Who stands behind the devices that wrote these changes.
    #[n(5)]
    pub authors: Vec<AuthorCard>,
    /// The first changes of records, each record's in one block; those in `changes` come behind them. Not sent to who
    /// speaks a protocol before [`PACKS_SINCE`](super::PACKS_SINCE).
    #[n(6)]
    #[cbor(default)]
    pub packs: Vec<LoggedPack>,
    /// Of what stands at `position`; none if that is damaged.
    #[cbor(n(7), with = "minicbor::bytes")]
    pub name: Option<ShortName>,
}

/// A block of the log.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LoggedPack {
    /// Index into [`CollectionPage::records`].
    #[n(0)]
    pub record: u32,
    /// A [`pack`](fn@crate::record::pack) of the record's first changes.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub pack: Vec<u8>,
}

/// One change of the log.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LoggedChange {
    /// Index into [`CollectionPage::records`].
    #[n(0)]
    pub record: u32,
    /// One uncompressed Automerge change chunk.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub change: Vec<u8>,
}

/// Who wrote with a device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
pub struct AuthorCard {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// The person's name as shown.
    #[n(1)]
    pub name: String,
    /// The device's own label, e.g. 书记的手机.
    #[n(2)]
    pub device_name: String,
    /// The member, if the account is one.
    #[n(3)]
    pub member: Option<MemberId>,
}

/// Who the device's owner is and what he may see. Sent when it changed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Profile {
    /// Grows with each change of the account, its posts or the orgs it sees.
    #[n(0)]
    pub version: u64,
    /// The district.
    #[n(1)]
    pub district: DistrictId,
    /// Its words for the levels.
    #[n(2)]
    pub naming: NamingScheme,
    /// The account.
    #[n(3)]
    pub account: AccountId,
    /// Its name as shown.
    #[n(4)]
    pub name: String,
    /// The member behind it, if any.
    #[n(5)]
    pub member: Option<MemberId>,
    /// What it may do, and where.
    #[n(6)]
    pub posts: Vec<Post>,
    /// The orgs in scope and the path above them.
    #[n(7)]
    pub orgs: Vec<Org>,
    /// The collections in scope. A collection no longer named is to be forgotten once nothing of it waits.
    #[n(8)]
    pub collections: Vec<Collection>,
}

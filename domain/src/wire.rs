//! What travels: envelopes, sync, enrolment, tokens. `PROTOCOL.md` says the same for strangers.
//!
//! Everything is CBOR: structs are maps with small integer keys, and a reader skips keys that it does not know.

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::ids::{AccountId, DeviceId, DistrictId, MemberId};
use crate::org::{NamingScheme, Org, Post};
use crate::record::{Collection, RecordRef};
use crate::refusal::RefusalCode;
use crate::time::Millis;
use crate::words;

/// The protocol this code speaks.
pub const PROTOCOL: u16 = 1;
/// The oldest protocol that the server still answers.
pub const OLDEST_PROTOCOL: u16 = 1;

/// What the device signs begins with these bytes, so that no signature can be used for another purpose.
pub const ENVELOPE_CONTEXT: &[u8] = b"zhibu-envelope-v1\0";
/// Context of the proof of possession at enrolment.
pub const ENROL_CONTEXT: &[u8] = b"zhibu-enrol-v1\0";
/// Context of the proof that renews a token.
pub const TOKEN_CONTEXT: &[u8] = b"zhibu-token-v1\0";

/// Largest request body after decompression.
pub const MAX_BODY_BYTES: usize = 4 << 20;
/// Largest envelope body.
pub const MAX_ENVELOPE_BYTES: usize = 1 << 20;
/// Most changes in one envelope.
pub const MAX_ENVELOPE_CHANGES: usize = 512;
/// Most envelopes in one request.
pub const MAX_REQUEST_ENVELOPES: usize = 256;
/// Most collections that a request may name.
pub const MAX_REQUEST_POSITIONS: usize = 16_384;

/// A batch of changes as its device signed it. The body is carried as bytes: it is never encoded again.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Envelope {
    /// An [`EnvelopeBody`] in CBOR.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub body: Vec<u8>,
    /// Over [`ENVELOPE_CONTEXT`] and the body: 64 bytes (Ed25519, or ES256 as r and s).
    #[cbor(n(1), with = "minicbor::bytes")]
    pub signature: Vec<u8>,
}

impl Envelope {
    /// The bytes under the signature.
    pub fn signed_bytes(body: &[u8]) -> Vec<u8> {
        [ENVELOPE_CONTEXT, body].concat()
    }
}

/// What is inside an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EnvelopeBody {
    /// [`PROTOCOL`] of the writer.
    #[n(0)]
    pub protocol: u16,
    /// The district this is meant for.
    #[n(1)]
    pub district: DistrictId,
    /// The author's device.
    #[n(2)]
    pub device: DeviceId,
    /// One more than the device's last envelope; starts at 1.
    #[n(3)]
    pub counter: u64,
    /// The device's clock when the envelope was closed. Kept, never trusted.
    #[n(4)]
    pub closed_at: Millis,
    /// The changes in the order they were made.
    #[n(5)]
    pub changes: Vec<SentChange>,
}

/// One change and the record it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SentChange {
    /// The record.
    #[n(0)]
    pub record: RecordRef,
    /// One uncompressed Automerge change chunk.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub change: Vec<u8>,
}

/// How far a device has read a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ReadMark {
    /// The collection.
    #[n(0)]
    pub collection: Collection,
    /// The last position it holds; 0 is nothing.
    #[n(1)]
    pub position: u64,
}

/// `POST /v1/sync`: what I have read, and what I deliver.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SyncRequest {
    /// [`PROTOCOL`].
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
}

/// The answer to [`SyncRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SyncResponse {
    /// [`PROTOCOL`] of the server.
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
    /// Everything after this position...
    #[n(1)]
    pub after: u64,
    /// ...up to and including this one. The new mark.
    #[n(2)]
    pub position: u64,
    /// The records that `changes` names by index.
    #[n(3)]
    pub records: Vec<RecordRef>,
    /// In position order.
    #[n(4)]
    pub changes: Vec<LoggedChange>,
    /// Who stands behind the devices that wrote these changes.
    #[n(5)]
    pub authors: Vec<AuthorCard>,
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

words! {
    /// A device key's algorithm. It belongs to the enrolled key, never to a message.
    KeyAlgorithm {
        /// Ed25519: 32-byte public keys.
        Ed25519 = "ed25519",
        /// ECDSA on P-256 with SHA-256: 65-byte uncompressed public keys, signatures as r and s.
        Es256 = "es256",
    }
}

/// `POST /v1/enrol`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EnrolRequest {
    /// [`PROTOCOL`].
    #[n(0)]
    pub protocol: u16,
    /// The invite's 32 secret bytes, from the link's fragment.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub secret: Vec<u8>,
    /// The key's algorithm.
    #[n(2)]
    pub algorithm: KeyAlgorithm,
    /// The public half of the key that the device just made.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub public_key: Vec<u8>,
    /// The device's label, at most 40 characters.
    #[n(4)]
    pub device_name: String,
    /// Signature over [`ENROL_CONTEXT`], the secret and the public key.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub proof: Vec<u8>,
}

impl EnrolRequest {
    /// The bytes under the proof.
    pub fn signed_bytes(secret: &[u8], public_key: &[u8]) -> Vec<u8> {
        [ENROL_CONTEXT, secret, public_key].concat()
    }
}

/// The answer: the device exists now. Asking again with the same secret and key gives the same device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EnrolResponse {
    /// The new device.
    #[n(0)]
    pub device: DeviceId,
    /// Who its owner is.
    #[n(1)]
    pub profile: Profile,
    /// The first access token.
    #[n(2)]
    pub token: TokenResponse,
}

/// `POST /v1/token`: renews the access token by a proof with the device key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct TokenRequest {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// The server's time as the device reckons it; later than any proof before, within ten minutes of the truth.
    #[n(1)]
    pub at: Millis,
    /// Signature over [`TOKEN_CONTEXT`], the device and the time (8 bytes, big-endian).
    #[cbor(n(2), with = "minicbor::bytes")]
    pub proof: Vec<u8>,
}

impl TokenRequest {
    /// The bytes under the proof.
    pub fn signed_bytes(device: DeviceId, at: Millis) -> Vec<u8> {
        [TOKEN_CONTEXT, device.bytes(), &at.0.to_be_bytes()].concat()
    }
}

/// An access token for `Authorization: Bearer`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct TokenResponse {
    /// A JWT, to be treated as opaque.
    #[n(0)]
    pub token: String,
    /// When it ends, on the server's clock.
    #[n(1)]
    pub expires_at: Millis,
    /// The server's clock now.
    #[n(2)]
    pub server_time: Millis,
}

words! {
    /// The code of an HTTP error. Append-only. The status table is in PROTOCOL.md.
    ErrorCode {
        /// 400: the body cannot be read.
        Malformed = "malformed",
        /// 401: no token, or one that is not ours, or over.
        Unauthenticated = "unauthenticated",
        /// 401: the token is over; renew it.
        TokenExpired = "token_expired",
        /// 401: the proof does not fit the key, or was used before.
        WrongProof = "wrong_proof",
        /// 401: the device's clock is too far off; the body carries the server's time.
        ClockSkew = "clock_skew",
        /// 401: the device was revoked.
        DeviceRevoked = "device_revoked",
        /// 401: login or password wrong.
        WrongLogin = "wrong_login",
        /// 403: known, but not allowed.
        Forbidden = "forbidden",
        /// 404: not there, or not yours to know of.
        NotFound = "not_found",
        /// 405: there, but not with this method; `Allow` names those that are.
        WrongMethod = "wrong_method",
        /// 409: the state is another than you thought.
        Conflict = "conflict",
        /// 410: the invite was used or is over.
        InviteSpent = "invite_spent",
        /// 413: beyond the size limit.
        TooLarge = "too_large",
        /// 415: a content type or encoding that is not spoken here.
        UnsupportedMedia = "unsupported_media",
        /// 422: a rule of the trade forbids it.
        RuleBroken = "rule_broken",
        /// 426: the client is too old.
        ClientTooOld = "client_too_old",
        /// 429: slow down.
        TooMany = "too_many",
        /// 500: our fault.
        Internal = "internal",
        /// 503: the store is busy or away; try again.
        Unavailable = "unavailable",
    } else {
        /// A word of a newer server; its message stands beside it. Only read, never sent.
        Unknown = "unknown",
    }
}

/// The one error body: CBOR on the protocol's endpoints, JSON with the same names on the console's.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct ErrorBody {
    /// For programs.
    #[n(0)]
    pub code: ErrorCode,
    /// For people.
    #[n(1)]
    pub message: String,
    /// To find it in the server's log.
    #[n(2)]
    pub request_id: String,
    /// The server's clock.
    #[n(3)]
    pub server_time: Millis,
}

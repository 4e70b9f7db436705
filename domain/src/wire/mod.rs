//! What travels: envelopes, sync, enrolment, tokens. `PROTOCOL.md` says the same for strangers.
//!
//! Everything is CBOR: structs are maps with small integer keys, and a reader skips keys that it does not know.

mod blob;
mod entrance;
mod file;
mod sync;

pub use blob::{BlobProgress, MAX_BLOB_CHUNK_BYTES};
pub use entrance::{EnrolRequest, EnrolResponse, KeyAlgorithm, PROOF_SCHEME, TokenRequest, TokenResponse};
pub use file::{envelopes_in, read_envelope};
pub use sync::{
    AuthorCard, CollectionPage, EnvelopeReceipt, LoggedChange, LoggedPack, PackedNames, Profile, ReadMark,
    Receipt, Recovery, Refusal, SyncRequest, SyncResponse, Voucher,
};

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::ids::{DeviceId, DistrictId};
use crate::record::RecordRef;
use crate::time::Millis;
use crate::words;

/// The protocol this code speaks.
pub const PROTOCOL: u16 = 2;
/// The first protocol in which pages hold packs; who speaks an older one gets their changes one by one.
pub const PACKS_SINCE: u16 = 2;
/// The oldest protocol that the server still answers.
pub const OLDEST_PROTOCOL: u16 = 1;

/// What the device signs begins with these bytes, so that no signature can be used for another purpose.
pub const ENVELOPE_CONTEXT: &[u8] = b"zhibu-envelope-v1\0";
/// Context of the proof of possession at enrolment.
pub const ENROL_CONTEXT: &[u8] = b"zhibu-enrol-v1\0";
/// Context of the proof that renews a token.
pub const TOKEN_CONTEXT: &[u8] = b"zhibu-token-v1\0";
/// Context of a server's code over what it has stored.
pub const VOUCHER_CONTEXT: &[u8] = b"zhibu-voucher-v1\0";

/// How far a proof's time may be from the server's, in milliseconds.
pub const PROOF_TOLERANCE_MS: i64 = 10 * 60 * 1000;

/// Largest request body after decompression.
pub const MAX_BODY_BYTES: usize = 4 << 20;
/// Largest envelope body.
pub const MAX_ENVELOPE_BYTES: usize = 1 << 20;
/// Most changes in one envelope.
pub const MAX_ENVELOPE_CHANGES: usize = 512;
/// Most envelopes in one request.
pub const MAX_REQUEST_ENVELOPES: usize = 256;
/// Most changes that a request may bring back to a restored server.
pub const MAX_RECOVERED_CHANGES: usize = 512;
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

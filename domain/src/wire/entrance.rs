//! Getting in: enrolment of a device, and renewal of its token.

use data_encoding::BASE64URL_NOPAD;
use minicbor::{Decode, Encode};

use super::{ENROL_CONTEXT, Profile, TOKEN_CONTEXT};
use crate::ids::DeviceId;
use crate::time::Millis;
use crate::words;

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
    /// [`PROTOCOL`](super::PROTOCOL).
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

/// The scheme of an `Authorization` header that brings a [`TokenRequest`] instead of a token: its CBOR in base64url
/// without padding. A device whose token is over needs one round trip so; the answer brings the next token.
pub const PROOF_SCHEME: &str = "Zhibu-Proof";

impl TokenRequest {
    /// What stands behind [`PROOF_SCHEME`].
    pub fn to_header(&self) -> String {
        BASE64URL_NOPAD.encode(&minicbor::to_vec(self).unwrap_or_default())
    }

    /// Reads what [`TokenRequest::to_header`] wrote.
    pub fn from_header(text: &str) -> Option<Self> {
        minicbor::decode(&BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()
    }

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

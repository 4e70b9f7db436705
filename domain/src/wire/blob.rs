//! Blobs: the pictures that a record names. They travel in pieces, after the text, and each piece may come twice.

use minicbor::{Decode, Encode};

/// Largest piece of a blob in one request: some seconds of the weakest signal that still carries anything.
pub const MAX_BLOB_CHUNK_BYTES: usize = 64 << 10;

/// How much of a blob the server holds. The answer to the question, and to each piece: one that does not begin at
/// `offset` changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BlobProgress {
    /// Bytes that are there: where the next piece begins.
    #[n(0)]
    pub offset: u64,
    /// All of it is there, fits its name and is on disk. Nothing less is a receipt.
    #[n(1)]
    pub is_complete: bool,
}

//! Backups: a consistent copy of a running server's database and its pictures, in a folder or a bucket.
//!
//! | object | what it is |
//! |---|---|
//! | `chunks/<2 digits>/<sha256>` | 16 KiB of the database file, or a list of chunks or pictures, compressed; named by its content |
//! | `pictures/<district>/<2 digits>/<sha256>` | a picture as it is |
//! | `moments/<time>-<16 digits>.json` | a [`Moment`]: what makes the database of that time; the digits are of its SHA-256 |
//!
//! What is there already is not put again, so a backup each minute costs what changed in it; and every moment is whole by
//! itself: none is a difference to another. Nothing is ever overwritten. One backup at a time goes to one place.

mod place;
mod restore;
mod take;

pub use place::{BackupPlace, Thinned};
pub use restore::{Restored, restore};
pub use take::{Backup, Source, Taken, keep_backing_up};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Bytes of the database in one chunk: four pages. One commit touches a page here and there in each of some twenty trees, so
/// larger chunks are put again with much in them that did not change; smaller ones cost more in names and requests.
const CHUNK_BYTES: usize = 16 << 10;
/// What this program writes, and the newest that it reads.
const FORMAT: u32 = 1;

/// The store of one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    format: u32,
    /// When the file stood still.
    pub taken_at: Timestamp,
    /// Bytes of the database file.
    pub bytes: u64,
    /// SHA-256 of the database file.
    sha256: String,
    /// The chunk that lists its chunks, in their order, 32 bytes of each one's SHA-256.
    chunks: String,
    /// The chunk that lists the pictures which it speaks of.
    pictures: String,
    /// How many those are.
    pub picture_count: usize,
}

fn name_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

//! The gate: whether one change, as bytes from outside, may enter a record.
//!
//! Automerge trusts its peers; we must not. A change with a right checksum can make it panic, can be accepted and
//! leave a document that never loads again, and can delete one key while naming another (automerge.md 1.1 to
//! 1.4). So each operation of each change is judged here before Automerge applies any of it, cheap and bounded
//! first:
//!
//! 1. `scan`: sizes, checksum, columns, without allocating;
//! 2. decoding inside `catch_unwind`, and canonical: encoded again it has the same name;
//! 3. `index`: actor, sequence, dependencies, first operation; then for each operation its object, key, value,
//!    and that its predecessors are exactly what its author could see;
//! 4. [`crate::access`]: the author's right to do this, in the record's status.
//!
//! The judge works on an [`Index`] of the record, not on the document.

mod content;
mod index;
mod scan;

use std::panic::catch_unwind;

use automerge::legacy;
use automerge::{Change, ExpandedChange};

pub use content::Edit;
pub use index::Index;

use crate::access::{Author, Scene};
use crate::record::{Actor, ChangeHash};
use crate::refusal::RefusalCode;
use crate::wire::Refusal;

/// The four bytes that every Automerge chunk begins with.
pub const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
/// Largest change, in bytes.
pub const MAX_CHANGE_BYTES: usize = 256 << 10;
/// Most operations, and most predecessors, of one change.
pub const MAX_OPERATIONS: u64 = 20_000;
/// Most operations of one record over its whole life: ten times the longest minutes. A change of a hundred bytes can
/// delete 20,000 characters, so the record's bytes alone do not bound what the index and the document hold.
pub const MAX_RECORD_OPERATIONS: usize = 200_000;
/// Most actors of one record. Each has at most one head, so this also bounds what an honest change depends on.
pub const MAX_ACTORS: usize = 256;
/// Most epochs of one device in one record: a device begins a new one only after a refusal or a restore.
pub const MAX_EPOCHS: usize = 32;

/// A change that was decoded and is what it claims to be. Only this module makes one.
#[derive(Debug, Clone)]
pub struct Decoded {
    hash: ChangeHash,
    size_bytes: usize,
    change: ExpandedChange,
}

impl Decoded {
    /// Its name.
    pub fn hash(&self) -> ChangeHash {
        self.hash
    }

    /// Who says he wrote it.
    pub fn actor(&self) -> Option<Actor> {
        Actor::from_bytes(self.change.actor_id.to_bytes())
    }

    /// The changes that it depends on.
    pub fn dependencies(&self) -> impl Iterator<Item = ChangeHash> {
        self.change.deps.iter().map(|hash| ChangeHash(hash.0))
    }
}

/// Scans and decodes the bytes of one change.
pub fn decode(bytes: &[u8]) -> Result<Decoded, Refusal> {
    scan::scan(bytes)?;
    let refused = |detail: &str| Refusal::new(RefusalCode::NotCanonical, detail);
    let decoded = catch_unwind(|| {
        let change = Change::from_bytes(bytes.to_vec()).map_err(|_| "unreadable")?;
        // Decoding twice keeps one decoded form in memory at a time, not two.
        let again = Change::from(change.decode());
        (again.raw_bytes() == bytes).then(|| (change.hash(), change.decode())).ok_or("not in canonical form")
    });
    let (hash, change) = decoded.map_err(|_| refused("the decoder broke"))?.map_err(refused)?;
    Ok(Decoded { hash: hash.into(), size_bytes: bytes.len(), change })
}

/// Judges a decoded change and, if it may enter, takes it into the index.
///
/// Either the whole change is taken, or the index is as before.
pub fn admit(index: &mut Index, change: &Decoded, author: &Author, scene: &Scene<'_>) -> Result<(), Refusal> {
    index.admit(change, Some((author, scene)))
}

/// Takes a change of the log into the index again: its structure is checked, rights are not, since they were
/// judged when it came.
pub fn replay(index: &mut Index, bytes: &[u8]) -> Result<ChangeHash, Refusal> {
    let change = decode(bytes)?;
    readmit(index, &change)?;
    Ok(change.hash)
}

/// As [`replay`], for a change that is decoded: one that was in the log before the server was restored from a backup.
pub fn readmit(index: &mut Index, change: &Decoded) -> Result<(), Refusal> {
    index.admit(change, None)
}

type Operation = legacy::Op;

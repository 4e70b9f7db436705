//! An index as bytes, so that a record that nobody touched for a while is judged again without reading its whole
//! history. It holds nothing that the record's changes do not say: whoever cannot read it replays them.

use automerge::ActorId;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};

use super::{Index, Node, Point, Written};
use crate::event::{ReviewEvent, Status};
use crate::ids::EntryId;
use crate::record::{ChangeHash, RecordRef};

/// Of this form and meaning; another one is not read.
const FORM: u8 = 2;
/// So many bytes of the SHA-256 of the rest stand first: a bit that a disk turned could let something in, or keep it out.
const CHECK_BYTES: usize = 8;

#[derive(Encode, Decode)]
struct KeptIndex {
    #[n(0)]
    form: u8,
    #[n(1)]
    actors: Vec<ByteVec>,
    #[n(2)]
    sequences: Vec<u64>,
    #[n(3)]
    changes: Vec<(ByteVec, Node)>,
    #[n(4)]
    keys: Vec<(String, Vec<Written>)>,
    #[n(5)]
    characters: Vec<Written>,
    #[n(6)]
    events: Vec<(EntryId, Point, ReviewEvent)>,
    #[n(7)]
    status: Status,
    #[n(8)]
    few: usize,
    #[n(9)]
    size_bytes: usize,
    #[n(10)]
    operations: usize,
}

impl Index {
    /// The index as bytes, for [`Index::reopen`]. Its own encoding: it may change with every version of this crate.
    pub fn keep(&self) -> Vec<u8> {
        let kept = KeptIndex {
            form: FORM,
            actors: self.actors.iter().map(|actor| actor.to_bytes().to_vec().into()).collect(),
            sequences: self.sequences.clone(),
            changes: self.changes.iter().map(|(hash, node)| (hash.0.to_vec().into(), node.clone())).collect(),
            keys: self.keys.iter().map(|(key, written)| (key.clone(), written.clone())).collect(),
            characters: self.characters.values().cloned().collect(),
            events: self.events.iter().map(|(id, (at, event))| (*id, *at, event.clone())).collect(),
            status: self.status,
            few: self.few,
            size_bytes: self.size_bytes,
            operations: self.operations,
        };
        let rest = minicbor::to_vec(kept).unwrap_or_default();
        [&Sha256::digest(&rest)[..CHECK_BYTES], &rest].concat()
    }

    /// The index of this record from the bytes that [`Index::keep`] made. `None` if they are of another form or were
    /// damaged: then the record's changes are to be replayed.
    pub fn reopen(reference: &RecordRef, bytes: &[u8]) -> Option<Self> {
        let (check, rest) = bytes.split_at_checked(CHECK_BYTES)?;
        if Sha256::digest(rest)[..CHECK_BYTES] != *check {
            return None;
        }
        let kept: KeptIndex = minicbor::decode(rest).ok().filter(|kept: &KeptIndex| kept.form == FORM)?;
        let mut index = Self::new(reference);
        let genesis = index.changes.keys().next().copied()?;
        index.actors = kept.actors.iter().map(|actor| ActorId::from(&actor[..])).collect();
        let numbered = index.actors.iter().enumerate();
        index.numbers = numbered.map(|(number, actor)| (actor.clone(), number as u16)).collect();
        index.sequences = kept.sequences;
        let named =
            |(hash, node): (ByteVec, Node)| Some((ChangeHash(hash.as_slice().try_into().ok()?), node));
        index.changes = kept.changes.into_iter().map(named).collect::<Option<_>>()?;
        index.keys = kept.keys.into_iter().collect();
        index.characters = kept.characters.into_iter().map(|written| (written.op, written)).collect();
        index.events = kept.events.into_iter().map(|(id, at, event)| (id, (at, event))).collect();
        (index.status, index.few) = (kept.status, kept.few);
        (index.size_bytes, index.operations) = (kept.size_bytes, kept.operations);
        // Bytes of another record have another genesis.
        index.changes.contains_key(&genesis).then_some(index)
    }

    /// About how many bytes of memory it takes.
    pub fn weight_bytes(&self) -> usize {
        /// Of a map's slot with its hash, a vector and its allocation.
        const CHANGE: usize = 160;
        const KEY: usize = 240;
        const CHARACTER: usize = 120;
        const ACTOR: usize = 100;
        self.changes.len() * (CHANGE + 8 * self.actors.len())
            + self.keys.len() * KEY
            + self.characters.len() * CHARACTER
            + self.actors.len() * ACTOR
    }
}

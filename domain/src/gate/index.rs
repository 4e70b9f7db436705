//! What the judge remembers of a record: which operation wrote which key, who superseded it, how far each actor
//! has come. Enough to say what the author of a change could see, without the document.

use std::collections::{BTreeMap, HashMap};

use automerge::ActorId;
use automerge::legacy::OpId;
use minicbor::{Decode, Encode};

mod draft;
mod kept;

use draft::{Draft, Taken};

use super::{Decoded, MAX_ACTORS, MAX_EPOCHS};
use crate::access::{Author, Scene};
use crate::event::{ReviewEvent, Status};
use crate::ids::EntryId;
use crate::record::{Actor, ChangeHash, RecordKind, RecordRef, SlotPath, genesis_hash, genesis_operations};
use crate::refusal::RefusalCode::{self, *};
use crate::wire::Refusal;

/// An operation's id with the actor as a small number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
struct Op {
    #[n(0)]
    counter: u64,
    #[n(1)]
    actor: u16,
}

/// A point in an actor's history: its change number `sequence`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
struct Point {
    #[n(0)]
    actor: u16,
    #[n(1)]
    sequence: u64,
}

/// One value that was written at a key, or one character of a text.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct Written {
    #[n(0)]
    op: Op,
    #[n(1)]
    at: Point,
    /// The changes that superseded it.
    #[n(2)]
    superseded: Vec<Point>,
}

/// A change of the record: how far each actor was when it was made, its own included.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct Node {
    #[n(0)]
    at: Point,
    #[n(1)]
    clock: Vec<u64>,
    #[n(2)]
    max_op: u64,
}

/// The judge's memory of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    kind: RecordKind,
    actors: Vec<ActorId>,
    numbers: HashMap<ActorId, u16>,
    /// The last change number of each actor.
    sequences: Vec<u64>,
    changes: HashMap<ChangeHash, Node>,
    keys: HashMap<String, Vec<Written>>,
    characters: HashMap<Op, Written>,
    events: BTreeMap<EntryId, (Point, ReviewEvent)>,
    status: Status,
    /// How many values stand in the container that holds few.
    few: usize,
    size_bytes: usize,
    operations: usize,
}

/// Whether somebody who had come this far had seen the point.
fn knows(clock: &[u64], point: Point) -> bool {
    clock.get(point.actor as usize).is_some_and(|seen| *seen >= point.sequence)
}

fn refuse<T>(code: RefusalCode, detail: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::new(code, detail))
}

fn refuse_at<T>(code: RefusalCode, slot: SlotPath<'_>) -> Result<T, Refusal> {
    Err(Refusal { code, slot: Some(slot.to_string()), detail: None })
}

impl Index {
    /// The index of an empty record: its genesis and nothing else.
    pub fn new(reference: &RecordRef) -> Self {
        let kind = reference.kind;
        let genesis = ActorId::from(&[0u8; Actor::LEN][..]);
        let at = Point { actor: 0, sequence: 1 };
        let node = Node { at, clock: vec![1], max_op: genesis_operations(kind) };
        Self {
            kind,
            numbers: HashMap::from([(genesis.clone(), 0)]),
            actors: vec![genesis],
            sequences: vec![1],
            changes: HashMap::from([(genesis_hash(reference), node)]),
            keys: HashMap::new(),
            characters: HashMap::new(),
            events: BTreeMap::new(),
            status: Status::Draft,
            few: 0,
            size_bytes: 0,
            operations: 0,
        }
    }

    /// Whether a change is in the record.
    pub fn holds(&self, hash: ChangeHash) -> bool {
        self.changes.contains_key(&hash)
    }

    /// How many changes it holds, the genesis not counted.
    pub fn change_count(&self) -> u64 {
        self.changes.len() as u64 - 1
    }

    /// The status that the review events give; [`Status::Draft`] without any.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Judges a change and takes it in. `None` for the author skips the rights (a change of the log).
    pub(super) fn admit(
        &mut self,
        change: &Decoded,
        judged: Option<(&Author, &Scene<'_>)>,
    ) -> Result<(), Refusal> {
        let mut draft = Draft::begin(self, change, judged.map(|(author, _)| author))?;
        for (at, operation) in change.change.operations.iter().enumerate() {
            draft.operation(at as u64, operation, judged)?;
        }
        let taken = draft.finish();
        self.take(change, taken);
        Ok(())
    }

    fn take(&mut self, change: &Decoded, taken: Taken) {
        if taken.at.actor as usize == self.actors.len() {
            self.numbers.insert(change.change.actor_id.clone(), taken.at.actor);
            self.actors.push(change.change.actor_id.clone());
            self.sequences.push(0);
        }
        self.sequences[taken.at.actor as usize] = taken.at.sequence;
        self.keys.extend(taken.keys);
        self.characters.extend(taken.characters);
        self.events.extend(taken.said.map(|(entry, event)| (entry, (taken.at, event))));
        self.status = taken.status;
        self.few = taken.few;
        self.size_bytes += change.size_bytes;
        self.operations += change.change.operations.len();
        self.changes.insert(change.hash, Node { at: taken.at, clock: taken.clock, max_op: taken.max_op });
    }

    /// The number of an actor; the next free one for a newcomer, if there is room for him.
    fn number_of(&self, id: &ActorId, actor: Actor) -> Result<u16, Refusal> {
        if let Some(known) = self.numbers.get(id) {
            return Ok(*known);
        }
        let same_device = |other: &&ActorId| other.to_bytes().starts_with(actor.device.bytes());
        let full =
            self.actors.len() >= MAX_ACTORS || self.actors.iter().filter(same_device).count() >= MAX_EPOCHS;
        if full { refuse(RecordFull, "too many devices or epochs") } else { Ok(self.actors.len() as u16) }
    }

    /// The changes that another depends on: known, each once, and none implied by another but the author's own
    /// last, which Automerge always names.
    fn dependencies(&self, named: &[automerge::ChangeHash], author: u16) -> Result<Vec<&Node>, Refusal> {
        if named.is_empty() {
            return refuse(MissingDependency, "not even the genesis");
        }
        let node = |hash: &automerge::ChangeHash| {
            let missing = || Refusal::new(MissingDependency, hash.to_string());
            self.changes.get(&ChangeHash(hash.0)).ok_or_else(missing)
        };
        let nodes = named.iter().map(node).collect::<Result<Vec<_>, _>>()?;
        let implied = |at: Point| nodes.iter().filter(|other| knows(&other.clock, at)).count() > 1;
        let repeated = !named.is_sorted_by(|a, b| a < b);
        if repeated || nodes.iter().any(|node| node.at.actor != author && implied(node.at)) {
            return refuse(NotCanonical, "a dependency that another one implies");
        }
        Ok(nodes)
    }

    fn op(&self, id: &OpId) -> Option<Op> {
        Some(Op { counter: id.counter(), actor: *self.numbers.get(id.actor())? })
    }
}

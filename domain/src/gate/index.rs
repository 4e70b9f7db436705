//! What the judge remembers of a record: which operation wrote which key, who superseded it, how far each actor
//! has come. Enough to say what the author of a change could see, without the document.

use std::collections::{BTreeMap, HashMap, HashSet};

use automerge::legacy::{ElementId, Key, ObjectId, OpId, OpType};
use automerge::{ActorId, ScalarValue};

use super::{Decoded, MAX_ACTORS, MAX_EPOCHS, MAX_RECORD_OPERATIONS, Operation};
use crate::access::{self, Act, Author, Scene};
use crate::command::Scalar;
use crate::event::{PointsEvent, ReviewEvent, Status, fold, standing_events};
use crate::ids::EntryId;
use crate::record::shape::{Container, Edit, Holds, ValueShape, container_of_object, containers, read_entry};
use crate::record::{Actor, ChangeHash, MAX_RECORD_BYTES, RecordKind, SlotPath, genesis_hash, scalar_from};
use crate::refusal::RefusalCode::{self, *};
use crate::wire::Refusal;

/// An operation's id with the actor as a small number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Op {
    counter: u64,
    actor: u16,
}

/// A point in an actor's history: its change number `sequence`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Point {
    actor: u16,
    sequence: u64,
}

/// One value that was written at a key, or one character of a text.
#[derive(Debug, Clone)]
struct Written {
    op: Op,
    at: Point,
    /// The changes that superseded it.
    superseded: Vec<Point>,
}

/// A change of the record: how far each actor was when it was made, its own included.
#[derive(Debug, Clone)]
struct Node {
    at: Point,
    clock: Vec<u64>,
    max_op: u64,
}

/// The judge's memory of one record.
#[derive(Debug, Clone)]
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
    pub fn new(kind: RecordKind) -> Self {
        let genesis = ActorId::from(&[0u8; Actor::LEN][..]);
        let at = Point { actor: 0, sequence: 1 };
        let node = Node { at, clock: vec![1], max_op: containers(kind).len() as u64 };
        Self {
            kind,
            numbers: HashMap::from([(genesis.clone(), 0)]),
            actors: vec![genesis],
            sequences: vec![1],
            changes: HashMap::from([(genesis_hash(kind), node)]),
            keys: HashMap::new(),
            characters: HashMap::new(),
            events: BTreeMap::new(),
            status: Status::Draft,
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

/// What a change would do to the index.
struct Taken {
    at: Point,
    clock: Vec<u64>,
    max_op: u64,
    keys: HashMap<String, Vec<Written>>,
    characters: HashMap<Op, Written>,
    said: Option<(EntryId, ReviewEvent)>,
    status: Status,
}

/// A change while its operations are judged: the index below, its own effects above.
struct Draft<'a> {
    index: &'a Index,
    actor: ActorId,
    at: Point,
    /// How far each actor was when the change was made, its own change included.
    clock: Vec<u64>,
    start_op: u64,
    max_op: u64,
    keys: HashMap<String, Vec<Written>>,
    characters: HashMap<Op, Written>,
    /// The one review event that a change may bring.
    said: Option<(EntryId, ReviewEvent)>,
    status: Status,
}

impl<'a> Draft<'a> {
    /// Checks the change as a whole: author, dependencies, sequence, first operation, size.
    fn begin(index: &'a Index, change: &Decoded, author: Option<&Author>) -> Result<Self, Refusal> {
        let header = &change.change;
        let actor = Actor::from_bytes(header.actor_id.to_bytes())
            .filter(|actor| actor.epoch > 0 && author.is_none_or(|author| author.device == actor.device));
        let Some(actor) = actor else {
            return refuse(WrongActor, "the actor is not the signed author's device");
        };
        if index.size_bytes + change.size_bytes > MAX_RECORD_BYTES {
            return refuse(RecordFull, format!("{} bytes", index.size_bytes + change.size_bytes));
        }
        if index.operations + header.operations.len() > MAX_RECORD_OPERATIONS {
            return refuse(RecordFull, "too many operations");
        }
        let number = index.number_of(&header.actor_id, actor)?;
        let mut clock = vec![0; index.actors.len().max(number as usize + 1)];
        let mut max_dep = 0;
        for node in index.dependencies(&header.deps, number)? {
            clock.iter_mut().zip(&node.clock).for_each(|(mine, theirs)| *mine = (*mine).max(*theirs));
            max_dep = max_dep.max(node.max_op);
        }
        let last = index.sequences.get(number as usize).copied().unwrap_or(0);
        if header.seq != last + 1 || clock[number as usize] != last {
            return refuse(SequenceConflict, format!("sequence {} after {last}", header.seq));
        }
        if header.start_op.get() != max_dep + 1 {
            return refuse(WrongStart, format!("first operation {}, not {}", header.start_op, max_dep + 1));
        }
        clock[number as usize] = header.seq;
        Ok(Self {
            index,
            actor: header.actor_id.clone(),
            at: Point { actor: number, sequence: header.seq },
            clock,
            start_op: header.start_op.get(),
            max_op: max_dep + header.operations.len() as u64,
            keys: HashMap::new(),
            characters: HashMap::new(),
            said: None,
            status: index.status,
        })
    }

    fn finish(self) -> Taken {
        Taken {
            at: self.at,
            clock: self.clock,
            max_op: self.max_op,
            keys: self.keys,
            characters: self.characters,
            said: self.said,
            status: self.status,
        }
    }

    fn operation(
        &mut self,
        nth: u64,
        operation: &Operation,
        judged: Option<(&Author, &Scene<'_>)>,
    ) -> Result<(), Refusal> {
        let id = Op { counter: self.start_op + nth, actor: self.at.actor };
        let container = match &operation.obj {
            ObjectId::Id(object) if self.index.op(object).is_some_and(|op| op.actor == 0) => {
                container_of_object(self.index.kind, object.counter())
            }
            _ => None,
        };
        let Some(container) = container else {
            return refuse(UnknownObject, "an object that this kind of record does not have");
        };
        match (&operation.key, container.holds) {
            (Key::Seq(element), Holds::Text { .. }) => self.character(id, element, operation, container)?,
            (Key::Map(key), holds) if !matches!(holds, Holds::Text { .. }) => {
                return self.value(id, key, operation, container, judged);
            }
            _ => return refuse_at(ForbiddenAction, SlotPath { container: container.name, key: "" }),
        }
        self.right(Act::Write(container.name, None), SlotPath { container: container.name, key: "" }, judged)
    }

    /// A put or a deletion at a key of a map.
    fn value(
        &mut self,
        id: Op,
        key: &str,
        operation: &Operation,
        container: &Container,
        judged: Option<(&Author, &Scene<'_>)>,
    ) -> Result<(), Refusal> {
        let slot = SlotPath { container: container.name, key };
        let Some(meaning) = container.key(key) else { return refuse_at(UnknownField, slot) };
        let value = match &operation.action {
            OpType::Put(value) => Some(scalar_from(value).filter(|value| meaning.value.fits(value))),
            OpType::Delete if container.edit == Edit::Free => None,
            _ => return refuse_at(ForbiddenAction, slot),
        };
        if operation.insert {
            return refuse_at(ForbiddenAction, slot);
        }
        let path = slot.to_string();
        let mut written = self.written(&path).to_vec();
        if container.edit == Edit::Once && !written.is_empty() {
            return refuse_at(AlreadyWritten, slot);
        }
        let act = match &value {
            Some(None) => return refuse_at(WrongValue, slot),
            Some(Some(value)) => self.entry_act(meaning.value, value, slot)?,
            None => None,
        };
        self.supersede(&mut written, operation, value.is_none(), slot)?;
        if value.is_some() {
            written.push(Written { op: id, at: self.at, superseded: Vec::new() });
        }
        // What this change wrote and superseded itself, nobody ever sees; kept, a long change would be judged in
        // quadratic time.
        written.retain(|old| old.at != self.at || old.superseded.is_empty());
        self.right(act.unwrap_or(Act::Write(container.name, meaning.member)), slot, judged)?;
        self.note(meaning.entry, value.flatten(), meaning.value);
        self.keys.insert(path, written);
        Ok(())
    }

    /// Marks what the operation names as its predecessors, which must be all that stood there for its author.
    ///
    /// One exception, which Automerge writes when the winner of a disagreement is put again: a deletion of all
    /// that stood there but the winner.
    fn supersede(
        &self,
        written: &mut [Written],
        operation: &Operation,
        deletes: bool,
        slot: SlotPath<'_>,
    ) -> Result<(), Refusal> {
        let mut named = HashSet::with_capacity(operation.pred.len());
        for id in operation.pred.iter() {
            let Some(op) = self.op(id) else { return refuse_at(WrongPredecessor, slot) };
            named.insert(op);
        }
        let mut standing: Vec<_> = written.iter_mut().filter(|old| self.stands(old)).collect();
        if deletes && named.len() + 1 == standing.len() && !named.is_empty() {
            let winner = standing.iter().map(|old| old.op).max_by_key(|op| (op.counter, self.actor_id(*op)));
            standing.retain(|old| Some(old.op) != winner);
        }
        let exact =
            standing.len() == operation.pred.len() && standing.iter().all(|old| named.contains(&old.op));
        if !exact || (deletes && standing.is_empty()) {
            return refuse_at(WrongPredecessor, slot);
        }
        standing.into_iter().for_each(|old| old.superseded.push(self.at));
        Ok(())
    }

    fn actor_id(&self, op: Op) -> &ActorId {
        self.index.actors.get(op.actor as usize).unwrap_or(&self.actor)
    }

    /// An insertion into a text, or the deletion of one of its characters.
    fn character(
        &mut self,
        id: Op,
        element: &ElementId,
        operation: &Operation,
        container: &Container,
    ) -> Result<(), Refusal> {
        let slot = SlotPath { container: container.name, key: "" };
        let at = match element {
            ElementId::Head => None,
            ElementId::Id(id) => match self.op(id).and_then(|op| self.seen_character(op)) {
                Some(written) => Some(written.clone()),
                None => return refuse_at(WrongPredecessor, slot),
            },
        };
        match (&operation.action, operation.insert, at) {
            (OpType::Put(value), true, _) if operation.pred.is_empty() => {
                if !is_character(value) {
                    return refuse_at(WrongValue, slot);
                }
                self.characters.insert(id, Written { op: id, at: self.at, superseded: Vec::new() });
                Ok(())
            }
            (OpType::Delete, false, Some(mut written)) => {
                let named = operation.pred.get(0).and_then(|id| self.op(id));
                if operation.pred.len() != 1 || named != Some(written.op) || !self.stands(&written) {
                    return refuse_at(WrongPredecessor, slot);
                }
                written.superseded.push(self.at);
                self.characters.insert(written.op, written);
                Ok(())
            }
            _ => refuse_at(ForbiddenAction, slot),
        }
    }

    /// The right that an entry calls for beyond its container, and whether what it refers to exists.
    fn entry_act(
        &self,
        shape: ValueShape,
        value: &Scalar,
        slot: SlotPath<'_>,
    ) -> Result<Option<Act>, Refusal> {
        let Scalar::Bytes(bytes) = value else { return Ok(None) };
        match shape {
            ValueShape::ReviewEvent => {
                let event: ReviewEvent =
                    read_entry(bytes).ok_or_else(|| Refusal::new(WrongValue, "event"))?;
                if self.said.is_some() {
                    return refuse_at(WrongStep, slot);
                }
                match event.supersedes == standing_events(&self.events_seen()) {
                    true => Ok(Some(Act::Review(event.verb))),
                    false => refuse_at(WrongValue, slot),
                }
            }
            ValueShape::PointsEvent => {
                let event: PointsEvent =
                    read_entry(bytes).ok_or_else(|| Refusal::new(WrongValue, "event"))?;
                let claim = SlotPath { container: "entries", key: &event.entry.to_string() }.to_string();
                match self.written(&claim).iter().any(|claim| self.stands(claim)) {
                    true => Ok(Some(Act::Judge(event.verb))),
                    false => refuse_at(WrongValue, slot),
                }
            }
            _ => Ok(None),
        }
    }

    fn note(&mut self, entry: Option<EntryId>, value: Option<Scalar>, shape: ValueShape) {
        if let (ValueShape::ReviewEvent, Some(entry), Some(Scalar::Bytes(bytes))) = (shape, entry, value) {
            self.said = read_entry(&bytes).map(|event| (entry, event));
            let events = self.index.events.iter().map(|(entry, (_, event))| (*entry, event.clone()));
            self.status = fold(&events.chain(self.said.clone()).collect()).unwrap_or(Status::Draft);
        }
    }

    /// The review events that the author of the change knew.
    fn events_seen(&self) -> BTreeMap<EntryId, ReviewEvent> {
        let seen = self.index.events.iter().filter(|(_, (at, _))| self.saw(*at));
        seen.map(|(entry, (_, event))| (*entry, event.clone())).collect()
    }

    fn right(
        &self,
        act: Act,
        slot: SlotPath<'_>,
        judged: Option<(&Author, &Scene<'_>)>,
    ) -> Result<(), Refusal> {
        let Some((author, scene)) = judged else { return Ok(()) };
        access::may(author, act, &Scene { status: self.status, ..*scene })
            .or_else(|code| refuse_at(code, slot))
    }

    fn written(&self, path: &str) -> &[Written] {
        self.keys.get(path).or_else(|| self.index.keys.get(path)).map_or(&[], Vec::as_slice)
    }

    fn op(&self, id: &OpId) -> Option<Op> {
        let own = *id.actor() == self.actor;
        if own { Some(Op { counter: id.counter(), actor: self.at.actor }) } else { self.index.op(id) }
    }

    /// A character that the author could know of, deleted or not.
    fn seen_character(&self, op: Op) -> Option<&Written> {
        let written = self.characters.get(&op).or_else(|| self.index.characters.get(&op))?;
        self.saw(written.at).then_some(written)
    }

    /// Whether the change was made knowing that point.
    fn saw(&self, point: Point) -> bool {
        knows(&self.clock, point)
    }

    /// Whether a value stood there for the author of the change.
    fn stands(&self, written: &Written) -> bool {
        self.saw(written.at) && !written.superseded.iter().any(|point| self.saw(*point))
    }
}

/// One visible character or a line break: what a text is made of.
fn is_character(value: &ScalarValue) -> bool {
    let ScalarValue::Str(text) = value else { return false };
    let mut characters = text.chars();
    matches!((characters.next(), characters.next()), (Some(c), None) if !c.is_control() || c == '\n')
}

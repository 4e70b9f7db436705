//! A change while it is judged against the index: all of it or nothing.

use std::collections::{BTreeMap, HashMap, HashSet};

use automerge::legacy::{ElementId, Key, ObjectId, OpId, OpType};
use automerge::{ActorId, ScalarValue};

use super::{Index, Op, Point, Written, knows, refuse, refuse_at};
use crate::access::{self, Act, Author, Scene};
use crate::command::Scalar;
use crate::event::{PointsEvent, ReviewEvent, Status, fold, standing_events};
use crate::gate::{Decoded, MAX_RECORD_OPERATIONS, Operation};
use crate::ids::EntryId;
use crate::record::shape::{Container, Edit, Holds, ValueShape, container_of_object, read_entry};
use crate::record::{Actor, MAX_RECORD_BYTES, SlotPath, scalar_from};
use crate::refusal::RefusalCode::*;
use crate::wire::Refusal;

/// What a change would do to the index.
pub(super) struct Taken {
    pub(super) at: Point,
    pub(super) clock: Vec<u64>,
    pub(super) max_op: u64,
    pub(super) keys: HashMap<String, Vec<Written>>,
    pub(super) characters: HashMap<Op, Written>,
    pub(super) said: Option<(EntryId, ReviewEvent)>,
    pub(super) status: Status,
    pub(super) few: usize,
}

/// A change while its operations are judged: the index below, its own effects above.
pub(super) struct Draft<'a> {
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
    few: usize,
}

impl<'a> Draft<'a> {
    /// Checks the change as a whole: author, dependencies, sequence, first operation, size.
    pub(super) fn begin(
        index: &'a Index,
        change: &Decoded,
        author: Option<&Author>,
    ) -> Result<Self, Refusal> {
        let header = &change.change;
        let actor = Actor::from_bytes(header.actor_id.to_bytes())
            .filter(|actor| actor.epoch > 0 && author.is_none_or(|author| author.device == actor.device));
        let Some(actor) = actor else {
            return refuse(WrongActor, "the actor is not the signed author's device");
        };
        // Limits are for what is new: what had its receipt before comes back into a restored record that others have
        // filled meanwhile.
        let is_new = author.is_some();
        if is_new && index.size_bytes + change.size_bytes > MAX_RECORD_BYTES {
            return refuse(RecordFull, format!("{} bytes", index.size_bytes + change.size_bytes));
        }
        if is_new && index.operations + header.operations.len() > MAX_RECORD_OPERATIONS {
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
            few: index.few,
        })
    }

    pub(super) fn finish(self) -> Taken {
        Taken {
            at: self.at,
            clock: self.clock,
            max_op: self.max_op,
            keys: self.keys,
            characters: self.characters,
            said: self.said,
            status: self.status,
            few: self.few,
        }
    }

    pub(super) fn operation(
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
            OpType::Delete if container.edit != Edit::Once => None,
            _ => return refuse_at(ForbiddenAction, slot),
        };
        if operation.insert {
            return refuse_at(ForbiddenAction, slot);
        }
        let path = slot.to_string();
        let mut written = self.written(&path).to_vec();
        if container.edit != Edit::Free && value.is_some() && !written.is_empty() {
            return refuse_at(AlreadyWritten, slot);
        }
        let stood = stands_for_all(&written);
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
        if let Edit::Few(most) = container.edit {
            self.few = self.few + usize::from(stands_for_all(&written)) - usize::from(stood);
            if judged.is_some() && self.few > most {
                return refuse_at(TooManyPhotos, slot);
            }
        }
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

/// Whether a value stands that nobody has taken away, however much the author of a change has seen: two phones
/// without signal may each add one too many, and then the second to arrive is refused.
fn stands_for_all(written: &[Written]) -> bool {
    written.iter().any(|value| value.superseded.is_empty())
}

/// One visible character or a line break: what a text is made of.
fn is_character(value: &ScalarValue) -> bool {
    let ScalarValue::Str(text) = value else { return false };
    let mut characters = text.chars();
    matches!((characters.next(), characters.next()), (Some(c), None) if !c.is_control() || c == '\n')
}

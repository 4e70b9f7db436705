//! A record in memory: its reference and its Automerge document.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::transaction::CommitOptions;
use automerge::{Automerge, Change, ReadDoc, ScalarValue, Value};

use super::genesis::{genesis_document, object_of};
use super::shape::{Container, container, containers};
use super::{Actor, ChangeHash, RecordRef, SlotPath};
use crate::command::{Command, Scalar};
use crate::time::Millis;

mod write;
pub use write::CommandFault;

/// Hard limit of a saved record, in bytes.
pub const MAX_RECORD_BYTES: usize = 1 << 20;

/// Who writes a change, and when by his own clock.
#[derive(Debug, Clone, Copy)]
pub struct Stamp {
    /// The device in its epoch.
    pub actor: Actor,
    /// Its clock. Automerge keeps whole seconds.
    pub now: Millis,
}

/// A change that a command became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenChange {
    /// Its name.
    pub hash: ChangeHash,
    /// One uncompressed change chunk.
    pub bytes: Vec<u8>,
}

/// A stored change that the document cannot take: corruption, since only judged changes come here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    /// Automerge could not read or apply it.
    #[error("the change cannot be applied: {0}")]
    Unreadable(String),
    /// Automerge panicked. The record must be made anew from its log.
    #[error("the document broke while applying a change")]
    Broken,
    /// Something that it depends on is not there.
    #[error("the change depends on another that is not there")]
    Incomplete,
}

/// One record: what it is, and its document.
#[derive(Clone)]
pub struct Record {
    reference: RecordRef,
    document: Automerge,
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record").field("reference", &self.reference).finish_non_exhaustive()
    }
}

impl Record {
    /// An empty record: its genesis and nothing else.
    pub fn new(reference: RecordRef) -> Self {
        Self { reference, document: genesis_document(&reference) }
    }

    /// A record from the changes of its log, in their order.
    pub fn from_changes(
        reference: RecordRef,
        changes: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> Result<Self, RecordFault> {
        let mut record = Self::new(reference);
        let changes =
            changes.into_iter().map(|bytes| read_change(bytes.as_ref())).collect::<Result<Vec<_>, _>>()?;
        record.apply_all(changes)?;
        Ok(record)
    }

    /// What and whose it is.
    pub fn reference(&self) -> &RecordRef {
        &self.reference
    }

    /// Applies one judged change. A change that is there already does nothing.
    ///
    /// After [`RecordFault::Broken`] this record must not be used again.
    pub fn apply(&mut self, change: &[u8]) -> Result<(), RecordFault> {
        let change = read_change(change)?;
        self.apply_all(vec![change])
    }

    fn apply_all(&mut self, changes: Vec<Change>) -> Result<(), RecordFault> {
        let names: HashSet<_> = changes.iter().map(Change::hash).collect();
        // Automerge queues a change whose dependency is missing, says nothing, and applies it unasked when the
        // dependency comes (automerge.md 1).
        let there = |hash: &automerge::ChangeHash| {
            names.contains(hash) || self.document.get_change_by_hash(hash).is_some()
        };
        if !changes.iter().flat_map(Change::deps).all(there) {
            return Err(RecordFault::Incomplete);
        }
        catch_unwind(AssertUnwindSafe(|| self.document.apply_changes(changes)))
            .map_err(|_| RecordFault::Broken)?
            .map_err(|error| RecordFault::Unreadable(error.to_string()))
    }

    /// Executes a command as one change; `None` when it would change nothing.
    pub fn execute(
        &mut self,
        command: &Command,
        stamp: Stamp,
    ) -> Result<Option<WrittenChange>, CommandFault> {
        self.execute_all(std::slice::from_ref(command), stamp)
    }

    /// Executes commands that belong together, e.g. a roster read from a list, as **one** change: all of them or,
    /// at the first fault, none. `None` when they would change nothing.
    pub fn execute_all(
        &mut self,
        commands: &[Command],
        stamp: Stamp,
    ) -> Result<Option<WrittenChange>, CommandFault> {
        self.document.set_actor(stamp.actor.to_automerge());
        let mut transaction = self.document.transaction();
        for command in commands {
            write::execute(&mut transaction, self.reference.kind, command)?;
        }
        let (hash, _) = transaction.commit_with(CommitOptions::default().with_time(stamp.now.seconds()));
        let Some(hash) = hash else { return Ok(None) };
        let bytes = self.document.get_change_by_hash(&hash).map(|change| change.raw_bytes().to_vec());
        Ok(bytes.map(|bytes| WrittenChange { hash: hash.into(), bytes }))
    }

    /// The record as a plain Automerge file that any Automerge implementation opens.
    ///
    /// Two replicas with the same changes give the same bytes, in whatever order the changes came: they are
    /// applied anew by (first operation, actor), which always lies behind what a change depends on.
    pub fn save(&self) -> Result<Vec<u8>, RecordFault> {
        let mut changes: Vec<Change> = self.changes().collect();
        changes.sort_by(|a, b| (a.start_op(), a.actor_id()).cmp(&(b.start_op(), b.actor_id())));
        let mut canonical = Self::new(self.reference);
        canonical.apply_all(changes)?;
        Ok(canonical.document.save())
    }

    /// The hashes that nothing depends on yet, in order. Two replicas with the same heads are the same.
    pub fn heads(&self) -> Vec<ChangeHash> {
        let mut heads: Vec<_> = self.document.get_heads().into_iter().map(ChangeHash::from).collect();
        heads.sort_unstable();
        heads
    }

    /// Whether a change is in the record.
    pub fn holds(&self, hash: ChangeHash) -> bool {
        self.document.get_change_by_hash(&automerge::ChangeHash(hash.0)).is_some()
    }

    /// How many changes it holds, the genesis not counted.
    pub fn change_count(&self) -> usize {
        self.document.get_changes_meta(&[]).len().saturating_sub(1)
    }

    /// Its changes but for the genesis, each after what it depends on.
    pub fn changes(&self) -> impl Iterator<Item = Change> {
        self.document.get_changes(&[]).into_iter().skip(1)
    }

    /// The text of a text container.
    pub fn text(&self, name: &str) -> String {
        let object = self.container(name).map(|c| object_of(self.reference.kind, c));
        object.and_then(|object| self.document.text(&object).ok()).unwrap_or_default()
    }

    /// The values of a map container, the winner of each key, in key order.
    pub fn values(&self, name: &str) -> Vec<(String, Scalar)> {
        let Some(container) = self.container(name) else { return Vec::new() };
        let object = object_of(self.reference.kind, container);
        self.document
            .map_range(&object, ..)
            .filter_map(|item| Some((item.key.to_string(), scalar_of(&item.value.into_value())?)))
            .collect()
    }

    /// The value at a slot: the winner, where several stand.
    pub fn value(&self, slot: SlotPath<'_>) -> Option<Scalar> {
        let object = object_of(self.reference.kind, self.container(slot.container)?);
        scalar_of(&self.document.get(&object, slot.key).ok()??.0)
    }

    /// All values that stand at a slot and who wrote them by which operation; the winner last.
    pub(super) fn standing(&self, container: &Container, key: &str) -> Vec<(Scalar, automerge::ObjId)> {
        let object = object_of(self.reference.kind, container);
        let values = self.document.get_all(&object, key).unwrap_or_default();
        values.into_iter().filter_map(|(value, id)| Some((scalar_of(&value)?, id))).collect()
    }

    /// The keys of a map container at which more than one value stands.
    pub(super) fn contested_keys(&self, container: &Container) -> Vec<String> {
        let object = object_of(self.reference.kind, container);
        self.document
            .map_range(&object, ..)
            .filter(|item| item.conflict)
            .map(|item| item.key.to_string())
            .collect()
    }

    /// The change that made an operation.
    pub(super) fn change_of(&self, operation: &automerge::ObjId) -> Option<Change> {
        self.document.get_change_by_hash(&self.document.hash_for_opid(operation)?)
    }

    fn container(&self, name: &str) -> Option<&'static Container> {
        container(self.reference.kind, name)
    }

    /// All containers of its kind.
    pub(crate) fn containers(&self) -> &'static [Container] {
        containers(self.reference.kind)
    }
}

fn read_change(bytes: &[u8]) -> Result<Change, RecordFault> {
    catch_unwind(|| Change::from_bytes(bytes.to_vec()))
        .map_err(|_| RecordFault::Broken)?
        .map_err(|error| RecordFault::Unreadable(error.to_string()))
}

/// A value as records hold them; other types never pass the gate.
fn scalar_of(value: &Value<'_>) -> Option<Scalar> {
    match value {
        Value::Scalar(scalar) => scalar_from(scalar),
        Value::Object(_) => None,
    }
}

/// An Automerge scalar as ours, if it is of a type that records use.
pub(crate) fn scalar_from(scalar: &ScalarValue) -> Option<Scalar> {
    match scalar {
        ScalarValue::Str(text) => Some(Scalar::Text(text.to_string())),
        ScalarValue::Int(number) => Some(Scalar::Int(*number)),
        ScalarValue::Boolean(flag) => Some(Scalar::Flag(*flag)),
        ScalarValue::Bytes(bytes) => Some(Scalar::Bytes(bytes.clone())),
        _ => None,
    }
}

/// The name of a change chunk, from its header and content, without decoding operations.
pub fn change_hash(bytes: &[u8]) -> Option<ChangeHash> {
    use sha2::{Digest, Sha256};
    (bytes.len() > 8 && bytes[..4] == crate::gate::MAGIC)
        .then(|| ChangeHash(Sha256::digest(&bytes[8..]).into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::AboutField;
    use crate::event::Verb;
    use crate::ids::{DeviceId, EntryId, OrgId, RecordId, natural};
    use crate::record::merge_cards;
    use crate::view::ActivityView;

    fn stamp(device: u8) -> Stamp {
        let device = DeviceId::from_bytes([device; 16]);
        Stamp { actor: Actor { device, epoch: 1 }, now: Millis(1_795_000_000_000) }
    }

    fn activity() -> Record {
        let id = RecordId(natural(&[b"activity"]));
        Record::new(RecordRef::activity(OrgId(natural(&[b"branch"])), 2026, id))
    }

    fn set(field: AboutField, value: &str) -> Command {
        Command::SetAbout(vec![(field, Some(value.into()))])
    }

    fn write(record: &mut Record, command: &Command, device: u8) -> WrittenChange {
        record.execute(command, stamp(device)).unwrap().expect("the command changes something")
    }

    #[test]
    fn two_phones_lose_nothing_and_disagree_only_where_they_do() {
        let (mut hers, mut his) = (activity(), activity());
        let planned = write(&mut hers, &set(AboutField::Title, "十一月主题党日"), 1);
        his.apply(&planned.bytes).unwrap();

        let minutes =
            |before: &str, after: &str| Command::EditMinutes { before: before.into(), after: after.into() };
        let mut sent = vec![
            write(&mut hers, &set(AboutField::Place, "村委会"), 1),
            write(&mut hers, &minutes("", "学习了文件。"), 1),
        ];
        let back = [
            write(&mut his, &set(AboutField::Place, "文化广场"), 2),
            write(&mut his, &minutes("", "讨论了修路。"), 2),
        ];
        sent.iter().for_each(|change| his.apply(&change.bytes).unwrap());
        back.iter().for_each(|change| hers.apply(&change.bytes).unwrap());
        sent.extend(back);

        assert_eq!(hers.heads(), his.heads());
        assert_eq!(hers.save().unwrap(), his.save().unwrap(), "replicas are equal to the byte");
        let view = ActivityView::of(&hers);
        assert!(view.minutes.contains("学习了文件。") && view.minutes.contains("讨论了修路。"));
        let cards = merge_cards(&hers);
        assert_eq!(cards.len(), 1);
        assert_eq!(cards[0].slot, "about.place");

        let keep = Command::Resolve { slot: "about.place".into(), keep: "村委会".into() };
        write(&mut his, &keep, 2);
        assert!(merge_cards(&his).is_empty());
        assert_eq!(
            crate::record::field_history(&his, "about.place").len(),
            3,
            "the loser stays in the history"
        );
        assert_eq!(hers.execute(&set(AboutField::Title, "十一月主题党日"), stamp(1)).unwrap(), None);
    }

    #[test]
    fn minutes_written_against_an_older_text_are_merged_into_the_newer() {
        let mut record = activity();
        let edit =
            |before: &str, after: &str| Command::EditMinutes { before: before.into(), after: after.into() };
        write(&mut record, &edit("", "一、学习。二、讨论。"), 1);
        write(&mut record, &edit("一、学习。二、讨论。", "一、学习党章。二、讨论。"), 1);
        write(&mut record, &edit("一、学习。二、讨论。", "一、学习。二、讨论修路。"), 2);
        assert_eq!(record.text("minutes"), "一、学习党章。二、讨论修路。");
    }

    #[test]
    fn a_command_that_cannot_be_done_leaves_the_record_as_it_was() {
        let mut record = activity();
        write(&mut record, &set(AboutField::Title, "党课"), 1);
        let before = record.save().unwrap();
        let fields =
            vec![(AboutField::Place, Some("村委会".into())), (AboutField::HeldFrom, Some("昨天".into()))];
        let fault = record.execute(&Command::SetAbout(fields), stamp(1)).unwrap_err();
        assert_eq!(fault, CommandFault::WrongValue { slot: "about.held_from".into() });
        assert_eq!(record.save().unwrap(), before);
        write(&mut record, &set(AboutField::Place, "村委会"), 1);
    }

    #[test]
    fn commands_that_belong_together_are_one_change_or_none() {
        let mut record = activity();
        let fits = set(AboutField::Title, "党课");
        let does_not = Command::SetAbout(vec![(AboutField::HeldFrom, Some("昨天".into()))]);
        record.execute_all(&[fits.clone(), does_not], stamp(1)).unwrap_err();
        assert_eq!(record.change_count(), 0);
        record.execute_all(&[fits, set(AboutField::Place, "村委会")], stamp(1)).unwrap().unwrap();
        assert_eq!((record.change_count(), record.values("about").len()), (1, 2));
    }

    #[test]
    fn entries_are_written_once_and_events_know_what_they_answer() {
        let mut record = activity();
        let review = |n: u8, verb| Command::Review {
            event: EntryId::from_bytes([n; 16]),
            verb,
            slot: None,
            comment: None,
            reason: None,
        };
        write(&mut record, &review(1, Verb::Submitted), 1);
        write(&mut record, &review(2, Verb::Returned), 2);
        assert!(matches!(
            record.execute(&review(2, Verb::Filed), stamp(1)),
            Err(CommandFault::AlreadyWritten { .. })
        ));
        let events = ActivityView::of(&record).events;
        assert_eq!(events[&EntryId::from_bytes([2; 16])].supersedes, [EntryId::from_bytes([1; 16])]);
        assert_eq!(crate::event::fold(&events), Some(crate::event::Status::Returned));
    }

    #[test]
    fn a_record_comes_back_from_its_log() {
        let mut record = activity();
        let mut log = vec![write(&mut record, &set(AboutField::Title, "党课"), 1)];
        log.push(write(&mut record, &set(AboutField::Place, "村委会"), 2));
        let again =
            Record::from_changes(*record.reference(), log.iter().map(|change| &change.bytes)).unwrap();
        assert_eq!(again.save().unwrap(), record.save().unwrap());
        assert_eq!(again.change_count(), 2);
        assert!(log.iter().all(|change| change_hash(&change.bytes) == Some(change.hash)));
        let mut late = activity();
        assert_eq!(late.apply(&log[1].bytes), Err(RecordFault::Incomplete));
        late.apply(&log[0].bytes).unwrap();
        assert_eq!(late.change_count(), 1, "what was refused does not come in later by itself");
    }
}

//! What a change says, for people: also of a change that was refused and stands in no record.

use std::collections::BTreeMap;

use automerge::legacy::{Key, ObjectId, OpType};

use super::Decoded;
use crate::command::Scalar;
use crate::record::shape::container_of_object;
use crate::record::{RecordKind, SlotPath, scalar_from};

/// One thing that a change would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Writes a value at a slot; `None` clears it.
    Set {
        /// E.g. `about.place`.
        slot: String,
        /// The value.
        value: Option<Scalar>,
    },
    /// Edits a text.
    Text {
        /// E.g. `minutes`.
        slot: String,
        /// The characters it puts in, in the order written.
        inserted: String,
        /// How many characters it takes out.
        deleted: usize,
    },
    /// Touches something that records of this kind do not have.
    Strange {
        /// The object and key as the change names them.
        place: String,
    },
}

impl Decoded {
    /// What the change would do to a record of this kind, in the order of its operations; all edits of one text
    /// are one.
    pub fn content(&self, kind: RecordKind) -> Vec<Edit> {
        let mut edits = Vec::new();
        let mut texts = BTreeMap::<&str, usize>::new();
        for operation in &self.change.operations {
            let container = match &operation.obj {
                ObjectId::Id(id) => container_of_object(kind, id.counter()),
                ObjectId::Root => None,
            };
            let (Some(container), action) = (container, &operation.action) else {
                edits.push(Edit::Strange { place: format!("{} {:?}", operation.obj, operation.key) });
                continue;
            };
            match &operation.key {
                Key::Map(key) => {
                    let slot = SlotPath { container: container.name, key }.to_string();
                    let value = if let OpType::Put(value) = action { scalar_from(value) } else { None };
                    edits.push(Edit::Set { slot, value });
                }
                Key::Seq(_) => {
                    let at = *texts.entry(container.name).or_insert_with(|| {
                        let slot = container.name.to_owned();
                        edits.push(Edit::Text { slot, inserted: String::new(), deleted: 0 });
                        edits.len() - 1
                    });
                    let Some(Edit::Text { inserted, deleted, .. }) = edits.get_mut(at) else { continue };
                    match action {
                        OpType::Put(value) => inserted.push_str(value.as_str().unwrap_or_default()),
                        _ => *deleted += 1,
                    }
                }
            }
        }
        edits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{AboutField, Command};
    use crate::gate::decode;
    use crate::ids::{DeviceId, OrgId, RecordId, natural};
    use crate::record::{Actor, Record, RecordRef, Stamp};
    use crate::time::Millis;

    #[test]
    fn a_change_is_told_slot_by_slot_and_a_text_in_one_piece() {
        let id = RecordId(natural(&[b"activity"]));
        let mut record = Record::new(RecordRef::activity(OrgId(natural(&[b"branch"])), 2026, id));
        let actor = Actor { device: DeviceId::from_bytes([1; 16]), epoch: 1 };
        let mut tell = |command: &Command| {
            let stamp = Stamp { actor, now: Millis(1_795_000_000_000) };
            let written = record.execute(command, stamp).unwrap().unwrap();
            decode(&written.bytes).unwrap().content(RecordKind::Activity)
        };
        let place = |value: Option<&str>| Command::SetAbout(vec![(AboutField::Place, value.map(Into::into))]);
        let set =
            |value: Option<&str>| Edit::Set { slot: "about.place".into(), value: value.map(Into::into) };
        assert_eq!(tell(&place(Some("村委会"))), [set(Some("村委会"))]);
        assert_eq!(tell(&place(None)), [set(None)]);
        let minutes =
            |before: &str, after: &str| Command::EditMinutes { before: before.into(), after: after.into() };
        let text = |inserted: &str, deleted| Edit::Text {
            slot: "minutes".into(),
            inserted: inserted.into(),
            deleted,
        };
        assert_eq!(tell(&minutes("", "学习文件")), [text("学习文件", 0)]);
        assert_eq!(tell(&minutes("学习文件", "学习党章")), [text("党章", 2)]);
    }

    #[test]
    fn a_change_for_another_kind_of_record_is_told_too() {
        let id = RecordId(natural(&[b"activity"]));
        let mut record = Record::new(RecordRef::activity(OrgId(natural(&[b"branch"])), 2026, id));
        let stamp =
            Stamp { actor: Actor { device: DeviceId::from_bytes([1; 16]), epoch: 1 }, now: Millis(0) };
        let command = Command::EditMinutes { before: String::new(), after: "学".into() };
        let written = record.execute(&command, stamp).unwrap().unwrap();
        let content = decode(&written.bytes).unwrap().content(RecordKind::RuleBook);
        assert!(matches!(&content[..], [Edit::Strange { .. }]), "{content:?}");
    }
}

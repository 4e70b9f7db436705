//! Where devices disagreed, and who wrote what when: read from the document itself.

use automerge::Change;
use std::collections::BTreeMap;

use automerge::legacy::{Key, ObjectId, OpId, OpType};
use serde::Serialize;

use super::document::{Record, scalar_from};
use super::shape::{Container, Edit, Holds, container_of_object};
use super::{Actor, ChangeHash, SlotPath};
use crate::command::Scalar;
use crate::ids::DeviceId;
use crate::time::Millis;

/// One person's hand on one slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touch {
    /// What was written; `None` is a deletion.
    pub value: Option<Scalar>,
    /// The author's device and epoch.
    pub by: Actor,
    /// His clock, in whole seconds.
    pub at: Millis,
    /// The change.
    pub change: ChangeHash,
}

/// One slot at which two phones disagree (合并卡片): all values stand until somebody chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeCard {
    /// E.g. `about.place`.
    pub slot: String,
    /// The values, the one shown at present last.
    pub values: Vec<Touch>,
}

/// What one change did to a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TextTouch {
    /// The author's device.
    pub device: DeviceId,
    /// His clock, in whole seconds.
    pub at: Millis,
    /// The change.
    pub change: ChangeHash,
    /// The characters it put in, in the order written.
    pub inserted: String,
    /// How many characters it took out.
    pub deleted: usize,
}

/// All slots at which different values stand. Equal values from two phones are no disagreement.
pub fn merge_cards(record: &Record) -> Vec<MergeCard> {
    let maps =
        record.containers().iter().filter(|c| c.edit == Edit::Free && !matches!(c.holds, Holds::Text { .. }));
    maps.flat_map(|container| {
        record.contested_keys(container).into_iter().filter_map(move |key| card(record, container, &key))
    })
    .collect()
}

fn card(record: &Record, container: &Container, key: &str) -> Option<MergeCard> {
    let standing = record.standing(container, key);
    let (first, rest) = standing.split_first()?;
    if rest.iter().all(|(value, _)| *value == first.0) {
        return None;
    }
    let touch = |(value, operation): &(Scalar, _)| {
        let change = record.change_of(operation)?;
        touch_of(&change, Some(value.clone()))
    };
    let values = standing.iter().filter_map(touch).collect();
    Some(MergeCard { slot: SlotPath { container: container.name, key }.to_string(), values })
}

fn touch_of(change: &Change, value: Option<Scalar>) -> Option<Touch> {
    Some(Touch {
        value,
        by: Actor::from_bytes(change.actor_id().to_bytes())?,
        at: Millis(change.timestamp().saturating_mul(1000)),
        change: change.hash().into(),
    })
}

/// Every slot of a record that was ever written, with its history in the order of the record's log.
///
/// Who settles a disagreement in favour of the value already shown writes, in Automerge, a deletion of the
/// others: his touch shows the value that he kept.
pub fn full_history(record: &Record) -> BTreeMap<String, Vec<Touch>> {
    let mut slots = BTreeMap::<String, Vec<Touch>>::new();
    let mut standing = BTreeMap::<String, Vec<(OpId, Option<Scalar>)>>::new();
    for change in record.changes() {
        for (nth, operation) in change.decode().operations.iter().enumerate() {
            let (Some(container), Key::Map(key)) = (container_of(record, &operation.obj), &operation.key)
            else {
                continue;
            };
            let slot = SlotPath { container: container.name, key }.to_string();
            let values = standing.entry(slot.clone()).or_default();
            values.retain(|(id, _)| operation.pred.iter().all(|named| named != id));
            if let OpType::Put(value) = &operation.action {
                let id = OpId::new(change.start_op().get() + nth as u64, change.actor_id());
                values.push((id, scalar_from(value)));
            }
            let shown = values.last().and_then(|(_, value)| value.clone());
            slots.entry(slot).or_default().extend(touch_of(&change, shown));
        }
    }
    slots
}

/// Everything that was ever written at one slot, in the order of the record's log.
pub fn field_history(record: &Record, slot: &str) -> Vec<Touch> {
    full_history(record).remove(slot).unwrap_or_default()
}

/// What each change did to a text container, in the order of the record's log.
pub fn text_history(record: &Record, name: &str) -> Vec<TextTouch> {
    record.changes().filter_map(|change| text_touch(record, name, &change)).collect()
}

fn text_touch(record: &Record, name: &str, change: &Change) -> Option<TextTouch> {
    let (mut inserted, mut deleted) = (String::new(), 0);
    for operation in change.decode().operations {
        if container_of(record, &operation.obj).is_none_or(|c| c.name != name) {
            continue;
        }
        match operation.action {
            OpType::Put(value) => inserted.push_str(value.as_str().unwrap_or_default()),
            OpType::Delete => deleted += 1,
            _ => {}
        }
    }
    if inserted.is_empty() && deleted == 0 {
        return None;
    }
    let touch = touch_of(change, None)?;
    Some(TextTouch { device: touch.by.device, at: touch.at, change: touch.change, inserted, deleted })
}

fn container_of(record: &Record, object: &ObjectId) -> Option<&'static Container> {
    let ObjectId::Id(id) = object else { return None };
    container_of_object(record.reference().kind, id.counter())
}

//! What the server did not accept, and what exactly had been written.

use serde::Serialize;
use zhibu_domain::attachment::Attachment;
use zhibu_domain::command::{Command, Scalar};
use zhibu_domain::event::{Amendment, Claim, PointsEvent, ReviewEvent};
use zhibu_domain::gate::{Edit, decode};
use zhibu_domain::ids::RecordId;
use zhibu_domain::record::{RecordKind, RecordRef, SlotPath};
use zhibu_domain::time::Millis;
use zhibu_domain::wire::Refusal;

use super::ShownValue;
use crate::store::RefusedChange;

/// One refused change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct RefusedSheet {
    /// Its number, by which it is corrected, sent again or let go.
    pub number: u64,
    /// The record.
    pub record: RecordId,
    /// Where the record belongs.
    #[serde(skip)]
    pub reference: RecordRef,
    /// The change's name, by which the server keeps it too.
    pub hash: String,
    /// When it was made, by this device's clock.
    pub made_at: Millis,
    /// When the refusal was learnt, by this device's clock.
    pub refused_at: Millis,
    /// Why, and at which slot.
    #[serde(flatten)]
    pub refusal: Refusal,
    /// Why, for people.
    pub reason: &'static str,
    /// What had been written, in the order of writing.
    pub written: Vec<WrittenLine>,
    /// What the person did, to be corrected and done again.
    pub command: Command,
    /// Whether the person has been shown it.
    pub seen: bool,
}

/// One slot that a change wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct WrittenLine {
    /// The slot, e.g. `about.place`.
    pub slot: String,
    /// What was written; for a text, what was put in.
    pub value: WrittenValue,
    /// For a text, how many characters were taken out.
    pub deleted: usize,
}

/// What was written at a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(untagged)]
pub enum WrittenValue {
    /// A single value, or nothing where one was cleared.
    Plain(ShownValue),
    /// A review word.
    Review(ReviewEvent),
    /// A correction to a filed record.
    Amendment(Amendment),
    /// A photo.
    Photo(Attachment),
    /// A claim of points.
    Claim(Claim),
    /// A word about a claim.
    Judgement(PointsEvent),
}

impl From<RefusedChange> for RefusedSheet {
    fn from(change: RefusedChange) -> Self {
        Self {
            number: change.number,
            record: change.record.id(),
            reference: change.record,
            hash: change.hash.to_string(),
            made_at: change.made_at,
            refused_at: change.refused_at,
            reason: change.refusal.code.plain(),
            refusal: change.refusal,
            written: written(change.record.kind, &change.change),
            command: change.command,
            seen: change.seen,
        }
    }
}

/// Read from the change itself: a command that rewords a whole entry may have changed one field of it only. A
/// damaged change tells nothing.
pub(super) fn written(kind: RecordKind, change: &[u8]) -> Vec<WrittenLine> {
    let edits = decode(change).map(|change| change.content(kind)).unwrap_or_default();
    edits.into_iter().map(|edit| line(kind, edit)).collect()
}

fn line(kind: RecordKind, edit: Edit) -> WrittenLine {
    match edit {
        Edit::Set { value, slot } => {
            let entry = match &value {
                Some(Scalar::Bytes(bytes)) => entry(kind, &slot, bytes),
                _ => None,
            };
            let value = entry.unwrap_or_else(|| WrittenValue::Plain(value.as_ref().into()));
            WrittenLine { slot, value, deleted: 0 }
        }
        Edit::Text { slot, inserted, deleted } => {
            WrittenLine { slot, value: WrittenValue::Plain(ShownValue::Text(inserted)), deleted }
        }
        Edit::Strange { place } => {
            WrittenLine { slot: place, value: WrittenValue::Plain(ShownValue::Nothing), deleted: 0 }
        }
    }
}

fn entry(kind: RecordKind, slot: &str, bytes: &[u8]) -> Option<WrittenValue> {
    match (kind, SlotPath::parse(slot).container) {
        (RecordKind::Activity, "events") => minicbor::decode(bytes).ok().map(WrittenValue::Review),
        (RecordKind::Activity, "amendments") => minicbor::decode(bytes).ok().map(WrittenValue::Amendment),
        (RecordKind::Activity, "attachments") => minicbor::decode(bytes).ok().map(WrittenValue::Photo),
        (RecordKind::Points, "entries") => minicbor::decode(bytes).ok().map(WrittenValue::Claim),
        (RecordKind::Points, "events") => minicbor::decode(bytes).ok().map(WrittenValue::Judgement),
        _ => None,
    }
}

//! What was noted, agreed and said about an activity.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use zhibu_domain::event::{RedoReason, Verb};
use zhibu_domain::ids::{EntryId, MemberId};
use zhibu_domain::time::Millis;

use super::Context;
use crate::console::schema;
use crate::console::writer::Writer;

/// A line of the agenda, or the post of an observer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NoteRow {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub entry: EntryId,
    /// The text.
    pub text: String,
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FollowUpRow {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub entry: EntryId,
    /// What.
    pub text: String,
    /// By whom.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub owner: Option<MemberId>,
    /// Until when, `YYYY-MM-DD`.
    #[schema(value_type = Option<String>, format = "date")]
    pub due: Option<Date>,
    /// Whether it is done.
    pub done: bool,
}

/// A review event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EventRow {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub event: EntryId,
    /// What is said.
    #[schema(schema_with = schema::verb)]
    pub verb: Verb,
    /// The slot it is about.
    pub slot: Option<String>,
    /// What to do.
    pub comment: Option<String>,
    /// Why the activity must be held again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::redo_reason)]
    pub reason: Option<RedoReason>,
    /// The events that it answers.
    #[schema(value_type = Vec<String>)]
    pub supersedes: Vec<EntryId>,
    /// Who said it.
    pub by: Option<Writer>,
    /// When, by his clock, in milliseconds since 1970.
    #[schema(value_type = Option<i64>)]
    pub at: Option<Millis>,
}

/// A correction after filing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AmendmentRow {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub entry: EntryId,
    /// The slot that it corrects.
    pub slot: String,
    /// What should stand there.
    pub text: String,
    /// Who wrote it.
    pub by: Option<Writer>,
    /// When, by his clock, in milliseconds since 1970.
    #[schema(value_type = Option<i64>)]
    pub at: Option<Millis>,
}

pub(super) fn notes(notes: &BTreeMap<EntryId, String>) -> Vec<NoteRow> {
    notes.iter().map(|(entry, text)| NoteRow { entry: *entry, text: text.clone() }).collect()
}

pub(super) fn follow_ups(context: &Context) -> Vec<FollowUpRow> {
    let rows = context.view.follow_ups.iter().map(|(entry, follow_up)| FollowUpRow {
        entry: *entry,
        text: follow_up.text.clone(),
        owner: follow_up.owner,
        due: follow_up.due,
        done: follow_up.done,
    });
    rows.collect()
}

pub(super) fn events(context: &Context) -> Vec<EventRow> {
    let events = context.view.events.clone().into_iter().collect();
    let rows = context.in_log_order("events", events).into_iter().map(|(id, event)| {
        let touch = context.first_touch("events", id);
        EventRow {
            event: id,
            verb: event.verb,
            slot: event.slot,
            comment: event.comment,
            reason: event.reason,
            supersedes: event.supersedes,
            by: touch.map(|touch| context.writers.of(touch.by.device)),
            at: touch.map(|touch| touch.at),
        }
    });
    rows.collect()
}

pub(super) fn amendments(context: &Context) -> Vec<AmendmentRow> {
    let amendments = context.view.amendments.clone().into_iter().collect();
    let rows = context.in_log_order("amendments", amendments).into_iter().map(|(entry, amendment)| {
        let touch = context.first_touch("amendments", entry);
        AmendmentRow {
            entry,
            slot: amendment.slot,
            text: amendment.text,
            by: touch.map(|touch| context.writers.of(touch.by.device)),
            at: touch.map(|touch| touch.at),
        }
    });
    rows.collect()
}

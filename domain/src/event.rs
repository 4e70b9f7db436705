//! Review events and the status that follows from them.
//!
//! Status is never stored. Each event names the events that its author had before him; what nobody has
//! superseded decides, and where two are left (an approval and a return made without signal), the more
//! demanding one. The fold looks at a set, so it cannot depend on the order of arrival.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::ids::EntryId;
use crate::words;

words! {
    /// What a review event says about an activity.
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    Verb {
        /// 支部书记确认提交.
        Submitted = "submitted",
        /// 乡镇备案.
        Filed = "filed",
        /// 退回补正.
        Returned = "returned",
        /// 责令重开.
        RedoRequired = "redo_required",
        /// 重新打开.
        Reopened = "reopened",
        /// 作废.
        Voided = "voided",
    }
}

words! {
    /// Where an activity stands.
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    Status {
        /// Being written, nothing planned yet.
        Draft = "draft",
        /// Has a planned time.
        Planned = "planned",
        /// Was held, not yet submitted.
        Held = "held",
        /// Waits for the township.
        Submitted = "submitted",
        /// Filed: only staff events and amendments from here on.
        Filed = "filed",
        /// Sent back with a reason.
        Returned = "returned",
        /// To be held again.
        RedoRequired = "redo_required",
        /// Opened again by staff.
        Reopened = "reopened",
        /// Void.
        Voided = "voided",
    }
}

impl Status {
    /// Whether the branch may still write.
    pub const fn is_open(self) -> bool {
        !matches!(self, Status::Filed | Status::Voided)
    }
}

words! {
    /// Why an activity must be held again: about procedure, never about persons (domain report, 1a no. 7).
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    RedoReason {
        /// 到会人数不足.
        NoQuorum = "no_quorum",
        /// 没有议题.
        NoTopic = "no_topic",
        /// 参加人员不对.
        WrongAttendees = "wrong_attendees",
        /// 实际没有召开.
        NotHeld = "not_held",
    }
}

/// One review event, written once under its own id.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cbor(map)]
pub struct ReviewEvent {
    /// What is said.
    #[n(0)]
    pub verb: Verb,
    /// The events that its author had before him and that this one replaces.
    #[n(1)]
    pub supersedes: Vec<EntryId>,
    /// The slot that a return is about, e.g. `about.place`.
    #[n(2)]
    pub slot: Option<String>,
    /// What to do, about the record; at most 300 characters.
    #[n(3)]
    pub comment: Option<String>,
    /// For [`Verb::RedoRequired`].
    #[n(4)]
    pub reason: Option<RedoReason>,
}

/// Most characters of a comment.
pub const MAX_COMMENT_CHARS: usize = 300;
/// Most events that one event may supersede.
pub const MAX_SUPERSEDED: usize = 128;

/// The events that no other event supersedes, in id order.
pub fn standing_events(events: &BTreeMap<EntryId, ReviewEvent>) -> Vec<EntryId> {
    let superseded: BTreeSet<_> = events.values().flat_map(|event| event.supersedes.iter()).collect();
    events.keys().filter(|id| !superseded.contains(id)).copied().collect()
}

/// The status that these events give, if there are any.
pub fn fold(events: &BTreeMap<EntryId, ReviewEvent>) -> Option<Status> {
    let demand = |verb| match verb {
        Verb::Reopened => (0, Status::Reopened),
        Verb::Submitted => (1, Status::Submitted),
        Verb::Filed => (2, Status::Filed),
        Verb::Returned => (3, Status::Returned),
        Verb::RedoRequired => (4, Status::RedoRequired),
        Verb::Voided => (5, Status::Voided),
    };
    standing_events(events)
        .iter()
        .filter_map(|id| events.get(id))
        .map(|event| demand(event.verb))
        .max_by_key(|(weight, _)| *weight)
        .map(|(_, status)| status)
}

words! {
    /// What is said about a point entry (claim chain of domain report 2.5).
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    PointsVerb {
        /// 党小组核实.
        Verified = "verified",
        /// 支委会审定.
        Approved = "approved",
        /// 乡镇党委备案.
        TownshipFiled = "township_filed",
        /// 不予认可.
        Declined = "declined",
        /// 冲销.
        Reversed = "reversed",
        /// 异议.
        Objected = "objected",
    }
}

words! {
    /// Why an entry was declined, reversed or objected to. A closed list: no free text about a person.
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    PointsReason {
        /// 缺少佐证.
        NoEvidence = "no_evidence",
        /// 重复申报.
        Duplicate = "duplicate",
        /// 条目不符.
        WrongRule = "wrong_rule",
        /// 日期不符.
        WrongDate = "wrong_date",
        /// 数量不符.
        WrongUnits = "wrong_units",
        /// 录入错误.
        Mistake = "mistake",
    }
}

/// A claim of points, written once under its own id.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cbor(map)]
pub struct Claim {
    /// The rule's code, e.g. `C01`.
    #[n(0)]
    pub rule: String,
    /// The civil date of the deed.
    #[cbor(n(1), with = "crate::time::cbor_date")]
    #[serde(deserialize_with = "crate::time::date_from_text")]
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
    pub date: jiff::civil::Date,
    /// How many of the rule's units: hours, times, items.
    #[n(2)]
    pub units: u32,
    /// What was done (事由), at most 80 characters: about the deed, never about a person.
    #[n(3)]
    pub matter: String,
    /// The points chosen, for rules that leave a choice (受表彰 3 to 10).
    #[n(4)]
    pub points: Option<i32>,
}

/// One step on a point entry, written once under its own id.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cbor(map)]
pub struct PointsEvent {
    /// The entry it is about.
    #[n(0)]
    pub entry: EntryId,
    /// What is said.
    #[n(1)]
    pub verb: PointsVerb,
    /// Why, where a reason belongs.
    #[n(2)]
    pub reason: Option<PointsReason>,
}

/// Most characters of a claim's matter.
pub const MAX_MATTER_CHARS: usize = 80;

/// A late correction to a filed record, written once under its own id.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cbor(map)]
pub struct Amendment {
    /// The slot that it corrects.
    #[n(0)]
    pub slot: String,
    /// What should stand there; at most 300 characters.
    #[n(1)]
    pub text: String,
}

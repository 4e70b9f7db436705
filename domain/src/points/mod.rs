//! The points of one member in one cycle, derived from facts. Nothing here is stored.
//!
//! [`ledger`] is the same function on phone, laptop and server, and its answer depends on the *set* of facts only,
//! never on their order: two phones that award one attendance award it once.
//!
//! - **Confirmed first.** What rests on a filed activity or an approved entry is counted alone. What is not there
//!   yet is counted on top of it afterwards: a provisional line never changes a confirmed one.
//! - **Order of capping**: date, id, rule code. A line gets what its rule's caps and its category's cap leave over,
//!   and says which of them cut it.
//! - **Nothing vanishes.** Declined, reversed and refused entries stay as lines that count nothing and say why.
//! - **Hours add up.** A rule of "+1 per 2 hours" gives one point for two single hours. Units are added up over the
//!   cycle, in the order of capping; a remainder is carried, never rounded up.
//! - **One award per activity and rule**, however many of the rule's kinds the activity has; an evening that is of
//!   several kinds counts once under each of their rules.
//!
//! Dues and training are rules of the book like any other; their facts arrive as [`EntryFact`]s for now (the dues
//! record and the class roll make them), with credit hours as units. An entry for a rule that is derived from
//! activities counts nothing, since the same fact would count twice.

mod capping;
mod derivation;
mod reversal;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;

use crate::attendance::Attendance;
use crate::ids::{EntryId, MemberId, RecordId};
use crate::rule_book::words::Period;
use crate::rule_book::{GradeBand, RuleBook};
use capping::Meter;

pub use crate::rule_book::Cycle;

/// A member and the classes held over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberStanding {
    /// Whose points.
    pub member: MemberId,
    /// Classes by date. Where two overlap the one that began later holds; where they began together, the one whose
    /// code sorts last.
    pub classes: Vec<ClassSpan>,
}

/// A class held from one day to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassSpan {
    /// Code of the class, for example `MOBILE`.
    pub class: String,
    /// First day.
    pub from: Date,
    /// Last day, inclusive; `None` while it lasts.
    pub to: Option<Date>,
}

impl MemberStanding {
    /// The class on a day, if any.
    pub fn class_on(&self, date: Date) -> Option<&str> {
        self.classes
            .iter()
            .filter(|span| span.from <= date && span.to.is_none_or(|to| date <= to))
            .max_by_key(|span| (span.from, &span.class))
            .map(|span| span.class.as_str())
    }
}

/// What one activity says about the member.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActivityFact {
    /// Which activity.
    pub activity: RecordId,
    /// The day on which it was held.
    pub date: Date,
    /// Codes of its kinds.
    pub kinds: Vec<String>,
    /// The member's mark, if there is one.
    pub attendance: Option<Attendance>,
    /// Whether the member gave the lecture.
    pub is_lecturer: bool,
    /// Whole hours, for derived rules that award per hours; a missing number counts as none.
    pub hours: Option<u32>,
    /// Filed by the township. Anything else is provisional.
    pub is_filed: bool,
    /// Whether the member was given notice beforehand. Without it an absence costs nothing.
    pub is_notice_sent: bool,
    /// How the member's right to object to an absence stands.
    pub objection: Objection,
}

/// How the right to object to a deduction stands. The caller compares the days ([`RuleBook::objection_days`]), since
/// the ledger knows no "today".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Objection {
    /// The period runs, or has not begun: a deduction is provisional.
    #[default]
    Open,
    /// The period ended and nobody objected.
    Expired,
    /// The member objected; not decided yet: a deduction is provisional.
    Raised,
    /// Decided for the member: no deduction.
    Upheld,
    /// Decided against the member.
    Dismissed,
}

/// One entry of the points record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryFact {
    /// Which entry.
    pub entry: EntryId,
    /// Code of its rule.
    pub rule: String,
    /// The day of what it is about, not of when it was written.
    pub date: Date,
    /// How many units: times, hours, credit hours.
    pub units: u32,
    /// The points chosen, for rules with a range; ignored by rules with fixed points.
    pub points: Option<i32>,
    /// What it is about, where a rule counts only the highest award of one matter: the document number.
    pub matter: Option<String>,
    /// Where it stands.
    pub state: EntryState,
    /// The entry that this one takes back.
    pub reverses: Option<EntryId>,
}

/// Where an entry stands in its approval chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryState {
    /// Claimed (申报).
    Claimed,
    /// Verified by the group (核实).
    Verified,
    /// Through the whole chain of its rule, the notice period and the township included where the rule asks.
    Approved,
    /// Declined; counts nothing.
    Declined,
    /// Taken back; counts nothing. An approved entry that `reverses` it has the same effect.
    Reversed,
}

/// Where a line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum LineSource {
    /// Derived from an activity.
    Activity(RecordId),
    /// An entry of the points record.
    Entry(EntryId),
}

impl LineSource {
    /// The sixteen bytes by which lines of one day are ordered.
    fn bytes(&self) -> [u8; 16] {
        match self {
            Self::Activity(id) => *id.bytes(),
            Self::Entry(id) => *id.bytes(),
        }
    }
}

/// Whether a line counts already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// Filed or approved.
    Confirmed,
    /// Would count if it were filed or approved.
    Provisional,
    /// Declined.
    Declined,
    /// Taken back.
    Reversed,
}

/// Why a line counts less than its raw points.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Cap {
    /// The rule's cap of this period is reached.
    Rule {
        /// Month, quarter or year.
        period: Period,
    },
    /// The category's cap is reached, for deductions the floor.
    Group {
        /// Code of the category.
        category: String,
    },
    /// Another award of the same matter counts instead, wholly or in part.
    SameMatter,
    /// The book does not deduct.
    DeductionsOff,
    /// The rule does not apply to the class that the member had on that day.
    NotForClass {
        /// Code of the class; `None`: the member had none.
        class: Option<String>,
    },
    /// Another rule takes this one's place for the member's class.
    ReplacedBy {
        /// Code of that rule.
        rule: String,
    },
    /// The rule is switched off.
    RuleOff,
    /// The book has no rule of this code.
    UnknownRule,
    /// An entry for a rule that is derived from activities.
    DerivedRule,
    /// The points chosen are missing, or not among those of the rule.
    OutsideRange,
    /// Too few units for an award so far; they are carried on.
    PartUnits,
    /// The member was given no notice.
    NoNotice,
    /// The member objected, and was right.
    ObjectionUpheld,
    /// The entry was declined.
    Declined,
    /// The entry was taken back.
    Reversed {
        /// The smallest approved entry that did it; `None`: its state says so.
        by: Option<EntryId>,
    },
    /// The entry only takes back another.
    Reversing {
        /// That other.
        entry: EntryId,
    },
    /// A deduction for an untrue claim that names no entry of this record.
    NothingReversed,
}

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct LedgerLine {
    /// The day of the fact.
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
    pub date: Date,
    /// The activity or entry.
    pub source: LineSource,
    /// Code of the rule.
    pub rule: String,
    /// Points before any cap; negative for deductions.
    pub raw: i32,
    /// Points that count.
    pub counted: i32,
    /// Why fewer points count, if so: the tightest cap.
    pub capped_by: Option<Cap>,
    /// Whether it counts already.
    pub state: LineState,
}

/// Sums of lines.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Totals {
    /// Counted points by category code. Every category of the book is listed.
    pub by_category: BTreeMap<String, i32>,
    /// All categories together.
    pub sum: i32,
    /// The sum within the bounds of the book: what is shown as the total.
    pub total: i32,
}

/// A member's points of one cycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// All lines, by date, id and rule code.
    pub lines: Vec<LedgerLine>,
    /// What counts now.
    pub confirmed: Totals,
    /// What would count if all that is open came to be filed and approved: confirmed and provisional together.
    pub provisional: Totals,
    /// The grade of the confirmed total, for reference only; `None` for classes that get none. The class is that of
    /// the cycle's last day.
    pub grade: Option<GradeBand>,
}

/// Derives the ledger of one member. Facts outside the cycle are ignored, except that a reversal counts on whatever
/// day it was made. A fact given twice counts once.
pub fn ledger(
    book: &RuleBook,
    member: &MemberStanding,
    activities: &[ActivityFact],
    entries: &[EntryFact],
    cycle: Cycle,
) -> Ledger {
    let mut open = derivation::derive(book, member, activities);
    open.extend(derivation::read_entries(book, member, entries));
    open.retain(|candidate| cycle.contains(candidate.line.date));
    open.sort_by(|one, other| one.order().cmp(&other.order()));
    let mut seen = BTreeSet::new();
    open.retain(|candidate| seen.insert((candidate.line.source, candidate.line.rule.clone())));

    for dead in open.iter_mut().filter(|candidate| candidate.line.capped_by.is_some()) {
        dead.line.raw = capping::standalone_points(book, dead);
    }
    let mut meter = Meter::new(book);
    meter.count(&mut open, LineState::Confirmed);
    let confirmed = meter.totals();
    meter.count(&mut open, LineState::Provisional);
    let provisional = meter.totals();

    let is_graded =
        member.class_on(cycle.end).and_then(|code| book.class(code)).is_some_and(|one| one.is_graded);
    let grade = book.grade(confirmed.total).filter(|_| is_graded).cloned();
    let lines = open.into_iter().map(|candidate| candidate.line).collect();
    Ledger { lines, confirmed, provisional, grade }
}

#[cfg(test)]
mod tests;

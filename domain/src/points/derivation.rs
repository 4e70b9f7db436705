//! From facts to lines that are not capped yet.

use std::collections::BTreeSet;

use super::{
    ActivityFact, Cap, EntryFact, EntryState, LedgerLine, LineSource, LineState, MemberStanding, Objection,
    reversal,
};
use crate::attendance::Attendance;
use crate::ids::EntryId;
use crate::rule_book::words::SourceKind;
use crate::rule_book::{PointRule, RuleBook};

/// A line before capping.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// The line. `raw` and `counted` are filled in by the meter.
    pub(super) line: LedgerLine,
    /// Points of one award.
    pub(super) points: i32,
    /// Units of this fact.
    pub(super) units: u32,
    /// What it is about, where only the highest counts.
    pub(super) matter: Option<String>,
}

impl Candidate {
    /// The order of capping; what follows the rule code only separates facts that contradict each other.
    pub(super) fn order(&self) -> impl Ord + '_ {
        let line = &self.line;
        (
            (line.date, line.source.bytes(), &line.rule, line.source),
            (line.state, &line.capped_by, self.points, self.units, &self.matter),
        )
    }
}

/// The lines that activities give by themselves.
pub(super) fn derive(
    book: &RuleBook,
    member: &MemberStanding,
    activities: &[ActivityFact],
) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for activity in activities {
        for rule in book.point_rules.iter().filter(|rule| is_earned(rule, activity)) {
            let is_deduction = rule.points.max < 0;
            // Switched off means off: nobody is shown deductions that the district does not make.
            if !rule.is_enabled || (is_deduction && !book.deductions_enabled) {
                continue;
            }
            candidates.push(derive_one(book, member, activity, rule));
        }
    }
    candidates
}

/// Whether the activity fulfils the rule's source.
fn is_earned(rule: &PointRule, activity: &ActivityFact) -> bool {
    let source = &rule.source;
    let is_of_kind = activity.kinds.iter().any(|kind| source.activity_kinds.contains(kind));
    is_of_kind
        && match source.kind {
            SourceKind::Attendance => activity.attendance.is_some_and(|mark| source.states.contains(&mark)),
            SourceKind::Lecturer => activity.is_lecturer,
            SourceKind::Absence => activity.attendance.is_some_and(Attendance::is_absent_unexcused),
            SourceKind::Dues | SourceKind::Training | SourceKind::Claim | SourceKind::Reversal => false,
        }
}

fn derive_one(
    book: &RuleBook,
    member: &MemberStanding,
    activity: &ActivityFact,
    rule: &PointRule,
) -> Candidate {
    let is_absence = rule.source.kind == SourceKind::Absence;
    let is_objectionless = matches!(activity.objection, Objection::Expired | Objection::Dismissed);
    let capped_by = judge_class(book, member, rule, activity.date).or(match activity.objection {
        _ if !is_absence => None,
        _ if !activity.is_notice_sent => Some(Cap::NoNotice),
        Objection::Upheld => Some(Cap::ObjectionUpheld),
        _ => None,
    });
    let is_confirmed = activity.is_filed && (!is_absence || is_objectionless);
    let units = if rule.units_per_award > 1 { activity.hours.unwrap_or(0) } else { 1 };
    Candidate {
        line: LedgerLine {
            date: activity.date,
            source: LineSource::Activity(activity.activity),
            rule: rule.code.clone(),
            raw: 0,
            counted: 0,
            capped_by,
            state: if is_confirmed { LineState::Confirmed } else { LineState::Provisional },
        },
        points: rule.points.max,
        units,
        matter: None,
    }
}

/// The lines of the points record: every entry has one.
pub(super) fn read_entries(
    book: &RuleBook,
    member: &MemberStanding,
    entries: &[EntryFact],
) -> Vec<Candidate> {
    let known: BTreeSet<EntryId> = entries.iter().map(|entry| entry.entry).collect();
    let reversed = reversal::find_reversed(entries);
    let read_one = |entry: &EntryFact| {
        let by = reversed.get(&entry.entry).copied();
        let state = match entry.state {
            EntryState::Declined => LineState::Declined,
            EntryState::Reversed => LineState::Reversed,
            _ if by.is_some() => LineState::Reversed,
            EntryState::Approved => LineState::Confirmed,
            EntryState::Claimed | EntryState::Verified => LineState::Provisional,
        };
        let capped_by = match state {
            LineState::Declined => Some(Cap::Declined),
            LineState::Reversed => Some(Cap::Reversed { by }),
            _ => judge_entry(book, member, entry, &known),
        };
        let rule = book.point_rule(&entry.rule);
        Candidate {
            line: LedgerLine {
                date: entry.date,
                source: LineSource::Entry(entry.entry),
                rule: entry.rule.clone(),
                raw: 0,
                counted: 0,
                capped_by,
                state,
            },
            points: rule.and_then(|rule| award_of(rule, entry.points)).unwrap_or(0),
            units: entry.units,
            matter: entry.matter.clone().filter(|_| rule.is_some_and(|rule| rule.highest_per_matter)),
        }
    };
    entries.iter().map(read_one).collect()
}

/// Why an entry counts nothing, whatever room the caps leave.
fn judge_entry(
    book: &RuleBook,
    member: &MemberStanding,
    entry: &EntryFact,
    known: &BTreeSet<EntryId>,
) -> Option<Cap> {
    let is_reversal_rule =
        book.point_rule(&entry.rule).is_some_and(|rule| rule.source.kind == SourceKind::Reversal);
    if let Some(target) = entry.reverses.filter(|_| !is_reversal_rule) {
        return Some(Cap::Reversing { entry: target });
    }
    let Some(rule) = book.point_rule(&entry.rule) else { return Some(Cap::UnknownRule) };
    if !rule.is_enabled {
        return Some(Cap::RuleOff);
    }
    if rule.is_derived() {
        return Some(Cap::DerivedRule);
    }
    if rule.points.max < 0 && !book.deductions_enabled {
        return Some(Cap::DeductionsOff);
    }
    if is_reversal_rule && !entry.reverses.is_some_and(|target| known.contains(&target)) {
        return Some(Cap::NothingReversed);
    }
    if award_of(rule, entry.points).is_none() {
        return Some(Cap::OutsideRange);
    }
    judge_class(book, member, rule, entry.date)
}

/// Why a rule counts nothing for the class that the member had on that day.
fn judge_class(
    book: &RuleBook,
    member: &MemberStanding,
    rule: &PointRule,
    date: jiff::civil::Date,
) -> Option<Cap> {
    let class = member.class_on(date);
    let is_exempt =
        class.and_then(|code| book.class(code)).is_some_and(|class| class.is_exempt_from_deductions);
    let not_for_class = || Some(Cap::NotForClass { class: class.map(str::to_owned) });
    if rule.points.max < 0 && is_exempt {
        return not_for_class();
    }
    let substitutes = class.and_then(|class| {
        book.point_rules
            .iter()
            .filter(|other| {
                other.is_enabled && other.replaces.contains(&rule.code) && other.applies_to(class)
            })
            .map(|other| &other.code)
            .min()
    });
    if let Some(code) = substitutes {
        return Some(Cap::ReplacedBy { rule: code.clone() });
    }
    let applies = rule.classes.is_empty() || class.is_some_and(|class| rule.applies_to(class));
    if applies { None } else { not_for_class() }
}

/// The points of one award: fixed, or those chosen if the rule allows them.
fn award_of(rule: &PointRule, chosen: Option<i32>) -> Option<i32> {
    if rule.points.min == rule.points.max {
        return Some(rule.points.max);
    }
    let is_allowed = |points: &i32| {
        (rule.points.min..=rule.points.max).contains(points)
            && (rule.choices.is_empty() || rule.choices.iter().any(|choice| choice.points == *points))
    };
    chosen.filter(is_allowed)
}

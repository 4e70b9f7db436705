//! The example book applied to people of the fictional banner.

mod caps;
mod entries;
mod order;
mod standing;

use std::sync::LazyLock;

use super::*;
use crate::rule_book::EXAMPLE_TOML;

static BOOK: LazyLock<RuleBook> = LazyLock::new(|| RuleBook::from_toml(EXAMPLE_TOML).unwrap());

fn book() -> RuleBook {
    BOOK.clone()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn cycle() -> Cycle {
    book().cycle_of(day("2026-06-01"))
}

/// A member who has been of this class since long ago.
fn member(class: &str) -> MemberStanding {
    MemberStanding {
        member: MemberId::from_bytes([1; 16]),
        classes: vec![ClassSpan { class: class.into(), from: day("2020-01-01"), to: None }],
    }
}

fn entry_id(n: u16) -> EntryId {
    let mut bytes = [0; 16];
    bytes[..2].copy_from_slice(&n.to_be_bytes());
    EntryId::from_bytes(bytes)
}

/// A filed activity with notice, attended.
fn attended(n: u8, date: &str, kinds: &[&str]) -> ActivityFact {
    ActivityFact {
        activity: RecordId::from_bytes([n; 16]),
        date: day(date),
        kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        attendance: Some(Attendance::Present),
        is_lecturer: false,
        hours: None,
        is_filed: true,
        is_notice_sent: true,
        objection: Objection::Open,
    }
}

/// A filed activity with notice that the member missed, after the objection period.
fn missed(n: u8, date: &str) -> ActivityFact {
    ActivityFact {
        attendance: Some(Attendance::AbsentUnexcused),
        objection: Objection::Expired,
        ..attended(n, date, &["theme_day"])
    }
}

/// An approved entry.
fn approved(n: u16, rule: &str, date: &str, units: u32) -> EntryFact {
    EntryFact {
        entry: entry_id(n),
        rule: rule.into(),
        date: day(date),
        units,
        points: None,
        matter: None,
        state: EntryState::Approved,
        reverses: None,
    }
}

fn ledger_of(class: &str, activities: &[ActivityFact], entries: &[EntryFact]) -> Ledger {
    ledger(&book(), &member(class), activities, entries, cycle())
}

/// Rule, raw, counted and cause of each line.
fn brief(ledger: &Ledger) -> Vec<(&str, i32, i32, Option<Cap>)> {
    ledger
        .lines
        .iter()
        .map(|line| (line.rule.as_str(), line.raw, line.counted, line.capped_by.clone()))
        .collect()
}

fn by_rule_of(period: Period) -> Option<Cap> {
    Some(Cap::Rule { period })
}

fn by_group(category: &str) -> Option<Cap> {
    Some(Cap::Group { category: category.into() })
}

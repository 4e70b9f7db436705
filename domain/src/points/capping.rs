//! How much of each line counts.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::derivation::Candidate;
use super::{Cap, LineState, Totals};
use crate::rule_book::words::Period;
use crate::rule_book::{PointRule, RuleBook};

/// A stretch of a cycle: the year and the number of the month, quarter or half within it.
type Stretch = (Period, i16, i8);

/// What has been counted so far. Sums are kept as they are, negative for deductions.
pub(super) struct Meter<'b> {
    book: &'b RuleBook,
    by_rule: BTreeMap<(&'b str, Stretch), i64>,
    by_category: BTreeMap<&'b str, i64>,
    units: BTreeMap<&'b str, u64>,
    matters: BTreeMap<(&'b str, String), i64>,
}

impl<'b> Meter<'b> {
    /// Nothing counted.
    pub(super) fn new(book: &'b RuleBook) -> Self {
        Self {
            book,
            by_rule: BTreeMap::new(),
            by_category: book.categories.iter().map(|category| (category.code.as_str(), 0)).collect(),
            units: BTreeMap::new(),
            matters: BTreeMap::new(),
        }
    }

    /// Counts the lines of one state, in the order given, on top of what has been counted.
    pub(super) fn count(&mut self, candidates: &mut [Candidate], state: LineState) {
        for candidate in candidates.iter_mut() {
            if candidate.line.state == state && candidate.line.capped_by.is_none() {
                self.count_one(candidate);
            }
        }
    }

    fn count_one(&mut self, candidate: &mut Candidate) {
        let Some(rule) = self.book.point_rule(&candidate.line.rule) else {
            candidate.line.capped_by = Some(Cap::UnknownRule);
            return;
        };
        let raw = i64::from(candidate.points).saturating_mul(self.take_units(rule, candidate.units));
        candidate.line.raw = clamp_points(raw);
        let raw = i64::from(candidate.line.raw);
        if raw == 0 {
            candidate.line.capped_by = Some(Cap::PartUnits);
            return;
        }
        let (counted, capped_by) = self.cap(rule, candidate, raw);
        candidate.line.counted = clamp_points(counted);
        candidate.line.capped_by = capped_by;
        self.add(rule, candidate, raw, counted);
    }

    /// How many awards these units complete, together with those carried so far.
    fn take_units(&mut self, rule: &'b PointRule, units: u32) -> i64 {
        let per_award = u64::from(rule.units_per_award.max(1));
        let carried = self.units.entry(rule.code.as_str()).or_default();
        let before = *carried / per_award;
        *carried = carried.saturating_add(u64::from(units));
        i64::try_from(*carried / per_award - before).unwrap_or(i64::MAX)
    }

    /// The room that is left, and what left it so small: the tightest, and of equals the first named.
    fn cap(&self, rule: &PointRule, candidate: &Candidate, raw: i64) -> (i64, Option<Cap>) {
        let sign = raw.signum();
        let mut size = raw.abs();
        let mut capped_by = None;
        let mut limit = |room: i64, cap: Cap| {
            if room < size {
                size = room;
                capped_by = Some(cap);
            }
        };
        if let Some(best) = candidate.matter.as_ref().and_then(|matter| self.best_of(rule, matter)) {
            limit((raw.abs() - best.abs()).max(0), Cap::SameMatter);
        }
        for cap in &rule.caps {
            let used = self.by_rule.get(&(rule.code.as_str(), stretch_of(cap.period, candidate.line.date)));
            let room = room(i64::from(cap.points), used.copied().unwrap_or(0), sign);
            limit(room, Cap::Rule { period: cap.period });
        }
        let cap = self.book.category(&rule.category).map_or(0, |category| i64::from(category.cap));
        let used = self.by_category.get(rule.category.as_str()).copied().unwrap_or(0);
        limit(room(cap, used, sign), Cap::Group { category: rule.category.clone() });
        (sign * size, capped_by)
    }

    fn best_of(&self, rule: &PointRule, matter: &str) -> Option<i64> {
        self.matters.get(&(rule.code.as_str(), matter.to_owned())).copied()
    }

    fn add(&mut self, rule: &'b PointRule, candidate: &Candidate, raw: i64, counted: i64) {
        for cap in &rule.caps {
            let key = (rule.code.as_str(), stretch_of(cap.period, candidate.line.date));
            *self.by_rule.entry(key).or_default() += counted;
        }
        *self.by_category.entry(rule.category.as_str()).or_default() += counted;
        if let Some(matter) = &candidate.matter {
            let best = self.matters.entry((rule.code.as_str(), matter.clone())).or_default();
            if raw.abs() > best.abs() {
                *best = raw;
            }
        }
    }

    /// The sums so far.
    pub(super) fn totals(&self) -> Totals {
        let by_category: BTreeMap<String, i32> = self
            .by_category
            .iter()
            .map(|(code, points)| ((*code).to_owned(), clamp_points(*points)))
            .collect();
        let sum = clamp_points(self.by_category.values().sum());
        let total = sum.min(self.book.total.max).max(self.book.total.min);
        Totals { by_category, sum, total }
    }
}

/// What a cap leaves over, never negative.
fn room(cap: i64, used: i64, sign: i64) -> i64 {
    ((cap - used) * sign).max(0)
}

/// What a line is worth by itself, without caps and carried units.
pub(super) fn standalone_points(book: &RuleBook, candidate: &Candidate) -> i32 {
    let per_award = book.point_rule(&candidate.line.rule).map_or(1, |rule| rule.units_per_award.max(1));
    clamp_points(i64::from(candidate.points).saturating_mul(i64::from(candidate.units / per_award)))
}

/// The stretch of the cycle in which a day lies. A cycle is one year long and starts in January or July, so that its
/// months and quarters are those of the calendar.
fn stretch_of(period: Period, date: Date) -> Stretch {
    match period {
        Period::Month => (period, date.year(), date.month()),
        Period::Quarter => (period, date.year(), (date.month() - 1) / 3),
        Period::HalfYear => (period, date.year(), (date.month() - 1) / 6),
        Period::Year | Period::Term => (period, 0, 0),
    }
}

fn clamp_points(points: i64) -> i32 {
    i32::try_from(points).unwrap_or(if points < 0 { i32::MIN } else { i32::MAX })
}

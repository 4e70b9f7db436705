//! The rule book of a district: point rules, activity kinds, quorums, calendar and labels, all of it data.
//!
//! A book is written as TOML ([`RuleBook::from_toml`] reads it or says line by line what is wrong), travels as CBOR
//! maps with numbered keys, so that an older app skips a field that it does not know, and never changes: a change is
//! a new version with its own id and effective date. A cycle is pinned to one version.
//!
//! Classes, categories, kinds and rules are looked up by their code; no code is known to the program.

mod activity_kind;
mod ban;
mod fault;
mod import;
mod lines;
mod point_rule;
mod reader;
mod validate;
pub mod words;

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use minicbor::{Decode, Encode};
use serde::Serialize;

use self::words::SourceKind;
use crate::org::NamingScheme;
use crate::quorum::DecisionRule;

pub use activity_kind::{ActivityKind, ExtraField, Frequency};
pub use fault::{Fault, FaultCode};
pub use point_rule::{PointCap, PointChoice, PointRule, Source};

/// The example that comes with Zhibu: the fictional banner 青岭旗, with 25 rules and 21 activity kinds.
pub const EXAMPLE_TOML: &str = include_str!("../../data/QL-2026-V1.toml");

/// One version of a district's rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Encode, Decode)]
#[cbor(map)]
pub struct RuleBook {
    /// The version, for example `QL-2026-V1`.
    #[n(0)]
    pub id: String,
    /// Chinese title.
    #[n(1)]
    pub name: String,
    /// The month in which the yearly points cycle starts: 1 or 7.
    #[n(2)]
    pub cycle_start_month: u8,
    /// First day on which this version holds.
    #[n(3)]
    #[cbor(with = "crate::time::cbor_date")]
    pub effective_from: Date,
    /// Whether the deduction categories count at all.
    #[n(4)]
    pub deductions_enabled: bool,
    /// The yearly total is kept within these, both inclusive.
    #[n(5)]
    pub total: PointRange,
    /// Working days after an activity within which its record is not labelled as a late entry.
    #[n(6)]
    pub late_entry_working_days: u32,
    /// Days for which awards hang on the notice board (公示).
    #[n(7)]
    pub notice_days: u32,
    /// Days for which a member may object to a deduction.
    #[n(8)]
    pub objection_days: u32,
    /// Days before a due date on which a reminder may be put into the daily digest.
    #[n(9)]
    pub reminder_days: Vec<u32>,
    /// Categories of point rules, each a cap group.
    #[n(10)]
    pub categories: Vec<Category>,
    /// Member classes.
    #[n(11)]
    pub classes: Vec<MemberClass>,
    /// Grades, for reference only; from high to low.
    #[n(12)]
    pub grade_bands: Vec<GradeBand>,
    /// The point rules.
    #[n(13)]
    pub point_rules: Vec<PointRule>,
    /// The activity kinds.
    #[n(14)]
    pub activity_kinds: Vec<ActivityKind>,
    /// What decisions need.
    #[n(15)]
    pub decision_rules: Vec<DecisionRule>,
    /// Why a member may be left out of should-attend.
    #[n(16)]
    pub exclusion_reasons: Vec<ExclusionReason>,
    /// Fixed days of the year.
    #[n(17)]
    pub calendar: Vec<CalendarDay>,
    /// Names of the levels, one set per naming scheme.
    #[n(18)]
    pub labels: Vec<LabelSet>,
}

/// Points from `min` to `max`, both inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Encode, Decode)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cbor(map)]
pub struct PointRange {
    /// Least.
    #[n(0)]
    pub min: i32,
    /// Most.
    #[n(1)]
    pub max: i32,
}

/// A category of point rules and its cap over the whole cycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Encode, Decode)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cbor(map)]
pub struct Category {
    /// Code, for example `A`.
    #[n(0)]
    pub code: String,
    /// Chinese name.
    #[n(1)]
    pub name: String,
    /// Most points of the cycle; negative for deductions.
    #[n(2)]
    pub cap: i32,
    /// Whether its rules take points away.
    #[n(3)]
    pub is_deduction: bool,
}

/// A member class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Encode, Decode)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cbor(map)]
pub struct MemberClass {
    /// Code, for example `MOBILE`.
    #[n(0)]
    pub code: String,
    /// Chinese name.
    #[n(1)]
    pub name: String,
    /// Whether a grade is shown.
    #[n(2)]
    pub is_graded: bool,
    /// Whether no deduction ever hits it.
    #[n(3)]
    pub is_exempt_from_deductions: bool,
}

/// A grade, for reference only: nothing follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Encode, Decode)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cbor(map)]
pub struct GradeBand {
    /// Chinese name.
    #[n(0)]
    pub name: String,
    /// Totals of this grade.
    #[n(1)]
    pub points: PointRange,
}

/// A reason for leaving a member out of should-attend. The roster keeps the code only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Encode, Decode)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cbor(map)]
pub struct ExclusionReason {
    /// 1 to 5.
    #[n(0)]
    pub code: u8,
    /// Chinese wording.
    #[n(1)]
    pub name: String,
}

/// A day that comes round: dues handed up before the 10th of the third month, plans by the 5th.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Encode, Decode)]
#[cbor(map)]
pub struct CalendarDay {
    /// Code, unique in the book.
    #[n(0)]
    pub code: String,
    /// Chinese name.
    #[n(1)]
    pub name: String,
    /// Months, 1 to 12; empty: every month.
    #[n(2)]
    pub months: Vec<u8>,
    /// Day of the month, 1 to 28, so that every month has it.
    #[n(3)]
    pub day: u8,
}

/// The names of levels in one naming scheme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Encode, Decode)]
#[cbor(map)]
pub struct LabelSet {
    /// Which scheme.
    #[n(0)]
    pub scheme: NamingScheme,
    /// Glossary word (`district`, `township`, `village`, `group`) to Chinese label.
    #[n(1)]
    pub words: BTreeMap<String, String>,
}

/// A points cycle: one year, both days inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Cycle {
    /// First day.
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
    pub start: Date,
    /// Last day.
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
    pub end: Date,
}

impl Cycle {
    /// Whether the day lies in it.
    pub fn contains(&self, date: Date) -> bool {
        self.start <= date && date <= self.end
    }
}

impl RuleBook {
    /// Reads a rule book written by people. Everything that is wrong is listed, by line; only where the text is not
    /// TOML at all the list ends there, because what follows from a broken line would mislead.
    pub fn from_toml(text: &str) -> Result<Self, Vec<Fault>> {
        import::import(text)
    }

    /// The point rule of this code.
    pub fn point_rule(&self, code: &str) -> Option<&PointRule> {
        self.point_rules.iter().find(|rule| rule.code == code)
    }

    /// The category of this code.
    pub fn category(&self, code: &str) -> Option<&Category> {
        self.categories.iter().find(|category| category.code == code)
    }

    /// Whether a member of this class is expected at meetings: whether an absence could cost him points at all. In a
    /// book without such a rule everybody is expected.
    pub fn is_expected(&self, class: &str) -> bool {
        let mut rules =
            self.point_rules.iter().filter(|rule| rule.source.kind == SourceKind::Absence).peekable();
        rules.peek().is_none() || rules.any(|rule| rule.applies_to(class))
    }

    /// The member class of this code.
    pub fn class(&self, code: &str) -> Option<&MemberClass> {
        self.classes.iter().find(|class| class.code == code)
    }

    /// The activity kind of this code.
    pub fn activity_kind(&self, code: &str) -> Option<&ActivityKind> {
        self.activity_kinds.iter().find(|kind| kind.code == code)
    }

    /// The decision rule of this code.
    pub fn decision_rule(&self, code: &str) -> Option<&DecisionRule> {
        self.decision_rules.iter().find(|rule| rule.code == code)
    }

    /// The grade of a total, if a band covers it.
    pub fn grade(&self, total: i32) -> Option<&GradeBand> {
        self.grade_bands.iter().find(|band| band.points.min <= total && total <= band.points.max)
    }

    /// The names of the levels in a naming scheme.
    pub fn labels(&self, scheme: NamingScheme) -> Option<&LabelSet> {
        self.labels.iter().find(|set| set.scheme == scheme)
    }

    /// The cycle in which this day lies.
    pub fn cycle_of(&self, date: Date) -> Cycle {
        let start_month = i32::from(self.cycle_start_month.clamp(1, 12));
        let months_in = (i32::from(date.month()) - start_month).rem_euclid(12);
        let start = date.first_of_month().saturating_sub(months_in.months());
        Cycle { start, end: start.saturating_add(1.year()).saturating_sub(1.day()) }
    }
}

#[cfg(test)]
mod tests;

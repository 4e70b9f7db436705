//! Point rules: what is awarded or deducted, for what, how often, and who approves it.

use minicbor::{Decode, Encode};
use serde::Serialize;

use super::PointRange;
use super::words::{ApprovalStep, Evidence, Period, SourceKind};
use crate::attendance::Attendance;

/// One point rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Encode, Decode)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cbor(map)]
pub struct PointRule {
    /// Code, for example `A01`.
    #[n(0)]
    pub code: String,
    /// Chinese name.
    #[n(1)]
    pub name: String,
    /// Code of its [`Category`](super::Category).
    #[n(2)]
    pub category: String,
    /// Points of one award; a range where the committee chooses.
    #[n(3)]
    pub points: PointRange,
    /// The only points that may be chosen from the range, with their reason; empty: any.
    #[n(4)]
    pub choices: Vec<PointChoice>,
    /// What is counted, in Chinese: 次, 季, 小时.
    #[n(5)]
    pub unit: String,
    /// How many units make one award, for example 2 (hours). Units add up over the cycle.
    #[n(6)]
    pub units_per_award: u32,
    /// Most points per period.
    #[n(7)]
    pub caps: Vec<PointCap>,
    /// Whether only the highest award of one matter counts (同事取最高).
    #[n(8)]
    pub highest_per_matter: bool,
    /// What an award refers to.
    #[n(9)]
    pub evidence: Evidence,
    /// Where its facts come from.
    #[n(10)]
    pub source: Source,
    /// Who says yes, in order. A derived award passes the committee as a batch.
    #[n(11)]
    pub approval: Vec<ApprovalStep>,
    /// Codes of the classes it applies to; empty: everyone.
    #[n(12)]
    pub classes: Vec<String>,
    /// Codes of the rules that count nothing for `classes`, because this one takes their place.
    #[n(13)]
    pub replaces: Vec<String>,
    /// Switched on.
    #[n(14)]
    pub is_enabled: bool,
}

/// One of the points to choose from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Encode, Decode)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cbor(map)]
pub struct PointChoice {
    /// Points.
    #[n(0)]
    pub points: i32,
    /// Chinese name, for example 乡镇级.
    #[n(1)]
    pub name: String,
}

/// Most points of one rule in a period; negative for deductions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Encode, Decode)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cbor(map)]
pub struct PointCap {
    /// Points.
    #[n(0)]
    pub points: i32,
    /// Month, quarter or year (the cycle).
    #[n(1)]
    pub period: Period,
}

/// Where the facts of a rule come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Encode, Decode)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cbor(map)]
pub struct Source {
    /// Which sort.
    #[n(0)]
    pub kind: SourceKind,
    /// Codes of the activity kinds, for attendance, lecturer and absence.
    #[n(1)]
    pub activity_kinds: Vec<String>,
    /// The attendance states that earn the award, for attendance.
    #[n(2)]
    pub states: Vec<Attendance>,
}

impl PointRule {
    /// Whether the ledger derives its awards from activities. No entry can claim them.
    pub fn is_derived(&self) -> bool {
        matches!(self.source.kind, SourceKind::Attendance | SourceKind::Lecturer | SourceKind::Absence)
    }

    /// Whether it names this class, or everyone.
    pub fn applies_to(&self, class: &str) -> bool {
        self.classes.is_empty() || self.classes.iter().any(|one| one == class)
    }
}

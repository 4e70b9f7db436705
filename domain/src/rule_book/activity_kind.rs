//! Activity kinds: who holds them, how often, and which fields they add.

use minicbor::{Decode, Encode};
use serde::Serialize;

use super::words::{FieldKind, Level, Period};

/// One kind of activity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Encode, Decode)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cbor(map)]
pub struct ActivityKind {
    /// Code, for example `general_meeting`.
    #[n(0)]
    pub code: String,
    /// Chinese name.
    #[n(1)]
    pub name: String,
    /// Who holds it; empty: any level.
    #[n(2)]
    pub levels: Vec<Level>,
    /// How often it is due; `None`: as held.
    #[n(3)]
    pub frequency: Option<Frequency>,
    /// Code of the [`DecisionRule`](crate::quorum::DecisionRule) that its quorum follows.
    #[n(4)]
    pub decision_rule: Option<String>,
    /// Whether it is a tag put on an activity of another kind, never held alone.
    #[n(5)]
    pub is_tag: bool,
    /// Fewest full members that an org must have for the frequency to apply (支委会: 7).
    #[n(6)]
    pub min_full_members: Option<u32>,
    /// Fields beyond the standard set.
    #[n(7)]
    pub extra_fields: Vec<ExtraField>,
}

/// How often an activity is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Encode, Decode)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cbor(map)]
pub struct Frequency {
    /// Times.
    #[n(0)]
    pub count: u32,
    /// Per this.
    #[n(1)]
    pub period: Period,
    /// The fixed day of the month, 1 to 28.
    #[n(2)]
    pub fixed_day: Option<u8>,
    /// The quarter it belongs to, 1 to 4.
    #[n(3)]
    pub quarter: Option<u8>,
}

/// A field that a kind adds to an activity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Encode, Decode)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cbor(map)]
pub struct ExtraField {
    /// Code, for example `lecturer_level`.
    #[n(0)]
    pub code: String,
    /// Chinese name.
    #[n(1)]
    pub name: String,
    /// What it holds.
    #[n(2)]
    pub kind: FieldKind,
    /// Whether an activity cannot be submitted without it.
    #[n(3)]
    pub is_required: bool,
}

//! What the rule book of a day offers to the screens.

use std::collections::BTreeMap;

use serde::Serialize;
use zhibu_domain::quorum::DecisionRule;
use zhibu_domain::rule_book::words::SourceKind;
use zhibu_domain::rule_book::{ActivityKind, Category, Cycle, ExclusionReason, MemberClass, PointRule};
use zhibu_domain::time::Millis;

use super::DeskError;
use crate::client::Client;
use crate::keys::DeviceKey;
use crate::store::LocalStore;
use crate::transport::Transport;

/// The choices that the rule book of a day offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct BookSheet {
    /// The version, e.g. `QL-2026-V1`.
    pub id: String,
    /// Its title.
    pub name: String,
    /// The points cycle in which the day lies.
    pub cycle: Cycle,
    /// The kinds of activity, tags among them, in the book's order.
    pub kinds: Vec<ActivityKind>,
    /// What decisions need.
    pub decision_rules: Vec<DecisionRule>,
    /// Categories of point rules.
    pub categories: Vec<Category>,
    /// The switched-on rules that a person can claim by himself, in the book's order.
    pub claimable: Vec<PointRule>,
    /// Member classes.
    pub classes: Vec<MemberClass>,
    /// Why a member may be left out of should-attend.
    pub exclusion_reasons: Vec<ExclusionReason>,
    /// Working days after an activity within which its record is not labelled as a late entry.
    pub late_entry_working_days: u32,
    /// The level words (`district`, `township`, `village`, `group`) in the district's naming scheme.
    pub labels: BTreeMap<String, String>,
}

impl<S: LocalStore, T: Transport, K: DeviceKey> Client<S, T, K> {
    /// What the rule book of a day offers.
    pub async fn book(&self, day: Millis) -> Result<BookSheet, DeskError> {
        let naming = self.profile().await?.naming;
        let book = self.rule_book(day).await?;
        let cycle = book.cycle_of(day.date());
        let labels = book.labels.into_iter().find(|set| set.scheme == naming);
        let mut claimable = book.point_rules;
        claimable.retain(|rule| rule.is_enabled && rule.source.kind == SourceKind::Claim);
        Ok(BookSheet {
            id: book.id,
            name: book.name,
            cycle,
            kinds: book.activity_kinds,
            decision_rules: book.decision_rules,
            categories: book.categories,
            claimable,
            classes: book.classes,
            exclusion_reasons: book.exclusion_reasons,
            late_entry_working_days: book.late_entry_working_days,
            labels: labels.map(|set| set.words).unwrap_or_default(),
        })
    }
}

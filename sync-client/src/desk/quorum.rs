//! Should-attend, present, passes or not: reckoned on the phone, without a signal.

use serde::Serialize;
use zhibu_domain::attendance::Attendance;
use zhibu_domain::ids::{EntryId, MemberId};
use zhibu_domain::quorum::{Threshold, VoteCount, VoteOutcome, judge_vote};
use zhibu_domain::reckoning::{head_count, roll_call, vote_outcome};
use zhibu_domain::record::RecordRef;
use zhibu_domain::view::ActivityView;

use super::DeskError;
use crate::client::Client;
use crate::keys::DeviceKey;
use crate::store::LocalStore;
use crate::transport::Transport;

/// The heads of a meeting and what they suffice for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct QuorumSheet {
    /// Everyone on the roster that day.
    pub on_roster: u32,
    /// 应到会.
    pub should_attend: u32,
    /// 有表决权.
    pub vote_eligible: u32,
    /// 实到会.
    pub present: u32,
    /// Present with a vote.
    pub present_voters: u32,
    /// 请假.
    pub leave: u32,
    /// 无故缺席.
    pub absent: u32,
    /// No mark yet.
    pub unmarked: u32,
    /// Excluded with approval, and the reason code.
    pub excluded: Vec<(MemberId, u8)>,
    /// Marked as excluded without an approval: they count.
    pub unapproved: Vec<MemberId>,
    /// Whether the meeting may be held, for each of its kinds that asks.
    pub presence: Vec<PresenceLine>,
    /// How each vote stands.
    pub votes: Vec<VoteLine>,
}

/// Whether enough people came for one kind of meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct PresenceLine {
    /// Code of the activity kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Code of the decision rule.
    pub rule: String,
    /// The arithmetic.
    pub presence: Threshold,
}

/// How one vote stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct VoteLine {
    /// The resolution.
    pub entry: EntryId,
    /// Its text.
    pub text: String,
    /// Code of its decision rule.
    pub rule: Option<String>,
    /// The arithmetic; none when it was not voted on or its rule is unknown.
    pub outcome: Option<VoteOutcome>,
}

impl<S: LocalStore, T: Transport, K: DeviceKey> Client<S, T, K> {
    /// The marks by which "everybody came" is said of an activity (全部到会), for whoever has none yet.
    pub async fn roll_call(&self, reference: &RecordRef) -> Result<Vec<(MemberId, Attendance)>, DeskError> {
        let view = ActivityView::of(&*self.open(reference).await?);
        let book = self.rule_book(view.when().unwrap_or_else(|| self.now())).await?;
        Ok(roll_call(&view, &self.names(reference.org).await?.roster, &book))
    }

    /// The quorum of an activity.
    pub async fn quorum(&self, reference: &RecordRef) -> Result<QuorumSheet, DeskError> {
        let view = ActivityView::of(&*self.open(reference).await?);
        let book = self.rule_book(view.when().unwrap_or_else(|| self.now())).await?;
        let roster = self.names(reference.org).await?.roster;
        let head = head_count(&view, &roster);
        let presence = view.kinds.iter().filter_map(|code| {
            let kind = book.activity_kind(code)?;
            let rule = book.decision_rule(kind.decision_rule.as_deref()?)?;
            let presence = judge_vote(&head, rule, &VoteCount::default()).presence;
            Some(PresenceLine {
                kind: code.clone(),
                name: kind.name.clone(),
                rule: rule.code.clone(),
                presence,
            })
        });
        let votes = view.resolutions.iter().map(|(entry, resolution)| VoteLine {
            entry: *entry,
            text: resolution.text.clone(),
            rule: resolution.decision.clone(),
            outcome: vote_outcome(&view, *entry, &roster, &book),
        });
        let (presence, votes) = (presence.collect(), votes.collect());
        Ok(QuorumSheet {
            on_roster: head.on_roster,
            should_attend: head.should_attend,
            vote_eligible: head.vote_eligible,
            present: head.present,
            present_voters: head.present_voters,
            leave: head.leave,
            absent: head.absent,
            unmarked: head.unmarked,
            excluded: head.excluded,
            unapproved: head.unapproved,
            presence,
            votes,
        })
    }
}

//! Resolutions and what their votes came to.

use serde::Serialize;
use utoipa::ToSchema;
use zhibu_domain::ids::EntryId;
use zhibu_domain::quorum::{Threshold, VoteFault, VoteOutcome};
use zhibu_domain::reckoning::vote_outcome;

use super::Context;

/// A resolution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ResolutionRow {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub entry: EntryId,
    /// Its text.
    pub text: String,
    /// Code of the decision rule it stands under.
    pub decision: Option<String>,
    /// The count, if it was voted on.
    pub ballot: Option<BallotRow>,
    /// What the vote came to; absent without a count or without a rule of that code.
    pub outcome: Option<OutcomeRow>,
}

/// A count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BallotRow {
    /// 赞成.
    pub yes: u32,
    /// 反对.
    pub no: u32,
    /// 弃权.
    pub abstain: u32,
}

/// What a vote came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OutcomeRow {
    /// Enough were there, enough said yes, and the sums are right.
    pub adopted: bool,
    /// Presence or pass stands at exactly half: a person must look.
    pub at_exactly_half: bool,
    /// Were enough there?
    pub presence: ThresholdRow,
    /// Did enough say yes? Absent where nothing is voted on.
    pub pass: Option<ThresholdRow>,
    /// Sums that cannot be right, in words.
    pub faults: Vec<String>,
}

/// A count against a fraction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ThresholdRow {
    /// Those counted.
    pub have: u32,
    /// Of how many.
    pub of: u32,
    /// The smallest number that would do.
    pub needed: u32,
    /// Whether it is reached.
    pub met: bool,
    /// Whether exactly half is there and half is the fraction.
    pub at_exactly_half: bool,
}

impl From<Threshold> for ThresholdRow {
    fn from(threshold: Threshold) -> Self {
        let Threshold { have, of, needed, met, at_exactly_half } = threshold;
        Self { have, of, needed, met, at_exactly_half }
    }
}

impl From<VoteOutcome> for OutcomeRow {
    fn from(outcome: VoteOutcome) -> Self {
        Self {
            adopted: outcome.adopted,
            at_exactly_half: outcome.at_exactly_half(),
            presence: outcome.presence.into(),
            pass: outcome.pass.map(ThresholdRow::from),
            faults: outcome.faults.iter().map(in_words).collect(),
        }
    }
}

fn in_words(fault: &VoteFault) -> String {
    match fault {
        VoteFault::MoreVotesThanVoters { cast, voters } => {
            format!("共计 {cast} 票，多于有表决权的 {voters} 人")
        }
        VoteFault::WrittenNotTaken { written } => format!("此项表决不接受书面投票，却有 {written} 票"),
        VoteFault::TooManyWritten { written, possible } => {
            format!("书面投票 {written} 张，最多只能有 {possible} 张")
        }
        VoteFault::NothingToVoteOn { cast } => format!("此类会议不作表决，却计了 {cast} 票"),
    }
}

pub(super) fn rows(context: &Context) -> Vec<ResolutionRow> {
    let view = &context.view;
    let outcome = |entry: EntryId| {
        let book = context.book.as_ref()?;
        vote_outcome(view, entry, &context.roster, book).map(OutcomeRow::from)
    };
    let rows = view.resolutions.iter().map(|(entry, resolution)| ResolutionRow {
        entry: *entry,
        text: resolution.text.clone(),
        decision: resolution.decision.clone(),
        ballot: resolution.ballot().map(|ballot| BallotRow {
            yes: ballot.yes,
            no: ballot.no,
            abstain: ballot.abstain,
        }),
        outcome: outcome(*entry),
    });
    rows.collect()
}

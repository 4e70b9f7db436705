//! Two months of history, written as people would have written it: every change is a command on a record, judged
//! by the gate and committed by the ledger. Nothing is put into tables behind their back, so what the demo shows is
//! what the product does.
//!
//! Same size and same seed give the same changes, to the hash: times are those of the story, ids follow from seed
//! and place. Only what must be secret (token keys, invites) is different each time.

mod activity;
mod calendar;
mod claims;
mod founding;
mod hands;
mod matters;
mod meetings;
mod pen;
mod review;
mod roll;
mod roster_record;
#[cfg(test)]
mod tests;
mod theme_day;

use std::sync::Arc;

use futures::StreamExt as _;
use zhibu_domain::ids::RecordId;
use zhibu_domain::record::CommandFault;
use zhibu_domain::time::Millis;
use zhibu_domain::wire::Refusal;

use super::cast::{Branch, Cast};
use crate::clock::{Entropy, TestClock};
use crate::projection;
use crate::store::{Store, StoreError};
use crate::sync::{Ledger, Trees};
use calendar::{MONTHS, Month, at};
use hands::Hands;
use pen::Pen;

pub use founding::DEMO_PASSWORD;

/// Branches that write at the same time, so that one commit serves many of them.
const AT_ONCE: usize = 64;

/// Why the history could not be written.
#[derive(Debug, thiserror::Error)]
pub enum HistoryFault {
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A command that does not fit its record: a mistake of the script.
    #[error(transparent)]
    Command(#[from] CommandFault),
    /// The gate refused it: a mistake of the script, or of the gate.
    #[error("refused: {}", .0.code)]
    Refused(Refusal),
    /// What should be new is there already.
    #[error("{0} exists already")]
    Taken(String),
    /// The cast lacks somebody whom the script needs.
    #[error("the cast has no {0}")]
    Missing(&'static str),
    /// The example rule book cannot be used.
    #[error("the example rule book: {0}")]
    RuleBook(String),
    /// The password could not be hashed.
    #[error("the demo password: {0}")]
    Password(String),
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Branches with a history.
    pub branches: usize,
    /// People on their rosters.
    pub members: usize,
    /// Changes in the log.
    pub changes: u64,
    /// The activity that the branch of the story has planned.
    pub planned: RecordId,
}

/// One branch and everything its part of the script needs.
struct Stage<'a> {
    seed: u64,
    cast: &'a Cast,
    branch: &'a Branch,
    code: &'a str,
    hands: Hands,
    pen: &'a Pen,
}

/// Founds the district of this cast in an empty store and writes its history.
pub async fn write(
    store: Arc<dyn Store>,
    entropy: &dyn Entropy,
    cast: &Cast,
    seed: u64,
) -> Result<Written, HistoryFault> {
    let clock = Arc::new(TestClock::new(calendar::FOUNDED));
    let district = founding::found(&*store, entropy, cast).await?;
    let trees = Arc::new(Trees::default());
    let ledger = Ledger::start(store.clone(), clock.clone(), trees);
    let pen = Pen::new(ledger, district.id, district.orgs_version);
    founding::adopt_rule_book(&pen, cast).await?;
    let stages = stages(cast, seed, &pen)?;
    let advance_to = |to: Millis| clock.advance(to.0 - crate::clock::Clock::now(&*clock).0);

    each(&stages, |stage| roster_record::write(stage)).await?;
    // Rows of rosters and rule books are projected before there are activities that they would draw along.
    projection::catch_up(&*store, district.id).await?;
    for month in &MONTHS {
        advance_to(month.over);
        each(&stages, |stage| live_through(stage, month)).await?;
    }
    let planned = plan_november(&stages).await?;
    projection::catch_up(&*store, district.id).await?;

    let heads = store.list_collections(district.id).await?;
    Ok(Written {
        branches: stages.len(),
        members: cast.branches.iter().map(|branch| branch.members.len()).sum(),
        changes: heads.iter().map(|(_, head)| head).sum(),
        planned,
    })
}

fn stages<'a>(cast: &'a Cast, seed: u64, pen: &'a Pen) -> Result<Vec<Stage<'a>>, HistoryFault> {
    let codes: std::collections::HashMap<_, _> =
        cast.orgs.iter().map(|coded| (coded.org.id, coded.code.as_str())).collect();
    let posts = hands::by_org(cast);
    let stage = |branch: &'a Branch| {
        let code = codes.get(&branch.org).copied().ok_or(HistoryFault::Missing("code of a branch"))?;
        Ok(Stage { seed, cast, branch, code, hands: Hands::of(branch, &posts)?, pen })
    };
    cast.branches.iter().map(stage).collect()
}

/// Plays a scene in every branch, many branches at once, each in its own order.
async fn each<'s, 'c, F>(
    stages: &'s [Stage<'c>],
    scene: impl Fn(&'s Stage<'c>) -> F,
) -> Result<(), HistoryFault>
where
    F: Future<Output = Result<(), HistoryFault>>,
{
    let mut played = futures::stream::iter(stages.iter().map(scene)).buffer_unordered(AT_ONCE);
    while let Some(outcome) = played.next().await {
        outcome?;
    }
    Ok(())
}

async fn live_through(stage: &Stage<'_>, month: &Month) -> Result<(), HistoryFault> {
    meetings::committee(stage, month).await?;
    theme_day::hold(stage, month).await?;
    for group in &stage.branch.groups {
        meetings::group(stage, month, group).await?;
    }
    claims::write(stage, month).await
}

/// What the story finds: its branch has planned November's themed day, which is to be a general meeting and a lecture
/// as well, and nobody has marked anybody yet.
async fn plan_november(stages: &[Stage<'_>]) -> Result<RecordId, HistoryFault> {
    let stage = stages.iter().find(|stage| stage.is_story());
    let stage = stage.ok_or(HistoryFault::Missing("branch of the story"))?;
    let kinds = ["theme_day", "general_meeting", "party_lecture"];
    let record = theme_day::plan(stage, &calendar::NOVEMBER, at(2026, 11, 5, 8, 40), &kinds).await?;
    Ok(record.reference().id())
}

impl Stage<'_> {
    /// Whether this is the branch of the story, whose history follows no dice where the story depends on it.
    fn is_story(&self) -> bool {
        self.branch.org == self.cast.story.branch
    }

    /// Village branches have a nine-digit place below a township; offices of the township begin with 9 there.
    fn is_village(&self) -> bool {
        self.code.as_bytes().get(9).is_some_and(|digit| *digit != b'9')
    }

    /// A stream of numbers of this branch's own.
    fn dice(&self, label: &str) -> super::random::Stream {
        super::random::Stream::new(self.seed, &format!("{} history {label}", self.code))
    }

    /// An entry's id: it follows from seed, branch and label.
    fn entry(&self, label: &str) -> zhibu_domain::ids::EntryId {
        let seed = self.seed.to_be_bytes();
        let parts: [&[u8]; 4] = [b"demo-entry", &seed, self.code.as_bytes(), label.as_bytes()];
        zhibu_domain::ids::EntryId(zhibu_domain::ids::natural(&parts))
    }
}

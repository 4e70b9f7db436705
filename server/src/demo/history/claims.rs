//! Points that members claim: entered by themselves or by the recorder for them, verified by the leader of their
//! group, approved by the committee.

use zhibu_domain::command::Command;
use zhibu_domain::event::{Claim, PointsReason, PointsVerb};
use zhibu_domain::record::{Record, RecordRef};

use super::calendar::{Month, later, on};
use super::{HistoryFault, Stage, matters};
use crate::demo::people::Person;
use crate::demo::random::Stream;

/// How far a claim has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reached {
    Claimed,
    Declined,
    Verified,
    Approved,
}

impl Reached {
    fn draw(month: &Month, dice: &mut Stream) -> Self {
        match (month.is_settled, dice.below(100)) {
            (_, 0..5) => Reached::Declined,
            (true, 5..10) => Reached::Verified,
            (true, _) => Reached::Approved,
            (false, 5..55) => Reached::Approved,
            (false, 55..80) => Reached::Verified,
            (false, _) => Reached::Claimed,
        }
    }
}

/// The month's claims of a branch: about one member in six, each month others.
pub(super) async fn write(stage: &Stage<'_>, month: &Month) -> Result<(), HistoryFault> {
    let mut dice = stage.dice(&format!("claims {}", month.label));
    let turn = |person: &&Person| (person.roster_number % 2 == 1) == month.is_settled;
    let mut claimants: Vec<_> =
        stage.branch.members.iter().filter(turn).filter(|person| may_claim(stage, person)).collect();
    dice.shuffle(&mut claimants);
    claimants.truncate(stage.branch.members.len().div_ceil(6));
    for person in claimants {
        claim(stage, month, person, &mut dice).await?;
    }
    Ok(())
}

/// Not the secretary, who would approve her own; not the member whose first claim is the story.
fn may_claim(stage: &Stage<'_>, person: &Person) -> bool {
    stage.hands.secretary.member != Some(person.id)
        && stage.cast.story.member != person.id
        && person.exclusion.is_none()
}

async fn claim(
    stage: &Stage<'_>,
    month: &Month,
    person: &Person,
    dice: &mut Stream,
) -> Result<(), HistoryFault> {
    let mut record = Record::new(RecordRef::points(stage.branch.org, 2026, person.id));
    let label = format!("claim {} {}", month.label, person.roster_number);
    let entry = stage.entry(&label);
    let done = month.day(dice.between(2, 22));
    let (rule, units, matter) = matters::of_claim(person.class, dice);
    let claim = Claim { rule: rule.to_owned(), date: done, units, matter: matter.to_owned(), points: None };
    let (pen, hands) = (stage.pen, &stage.hands);
    let claimed = Command::ClaimPoints { entry, claim };
    pen.write(&mut record, hands.claimant(person.id), on(later(done, 1), 19, 40), &[claimed]).await?;

    let reached = Reached::draw(month, dice);
    let judge = |step: &str, verb, reason| Command::JudgePoints {
        event: stage.entry(&format!("{label} {step}")),
        entry,
        verb,
        reason,
    };
    let verifier = hands.verifier(person.id, person.group);
    let (verified_at, approved_at) = (on(later(done, 3), 20, 5), on(month.day(28), 15, 30));
    match reached {
        Reached::Claimed => Ok(()),
        Reached::Declined => {
            let decline = judge("declined", PointsVerb::Declined, Some(PointsReason::NoEvidence));
            pen.write(&mut record, verifier, verified_at, &[decline]).await
        }
        Reached::Verified | Reached::Approved => {
            let verify = judge("verified", PointsVerb::Verified, None);
            pen.write(&mut record, verifier, verified_at, &[verify]).await?;
            if reached == Reached::Verified {
                return Ok(());
            }
            let approve = judge("approved", PointsVerb::Approved, None);
            pen.write(&mut record, &hands.secretary, approved_at, &[approve]).await
        }
    }
}

//! Who came, who had leave, who was visited.

use std::collections::BTreeMap;

use zhibu_domain::attendance::Attendance;
use zhibu_domain::command::{Ballot, Command};
use zhibu_domain::ids::MemberId;

use crate::demo::people::{Class, Person};
use crate::demo::random::Stream;

/// A mark for everybody given.
pub(super) type Roll = BTreeMap<MemberId, Attendance>;

/// Draws the roll of these people.
pub(super) fn draw<'a>(people: impl IntoIterator<Item = &'a Person>, dice: &mut Stream) -> Roll {
    people.into_iter().map(|person| (person.id, mark(person, dice))).collect()
}

fn mark(person: &Person, dice: &mut Stream) -> Attendance {
    use Attendance as Mark;
    if person.exclusion.is_some() {
        return Mark::Excluded;
    }
    let drawn = dice.below(100);
    match (person.class, drawn) {
        (Class::Committee, 0..96) => Mark::Present,
        (Class::Committee, _) => Mark::LeaveWork,
        (Class::Ordinary, 0..85) => Mark::Present,
        (Class::Ordinary, 85..91) => Mark::LeaveWork,
        (Class::Ordinary, 91..94) => Mark::LeaveIllness,
        (Class::Ordinary, 94..97) => Mark::LeaveOther,
        (Class::Ordinary, _) => Mark::AbsentUnexcused,
        (Class::Mobile, 0..45) => Mark::PresentRemote,
        (Class::Mobile, 45..70) => Mark::PresentElsewhere,
        (Class::Mobile, 70..90) => Mark::LeaveWork,
        (Class::Mobile, _) => Mark::LeaveOther,
        (Class::Frail, 0..25) => Mark::Present,
        (Class::Frail, 25..85) => Mark::Visited,
        (Class::Frail, _) => Mark::LeaveIllness,
    }
}

/// Brings more of those who are away to the video meeting, until more than half of the voters are there.
pub(super) fn reach_quorum(roll: &mut Roll, people: &[Person]) {
    let voters: Vec<_> = people.iter().filter(|person| person.is_counted_voter()).collect();
    let mut present = voters.iter().filter(|person| is_there(roll, person.id)).count();
    for person in &voters {
        if present * 2 > voters.len() {
            return;
        }
        if !is_there(roll, person.id) {
            roll.insert(person.id, Attendance::PresentRemote);
            present += 1;
        }
    }
}

/// The count of a vote that passes, by the voters who are there.
pub(super) fn vote(roll: &Roll, people: &[Person], dice: &mut Stream) -> Ballot {
    let voters = people.iter().filter(|person| person.is_counted_voter());
    let (mut all, mut present) = (0, 0);
    for person in voters {
        all += 1;
        present += usize::from(is_there(roll, person.id));
    }
    let spare = present.saturating_sub(all / 2 + 1);
    let abstain = dice.below(spare.min(2) + 1);
    let no = dice.below((spare - abstain).min(1) + 1);
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Ballot { yes: count(present - abstain - no), no: count(no), abstain: count(abstain) }
}

fn is_there(roll: &Roll, member: MemberId) -> bool {
    roll.get(&member).is_some_and(|mark| mark.is_present())
}

/// The command that marks them all.
pub(super) fn record(roll: &Roll) -> Command {
    let marks = roll.iter().map(|(member, mark)| (*member, Some(mark.as_str().to_owned())));
    Command::RecordAttendance(marks.collect())
}

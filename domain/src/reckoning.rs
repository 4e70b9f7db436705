//! From records to numbers: quorums and points reckoned from what the records hold. The phone without signal,
//! the laptop and the server all come here, so they cannot disagree.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use crate::attendance::Attendance;
use crate::command::AboutField;
use crate::event::{PointsVerb, Status};
use crate::ids::{EntryId, MemberId, RecordId};
use crate::points::{
    ActivityFact, ClassSpan, EntryFact, EntryState, Ledger, MemberStanding, Objection, ledger,
};
use crate::quorum::{Elector, Exclusion, HeadCount, VoteCount, VoteOutcome, attendance_count, judge_vote};
use crate::rule_book::RuleBook;
use crate::rule_book::words::ApprovalStep;
use crate::time::Millis;
use crate::view::{ActivityView, MemberCard, PointsView, RosterView};

/// Everybody on the roster on a day as an elector, with the exclusion that holds for him.
///
/// Full members have a vote, probationary ones have none. Other losses of the vote are disciplinary data, which
/// is not kept here: the secretary counts the votes.
pub fn electors(roster: &RosterView, on: Date) -> Vec<Elector> {
    let people = roster.on(on).into_iter();
    people
        .map(|(member, card)| Elector {
            member,
            full_member: card.is_full,
            may_vote: true,
            exclusion: roster.exclusion_of(member, on).and_then(|exclusion| {
                Some(Exclusion { reason: exclusion.reason, from: exclusion.from?, to: exclusion.to })
            }),
        })
        .collect()
}

/// Should-attend, present and the rest for an activity, on the day it was held or is planned.
pub fn head_count(activity: &ActivityView, roster: &RosterView) -> HeadCount {
    let on = activity.when().unwrap_or_default().date();
    attendance_count(&electors(roster, on), &activity.attendance, on)
}

/// "Everybody came": a mark for each person on the roster of the day who has none. Whoever is excluded with approval
/// is marked so; whoever's class is not expected at meetings is not required; one of them who did come is marked by
/// hand.
pub fn roll_call(
    activity: &ActivityView,
    roster: &RosterView,
    book: &RuleBook,
) -> Vec<(MemberId, Attendance)> {
    let on = activity.when().unwrap_or_default().date();
    let unmarked = roster.on(on).into_iter().filter(|(member, _)| !activity.attendance.contains_key(member));
    let mark = |member: MemberId, card: &MemberCard| match card.class_on(on) {
        _ if roster.exclusion_of(member, on).is_some() => Attendance::Excluded,
        Some(class) if !book.is_expected(class) => Attendance::NotRequired,
        _ => Attendance::Present,
    };
    unmarked.map(|(member, card)| (member, mark(member, card))).collect()
}

/// How the vote on a resolution stands under its decision rule. `None` if it names no rule of the book or was
/// not voted on.
pub fn vote_outcome(
    activity: &ActivityView,
    resolution: EntryId,
    roster: &RosterView,
    book: &RuleBook,
) -> Option<VoteOutcome> {
    let resolution = activity.resolutions.get(&resolution)?;
    let rule = book.decision_rule(resolution.decision.as_deref()?)?;
    let ballot = resolution.ballot()?;
    let votes = VoteCount { yes: ballot.yes, no: ballot.no, abstain: ballot.abstain, written: 0 };
    Some(judge_vote(&head_count(activity, roster), rule, &votes))
}

/// A member's classes as spans: each holds until the next begins.
pub fn standing(member: MemberId, card: &MemberCard) -> MemberStanding {
    let starts: Vec<_> = card.classes.iter().collect();
    let ends = starts.iter().skip(1).map(|(next, _)| next.yesterday().ok()).chain([None]);
    let classes = starts
        .iter()
        .zip(ends)
        .map(|((from, class), to)| ClassSpan { class: (*class).clone(), from: **from, to })
        .collect();
    MemberStanding { member, classes }
}

/// What an activity says about a member; `None` if it was not held, or is void or to be held again.
pub fn activity_fact(id: RecordId, activity: &ActivityView, member: MemberId) -> Option<ActivityFact> {
    let status = activity.status();
    if matches!(status, Status::Voided | Status::RedoRequired | Status::Draft | Status::Planned) {
        return None;
    }
    Some(ActivityFact {
        activity: id,
        date: activity.when()?.date(),
        kinds: activity.kinds.iter().cloned().collect(),
        attendance: activity.attendance.get(&member).copied(),
        is_lecturer: activity.member(AboutField::Lecturer) == Some(member),
        hours: activity.number(AboutField::Hours).and_then(|hours| u32::try_from(hours).ok()),
        is_filed: status == Status::Filed,
        // Notices are not recorded yet, so no absence costs anything (domain report 5.1, E01).
        is_notice_sent: false,
        objection: Objection::Open,
    })
}

/// Where each claim stands in its rule's chain. A set of words decides, whatever order they came in: taken back,
/// then approved, then declined, then verified.
pub fn entry_facts(points: &PointsView, book: &RuleBook) -> Vec<EntryFact> {
    let facts = points.entries.iter().map(|(entry, claim)| {
        let said = points.verbs(*entry);
        let chain =
            book.point_rule(&claim.rule).map_or(&[ApprovalStep::Committee][..], |rule| &rule.approval);
        let through = chain.iter().all(|step| said.contains(&verb_of(*step)));
        let state = if said.contains(&PointsVerb::Reversed) {
            EntryState::Reversed
        } else if through {
            EntryState::Approved
        } else if said.contains(&PointsVerb::Declined) {
            EntryState::Declined
        } else if said.contains(&PointsVerb::Verified) {
            EntryState::Verified
        } else {
            EntryState::Claimed
        };
        EntryFact {
            entry: *entry,
            rule: claim.rule.clone(),
            date: claim.date,
            units: claim.units,
            points: claim.points,
            matter: Some(claim.matter.clone()),
            state,
            reverses: None,
        }
    });
    facts.collect()
}

fn verb_of(step: ApprovalStep) -> PointsVerb {
    match step {
        ApprovalStep::Group => PointsVerb::Verified,
        ApprovalStep::Committee => PointsVerb::Approved,
        ApprovalStep::Township => PointsVerb::TownshipFiled,
    }
}

/// A member's ledger of the cycle that a day lies in.
pub fn member_ledger(
    book: &RuleBook,
    member: MemberId,
    card: &MemberCard,
    activities: &BTreeMap<RecordId, ActivityView>,
    points: &PointsView,
    day: Date,
) -> Ledger {
    let facts: Vec<_> =
        activities.iter().filter_map(|(id, activity)| activity_fact(*id, activity, member)).collect();
    ledger(book, &standing(member, card), &facts, &entry_facts(points, book), book.cycle_of(day))
}

/// Whether an activity was submitted late: more working days (Monday to Friday; public holidays are not known)
/// after it was held than the rule book allows. A label, without consequence.
pub fn is_late(activity: &ActivityView, submitted: Millis, book: &RuleBook) -> bool {
    let held = activity.number(AboutField::HeldTo).map(Millis).or_else(|| activity.when());
    let Some(held) = held.map(Millis::date) else { return false };
    let worked = held.series(1.day()).skip(1).take_while(|day| *day <= submitted.date());
    let worked = worked.filter(|day| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday));
    worked.take(book.late_entry_working_days as usize + 1).count() > book.late_entry_working_days as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Scalar;
    use crate::event::{Claim, PointsEvent};
    use crate::ids::natural;
    use crate::rule_book::EXAMPLE_TOML;
    use crate::rule_book::words::SourceKind;
    use crate::view::ExclusionCard;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn three_working_days_are_in_time_and_the_fourth_is_late() {
        let book = RuleBook::from_toml(EXAMPLE_TOML).unwrap();
        let friday = Millis::start_of(day("2026-11-13"));
        let about = BTreeMap::from([(AboutField::HeldFrom, Scalar::Int(friday.0))]);
        let activity = ActivityView { about, ..Default::default() };
        assert!(!is_late(&activity, Millis::start_of(day("2026-11-18")), &book), "Wednesday is the third");
        assert!(is_late(&activity, Millis::start_of(day("2026-11-19")), &book));
        assert!(!is_late(&activity, Millis::start_of(day("2026-11-01")), &book), "a wrong clock is not late");
    }

    #[test]
    fn a_claim_counts_once_its_whole_chain_has_spoken_in_any_order() {
        let book = RuleBook::from_toml(EXAMPLE_TOML).unwrap();
        let entry = EntryId(natural(&[b"claim"]));
        let claim = Claim {
            rule: "C01".into(),
            date: day("2026-11-07"),
            units: 4,
            matter: "清理水渠".into(),
            points: None,
        };
        let state_after = |verbs: &[PointsVerb]| {
            let events = verbs.iter().enumerate().map(|(n, verb)| {
                (EntryId(natural(&[&[n as u8]])), PointsEvent { entry, verb: *verb, reason: None })
            });
            let points =
                PointsView { entries: BTreeMap::from([(entry, claim.clone())]), events: events.collect() };
            entry_facts(&points, &book)[0].state
        };
        use PointsVerb::*;
        assert_eq!(state_after(&[]), EntryState::Claimed);
        assert_eq!(state_after(&[Verified]), EntryState::Verified);
        assert_eq!(state_after(&[Approved]), EntryState::Claimed, "the group has not verified it");
        assert_eq!(state_after(&[Verified, Approved]), EntryState::Approved);
        assert_eq!(state_after(&[Approved, Verified]), EntryState::Approved);
        assert_eq!(state_after(&[Verified, Declined]), EntryState::Declined);
        assert_eq!(state_after(&[Reversed, Approved, Verified]), EntryState::Reversed);
    }

    #[test]
    fn everybody_came_leaves_those_marked_excluded_or_not_expected() {
        let book = RuleBook::from_toml(EXAMPLE_TOML).unwrap();
        let member = |n: u8| MemberId(natural(&[&[n]]));
        let card = |classes: &[(&str, &str)]| MemberCard {
            name: "那仁".to_owned(),
            classes: classes.iter().map(|(from, class)| (day(from), (*class).to_owned())).collect(),
            ..Default::default()
        };
        let members = BTreeMap::from([
            (member(1), card(&[("2026-01-01", "ORDINARY")])),
            (member(2), card(&[("2026-01-01", "FRAIL")])),
            (member(3), card(&[("2025-01-01", "ORDINARY"), ("2026-01-01", "MOBILE")])),
            (member(4), card(&[("2025-01-01", "ORDINARY"), ("2999-01-01", "MOBILE")])),
            (member(5), card(&[])),
            (member(6), card(&[("2026-01-01", "ORDINARY")])),
        ]);
        let exclusion = ExclusionCard {
            member: Some(member(6)),
            reason: 5,
            from: Some(day("2026-01-01")),
            ..Default::default()
        };
        let exclusions = BTreeMap::from([(EntryId(natural(&[b"e"])), exclusion)]);
        let roster = RosterView { members, exclusions };
        let about =
            BTreeMap::from([(AboutField::HeldFrom, Scalar::Int(Millis::start_of(day("2026-11-15")).0))]);
        let attendance = BTreeMap::from([(member(1), Attendance::LeaveWork)]);
        let activity = ActivityView { about, attendance, ..Default::default() };
        let expected = BTreeMap::from([
            (member(2), Attendance::NotRequired),
            (member(3), Attendance::NotRequired),
            (member(4), Attendance::Present),
            (member(5), Attendance::Present),
            (member(6), Attendance::Excluded),
        ]);
        let marks = roll_call(&activity, &roster, &book);
        assert_eq!(marks.into_iter().collect::<BTreeMap<_, _>>(), expected);

        let mut lenient = book;
        lenient.point_rules.retain(|rule| rule.source.kind != SourceKind::Absence);
        assert!(lenient.is_expected("FRAIL"), "no rule about absences: everybody is expected");
    }

    #[test]
    fn classes_hold_until_the_next_begins() {
        let card = MemberCard {
            classes: BTreeMap::from([
                (day("2020-01-01"), "ORDINARY".into()),
                (day("2026-07-01"), "MOBILE".into()),
            ]),
            ..Default::default()
        };
        let standing = standing(MemberId(natural(&[b"m"])), &card);
        assert_eq!(standing.class_on(day("2026-06-30")), Some("ORDINARY"));
        assert_eq!(standing.class_on(day("2026-07-01")), Some("MOBILE"));
        assert_eq!(standing.class_on(day("2019-12-31")), None);
    }
}

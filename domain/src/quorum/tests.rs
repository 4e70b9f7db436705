use super::*;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn id(n: u8) -> MemberId {
    MemberId::from_bytes([n; 16])
}

fn voter(n: u8) -> Elector {
    Elector { member: id(n), full_member: true, may_vote: true, exclusion: None }
}

/// A branch of `size` voters, the last `excluded` of them excluded for reason 5 through the year 2026.
fn branch(size: u8, excluded: u8) -> Vec<Elector> {
    let mut people: Vec<Elector> = (1..=size).map(voter).collect();
    for one in people.iter_mut().rev().take(usize::from(excluded)) {
        one.exclusion = Some(Exclusion { reason: 5, from: day("2026-01-01"), to: Some(day("2026-12-31")) });
    }
    people
}

/// The first `n` are present.
fn first_present(n: u8) -> BTreeMap<MemberId, Attendance> {
    (1..=n).map(|n| (id(n), Attendance::Present)).collect()
}

fn half(op: Comparison) -> QuorumRule {
    QuorumRule { num: 1, den: 2, op, base: Base::ShouldAttendVoters }
}

fn general_vote() -> DecisionRule {
    DecisionRule {
        code: "general_vote".into(),
        name: "支部党员大会表决".into(),
        presence: half(Comparison::AtLeast),
        pass: Some(half(Comparison::MoreThan)),
        written_votes: false,
    }
}

fn admission() -> DecisionRule {
    DecisionRule {
        code: "admission".into(),
        presence: half(Comparison::MoreThan),
        written_votes: true,
        ..general_vote()
    }
}

fn yes(yes: u32) -> VoteCount {
    VoteCount { yes, ..VoteCount::default() }
}

#[test]
fn thirty_one_members_with_nine_approved_exclusions_need_eleven() {
    let head = attendance_count(&branch(31, 9), &first_present(11), day("2026-11-07"));
    assert_eq!((head.on_roster, head.should_attend, head.vote_eligible), (31, 22, 22));
    assert_eq!(head.excluded.len(), 9);
    assert!(head.excluded.iter().all(|(_, reason)| *reason == 5));
    assert_eq!((head.present, head.present_voters, head.unmarked), (11, 11, 11));

    let outcome = judge_vote(&head, &general_vote(), &yes(11));
    assert!(outcome.presence.met && outcome.presence.at_exactly_half);
    assert_eq!(outcome.presence.needed, 11);
    let pass = outcome.pass.unwrap();
    assert!(!pass.met && pass.at_exactly_half, "eleven of twenty-two is not more than half");
    assert_eq!(pass.needed, 12);
    assert!(!outcome.adopted && outcome.at_exactly_half());
}

#[test]
fn twenty_eight_members_with_nine_away_and_no_approval_have_no_quorum_for_an_admission() {
    let mut marks = first_present(14);
    marks.extend((20..=28).map(|n| (id(n), Attendance::NotRequired)));
    let head = attendance_count(&branch(28, 0), &marks, day("2026-11-07"));
    assert_eq!(head.should_attend, 28, "a mark on the roll excludes nobody");
    assert_eq!(head.unapproved.len(), 9);

    let outcome = judge_vote(&head, &admission(), &yes(14));
    assert!(!outcome.presence.met && outcome.presence.at_exactly_half);
    assert_eq!(outcome.presence.needed, 15);
    assert!(judge_vote(&head, &general_vote(), &yes(14)).presence.met);
}

#[test]
fn the_same_branch_with_approval_admits_with_ten_of_nineteen() {
    let on = day("2026-11-07");
    let nine = attendance_count(&branch(28, 9), &first_present(9), on);
    assert_eq!(nine.should_attend, 19);
    assert!(!judge_vote(&nine, &admission(), &yes(9)).presence.met);
    let ten = attendance_count(&branch(28, 9), &first_present(10), on);
    let outcome = judge_vote(&ten, &admission(), &yes(10));
    assert!(outcome.adopted && !outcome.at_exactly_half());
    assert!(!judge_vote(&ten, &admission(), &yes(9)).adopted);
}

#[test]
fn an_exclusion_counts_only_while_it_lasts() {
    let people = branch(10, 4);
    let after = attendance_count(&people, &BTreeMap::new(), day("2027-01-01"));
    assert_eq!((after.should_attend, after.excluded.len()), (10, 0));
    let last_day = attendance_count(&people, &BTreeMap::new(), day("2026-12-31"));
    assert_eq!((last_day.should_attend, last_day.excluded.len()), (6, 4));
}

#[test]
fn who_comes_although_excluded_is_counted_in_both() {
    let head = attendance_count(&branch(10, 4), &first_present(7), day("2026-05-01"));
    assert_eq!(head.came_although_excluded, vec![id(7)]);
    assert_eq!((head.should_attend, head.present_voters, head.excluded.len()), (7, 7, 3));
}

#[test]
fn members_without_a_vote_attend_but_are_not_voters() {
    let mut people = branch(6, 0);
    people[0].full_member = false;
    people[1].may_vote = false;
    let head = attendance_count(&people, &first_present(4), day("2026-05-01"));
    assert_eq!((head.should_attend, head.present), (6, 4));
    assert_eq!((head.vote_eligible, head.present_voters), (4, 2));
    let outcome = judge_vote(&head, &general_vote(), &yes(2));
    assert!(outcome.presence.at_exactly_half, "two voters of four");
}

#[test]
fn every_head_is_counted_once() {
    let mut people = branch(10, 1);
    people.push(voter(1));
    let mut marks: BTreeMap<_, _> =
        Attendance::ALL.iter().enumerate().map(|(n, mark)| (id(n as u8 + 1), *mark)).collect();
    marks.insert(id(99), Attendance::Present);
    let head = attendance_count(&people, &marks, day("2026-05-01"));
    let parts = head.present + head.leave + head.absent + head.served_elsewhere + head.unmarked;
    assert_eq!(parts + head.unapproved.len() as u32, head.should_attend);
    assert_eq!(head.should_attend + head.excluded.len() as u32, head.on_roster);
    assert_eq!((head.on_roster, head.present, head.leave, head.absent), (10, 2, 3, 1));
}

#[test]
fn an_election_needs_four_fifths_and_a_democratic_life_meeting_two_thirds() {
    let at_least =
        |num, den| QuorumRule { num, den, op: Comparison::AtLeast, base: Base::ShouldAttendVoters };
    assert!(at_least(4, 5).judge(20, 25).met);
    assert!(!at_least(4, 5).judge(19, 25).met);
    assert_eq!(at_least(4, 5).judge(0, 26).needed, 21);
    assert!(at_least(2, 3).judge(6, 9).met);
    assert!(!at_least(2, 3).judge(5, 8).met);
    assert!(!at_least(2, 3).judge(5, 10).at_exactly_half, "half means nothing to a rule of two thirds");
}

#[test]
fn nobody_is_never_a_quorum() {
    let head = attendance_count(&[], &BTreeMap::new(), day("2026-05-01"));
    let outcome = judge_vote(&head, &general_vote(), &VoteCount::default());
    assert!(!outcome.presence.met && !outcome.presence.at_exactly_half && !outcome.adopted);
}

#[test]
fn more_votes_than_voters_adopt_nothing() {
    let head = attendance_count(&branch(10, 0), &first_present(8), day("2026-05-01"));
    let votes = VoteCount { yes: 7, no: 1, abstain: 1, written: 0 };
    let outcome = judge_vote(&head, &general_vote(), &votes);
    assert_eq!(outcome.faults, vec![VoteFault::MoreVotesThanVoters { cast: 9, voters: 8 }]);
    assert!(!outcome.adopted && outcome.pass.unwrap().met);
    let huge = VoteCount { yes: u32::MAX, no: u32::MAX, abstain: 0, written: u32::MAX };
    assert!(!judge_vote(&head, &general_vote(), &huge).adopted);
}

#[test]
fn a_written_vote_is_a_vote_but_not_presence() {
    let on = day("2026-05-01");
    let head = attendance_count(&branch(10, 0), &first_present(6), on);
    let with_letters = VoteCount { yes: 8, no: 0, abstain: 0, written: 2 };
    assert!(judge_vote(&head, &admission(), &with_letters).adopted);
    assert_eq!(
        judge_vote(&head, &general_vote(), &with_letters).faults,
        vec![
            VoteFault::WrittenNotTaken { written: 2 },
            VoteFault::MoreVotesThanVoters { cast: 8, voters: 6 }
        ]
    );
    let five = attendance_count(&branch(10, 0), &first_present(5), on);
    assert!(!judge_vote(&five, &admission(), &with_letters).presence.met, "letters fill no chair");
    let too_many = VoteCount { yes: 10, no: 1, abstain: 0, written: 5 };
    assert_eq!(
        judge_vote(&head, &admission(), &too_many).faults,
        vec![VoteFault::TooManyWritten { written: 5, possible: 4 }]
    );
}

#[test]
fn a_meeting_that_decides_nothing_takes_no_votes() {
    let rule = DecisionRule { pass: None, ..general_vote() };
    let head = attendance_count(&branch(4, 0), &first_present(4), day("2026-05-01"));
    let outcome = judge_vote(&head, &rule, &yes(1));
    assert_eq!(outcome.faults, vec![VoteFault::NothingToVoteOn { cast: 1 }]);
    assert!(judge_vote(&head, &rule, &VoteCount::default()).faults.is_empty());
}

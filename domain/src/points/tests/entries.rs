use super::*;

fn reversal(n: u16, target: u16, date: &str) -> EntryFact {
    EntryFact { reverses: Some(entry_id(target)), ..approved(n, "C02", date, 1) }
}

fn states(ledger: &Ledger) -> Vec<LineState> {
    ledger.lines.iter().map(|line| line.state).collect()
}

#[test]
fn a_reversed_entry_stays_and_counts_nothing() {
    let entries = [approved(1, "C02", "2026-03-01", 1), reversal(2, 1, "2026-04-01")];
    let ledger = ledger_of("ORDINARY", &[], &entries);
    assert_eq!(
        brief(&ledger),
        [
            ("C02", 2, 0, Some(Cap::Reversed { by: Some(entry_id(2)) })),
            ("C02", 2, 0, Some(Cap::Reversing { entry: entry_id(1) }))
        ]
    );
    assert_eq!(states(&ledger), [LineState::Reversed, LineState::Confirmed]);
    assert_eq!(ledger.confirmed.total, 0);
}

#[test]
fn a_reversal_makes_room_below_the_cap() {
    let mut entries: Vec<_> = (1..=5).map(|n| approved(n, "C02", &format!("2026-0{n}-10"), 1)).collect();
    entries.push(reversal(9, 1, "2026-06-01"));
    let ledger = ledger_of("ORDINARY", &[], &entries);
    let counted: Vec<_> = ledger.lines.iter().map(|line| line.counted).collect();
    assert_eq!(counted, [0, 2, 2, 2, 2, 0]);
}

#[test]
fn a_reversal_counts_on_whatever_day_it_was_made() {
    let entries = [approved(1, "C02", "2026-12-31", 1), reversal(2, 1, "2027-01-15")];
    let ledger = ledger_of("ORDINARY", &[], &entries);
    assert_eq!(states(&ledger), [LineState::Reversed]);
}

#[test]
fn a_reversal_that_is_not_approved_reverses_nothing() {
    for state in [EntryState::Claimed, EntryState::Verified, EntryState::Declined, EntryState::Reversed] {
        let pending = EntryFact { state, ..reversal(2, 1, "2026-04-01") };
        let ledger = ledger_of("ORDINARY", &[], &[approved(1, "C02", "2026-03-01", 1), pending]);
        assert_eq!((ledger.confirmed.total, ledger.provisional.total), (2, 2));
    }
}

#[test]
fn a_reversed_reversal_restores_the_entry() {
    let entries =
        [approved(1, "C02", "2026-03-01", 1), reversal(2, 1, "2026-04-01"), reversal(3, 2, "2026-05-01")];
    assert_eq!(ledger_of("ORDINARY", &[], &entries).confirmed.total, 2);
    let mut again = entries.to_vec();
    again.push(reversal(4, 3, "2026-06-01"));
    assert_eq!(ledger_of("ORDINARY", &[], &again).confirmed.total, 0);
}

#[test]
fn reversals_in_a_circle_reverse_nothing_and_end() {
    let entries = [reversal(1, 2, "2026-03-01"), reversal(2, 1, "2026-04-01"), reversal(3, 3, "2026-05-01")];
    let ledger = ledger_of("ORDINARY", &[], &entries);
    assert_eq!(states(&ledger), [LineState::Confirmed; 3]);
    assert_eq!(ledger.confirmed.total, 0);
}

#[test]
fn a_false_claim_is_taken_back_and_costs_two_points() {
    let honest = approved(5, "C03", "2026-02-01", 1);
    let false_claim = approved(1, "C02", "2026-03-01", 1);
    let penalty = EntryFact { rule: "E04".into(), date: day("2026-04-01"), ..reversal(2, 1, "2026-04-01") };
    let ledger = ledger_of("ORDINARY", &[], &[honest, false_claim, penalty.clone()]);
    assert_eq!(ledger.lines[1].counted, 0);
    assert_eq!(ledger.lines[2].counted, -2);
    assert_eq!(ledger.confirmed.total, 1);
    let lost = ledger_of("ORDINARY", &[], &[penalty]);
    assert_eq!(lost.lines[0].capped_by, Some(Cap::NothingReversed));
}

#[test]
fn declined_and_reversed_entries_stay_as_lines() {
    let entries = [
        EntryFact { state: EntryState::Declined, ..approved(1, "C02", "2026-03-01", 1) },
        EntryFact { state: EntryState::Reversed, ..approved(2, "C02", "2026-03-02", 1) },
    ];
    let ledger = ledger_of("ORDINARY", &[], &entries);
    assert_eq!(
        brief(&ledger),
        [("C02", 2, 0, Some(Cap::Declined)), ("C02", 2, 0, Some(Cap::Reversed { by: None }))]
    );
}

#[test]
fn an_unknown_rule_is_a_line_with_its_cause() {
    let ledger = ledger_of("ORDINARY", &[], &[approved(1, "Z99", "2026-03-01", 7)]);
    assert_eq!(brief(&ledger), [("Z99", 0, 0, Some(Cap::UnknownRule))]);
}

#[test]
fn attendance_cannot_be_claimed_a_second_time() {
    let evening = attended(1, "2026-03-15", &["theme_day"]);
    let ledger = ledger_of("ORDINARY", &[evening], &[approved(1, "A03", "2026-04-15", 1)]);
    assert_eq!(brief(&ledger), [("A03", 1, 1, None), ("A03", 1, 0, Some(Cap::DerivedRule))]);
}

#[test]
fn chosen_points_must_be_among_those_of_the_rule() {
    let chosen = |rule: &str, points| {
        let entry = EntryFact { points, ..approved(1, rule, "2026-03-01", 1) };
        let ledger = ledger_of("ORDINARY", &[], &[entry]);
        (ledger.confirmed.total, ledger.lines[0].capped_by.clone())
    };
    let outside = (0, Some(Cap::OutsideRange));
    assert_eq!(chosen("B03", Some(2)), (2, None));
    assert_eq!(chosen("B03", Some(3)), outside);
    assert_eq!(chosen("B03", None), outside);
    assert_eq!(chosen("D01", Some(8)), (8, None));
    assert_eq!(chosen("D01", Some(7)), outside);
    assert_eq!(chosen("C02", Some(9)), (2, None), "fixed points are not chosen");
}

#[test]
fn only_the_highest_award_of_one_matter_counts() {
    let honour = |n, date: &str, points, matter: &str| EntryFact {
        points: Some(points),
        matter: Some(matter.into()),
        ..approved(n, "D01", date, 1)
    };
    let same = Some(Cap::SameMatter);
    let entries = [
        honour(1, "2026-03-01", 3, "抗洪"),
        honour(2, "2026-07-01", 5, "抗洪"),
        honour(3, "2026-08-01", 3, "抗洪"),
    ];
    let ledger = ledger_of("ORDINARY", &[], &entries);
    assert_eq!(brief(&ledger), [("D01", 3, 3, None), ("D01", 5, 2, same.clone()), ("D01", 3, 0, same)]);
    let two = [honour(1, "2026-03-01", 3, "抗洪"), honour(2, "2026-07-01", 5, "护林")];
    assert_eq!(ledger_of("ORDINARY", &[], &two).confirmed.total, 8);
}

#[test]
fn provisional_lines_stand_on_top_of_confirmed_ones() {
    let claim = EntryFact { state: EntryState::Claimed, ..approved(1, "C03", "2026-01-01", 1) };
    let confirmed: Vec<_> = (2..=4).map(|n| approved(n, "C03", &format!("2026-0{n}-01"), 1)).collect();
    let mut entries = confirmed.clone();
    entries.push(claim);
    let ledger = ledger_of("ORDINARY", &[], &entries);
    assert_eq!(
        brief(&ledger)[0],
        ("C03", 3, 0, by_rule_of(Period::Year)),
        "the earlier claim does not push out what is approved"
    );
    assert_eq!(ledger.confirmed, ledger_of("ORDINARY", &[], &confirmed).confirmed);
    assert_eq!((ledger.confirmed.total, ledger.provisional.total), (9, 9));

    let unfiled = ActivityFact { is_filed: false, ..attended(1, "2026-05-15", &["theme_day"]) };
    let ledger = ledger_of("ORDINARY", &[unfiled], &confirmed);
    assert_eq!((ledger.confirmed.total, ledger.provisional.total), (9, 10));
}

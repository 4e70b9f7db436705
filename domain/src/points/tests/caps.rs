use super::*;

#[test]
fn one_evening_of_several_kinds_counts_once_for_each() {
    let evening = attended(1, "2026-03-15", &["theme_day", "general_meeting", "party_lecture", "theme_day"]);
    let ledger = ledger_of("ORDINARY", std::slice::from_ref(&evening), &[]);
    assert_eq!(brief(&ledger), [("A01", 2, 2, None), ("A03", 1, 1, None), ("A04", 2, 2, None)]);
    assert_eq!(ledger.confirmed.total, 5);
    let twice = ledger_of("ORDINARY", &[evening.clone(), evening], &[]);
    assert_eq!(twice, ledger, "the same activity given twice counts once");
}

#[test]
fn a_month_has_one_theme_day() {
    let activities = [
        attended(2, "2026-03-20", &["theme_day"]),
        attended(1, "2026-03-15", &["theme_day"]),
        attended(3, "2026-04-01", &["theme_day"]),
    ];
    let ledger = ledger_of("ORDINARY", &activities, &[]);
    let month = by_rule_of(Period::Month);
    assert_eq!(brief(&ledger), [("A03", 1, 1, None), ("A03", 1, 0, month), ("A03", 1, 1, None)]);
}

#[test]
fn a_quarter_has_one_general_meeting() {
    let dates = ["2026-01-10", "2026-03-31", "2026-04-01", "2026-12-31"];
    let activities: Vec<_> =
        (1..).zip(dates).map(|(n, date)| attended(n, date, &["general_meeting"])).collect();
    let ledger = ledger_of("COMMITTEE", &activities, &[]);
    let counted: Vec<_> = ledger.lines.iter().map(|line| line.counted).collect();
    assert_eq!(counted, [2, 0, 2, 2]);
    assert_eq!(ledger.lines[1].capped_by, by_rule_of(Period::Quarter));
}

#[test]
fn a_year_has_four_service_items_and_exactly_at_the_cap_is_not_capped() {
    let entries: Vec<_> = (1..=5).map(|n| approved(n, "C02", &format!("2026-0{n}-10"), 1)).collect();
    let ledger = ledger_of("ORDINARY", &[], &entries);
    let lines = brief(&ledger);
    assert_eq!(lines[3], ("C02", 2, 2, None), "the fourth reaches the cap exactly");
    assert_eq!(lines[4], ("C02", 2, 0, by_rule_of(Period::Year)));
    assert_eq!(ledger.confirmed.by_category["C"], 8);
}

#[test]
fn a_cap_may_cut_a_line_in_two() {
    let entries: Vec<_> = (1..=4)
        .map(|n| EntryFact { points: Some(2), ..approved(n, "B03", &format!("2026-0{n}-10"), 1) })
        .chain([EntryFact { points: Some(1), ..approved(9, "B03", "2026-01-02", 1) }])
        .collect();
    let ledger = ledger_of("ORDINARY", &[], &entries);
    let counted: Vec<_> = ledger.lines.iter().map(|line| (line.raw, line.counted)).collect();
    assert_eq!(counted, [(1, 1), (2, 2), (2, 2), (2, 1), (2, 0)]);
}

#[test]
fn hours_add_up_over_the_cycle() {
    let hours = [1, 1, 3, 0].into_iter().enumerate();
    let entries: Vec<_> =
        hours.map(|(n, hours)| approved(n as u16, "C01", &format!("2026-0{}-10", n + 1), hours)).collect();
    let ledger = ledger_of("ORDINARY", &[], &entries);
    let part = Some(Cap::PartUnits);
    assert_eq!(
        brief(&ledger),
        [("C01", 0, 0, part.clone()), ("C01", 1, 1, None), ("C01", 1, 1, None), ("C01", 0, 0, part)]
    );
    let month = ledger_of("ORDINARY", &[], &[approved(1, "C01", "2026-05-10", 40)]);
    assert_eq!(brief(&month), [("C01", 20, 2, by_rule_of(Period::Month))]);
}

#[test]
fn thirty_two_credit_hours_are_eight_points() {
    let ledger = ledger_of("ORDINARY", &[], &[approved(1, "A08", "2026-05-10", 32)]);
    assert_eq!(brief(&ledger), [("A08", 8, 8, None)]);
    let ledger = ledger_of("ORDINARY", &[], &[approved(1, "A08", "2026-05-10", 36)]);
    assert_eq!(brief(&ledger), [("A08", 9, 8, by_rule_of(Period::Year))]);
}

#[test]
fn the_category_caps_what_its_rules_allow() {
    let mut entries: Vec<_> = (1..=12).map(|n| approved(n, "B01", &format!("2026-{n:02}-01"), 1)).collect();
    entries.extend((1..=4).map(|n| approved(20 + n, "B02", &format!("2026-12-{:02}", 10 + n), 1)));
    let ledger = ledger_of("ORDINARY", &[], &entries);
    assert_eq!(ledger.confirmed.by_category["B"], 15);
    assert_eq!(brief(&ledger)[14], ("B02", 1, 1, None));
    assert_eq!(brief(&ledger)[15], ("B02", 1, 0, by_group("B")));
}

#[test]
fn a_mobile_member_shares_the_cap_of_category_a() {
    let mut entries: Vec<_> = (1..=12).map(|n| approved(n, "A09", &format!("2026-{n:02}-02"), 1)).collect();
    for (n, month) in [(30, "01"), (31, "04"), (32, "07"), (33, "10")] {
        entries.push(approved(n, "A10", &format!("2026-{month}-20"), 1));
        entries.push(approved(n + 10, "A07", &format!("2026-{month}-21"), 1));
    }
    entries.push(approved(60, "A08", "2026-06-06", 64));
    let activities = [
        attended(1, "2026-12-01", &["org_life_meeting"]),
        attended(2, "2026-12-02", &["democratic_appraisal"]),
    ];
    let ledger = ledger_of("MOBILE", &activities, &entries);
    assert_eq!(ledger.confirmed.by_category["A"], 24 + 8 + 4 + 8 + 4 + 4);
    assert!(ledger.confirmed.by_category["A"] <= 60);
}

#[test]
fn a_full_year_of_attendance_is_sixty() {
    let mut activities = Vec::new();
    for month in 1..=12u8 {
        let date = format!("2026-{month:02}-15");
        let kinds = ["theme_day", "group_meeting", "general_meeting", "party_lecture"];
        activities.push(attended(month, &date, &kinds));
    }
    activities.push(attended(20, "2026-12-20", &["org_life_meeting", "democratic_appraisal"]));
    let mut entries: Vec<_> =
        [1, 4, 7, 10].iter().map(|n| approved(*n, "A07", &format!("2026-{n:02}-03"), 1)).collect();
    entries.push(approved(50, "A08", "2026-08-08", 32));
    let ledger = ledger_of("ORDINARY", &activities, &entries);
    assert_eq!((ledger.confirmed.by_category["A"], ledger.confirmed.total), (60, 60));
    assert_eq!(ledger.grade.unwrap().name, "合格");
}

/// Everything that a book without caps on rules lets through, to reach the bounds of the total.
fn generous_book() -> RuleBook {
    let mut book = book();
    for rule in &mut book.point_rules {
        rule.caps.clear();
    }
    book
}

#[test]
fn the_total_stays_within_its_bounds_at_both_ends() {
    let rich: Vec<_> = [("A08", 400), ("B02", 40), ("C02", 40)]
        .iter()
        .zip(1..)
        .map(|((rule, units), n)| approved(n, rule, "2026-05-05", *units))
        .chain([EntryFact { points: Some(10), ..approved(9, "D01", "2026-05-06", 1) }])
        .collect();
    let top = ledger(&generous_book(), &member("ORDINARY"), &[], &rich, cycle());
    assert_eq!((top.confirmed.sum, top.confirmed.total), (60 + 15 + 25 + 10, 100));
    assert_eq!(top.grade.unwrap().name, "优秀");

    let poor: Vec<_> = (1..=3).map(|n| missed(n, "2026-02-02")).collect();
    let bottom = ledger_of("ORDINARY", &poor, &[]);
    assert_eq!((bottom.confirmed.sum, bottom.confirmed.total), (-6, 0));
    assert_eq!(bottom.grade.unwrap().name, "待提升");
}

#[test]
fn deductions_have_a_floor_by_rule_and_by_category() {
    let activities: Vec<_> = (1..=6).map(|n| missed(n, &format!("2026-0{n}-15"))).collect();
    let by_rule = ledger_of("ORDINARY", &activities, &[]);
    assert_eq!(by_rule.confirmed.by_category["E"], -10);
    assert_eq!(brief(&by_rule)[4], ("E01", -2, -2, None));
    assert_eq!(brief(&by_rule)[5], ("E01", -2, 0, by_rule_of(Period::Year)));

    let activities: Vec<_> = (1..=11).map(|n| missed(n, &format!("2026-{n:02}-15"))).collect();
    let by_group_only = ledger(&generous_book(), &member("ORDINARY"), &activities, &[], cycle());
    assert_eq!(by_group_only.confirmed.by_category["E"], -20);
    assert_eq!(brief(&by_group_only)[10], ("E01", -2, 0, by_group("E")));
}

#[test]
fn a_cycle_from_july_to_june_counts_its_own_days_only() {
    let book = RuleBook { cycle_start_month: 7, ..book() };
    let cycle = book.cycle_of(day("2026-11-21"));
    let dates = ["2026-06-30", "2026-07-01", "2027-06-30", "2027-07-01"];
    let activities: Vec<_> = (1..).zip(dates).map(|(n, date)| attended(n, date, &["theme_day"])).collect();
    let ledger = ledger(&book, &member("ORDINARY"), &activities, &[], cycle);
    let counted: Vec<_> = ledger.lines.iter().map(|line| line.date).collect();
    assert_eq!(counted, [day("2026-07-01"), day("2027-06-30")]);
}

#[test]
fn enormous_numbers_do_not_overflow() {
    let entries = [
        approved(1, "C02", "2026-01-01", u32::MAX),
        approved(2, "C01", "2026-01-01", u32::MAX),
        approved(3, "E03", "2026-01-01", u32::MAX),
    ];
    let ledger = ledger_of("ORDINARY", &[], &entries);
    assert_eq!(ledger.confirmed.by_category["C"], 8 + 2);
    assert_eq!(ledger.confirmed.by_category["E"], -3);
}

use super::*;

fn not_for(class: &str) -> Option<Cap> {
    Some(Cap::NotForClass { class: Some(class.into()) })
}

fn replaced_by(rule: &str) -> Option<Cap> {
    Some(Cap::ReplacedBy { rule: rule.into() })
}

#[test]
fn mobile_and_frail_members_are_never_hit_by_an_absence() {
    for class in ["MOBILE", "FRAIL"] {
        let ledger = ledger_of(class, &[missed(1, "2026-03-15")], &[]);
        assert_eq!(brief(&ledger), [("E01", -2, 0, not_for(class))]);
        assert_eq!(ledger.provisional.by_category["E"], 0);
    }
    let ledger = ledger_of("ORDINARY", &[missed(1, "2026-03-15")], &[]);
    assert_eq!(brief(&ledger), [("E01", -2, -2, None)]);
}

#[test]
fn a_frail_member_is_exempt_even_if_a_rule_forgets_to_say_so() {
    let mut book = book();
    for rule in book.point_rules.iter_mut().filter(|rule| rule.category == "E") {
        rule.classes.clear();
    }
    let entries = [approved(1, "E03", "2026-03-03", 1)];
    let ledger = ledger(&book, &member("FRAIL"), &[missed(1, "2026-03-15")], &entries, cycle());
    assert_eq!(brief(&ledger), [("E03", -1, 0, not_for("FRAIL")), ("E01", -2, 0, not_for("FRAIL"))]);
}

#[test]
fn rules_for_mobile_members_take_the_place_of_meetings() {
    let evening = attended(1, "2026-03-15", &["general_meeting", "group_meeting", "org_life_meeting"]);
    let ledger = ledger_of("MOBILE", &[evening], &[approved(1, "A09", "2026-03-15", 1)]);
    assert_eq!(
        brief(&ledger),
        [
            ("A09", 2, 2, None),
            ("A01", 2, 0, replaced_by("A09")),
            ("A02", 1, 0, replaced_by("A09")),
            ("A05", 4, 4, None)
        ]
    );
}

#[test]
fn a_rule_that_is_switched_off_replaces_nothing() {
    let mut book = book();
    book.point_rules.iter_mut().find(|rule| rule.code == "A09").unwrap().is_enabled = false;
    let evening = attended(1, "2026-03-15", &["general_meeting", "group_meeting"]);
    let entries = [approved(1, "A09", "2026-03-15", 1)];
    let ledger = ledger(&book, &member("MOBILE"), &[evening], &entries, cycle());
    assert_eq!(
        brief(&ledger),
        [("A09", 2, 0, Some(Cap::RuleOff)), ("A01", 2, 2, None), ("A02", 1, 0, replaced_by("A10"))]
    );
}

#[test]
fn a_frail_member_counts_home_visits_only_and_has_no_grade() {
    let evening = attended(1, "2026-03-15", &["general_meeting", "org_life_meeting"]);
    let entries = [
        approved(1, "A11", "2026-03-01", 1),
        approved(2, "C02", "2026-03-02", 1),
        approved(3, "A07", "2026-03-03", 1),
    ];
    let ledger = ledger_of("FRAIL", &[evening], &entries);
    assert_eq!(
        brief(&ledger),
        [
            ("A11", 2, 2, None),
            ("C02", 2, 0, not_for("FRAIL")),
            ("A07", 1, 0, not_for("FRAIL")),
            ("A01", 2, 0, replaced_by("A11")),
            ("A05", 4, 0, replaced_by("A11"))
        ]
    );
    assert_eq!(ledger.confirmed.total, 2);
    assert_eq!(ledger.grade, None);
}

#[test]
fn the_class_is_that_of_the_day() {
    let standing = MemberStanding {
        classes: vec![
            ClassSpan { class: "ORDINARY".into(), from: day("2020-01-01"), to: Some(day("2026-04-30")) },
            ClassSpan { class: "MOBILE".into(), from: day("2026-05-01"), to: None },
        ],
        ..member("ORDINARY")
    };
    let activities =
        [attended(1, "2026-04-30", &["general_meeting"]), attended(2, "2026-07-01", &["general_meeting"])];
    let ledger = ledger(&book(), &standing, &activities, &[], cycle());
    assert_eq!(brief(&ledger), [("A01", 2, 2, None), ("A01", 2, 0, replaced_by("A09"))]);
    assert_eq!(standing.class_on(day("2019-12-31")), None);
}

#[test]
fn overlapping_classes_are_settled_by_the_later_one() {
    let span = |class: &str, from: &str| ClassSpan { class: class.into(), from: day(from), to: None };
    let mut classes =
        vec![span("MOBILE", "2026-01-01"), span("FRAIL", "2026-01-01"), span("ORDINARY", "2025-01-01")];
    for _ in 0..3 {
        classes.rotate_left(1);
        let standing = MemberStanding { classes: classes.clone(), ..member("ORDINARY") };
        assert_eq!(standing.class_on(day("2026-02-02")), Some("MOBILE"));
        assert_eq!(standing.class_on(day("2025-02-02")), Some("ORDINARY"));
    }
}

#[test]
fn a_member_without_a_class_gets_nothing_and_loses_nothing() {
    let standing = MemberStanding { classes: Vec::new(), ..member("ORDINARY") };
    let activities = [attended(1, "2026-01-01", &["theme_day"]), missed(2, "2026-02-02")];
    let ledger = ledger(&book(), &standing, &activities, &[], cycle());
    let none = Some(Cap::NotForClass { class: None });
    assert_eq!(brief(&ledger), [("A03", 1, 0, none.clone()), ("E01", -2, 0, none)]);
    assert_eq!(ledger.grade, None);
}

#[test]
fn an_absence_costs_only_after_notice_and_without_a_valid_objection() {
    let with = |objection, is_notice_sent| {
        let fact = ActivityFact { objection, is_notice_sent, ..missed(1, "2026-03-15") };
        let ledger = ledger_of("ORDINARY", &[fact], &[]);
        (
            ledger.lines[0].state,
            ledger.confirmed.sum,
            ledger.provisional.sum,
            ledger.lines[0].capped_by.clone(),
        )
    };
    use LineState::{Confirmed, Provisional};
    assert_eq!(with(Objection::Expired, true), (Confirmed, -2, -2, None));
    assert_eq!(with(Objection::Dismissed, true), (Confirmed, -2, -2, None));
    assert_eq!(with(Objection::Open, true), (Provisional, 0, -2, None));
    assert_eq!(with(Objection::Raised, true), (Provisional, 0, -2, None));
    assert_eq!(with(Objection::Upheld, true).3, Some(Cap::ObjectionUpheld));
    assert_eq!(with(Objection::Upheld, true).2, 0);
    assert_eq!(with(Objection::Expired, false), (Confirmed, 0, 0, Some(Cap::NoNotice)));
}

#[test]
fn leave_and_silence_cost_nothing() {
    for attendance in
        [None, Some(Attendance::LeaveWork), Some(Attendance::LeaveIllness), Some(Attendance::NotRequired)]
    {
        let ledger = ledger_of("ORDINARY", &[ActivityFact { attendance, ..missed(1, "2026-03-15") }], &[]);
        assert!(ledger.lines.is_empty());
    }
}

#[test]
fn with_deductions_off_nothing_is_deducted() {
    let book = RuleBook { deductions_enabled: false, ..book() };
    let entries = [approved(1, "E03", "2026-03-03", 1), approved(2, "C02", "2026-03-04", 1)];
    let off = ledger(&book, &member("ORDINARY"), &[missed(1, "2026-03-15")], &entries, cycle());
    assert_eq!(brief(&off), [("E03", -1, 0, Some(Cap::DeductionsOff)), ("C02", 2, 2, None)]);
    assert_eq!((off.confirmed.by_category["E"], off.confirmed.total), (0, 2));
    let on = ledger_of("ORDINARY", &[missed(1, "2026-03-15")], &entries);
    assert_eq!((on.confirmed.by_category["E"], on.confirmed.sum, on.confirmed.total), (-3, -1, 0));
}

#[test]
fn a_lecturer_is_awarded_once_for_one_lecture() {
    let lecture =
        ActivityFact { is_lecturer: true, ..attended(1, "2026-03-15", &["party_lecture", "outreach_talk"]) };
    let ledger = ledger_of("COMMITTEE", &[lecture], &[]);
    assert_eq!(brief(&ledger), [("A04", 2, 2, None), ("C05", 2, 2, None)]);
}

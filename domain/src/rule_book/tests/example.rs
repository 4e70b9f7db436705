use std::collections::BTreeSet;

use super::super::words::{Comparison, Level, Period, SourceKind};
use super::super::*;
use crate::org::NamingScheme;

fn example() -> RuleBook {
    RuleBook::from_toml(EXAMPLE_TOML).unwrap_or_else(|faults| {
        panic!("{}", faults.iter().map(|fault| format!("{fault}\n")).collect::<String>())
    })
}

#[test]
fn the_example_imports_without_fault() {
    let book = example();
    assert_eq!((book.id.as_str(), book.point_rules.len(), book.activity_kinds.len()), ("QL-2026-V1", 25, 21));
    assert_eq!(book.late_entry_working_days, 3);
    assert_eq!(book.exclusion_reasons.iter().map(|one| one.code).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    let codes: BTreeSet<&str> = book.activity_kinds.iter().map(|kind| kind.code.as_str()).collect();
    assert!(codes.contains("democratic_life_meeting") && codes.contains("open_day"));
}

#[test]
fn the_yearly_caps_of_a01_to_a08_make_exactly_the_cap_of_the_category() {
    let book = example();
    let yearly = |rule: &PointRule| {
        rule.caps.iter().find(|cap| cap.period == Period::Year).map(|cap| cap.points).unwrap()
    };
    let sum: i32 = book
        .point_rules
        .iter()
        .filter(|rule| ("A01"..="A08").contains(&rule.code.as_str()))
        .map(yearly)
        .sum();
    assert_eq!(sum, 60);
    assert_eq!(book.category("A").unwrap().cap, 60);
    assert_eq!(book.categories.iter().map(|one| one.cap).collect::<Vec<_>>(), [60, 15, 25, 10, -20]);
}

#[test]
fn the_example_says_what_the_rules_say() {
    let book = example();
    let c01 = book.point_rule("C01").unwrap();
    assert_eq!((c01.points.max, c01.units_per_award), (1, 2));
    assert_eq!(c01.caps[1], PointCap { points: 2, period: Period::Month });
    assert_eq!(book.point_rule("A08").unwrap().units_per_award, 4);
    assert_eq!(book.point_rule("A09").unwrap().replaces, ["A01", "A02", "A03", "A04"]);
    let e01 = book.point_rule("E01").unwrap();
    assert_eq!(e01.source.kind, SourceKind::Absence);
    assert!(!e01.applies_to("MOBILE") && !e01.applies_to("FRAIL") && e01.applies_to("ORDINARY"));
    assert_eq!(book.decision_rule("admission").unwrap().presence.op, Comparison::MoreThan);
    assert_eq!(book.decision_rule("democratic_life").unwrap().pass, None);
    assert_eq!(book.activity_kind("org_life_meeting").unwrap().levels, [Level::Group, Level::Branch]);
    assert_eq!(book.activity_kinds.iter().filter(|kind| kind.is_tag).count(), 2);
    assert_eq!(book.labels(NamingScheme::Qi).unwrap().words["village"], "嘎查村");
    for (total, name) in
        [(100, "优秀"), (90, "优秀"), (89, "良好"), (60, "合格"), (59, "待提升"), (0, "待提升")]
    {
        assert_eq!(book.grade(total).unwrap().name, name);
    }
}

#[test]
fn a_cycle_starts_in_january_or_july_and_lasts_a_year() {
    let cycle = |month, date: &str| {
        let book = RuleBook { cycle_start_month: month, ..example() };
        let cycle = book.cycle_of(date.parse().unwrap());
        (cycle.start.to_string(), cycle.end.to_string())
    };
    let from_to = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    assert_eq!(cycle(1, "2026-01-01"), from_to("2026-01-01", "2026-12-31"));
    assert_eq!(cycle(1, "2026-12-31"), from_to("2026-01-01", "2026-12-31"));
    assert_eq!(cycle(7, "2026-06-30"), from_to("2025-07-01", "2026-06-30"));
    assert_eq!(cycle(7, "2026-07-01"), from_to("2026-07-01", "2027-06-30"));
}

#[test]
fn a_book_survives_cbor() {
    let book = example();
    let bytes = minicbor::to_vec(&book).unwrap();
    assert_eq!(minicbor::decode::<RuleBook>(&bytes).unwrap(), book);
    assert!(bytes.len() < 16 * 1024, "{} bytes travel to every phone", bytes.len());
}

#[test]
fn an_older_app_skips_a_field_that_it_does_not_know() {
    let class = MemberClass {
        code: "MOBILE".into(),
        name: "流动党员".into(),
        is_graded: true,
        is_exempt_from_deductions: false,
    };
    let mut newer = minicbor::Encoder::new(Vec::new());
    newer.map(5).unwrap();
    newer.u8(0).unwrap().str("MOBILE").unwrap().u8(1).unwrap().str("流动党员").unwrap();
    newer
        .u8(2)
        .unwrap()
        .bool(true)
        .unwrap()
        .u8(99)
        .unwrap()
        .array(2)
        .unwrap()
        .u8(1)
        .unwrap()
        .str("new")
        .unwrap();
    newer.u8(3).unwrap().bool(false).unwrap();
    assert_eq!(minicbor::decode::<MemberClass>(&newer.into_writer()).unwrap(), class);
}

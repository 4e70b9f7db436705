//! The ledger depends on the set of facts only.

use proptest::prelude::*;

use super::*;

const KINDS: [&str; 7] = [
    "theme_day",
    "general_meeting",
    "group_meeting",
    "party_lecture",
    "org_life_meeting",
    "outreach_talk",
    "unheard_of",
];
const RULES: [&str; 16] = [
    "A03", "A07", "A08", "A09", "A10", "A11", "B01", "B03", "C01", "C02", "C03", "D01", "E02", "E03", "E04",
    "Z99",
];
const CLASSES: [&str; 4] = ["COMMITTEE", "ORDINARY", "MOBILE", "FRAIL"];

fn any_date() -> impl Strategy<Value = Date> {
    // Few days, so that many facts share one.
    (1i8..=12, prop::sample::select(vec![1i8, 15, 28]))
        .prop_map(|(month, day)| Date::new(2026, month, day).unwrap())
}

fn any_activity() -> impl Strategy<Value = ActivityFact> {
    let marks: Vec<Option<Attendance>> =
        Attendance::ALL.iter().copied().map(Some).chain([None, Some(Attendance::Present)]).collect();
    let objections =
        vec![Objection::Open, Objection::Expired, Objection::Raised, Objection::Upheld, Objection::Dismissed];
    (
        any::<u8>(),
        any_date(),
        prop::sample::subsequence(KINDS.to_vec(), 0..4),
        prop::sample::select(marks),
        any::<(bool, bool, bool)>(),
        prop::sample::select(objections),
    )
        .prop_map(|(n, date, kinds, attendance, (is_lecturer, is_filed, is_notice_sent), objection)| {
            ActivityFact {
                attendance,
                is_lecturer,
                is_filed,
                is_notice_sent,
                objection,
                ..attended(n, &date.to_string(), &kinds)
            }
        })
}

fn any_entry() -> impl Strategy<Value = EntryFact> {
    let states = vec![
        EntryState::Claimed,
        EntryState::Verified,
        EntryState::Approved,
        EntryState::Approved,
        EntryState::Declined,
        EntryState::Reversed,
    ];
    (
        0u16..30,
        prop::sample::select(RULES.to_vec()),
        any_date(),
        0u32..9,
        prop::option::of(-3i32..11),
        prop::option::of(prop::sample::select(vec!["抗洪", "护林"])),
        prop::sample::select(states),
        prop::option::weighted(0.3, 0u16..30),
    )
        .prop_map(|(n, rule, date, units, points, matter, state, reverses)| EntryFact {
            points,
            matter: matter.map(str::to_owned),
            state,
            reverses: reverses.map(entry_id),
            ..approved(n, rule, &date.to_string(), units)
        })
}

fn any_standing() -> impl Strategy<Value = MemberStanding> {
    let span = (prop::sample::select(CLASSES.to_vec()), any_date(), prop::option::of(any_date()))
        .prop_map(|(class, from, to)| ClassSpan { class: class.to_owned(), from, to });
    prop::collection::vec(span, 0..4).prop_map(|mut classes| {
        classes.push(ClassSpan { class: "ORDINARY".into(), from: day("2020-01-01"), to: None });
        MemberStanding { classes, ..member("ORDINARY") }
    })
}

type Facts = (MemberStanding, Vec<ActivityFact>, Vec<EntryFact>);

fn any_facts() -> impl Strategy<Value = Facts> {
    (any_standing(), prop::collection::vec(any_activity(), 0..24), prop::collection::vec(any_entry(), 0..30))
}

/// Some facts, and the same facts in another order.
fn shuffled_facts() -> impl Strategy<Value = (Facts, Facts)> {
    any_facts().prop_flat_map(|(standing, activities, entries)| {
        let shuffled = (
            Just(standing.classes.clone()).prop_shuffle(),
            Just(activities.clone()).prop_shuffle(),
            Just(entries.clone()).prop_shuffle(),
        );
        let first = (standing.clone(), activities, entries);
        (Just(first), shuffled).prop_map(move |(first, (classes, activities, entries))| {
            let member = first.0.member;
            (first, (MemberStanding { member, classes }, activities, entries))
        })
    })
}

fn ledger_from(facts: &Facts) -> Ledger {
    ledger(&book(), &facts.0, &facts.1, &facts.2, cycle())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_the_facts_does_not_matter((one, other) in shuffled_facts()) {
        prop_assert_eq!(ledger_from(&one), ledger_from(&other));
    }

    #[test]
    fn nothing_provisional_changes_anything_confirmed((standing, mut activities, mut entries) in any_facts()) {
        // Of a fact given twice in different versions one counts: keep such pairs out.
        let mut seen = BTreeSet::new();
        activities.retain(|fact| seen.insert(fact.activity));
        let mut seen = BTreeSet::new();
        entries.retain(|fact| seen.insert(fact.entry));
        let all = ledger_from(&(standing.clone(), activities.clone(), entries.clone()));
        activities.retain(|fact| fact.is_filed);
        for fact in &mut activities {
            if matches!(fact.objection, Objection::Open | Objection::Raised) {
                fact.objection = Objection::Upheld;
            }
        }
        for entry in &mut entries {
            if matches!(entry.state, EntryState::Claimed | EntryState::Verified) {
                entry.state = EntryState::Declined;
            }
        }
        let alone = ledger_from(&(standing, activities, entries));
        let confirmed = |ledger: &Ledger| -> Vec<LedgerLine> {
            ledger.lines.iter().filter(|line| line.state == LineState::Confirmed).cloned().collect()
        };
        prop_assert_eq!(confirmed(&alone), confirmed(&all));
        prop_assert_eq!((&alone.confirmed, &alone.grade), (&all.confirmed, &all.grade));
        prop_assert_eq!(&alone.provisional, &alone.confirmed, "nothing is open any more");
    }

    #[test]
    fn no_line_counts_more_than_it_is_worth_and_no_sum_leaves_its_bounds(facts in any_facts()) {
        let book = book();
        let ledger = ledger_from(&facts);
        for line in &ledger.lines {
            prop_assert!(line.counted.abs() <= line.raw.abs() && line.counted * line.raw >= 0);
            prop_assert!(line.counted == line.raw || line.capped_by.is_some());
        }
        for totals in [&ledger.confirmed, &ledger.provisional] {
            prop_assert!((0..=100).contains(&totals.total));
            for (code, points) in &totals.by_category {
                let cap = book.category(code).unwrap().cap;
                let (least, most) = (cap.min(0), cap.max(0));
                prop_assert!((least..=most).contains(points));
            }
        }
        let counted = |states: &[LineState]| -> i32 {
            ledger.lines.iter().filter(|line| states.contains(&line.state)).map(|line| line.counted).sum()
        };
        prop_assert_eq!(counted(&[LineState::Confirmed]), ledger.confirmed.sum);
        prop_assert_eq!(counted(&[LineState::Confirmed, LineState::Provisional]), ledger.provisional.sum);
    }
}

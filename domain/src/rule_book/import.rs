//! From TOML to a [`RuleBook`]: reads every table, then has the whole checked.

use toml::de::DeTable;

use super::fault::{Fault, FaultCode};
use super::reader::{Reading, Section};
use super::validate;
use super::words::{Base, Comparison, SourceKind};
use super::{
    ActivityKind, CalendarDay, Category, ExclusionReason, ExtraField, Frequency, GradeBand, LabelSet,
    MemberClass, PointCap, PointChoice, PointRange, PointRule, RuleBook, Source,
};
use crate::org::NamingScheme;
use crate::quorum::{DecisionRule, QuorumRule};

/// Points beyond this are a slip of the finger.
const POINTS: std::ops::RangeInclusive<i64> = -1_000..=1_000;

/// The longest text: seven times the longest book that we know. What is wrong with a text of nothing but faults takes some
/// hundred times as much memory as the text.
const MAX_BYTES: usize = 128 << 10;
/// So many lines that are no TOML are told at once: whoever sent them sent another file.
const MOST_SYNTAX_FAULTS: usize = 100;

/// Stands in for a presence rule that is missing; the fault is noted, so no book ever holds it.
const EVERYONE: QuorumRule = QuorumRule { num: 1, den: 1, op: Comparison::AtLeast, base: Base::ShouldAttend };

/// Reads and checks a book.
pub(super) fn import(text: &str) -> Result<RuleBook, Vec<Fault>> {
    if text.len() > MAX_BYTES {
        let reason = format!("文件太大，最多 {} KB", MAX_BYTES >> 10);
        return Err(vec![Fault { line: 1, code: FaultCode::Syntax, reason }]);
    }
    let mut reading = Reading::new(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let mut faults: Vec<Fault> =
            errors.iter().take(MOST_SYNTAX_FAULTS).map(|error| syntax_fault(&reading, error)).collect();
        faults.dedup_by_key(|fault| fault.line);
        return Err(faults);
    }
    let mut section = Section::open(root.get_ref(), String::new(), &mut reading);
    let book = read_book(&mut reading, &mut section);
    section.close(&mut reading);
    validate::check(&book, &mut reading);
    if reading.faults.is_empty() {
        return Ok(book);
    }
    reading.faults.sort_by_key(|fault| (fault.line, fault.code));
    Err(reading.faults)
}

fn syntax_fault(reading: &Reading, error: &toml::de::Error) -> Fault {
    let line = error.span().map_or(1, |span| reading.line_at(span));
    let reason =
        format!("这一行不是正确的 TOML 写法，请检查引号、括号、等号，以及是否重复（{}）", error.message());
    Fault { line, code: FaultCode::Syntax, reason }
}

fn read_book(reading: &mut Reading, root: &mut Section<'_>) -> RuleBook {
    RuleBook {
        id: root.text(reading, "id"),
        name: root.text(reading, "name"),
        cycle_start_month: narrow(root.number(reading, "cycle_start_month", 1..=12)),
        effective_from: root.date(reading, "effective_from"),
        deductions_enabled: root.flag(reading, "deductions_enabled", false),
        total: read_range(reading, root, "total"),
        late_entry_working_days: narrow(root.number(reading, "late_entry_working_days", 0..=60)),
        notice_days: narrow(root.number(reading, "notice_days", 0..=60)),
        objection_days: narrow(root.number(reading, "objection_days", 1..=60)),
        reminder_days: narrow_all(root.numbers(reading, "reminder_days", 0..=366)),
        categories: root.sections(reading, "categories", read_category),
        classes: root.sections(reading, "classes", read_class),
        grade_bands: root.sections(reading, "grade_bands", read_grade_band),
        point_rules: root.sections(reading, "point_rules", read_point_rule),
        activity_kinds: root.sections(reading, "activity_kinds", read_activity_kind),
        decision_rules: root.sections(reading, "decision_rules", read_decision_rule),
        exclusion_reasons: root.sections(reading, "exclusion_reasons", read_exclusion_reason),
        calendar: root.sections(reading, "calendar", read_calendar_day),
        labels: read_labels(reading, root),
    }
}

fn read_range(reading: &mut Reading, section: &mut Section<'_>, key: &'static str) -> PointRange {
    let Some(mut range) = section.section(reading, key) else { return PointRange { min: 0, max: 0 } };
    let read = PointRange {
        min: narrow(range.number(reading, "min", POINTS)),
        max: narrow(range.number(reading, "max", POINTS)),
    };
    range.close(reading);
    read
}

fn read_category(reading: &mut Reading, row: &mut Section<'_>) -> Category {
    Category {
        code: row.text(reading, "code"),
        name: row.text(reading, "name"),
        cap: narrow(row.number(reading, "cap", POINTS)),
        is_deduction: row.flag(reading, "deduction", false),
    }
}

fn read_class(reading: &mut Reading, row: &mut Section<'_>) -> MemberClass {
    MemberClass {
        code: row.text(reading, "code"),
        name: row.text(reading, "name"),
        is_graded: row.flag(reading, "graded", true),
        is_exempt_from_deductions: row.flag(reading, "exempt_from_deductions", false),
    }
}

fn read_grade_band(reading: &mut Reading, row: &mut Section<'_>) -> GradeBand {
    GradeBand { name: row.text(reading, "name"), points: read_range(reading, row, "points") }
}

fn read_point_rule(reading: &mut Reading, row: &mut Section<'_>) -> PointRule {
    PointRule {
        code: row.text(reading, "code"),
        name: row.text(reading, "name"),
        category: row.text(reading, "category"),
        points: read_award(reading, row),
        choices: row.sections(reading, "choices", read_choice),
        unit: row.text(reading, "unit"),
        units_per_award: narrow(row.maybe_number(reading, "units_per_award", 1..=1_000).unwrap_or(1)),
        caps: row.sections(reading, "caps", read_cap),
        highest_per_matter: row.flag(reading, "highest_per_matter", false),
        evidence: row.word(reading, "evidence"),
        source: read_source(reading, row),
        approval: row.words(reading, "approval"),
        classes: row.texts(reading, "classes"),
        replaces: row.texts(reading, "replaces"),
        is_enabled: row.flag(reading, "enabled", true),
    }
}

/// `points = 2`, or `points_min` and `points_max` where the committee chooses.
fn read_award(reading: &mut Reading, row: &mut Section<'_>) -> PointRange {
    if row.has("points_min") || row.has("points_max") {
        return PointRange {
            min: narrow(row.number(reading, "points_min", POINTS)),
            max: narrow(row.number(reading, "points_max", POINTS)),
        };
    }
    let points = narrow(row.number(reading, "points", POINTS));
    PointRange { min: points, max: points }
}

fn read_choice(reading: &mut Reading, row: &mut Section<'_>) -> PointChoice {
    PointChoice { points: narrow(row.number(reading, "points", POINTS)), name: row.text(reading, "name") }
}

fn read_cap(reading: &mut Reading, row: &mut Section<'_>) -> PointCap {
    PointCap { points: narrow(row.number(reading, "points", POINTS)), period: row.word(reading, "period") }
}

fn read_source(reading: &mut Reading, row: &mut Section<'_>) -> Source {
    let Some(mut source) = row.section(reading, "source") else {
        return Source { kind: SourceKind::Claim, activity_kinds: Vec::new(), states: Vec::new() };
    };
    let read = Source {
        kind: source.word(reading, "kind"),
        activity_kinds: source.texts(reading, "activity_kinds"),
        states: source.words(reading, "states"),
    };
    source.close(reading);
    read
}

fn read_activity_kind(reading: &mut Reading, row: &mut Section<'_>) -> ActivityKind {
    ActivityKind {
        code: row.text(reading, "code"),
        name: row.text(reading, "name"),
        levels: row.words(reading, "levels"),
        frequency: row.maybe_section(reading, "frequency").map(|section| read_frequency(reading, section)),
        decision_rule: row.has("decision_rule").then(|| row.text(reading, "decision_rule")),
        is_tag: row.flag(reading, "tag", false),
        min_full_members: row.maybe_number(reading, "min_full_members", 1..=1_000).map(narrow),
        extra_fields: row.sections(reading, "extra_fields", read_extra_field),
    }
}

fn read_frequency(reading: &mut Reading, mut section: Section<'_>) -> Frequency {
    let read = Frequency {
        count: narrow(section.number(reading, "count", 1..=366)),
        period: section.word(reading, "period"),
        fixed_day: section.maybe_number(reading, "fixed_day", 1..=28).map(narrow),
        quarter: section.maybe_number(reading, "quarter", 1..=4).map(narrow),
    };
    section.close(reading);
    read
}

fn read_extra_field(reading: &mut Reading, row: &mut Section<'_>) -> ExtraField {
    ExtraField {
        code: row.text(reading, "code"),
        name: row.text(reading, "name"),
        kind: row.word(reading, "kind"),
        is_required: row.flag(reading, "required", false),
    }
}

fn read_decision_rule(reading: &mut Reading, row: &mut Section<'_>) -> DecisionRule {
    DecisionRule {
        code: row.text(reading, "code"),
        name: row.text(reading, "name"),
        presence: row.section(reading, "presence").map_or(EVERYONE, |section| read_quorum(reading, section)),
        pass: row.maybe_section(reading, "pass").map(|section| read_quorum(reading, section)),
        written_votes: row.flag(reading, "written_votes", false),
    }
}

fn read_quorum(reading: &mut Reading, mut section: Section<'_>) -> QuorumRule {
    let read = QuorumRule {
        num: narrow(section.number(reading, "num", 0..=1_000)),
        den: narrow(section.number(reading, "den", 0..=1_000)),
        op: section.word(reading, "op"),
        base: section.word(reading, "base"),
    };
    section.close(reading);
    read
}

fn read_exclusion_reason(reading: &mut Reading, row: &mut Section<'_>) -> ExclusionReason {
    ExclusionReason { code: narrow(row.number(reading, "code", 1..=5)), name: row.text(reading, "name") }
}

fn read_calendar_day(reading: &mut Reading, row: &mut Section<'_>) -> CalendarDay {
    CalendarDay {
        code: row.text(reading, "code"),
        name: row.text(reading, "name"),
        months: narrow_all(row.numbers(reading, "months", 1..=12)),
        day: narrow(row.number(reading, "day", 1..=28)),
    }
}

fn read_labels(reading: &mut Reading, root: &mut Section<'_>) -> Vec<LabelSet> {
    let Some(mut labels) = root.section(reading, "labels") else { return Vec::new() };
    let mut sets = Vec::new();
    for scheme in NamingScheme::ALL {
        if let Some(mut set) = labels.section(reading, scheme.as_str()) {
            sets.push(LabelSet { scheme: *scheme, words: set.entries(reading).into_iter().collect() });
        }
    }
    labels.close(reading);
    sets
}

/// Numbers were checked against bounds that fit the field; a fault was noted where they were not.
fn narrow<T: TryFrom<i64> + Default>(number: i64) -> T {
    T::try_from(number).unwrap_or_default()
}

fn narrow_all<T: TryFrom<i64> + Default>(numbers: Vec<i64>) -> Vec<T> {
    numbers.into_iter().map(narrow).collect()
}

//! Does the book fit together, and is there nothing in it that the tool must never do?
//!
//! Values that could not be read are left out here ([`Lines::is_broken`]): they have their fault already, and a
//! second one about a stand-in would mislead.
//!
//! [`Lines::is_broken`]: super::lines::Lines::is_broken

mod bands;
mod point_rules;

use std::collections::BTreeMap;

use super::ban;
use super::fault::FaultCode;
use super::reader::Reading;
use super::words::{Base, Comparison, Period};
use super::{ActivityKind, RuleBook};
use crate::org::NamingScheme;
use crate::quorum::{DecisionRule, QuorumRule};

/// The levels that every naming scheme has to name.
const LEVEL_WORDS: [&str; 4] = ["district", "township", "village", "group"];

/// Checks the whole book and notes every fault.
pub(super) fn check(book: &RuleBook, reading: &mut Reading) {
    check_basics(book, reading);
    check_unique_codes(book, reading);
    check_banned_topics(book, reading);
    bands::check_categories(book, reading);
    bands::check_grade_bands(book, reading);
    point_rules::check(book, reading);
    for (at, rule) in book.decision_rules.iter().enumerate() {
        check_decision_rule(rule, &format!("decision_rules[{at}]"), reading);
    }
    for (at, kind) in book.activity_kinds.iter().enumerate() {
        check_activity_kind(book, kind, &format!("activity_kinds[{at}]"), reading);
    }
    check_labels(book, reading);
}

fn check_basics(book: &RuleBook, reading: &mut Reading) {
    if !reading.lines.is_broken("cycle_start_month") && !matches!(book.cycle_start_month, 1 | 7) {
        let reason = "积分周期只能从 1 月或 7 月开始，请改为 1 或 7".to_owned();
        reading.fault("cycle_start_month", FaultCode::OutOfBounds, reason);
    }
    if !reading.lines.is_broken("total") && book.total.min >= book.total.max {
        let reason = format!("总分下限 {} 要小于上限 {}", book.total.min, book.total.max);
        reading.fault("total", FaultCode::RangeReversed, reason);
        // Category caps and grades are measured by the total: against a wrong one they would all be wrong.
        reading.lines.note_broken("total");
    }
}

/// Codes must be unique within their list. The fault stands at the second one.
fn check_unique_codes(book: &RuleBook, reading: &mut Reading) {
    let reasons: Vec<String> = book.exclusion_reasons.iter().map(|one| one.code.to_string()).collect();
    unique(reading, "categories", book.categories.iter().map(|one| one.code.as_str()));
    unique(reading, "classes", book.classes.iter().map(|one| one.code.as_str()));
    unique(reading, "point_rules", book.point_rules.iter().map(|one| one.code.as_str()));
    unique(reading, "activity_kinds", book.activity_kinds.iter().map(|one| one.code.as_str()));
    unique(reading, "decision_rules", book.decision_rules.iter().map(|one| one.code.as_str()));
    unique(reading, "calendar", book.calendar.iter().map(|one| one.code.as_str()));
    unique(reading, "exclusion_reasons", reasons.iter().map(String::as_str));
    for (at, kind) in book.activity_kinds.iter().enumerate() {
        let list = format!("activity_kinds[{at}].extra_fields");
        unique(reading, &list, kind.extra_fields.iter().map(|one| one.code.as_str()));
    }
}

fn unique<'a>(reading: &mut Reading, list: &str, codes: impl Iterator<Item = &'a str>) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, code) in codes.enumerate() {
        let path = format!("{list}[{at}].code");
        if reading.lines.is_broken(&path) {
            continue;
        }
        if let Some(first) = seen.get(code) {
            let line = reading.lines.line_of(&format!("{list}[{first}].code"));
            let reason = format!("编号“{code}”与第 {line} 行重复，请换一个编号或删去其中一条");
            reading.fault(&path, FaultCode::DuplicateCode, reason);
        } else {
            seen.insert(code, at);
        }
    }
}

/// The quorum-exclusion reasons are not looked at: they come from the regulation, and only their code is stored.
fn check_banned_topics(book: &RuleBook, reading: &mut Reading) {
    for (at, one) in book.categories.iter().enumerate() {
        check_topic(reading, &format!("categories[{at}]"), &one.code, &one.name);
    }
    for (at, one) in book.classes.iter().enumerate() {
        check_topic(reading, &format!("classes[{at}]"), &one.code, &one.name);
    }
    for (at, one) in book.calendar.iter().enumerate() {
        check_topic(reading, &format!("calendar[{at}]"), &one.code, &one.name);
    }
    for (at, one) in book.point_rules.iter().enumerate() {
        let path = format!("point_rules[{at}]");
        check_topic(reading, &path, &one.code, &one.name);
        if let Some((code, reason)) = ban::judge_name(&one.unit) {
            reading.fault(&format!("{path}.unit"), code, reason);
        }
        for (choice, one) in one.choices.iter().enumerate() {
            check_topic(reading, &format!("{path}.choices[{choice}]"), "", &one.name);
        }
    }
    for (at, one) in book.activity_kinds.iter().enumerate() {
        let path = format!("activity_kinds[{at}]");
        check_topic(reading, &path, &one.code, &one.name);
        for (field, one) in one.extra_fields.iter().enumerate() {
            check_topic(reading, &format!("{path}.extra_fields[{field}]"), &one.code, &one.name);
        }
    }
}

/// One fault at most for each entry: the code names the topic as well as the name does.
fn check_topic(reading: &mut Reading, path: &str, code: &str, name: &str) {
    if let Some((fault, reason)) = ban::judge_code(code) {
        reading.fault(&format!("{path}.code"), fault, reason);
    } else if let Some((fault, reason)) = ban::judge_name(name) {
        reading.fault(&format!("{path}.name"), fault, reason);
    }
}

fn check_decision_rule(rule: &DecisionRule, path: &str, reading: &mut Reading) {
    let presence = format!("{path}.presence");
    check_fraction(&rule.presence, &presence, reading);
    if !reading.lines.is_broken(&presence) && rule.presence.base == Base::PresentVoters {
        let reason = "到会人数要与应到会人数比较，base 不能写 present_voters".to_owned();
        reading.fault(&format!("{presence}.base"), FaultCode::Fraction, reason);
    }
    if let Some(pass) = &rule.pass {
        check_fraction(pass, &format!("{path}.pass"), reading);
    }
}

fn check_fraction(rule: &QuorumRule, path: &str, reading: &mut Reading) {
    if reading.lines.is_broken(path) {
        return;
    }
    let QuorumRule { num, den, op, .. } = *rule;
    let (key, reason) = if den == 0 {
        ("den", "分母不能是 0，例如“半数”写 num = 1, den = 2".to_owned())
    } else if num == 0 {
        ("num", "分子不能是 0，否则等于没有要求".to_owned())
    } else if num > den {
        ("num", format!("{num}/{den} 大于全体，永远达不到，请把分子改小"))
    } else if num == den && op == Comparison::MoreThan {
        ("op", "不可能超过全体，请改为 gte 或把分数改小".to_owned())
    } else {
        return;
    };
    reading.fault(&format!("{path}.{key}"), FaultCode::Fraction, reason);
}

fn check_activity_kind(book: &RuleBook, kind: &ActivityKind, path: &str, reading: &mut Reading) {
    let reference = format!("{path}.decision_rule");
    if let Some(code) = kind.decision_rule.as_deref().filter(|_| !reading.lines.is_broken(&reference))
        && book.decision_rule(code).is_none()
    {
        let reason = format!("没有编号为“{code}”的表决规则，请在 decision_rules 中补上或改正");
        reading.fault(&reference, FaultCode::UnknownReference, reason);
    }
    check_frequency(kind, &format!("{path}.frequency"), reading);
    for (at, field) in kind.extra_fields.iter().enumerate() {
        if field.is_required && ban::is_trace(&field.code) {
            let (code, reason) = ban::mandatory(&field.code);
            reading.fault(&format!("{path}.extra_fields[{at}].required"), code, reason);
        }
    }
}

fn check_frequency(kind: &ActivityKind, path: &str, reading: &mut Reading) {
    let Some(frequency) = kind.frequency.filter(|_| !reading.lines.is_broken(path)) else { return };
    if frequency.fixed_day.is_some() && frequency.period != Period::Month {
        let reason = "只有每月一次的活动才有固定日，请删去 fixed_day 或把 period 改为 month".to_owned();
        reading.fault(&format!("{path}.fixed_day"), FaultCode::Mismatch, reason);
    }
    if frequency.quarter.is_some() && frequency.period != Period::Year {
        let reason = "只有按年的活动才能指定季度，请删去 quarter 或把 period 改为 year".to_owned();
        reading.fault(&format!("{path}.quarter"), FaultCode::Mismatch, reason);
    }
}

fn check_labels(book: &RuleBook, reading: &mut Reading) {
    for scheme in NamingScheme::ALL {
        let path = format!("labels.{scheme}");
        let Some(set) = book.labels(*scheme).filter(|_| !reading.lines.is_broken(&path)) else { continue };
        for word in LEVEL_WORDS.into_iter().filter(|word| !set.words.contains_key(*word)) {
            reading.fault(&path, FaultCode::MissingKey, format!("缺少“{word}”的名称，请补上这一项"));
        }
    }
}

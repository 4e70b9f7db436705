//! Point rules: references, signs, caps, sources, replacements.

use super::super::fault::FaultCode;
use super::super::reader::Reading;
use super::super::words::{ApprovalStep, Period, SourceKind};
use super::super::{Category, PointCap, PointRule, RuleBook};

/// Checks every point rule.
pub(super) fn check(book: &RuleBook, reading: &mut Reading) {
    for (at, rule) in book.point_rules.iter().enumerate() {
        let path = format!("point_rules[{at}]");
        check_references(book, rule, &path, reading);
        check_points(book, rule, &path, reading);
        check_caps(book, rule, &path, reading);
        check_source(rule, &path, reading);
        check_approval(rule, &path, reading);
        check_classes(book, rule, &path, reading);
    }
    check_replacement_circles(book, reading);
}

fn check_references(book: &RuleBook, rule: &PointRule, path: &str, reading: &mut Reading) {
    let category = format!("{path}.category");
    if book.category(&rule.category).is_none() {
        unknown(reading, &category, &rule.category, "类别", "categories");
    }
    for (at, code) in rule.classes.iter().enumerate() {
        if book.class(code).is_none() {
            unknown(reading, &format!("{path}.classes[{at}]"), code, "党员分类", "classes");
        }
    }
    for (at, code) in rule.source.activity_kinds.iter().enumerate() {
        if book.activity_kind(code).is_none() {
            unknown(
                reading,
                &format!("{path}.source.activity_kinds[{at}]"),
                code,
                "活动类型",
                "activity_kinds",
            );
        }
    }
    for (at, code) in rule.replaces.iter().enumerate() {
        if book.point_rule(code).is_none() {
            unknown(reading, &format!("{path}.replaces[{at}]"), code, "积分细则", "point_rules");
        }
    }
}

fn unknown(reading: &mut Reading, path: &str, code: &str, what: &str, list: &str) {
    if !reading.lines.is_broken(path) {
        let reason = format!("没有编号为“{code}”的{what}，请在 {list} 中补上或改正");
        reading.fault(path, FaultCode::UnknownReference, reason);
    }
}

fn check_points(book: &RuleBook, rule: &PointRule, path: &str, reading: &mut Reading) {
    let keys = ["points", "points_min", "points_max"].map(|key| format!("{path}.{key}"));
    if keys.iter().any(|key| reading.lines.is_broken(key)) {
        return;
    }
    let is_fixed = rule.points.min == rule.points.max;
    let at = if is_fixed { &keys[0] } else { &keys[1] };
    if rule.points.min > rule.points.max {
        let reason = format!("最低分 {} 大于最高分 {}，请对调", rule.points.min, rule.points.max);
        reading.fault(at, FaultCode::RangeReversed, reason);
        return;
    }
    if !is_fixed && rule.is_derived() {
        let reason = "由活动记录自动产生的积分只能是固定分值，请改写为 points".to_owned();
        reading.fault(at, FaultCode::Mismatch, reason);
    }
    for (choice, one) in rule.choices.iter().enumerate() {
        if one.points < rule.points.min || one.points > rule.points.max {
            let reason =
                format!("可选分值 {} 不在 {} 到 {} 之间", one.points, rule.points.min, rule.points.max);
            reading.fault(&format!("{path}.choices[{choice}].points"), FaultCode::OutOfBounds, reason);
        }
    }
    if let Some(category) = book.category(&rule.category) {
        check_sign(rule, category, at, reading);
        check_against_category(rule, category, at, reading);
    }
}

fn check_sign(rule: &PointRule, category: &Category, at: &str, reading: &mut Reading) {
    let is_right = if category.is_deduction { rule.points.max < 0 } else { rule.points.min > 0 };
    if !is_right {
        let wanted = if category.is_deduction {
            "扣分类，分值要写成负数"
        } else {
            "加分类，分值要写成正数"
        };
        let reason = format!("“{}”属于“{}”，是{wanted}", rule.code, category.name);
        reading.fault(at, FaultCode::WrongSign, reason);
    }
}

fn check_against_category(rule: &PointRule, category: &Category, at: &str, reading: &mut Reading) {
    if largest_award(rule) > category.cap.unsigned_abs() {
        let reason =
            format!("一次 {} 分，超过“{}”类封顶 {} 分", largest_award(rule), category.code, category.cap);
        reading.fault(at, FaultCode::CapContradiction, reason);
    }
}

fn largest_award(rule: &PointRule) -> u32 {
    rule.points.min.unsigned_abs().max(rule.points.max.unsigned_abs())
}

fn check_caps(book: &RuleBook, rule: &PointRule, path: &str, reading: &mut Reading) {
    if reading.lines.is_broken(&format!("{path}.caps")) || rule.points.min > rule.points.max {
        return;
    }
    let is_deduction = book.category(&rule.category).map_or(rule.points.max < 0, |one| one.is_deduction);
    for (at, cap) in rule.caps.iter().enumerate() {
        let path = format!("{path}.caps[{at}]");
        if periods_per_year(cap.period).is_none() {
            let reason = "封顶的周期只能是 month、quarter 或 year".to_owned();
            reading.fault(&format!("{path}.period"), FaultCode::UnknownWord, reason);
        } else if (cap.points < 0) != is_deduction || cap.points == 0 {
            let reason = "封顶分的正负要与类别一致，并且不能是 0".to_owned();
            reading.fault(&path, FaultCode::WrongSign, reason);
        } else if cap.points.unsigned_abs() < largest_award(rule) {
            let reason = format!("封顶 {} 分，连一次 {} 分也放不下，请改大", cap.points, largest_award(rule));
            reading.fault(&path, FaultCode::CapContradiction, reason);
        } else if let Some(reason) = rule.caps[..at].iter().find_map(|other| contradiction(*other, *cap)) {
            reading.fault(&path, FaultCode::CapContradiction, reason);
        }
    }
}

/// How many of a cap's periods a cycle has.
fn periods_per_year(period: Period) -> Option<u32> {
    match period {
        Period::Month => Some(12),
        Period::Quarter => Some(4),
        Period::Year => Some(1),
        Period::HalfYear | Period::Term => None,
    }
}

/// Two caps of one rule: the longer period must hold one of the shorter, and be within reach of all of them.
fn contradiction(one: PointCap, other: PointCap) -> Option<String> {
    let (times_one, times_other) = (periods_per_year(one.period)?, periods_per_year(other.period)?);
    if times_one == times_other {
        return Some("同一周期写了两个封顶，请删去一个".to_owned());
    }
    let (short, long) = if times_one > times_other { (one, other) } else { (other, one) };
    let (small, large) = (short.points.unsigned_abs(), long.points.unsigned_abs());
    let times = times_one.max(times_other) / times_one.min(times_other);
    if small > large {
        return Some(format!("短周期封顶 {small} 分，大于长周期封顶 {large} 分，请改正"));
    }
    (small * times < large).then(|| {
        format!(
            "短周期封顶 {small} 分，{times} 次也只有 {} 分，达不到长周期封顶 {large} 分，请改正",
            small * times
        )
    })
}

fn check_source(rule: &PointRule, path: &str, reading: &mut Reading) {
    let path = format!("{path}.source");
    if reading.lines.is_broken(&path) {
        return;
    }
    let (kind, source) = (rule.source.kind, &rule.source);
    let reason = if rule.is_derived() && source.activity_kinds.is_empty() {
        "请在 activity_kinds 中写明从哪些活动产生积分"
    } else if kind == SourceKind::Attendance && source.states.is_empty() {
        "请在 states 中写明哪些到会情况可以得分"
    } else if kind != SourceKind::Attendance && !source.states.is_empty() {
        "只有 attendance 才能写 states，请删去"
    } else if !rule.is_derived() && !source.activity_kinds.is_empty() {
        "这种来源不从活动产生积分，请删去 activity_kinds"
    } else if kind == SourceKind::Absence && rule.points.max > 0 {
        "缺席不能加分，请改正来源或分值"
    } else if kind == SourceKind::Attendance && rule.points.min < 0 {
        "到会不能扣分，请改正来源或分值"
    } else {
        return;
    };
    reading.fault(&path, FaultCode::Mismatch, reason.to_owned());
}

fn check_approval(rule: &PointRule, path: &str, reading: &mut Reading) {
    let path = format!("{path}.approval");
    if reading.lines.is_broken(&path) {
        return;
    }
    let is_ordered = rule.approval.is_sorted_by(|one, next| one < next);
    if !is_ordered || !rule.approval.contains(&ApprovalStep::Committee) {
        let reason =
            "审批要按 group、committee、township 的次序，各写一次，并且必须有 committee（支委会审定）";
        reading.fault(&path, FaultCode::Mismatch, reason.to_owned());
    }
}

fn check_classes(book: &RuleBook, rule: &PointRule, path: &str, reading: &mut Reading) {
    let is_deduction = book.category(&rule.category).is_some_and(|category| category.is_deduction);
    for (at, code) in rule.classes.iter().enumerate() {
        if is_deduction && book.class(code).is_some_and(|class| class.is_exempt_from_deductions) {
            let reason = format!("“{code}”类党员不扣分，请从 classes 中删去");
            reading.fault(&format!("{path}.classes[{at}]"), FaultCode::Mismatch, reason);
        }
    }
    if !rule.replaces.is_empty() && rule.classes.is_empty() {
        let reason = "替代其他细则的，请在 classes 中写明对哪类党员替代".to_owned();
        reading.fault(&format!("{path}.replaces"), FaultCode::Mismatch, reason);
    }
}

/// A rule in a circle of replacements would count nothing, and nor would any other in it.
fn check_replacement_circles(book: &RuleBook, reading: &mut Reading) {
    for (at, rule) in book.point_rules.iter().enumerate() {
        if reaches(book, rule) {
            let reason = format!("“{}”经过替代关系又替代了自己，请断开这个循环", rule.code);
            reading.fault(&format!("point_rules[{at}].replaces"), FaultCode::ReplaceCycle, reason);
        }
    }
}

fn reaches(book: &RuleBook, from: &PointRule) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    let mut open: Vec<&str> = from.replaces.iter().map(String::as_str).collect();
    while let Some(code) = open.pop() {
        if code == from.code {
            return true;
        }
        if seen.insert(code) {
            open.extend(book.point_rule(code).iter().flat_map(|rule| &rule.replaces).map(String::as_str));
        }
    }
    false
}

//! Categories, their caps, and the grades.

use super::super::RuleBook;
use super::super::fault::FaultCode;
use super::super::reader::Reading;

/// Caps of categories: the right sign, and never more than the total holds.
pub(super) fn check_categories(book: &RuleBook, reading: &mut Reading) {
    for (at, category) in book.categories.iter().enumerate() {
        let path = format!("categories[{at}].cap");
        if reading.lines.is_broken(&path) {
            continue;
        }
        let code = &category.code;
        if category.is_deduction != (category.cap < 0) || category.cap == 0 {
            let wanted = if category.is_deduction { "负数" } else { "正数" };
            let reason = format!("“{code}”类的封顶分要写成{wanted}");
            reading.fault(&path, FaultCode::WrongSign, reason);
        } else if !reading.lines.is_broken("total") && category.cap.unsigned_abs() > span(book) {
            let reason =
                format!("“{code}”类封顶 {} 分，超过总分的范围 {} 分，请改小", category.cap, span(book));
            reading.fault(&path, FaultCode::CapContradiction, reason);
        }
    }
}

fn span(book: &RuleBook) -> u32 {
    book.total.max.abs_diff(book.total.min)
}

/// The bands, from high to low, must cover every total exactly once.
pub(super) fn check_grade_bands(book: &RuleBook, reading: &mut Reading) {
    if reading.lines.is_broken("grade_bands") || reading.lines.is_broken("total") {
        return;
    }
    let mut bands: Vec<usize> = (0..book.grade_bands.len()).collect();
    bands.sort_by_key(|at| std::cmp::Reverse(book.grade_bands[*at].points.max));
    let mut expected = book.total.max;
    for at in bands {
        let band = &book.grade_bands[at];
        let path = format!("grade_bands[{at}].points");
        if band.points.min > band.points.max {
            let reason =
                format!("等次“{}”的下限 {} 大于上限 {}", band.name, band.points.min, band.points.max);
            reading.fault(&path, FaultCode::RangeReversed, reason);
            continue;
        }
        if band.points.max > expected {
            let reason = format!("等次“{}”与更高的等次重叠，或超出总分，上限应为 {expected}", band.name);
            reading.fault(&path, FaultCode::GradeBands, reason);
        } else if band.points.max < expected {
            let reason = format!(
                "{} 分到 {expected} 分没有等次，请把“{}”的上限改为 {expected}",
                band.points.max + 1,
                band.name
            );
            reading.fault(&path, FaultCode::GradeBands, reason);
        }
        expected = band.points.min - 1;
    }
    if !book.grade_bands.is_empty() && expected >= book.total.min {
        let reason = format!("{} 分到 {expected} 分没有等次，请补上", book.total.min);
        reading.fault("grade_bands", FaultCode::GradeBands, reason);
    } else if expected + 1 < book.total.min && !book.grade_bands.is_empty() {
        let reason = format!("最低等次的下限应为总分下限 {}", book.total.min);
        reading.fault("grade_bands", FaultCode::GradeBands, reason);
    }
}

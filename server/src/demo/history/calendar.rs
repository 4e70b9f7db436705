//! The days of the story: all times are written down, none is asked for.

use jiff::ToSpan as _;
use jiff::civil::Date;
use zhibu_domain::time::Millis;

const MINUTE_MS: i64 = 60_000;

/// A month of the history.
pub(super) struct Month {
    /// The calendar month of 2026.
    pub(super) number: i8,
    /// Short label for ids and dice.
    pub(super) label: &'static str,
    /// As in a title.
    pub(super) title: &'static str,
    /// When the last of it has reached the server.
    pub(super) over: Millis,
    /// Chance in a thousand that the themed day is also a general meeting, and a lecture. The first month makes
    /// up for the quarter that ends with it.
    pub(super) general_meeting: usize,
    pub(super) lecture: usize,
    /// Whether everything of it is settled, or some still waits.
    pub(super) is_settled: bool,
}

/// 2026-08-31 09:00: the district is founded.
pub(super) const FOUNDED: Millis = Millis(1_788_138_000_000);

/// The two months that are written.
pub(super) const MONTHS: [Month; 2] = [
    Month {
        number: 9,
        label: "2026-09",
        title: "2026年9月",
        // 2026-10-09 18:00
        over: Millis(1_791_540_000_000),
        general_meeting: 700,
        lecture: 600,
        is_settled: true,
    },
    Month {
        number: 10,
        label: "2026-10",
        title: "2026年10月",
        // 2026-11-08 18:00
        over: Millis(1_794_132_000_000),
        general_meeting: 300,
        lecture: 300,
        is_settled: false,
    },
];

/// The month of the story: only planned.
pub(super) const NOVEMBER: Month = Month {
    number: 11,
    label: "2026-11",
    title: "2026年11月",
    over: Millis(1_794_132_000_000),
    general_meeting: 0,
    lecture: 0,
    is_settled: false,
};

impl Month {
    /// A day of this month.
    pub(super) fn day(&self, day: usize) -> Date {
        jiff::civil::date(2026, self.number, day.clamp(1, 28) as i8)
    }
}

/// An instant of a civil day in China.
pub(super) fn on(date: Date, hour: i64, minute: i64) -> Millis {
    Millis::start_of(date).plus((hour * 60 + minute) * MINUTE_MS)
}

/// The same, written out.
pub(super) fn at(year: i16, month: i8, day: i8, hour: i64, minute: i64) -> Millis {
    on(jiff::civil::date(year, month, day), hour, minute)
}

/// So many days later.
pub(super) fn later(date: Date, days: usize) -> Date {
    date.saturating_add((days as i64).days())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_written_instants_are_the_days_that_they_say() {
        assert_eq!(FOUNDED, at(2026, 8, 31, 9, 0));
        assert_eq!(MONTHS[0].over, at(2026, 10, 9, 18, 0));
        assert_eq!(MONTHS[1].over, at(2026, 11, 8, 18, 0));
    }
}

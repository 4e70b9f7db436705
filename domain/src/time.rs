//! Time as a value: everything that needs "now" is handed it.

use jiff::civil::Date;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// China keeps one civil time, UTC+8, without daylight saving.
const CHINA: jiff::tz::Offset = jiff::tz::offset(8);

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, Encode, Decode,
)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "number"))]
#[serde(transparent)]
#[cbor(transparent)]
pub struct Millis(#[n(0)] pub i64);

impl Millis {
    /// The civil date in China at this instant; an instant outside the calendar is clamped to its ends.
    pub fn date(self) -> Date {
        jiff::Timestamp::from_millisecond(self.0)
            .map(|at| CHINA.to_datetime(at).date())
            .unwrap_or(if self.0 < 0 { Date::MIN } else { Date::MAX })
    }

    /// The instant at which this civil date begins in China.
    pub fn start_of(date: Date) -> Self {
        CHINA
            .to_timestamp(date.to_datetime(jiff::civil::Time::midnight()))
            .map(|at| Self(at.as_millisecond()))
            .unwrap_or(Self(i64::MIN))
    }

    /// This instant moved by some milliseconds, staying in range.
    pub fn plus(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Whole seconds, the unit of the time field of an Automerge change.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

/// CBOR for civil dates: the text `2026-11-07`. For use as `#[cbor(with = "crate::time::cbor_date")]`.
pub mod cbor_date {
    use jiff::civil::Date;
    use minicbor::decode::{self as read, Decoder};
    use minicbor::encode::{self as write, Encoder};

    /// Writes the date as `YYYY-MM-DD`.
    pub fn encode<C, W: write::Write>(
        date: &Date,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), write::Error<W::Error>> {
        e.str(&date.to_string())?;
        Ok(())
    }

    /// Reads `YYYY-MM-DD`.
    pub fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<Date, read::Error> {
        let at = d.position();
        d.str()?.parse().map_err(|_| read::Error::message("not a date YYYY-MM-DD").at(at))
    }
}

/// Reads `YYYY-MM-DD` from JSON. The calendar's own reasons, sentence by sentence, would travel to every phone.
pub(crate) fn date_from_text<'de, D: serde::Deserializer<'de>>(text: D) -> Result<Date, D::Error> {
    let text = String::deserialize(text)?;
    text.parse().map_err(|_| serde::de::Error::custom("not a date YYYY-MM-DD"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_china() {
        let date: Date = "2026-11-07".parse().unwrap();
        let start = Millis::start_of(date);
        assert_eq!(start.date(), date);
        assert_eq!(start.plus(-1).date().to_string(), "2026-11-06");
        assert_eq!(start.0 % 86_400_000, 57_600_000, "midnight in China is 16:00 in Greenwich");
    }

    #[test]
    fn instants_beyond_the_calendar_are_clamped() {
        assert_eq!(Millis(i64::MAX).date(), Date::MAX);
        assert_eq!(Millis(i64::MIN).date(), Date::MIN);
    }
}

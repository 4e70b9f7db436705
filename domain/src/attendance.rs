//! How one member took part in one activity: a single word per member.
//!
//! It is stored as a plain text scalar in the activity record. Who marked it and when is known from the change
//! that wrote it, and is not repeated here.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use serde::{Deserialize, Serialize};

/// The ten attendance states. A member without a mark has none of them: the roll opens blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attendance {
    /// Was in the room (到会).
    Present,
    /// Joined by phone or video (线上到会).
    PresentRemote,
    /// A mobile member who joined organisational life where they live now (流入地).
    PresentElsewhere,
    /// Was visited at home with the study material (送学上门).
    Visited,
    /// On leave for work (公事请假).
    LeaveWork,
    /// On leave through illness (病假). No diagnosis is ever stored.
    LeaveIllness,
    /// On leave for another reason (其他请假).
    LeaveOther,
    /// Was told of the activity and stayed away without asking for leave (无故缺席).
    AbsentUnexcused,
    /// Marked as not counted in should-attend. It counts as such only with an approved exclusion on the roster.
    Excluded,
    /// Was not asked to come (不要求参加).
    NotRequired,
}

/// A text that is none of the ten states.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an attendance state: {text:?}")]
pub struct UnknownAttendance {
    /// What was given, cut to 40 characters.
    pub text: String,
}

impl Attendance {
    /// All states, in the order in which a roll offers them.
    pub const ALL: [Self; 10] = [
        Self::Present,
        Self::PresentRemote,
        Self::PresentElsewhere,
        Self::Visited,
        Self::LeaveWork,
        Self::LeaveIllness,
        Self::LeaveOther,
        Self::AbsentUnexcused,
        Self::Excluded,
        Self::NotRequired,
    ];

    /// The word as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::PresentRemote => "present_remote",
            Self::PresentElsewhere => "present_elsewhere",
            Self::Visited => "visited",
            Self::LeaveWork => "leave_work",
            Self::LeaveIllness => "leave_illness",
            Self::LeaveOther => "leave_other",
            Self::AbsentUnexcused => "absent_unexcused",
            Self::Excluded => "excluded",
            Self::NotRequired => "not_required",
        }
    }

    /// Whether the member took part in *this* meeting and so counts towards its quorum.
    pub const fn is_present(self) -> bool {
        matches!(self, Self::Present | Self::PresentRemote)
    }

    /// Whether the member took part in organisational life, but not in this meeting.
    pub const fn is_served_elsewhere(self) -> bool {
        matches!(self, Self::PresentElsewhere | Self::Visited)
    }

    /// Whether the member had leave.
    pub const fn is_leave(self) -> bool {
        matches!(self, Self::LeaveWork | Self::LeaveIllness | Self::LeaveOther)
    }

    /// Whether the member stayed away without leave.
    pub const fn is_absent_unexcused(self) -> bool {
        matches!(self, Self::AbsentUnexcused)
    }

    /// Whether the mark says that nobody expected the member.
    pub const fn is_unexpected(self) -> bool {
        matches!(self, Self::Excluded | Self::NotRequired)
    }
}

impl fmt::Display for Attendance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Attendance {
    type Err = UnknownAttendance;

    fn from_str(text: &str) -> Result<Self, UnknownAttendance> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| UnknownAttendance { text: text.chars().take(40).collect() })
    }
}

impl<C> Encode<C> for Attendance {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.str(self.as_str())?;
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Attendance {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let at = d.position();
        d.str()?.parse().map_err(|_| decode::Error::message("not an attendance state").at(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_survives_text_and_cbor() {
        for state in Attendance::ALL {
            assert_eq!(state.as_str().parse::<Attendance>().unwrap(), state);
            let bytes = minicbor::to_vec(state).unwrap();
            assert_eq!(minicbor::decode::<Attendance>(&bytes).unwrap(), state);
            assert_eq!(minicbor::decode::<&str>(&bytes).unwrap(), state.as_str(), "a plain text scalar");
        }
    }

    #[test]
    fn each_state_answers_exactly_one_question() {
        for state in Attendance::ALL {
            let answers = [
                state.is_present(),
                state.is_served_elsewhere(),
                state.is_leave(),
                state.is_absent_unexcused(),
                state.is_unexpected(),
            ];
            assert_eq!(answers.iter().filter(|yes| **yes).count(), 1, "{state}");
        }
    }

    #[test]
    fn a_strange_word_is_named_and_cut() {
        let error = "x".repeat(90).parse::<Attendance>().unwrap_err();
        assert_eq!(error.text.len(), 40);
        assert!("Present".parse::<Attendance>().is_err(), "words are lower case");
    }
}

//! How one member took part in one activity: a single word per member.
//!
//! It is stored as a plain text scalar in the activity record. Who marked it and when is known from the change
//! that wrote it, and is not repeated here.

use crate::words;

words! {
    /// The ten attendance states, in the order in which a roll offers them. A member without a mark has none of
    /// them: the roll opens blank.
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    Attendance {
        /// Was in the room (到会).
        Present = "present",
        /// Joined by phone or video (线上到会).
        PresentRemote = "present_remote",
        /// A mobile member who joined organisational life where they live now (流入地).
        PresentElsewhere = "present_elsewhere",
        /// Was visited at home with the study material (送学上门).
        Visited = "visited",
        /// On leave for work (公事请假).
        LeaveWork = "leave_work",
        /// On leave through illness (病假). No diagnosis is ever stored.
        LeaveIllness = "leave_illness",
        /// On leave for another reason (其他请假).
        LeaveOther = "leave_other",
        /// Was told of the activity and stayed away without asking for leave (无故缺席).
        AbsentUnexcused = "absent_unexcused",
        /// Marked as not counted in should-attend. It counts as such only with an approved exclusion on the roster.
        Excluded = "excluded",
        /// Was not asked to come (不要求参加).
        NotRequired = "not_required",
    }
}

impl Attendance {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_survives_text_and_cbor() {
        for state in Attendance::ALL.iter().copied() {
            assert_eq!(state.as_str().parse::<Attendance>().unwrap(), state);
            let bytes = minicbor::to_vec(state).unwrap();
            assert_eq!(minicbor::decode::<Attendance>(&bytes).unwrap(), state);
            assert_eq!(minicbor::decode::<&str>(&bytes).unwrap(), state.as_str(), "a plain text scalar");
        }
    }

    #[test]
    fn each_state_answers_exactly_one_question() {
        for state in Attendance::ALL.iter().copied() {
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
}

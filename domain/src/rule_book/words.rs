//! The closed vocabulary of a rule book: words that the code itself understands.
//!
//! Classes, categories, kinds and rule codes are data and not here. In TOML and JSON each word is its text, in CBOR
//! its number. An app that meets a number it does not know refuses the whole book, since computing points by half a
//! rule would be worse than asking for an update.

use std::fmt;

use minicbor::{Decode, Encode};
use serde::{Serialize, Serializer};

/// A closed set of words.
pub trait Word: Copy + 'static {
    /// All of them, in the order in which a message lists them.
    const ALL: &'static [Self];

    /// The word as written in TOML and JSON.
    fn word(self) -> &'static str;

    /// The word of that text.
    fn from_word(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.word() == text)
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$note:meta])* $n:literal $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
        #[cbor(index_only)]
        pub enum $name { $($(#[$note])* #[n($n)] $variant,)+ }

        impl Word for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }
    };
}

words! {
    /// How often something is due, or how long a cap reaches.
    Period {
        /// A calendar month.
        0 Month = "month",
        /// A calendar quarter.
        1 Quarter = "quarter",
        /// Half a calendar year; for frequencies only.
        2 HalfYear = "half_year",
        /// The points cycle for caps, the calendar year for frequencies.
        3 Year = "year",
        /// A term of office; for frequencies only.
        4 Term = "term",
    }
}

words! {
    /// How a fraction is compared.
    Comparison {
        /// `>=`
        0 AtLeast = "gte",
        /// `>`
        1 MoreThan = "gt",
    }
}

words! {
    /// Of whom a fraction is taken.
    Base {
        /// Everyone who should attend (应到会).
        0 ShouldAttend = "should_attend",
        /// Everyone who should attend and has a vote (应到会有表决权).
        1 ShouldAttendVoters = "should_attend_voters",
        /// The voters who are there (实到会有表决权); for passing only.
        2 PresentVoters = "present_voters",
    }
}

words! {
    /// The level of organisation that holds an activity.
    Level {
        /// Party group (党小组).
        0 Group = "group",
        /// Branch (党支部).
        1 Branch = "branch",
        /// Township, or a system committee beside it.
        2 Township = "township",
        /// District.
        3 District = "district",
    }
}

words! {
    /// One step of the approval chain of an award, in this order.
    ApprovalStep {
        /// 党小组核实
        0 Group = "group",
        /// 支委会审定
        1 Committee = "committee",
        /// 乡镇党委备案
        2 Township = "township",
    }
}

words! {
    /// Where the facts for a point rule come from.
    SourceKind {
        /// A member's attendance in a filed activity; derived.
        0 Attendance = "attendance",
        /// Having given the lecture in a filed activity; derived.
        1 Lecturer = "lecturer",
        /// An unexcused absence after notice, once the objection period is over; derived.
        2 Absence = "absence",
        /// The dues ledger.
        3 Dues = "dues",
        /// Credit hours from class rolls.
        4 Training = "training",
        /// A claim that goes through the approval chain.
        5 Claim = "claim",
        /// The reversal of an entry that was not true.
        6 Reversal = "reversal",
    }
}

words! {
    /// What an award refers to. There is no photo, place or check-in among them, and never will be.
    Evidence {
        /// The attendance list.
        0 Attendance = "attendance",
        /// The dues ledger.
        1 DuesLedger = "dues_ledger",
        /// The class roll.
        2 ClassRoll = "class_roll",
        /// A receipt number, or the word of the organisation where the member lives now.
        3 Receipt = "receipt",
        /// The contact log.
        4 ContactLog = "contact_log",
        /// The log of visits by branch members.
        5 VisitLog = "visit_log",
        /// The post sheet and its monthly line.
        6 PostSheet = "post_sheet",
        /// A closed or lapsed task.
        7 TaskItem = "task_item",
        /// The service log.
        8 ServiceLog = "service_log",
        /// A closed service item, without names.
        9 ServiceItem = "service_item",
        /// The branch's assignment.
        10 Assignment = "assignment",
        /// The pairing log.
        11 PairingLog = "pairing_log",
        /// The lecturer of an activity.
        12 Lecturer = "lecturer",
        /// A resolution of a meeting.
        13 Resolution = "resolution",
        /// A document number.
        14 DocumentNumber = "document_number",
        /// The reversed entry.
        15 Reversal = "reversal",
    }
}

words! {
    /// What an extra field of an activity kind holds.
    FieldKind {
        /// A line of text.
        0 Text = "text",
        /// A whole number.
        1 Number = "number",
        /// A date.
        2 Date = "date",
        /// Members of the roster.
        3 Members = "members",
        /// Organisations.
        4 Orgs = "orgs",
        /// Lines that are ticked off.
        5 Checklist = "checklist",
        /// Items with an owner and a due date.
        6 Items = "items",
        /// Resolutions with their votes.
        7 Votes = "votes",
        /// A reference to another record or document.
        8 Reference = "reference",
    }
}

words! {
    /// How a district of this type names its levels.
    NamingScheme {
        /// Urban district (区): 街道, 社区.
        0 Qu = "qu",
        /// County (县): 乡镇, 村.
        1 Xian = "xian",
        /// Banner (旗): 苏木, 嘎查.
        2 Qi = "qi",
    }
}

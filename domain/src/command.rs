//! What a person does, in the words of the trade. Pure data: a phone keeps the command beside the change it
//! became, so that it can be made again when the change was refused.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::attachment::Attachment;
use crate::event::{Claim, PointsReason, PointsVerb, RedoReason, Verb};
use crate::ids::{EntryId, MemberId};
use crate::words;

words! {
    /// The single-valued fields of an activity, `about.*`.
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    AboutField {
        /// 标题.
        Title = "title",
        /// 主题.
        Theme = "theme",
        /// 计划时间, milliseconds.
        PlannedAt = "planned_at",
        /// 开始时间, milliseconds.
        HeldFrom = "held_from",
        /// 结束时间, milliseconds.
        HeldTo = "held_to",
        /// 地点.
        Place = "place",
        /// 主持人, a member id.
        Host = "host",
        /// 记录人, a member id.
        Recorder = "recorder",
        /// 主讲人, a member id.
        Lecturer = "lecturer",
        /// 党课题目.
        LectureTitle = "lecture_title",
        /// 学时.
        Hours = "hours",
        /// 记录本页码.
        PaperRef = "paper_ref",
        /// 听众人数.
        AudienceCount = "audience_count",
    }
}

words! {
    /// The single-valued fields of a person on the roster, `members.<member>.*`. The list is closed on purpose:
    /// no belief, health, family, wage, identity number, place or free text (DESIGN, the ban list).
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    MemberField {
        /// 姓名.
        Name = "name",
        /// 名册序号.
        Number = "number",
        /// 性别: `f` or `m`.
        Sex = "sex",
        /// 正式/预备: `full` or `probationary`.
        Membership = "membership",
        /// 入党时间, `YYYY-MM-DD`.
        JoinedOn = "joined_on",
        /// 转正时间, `YYYY-MM-DD`.
        ConfirmedOn = "confirmed_on",
        /// 党小组, an org id.
        Group = "group",
        /// 转出日期, `YYYY-MM-DD`: from then on not counted.
        LeftOn = "left_on",
    }
}

/// A single value as a record holds it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Scalar {
    /// Text; ids, codes and dates are text too.
    #[n(0)]
    Text(#[n(0)] String),
    /// A whole number; times are milliseconds.
    #[n(1)]
    Int(#[n(0)] i64),
    /// Yes or no.
    #[n(2)]
    Flag(#[n(0)] bool),
    /// An entry in CBOR. No command that a person writes holds one.
    #[n(3)]
    #[cfg_attr(feature = "typescript", ts(skip))]
    Bytes(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
}

impl From<&str> for Scalar {
    fn from(text: &str) -> Self {
        Scalar::Text(text.to_owned())
    }
}

/// The count of a vote (表决).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Ballot {
    /// 赞成.
    #[n(0)]
    pub yes: u32,
    /// 反对.
    #[n(1)]
    pub no: u32,
    /// 弃权.
    #[n(2)]
    pub abstain: u32,
}

/// A command. Ids in it were made by the device, so that doing it again does the same.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Command {
    /// Sets or clears fields of an activity; the first one also creates it.
    #[n(0)]
    SetAbout(#[n(0)] Vec<(AboutField, Option<Scalar>)>),
    /// Says which kinds one activity is: adds and removes kind codes of the rule book.
    #[n(1)]
    SetKinds {
        /// Codes to add.
        #[n(0)]
        add: Vec<String>,
        /// Codes to remove.
        #[n(1)]
        remove: Vec<String>,
    },
    /// Marks members; `None` takes a mark back. States are those of `attendance::Attendance`.
    #[n(2)]
    RecordAttendance(
        #[n(0)]
        #[cfg_attr(
            feature = "typescript",
            ts(as = "Vec<(MemberId, Option<crate::attendance::Attendance>)>")
        )]
        Vec<(MemberId, Option<String>)>,
    ),
    /// Edits the minutes: from the text that the author saw to the text that he left.
    #[n(3)]
    EditMinutes {
        /// What he saw.
        #[n(0)]
        before: String,
        /// What he left.
        #[n(1)]
        after: String,
    },
    /// Adds or rewords a resolution; with the decision rule's code and the count where it was voted on.
    #[n(4)]
    SetResolution {
        /// The resolution.
        #[n(0)]
        entry: EntryId,
        /// Its text.
        #[n(1)]
        text: String,
        /// Which decision rule of the rule book it stands under, e.g. `general_vote`.
        #[n(2)]
        decision: Option<String>,
        /// The count.
        #[n(3)]
        ballot: Option<Ballot>,
    },
    /// Adds or rewords a follow-up.
    #[n(5)]
    SetFollowUp {
        /// The follow-up.
        #[n(0)]
        entry: EntryId,
        /// What is to be done.
        #[n(1)]
        text: String,
        /// By whom.
        #[n(2)]
        owner: Option<MemberId>,
        /// Until when, `YYYY-MM-DD`.
        #[n(3)]
        due: Option<String>,
        /// Whether it is done.
        #[n(4)]
        done: bool,
    },
    /// Notes who attended as an observer (列席), by post, e.g. 镇党建办.
    #[n(6)]
    SetObserver {
        /// The observer entry.
        #[n(0)]
        entry: EntryId,
        /// The post; `None` removes it.
        #[n(1)]
        post: Option<String>,
    },
    /// Adds or rewords an agenda item.
    #[n(7)]
    SetAgendaItem {
        /// The item.
        #[n(0)]
        entry: EntryId,
        /// Its text; `None` removes it.
        #[n(1)]
        text: Option<String>,
    },
    /// Says a review word about an activity.
    #[n(8)]
    Review {
        /// The event's id.
        #[n(0)]
        event: EntryId,
        /// The word.
        #[n(1)]
        verb: Verb,
        /// The slot it is about.
        #[n(2)]
        slot: Option<String>,
        /// What to do.
        #[n(3)]
        comment: Option<String>,
        /// For a redo.
        #[n(4)]
        reason: Option<RedoReason>,
    },
    /// Adds a correction to a filed activity.
    #[n(9)]
    Amend {
        /// The amendment's id.
        #[n(0)]
        entry: EntryId,
        /// The slot.
        #[n(1)]
        slot: String,
        /// The text that should stand there.
        #[n(2)]
        text: String,
    },
    /// Settles a merge card: this value stays, the other remains in the history.
    #[n(10)]
    Resolve {
        /// The slot, e.g. `about.place`.
        #[n(0)]
        slot: String,
        /// The value that stays.
        #[n(1)]
        keep: Scalar,
    },
    /// Claims points.
    #[n(11)]
    ClaimPoints {
        /// The entry's id.
        #[n(0)]
        entry: EntryId,
        /// The claim.
        #[n(1)]
        claim: Claim,
    },
    /// Says a word about a claim: verifies, approves, declines, reverses, objects.
    #[n(12)]
    JudgePoints {
        /// The event's id.
        #[n(0)]
        event: EntryId,
        /// The entry.
        #[n(1)]
        entry: EntryId,
        /// The word.
        #[n(2)]
        verb: PointsVerb,
        /// Why.
        #[n(3)]
        reason: Option<PointsReason>,
    },
    /// Enters or changes a person on the roster.
    #[n(13)]
    SetMember {
        /// The member.
        #[n(0)]
        member: MemberId,
        /// Fields to set or clear.
        #[n(1)]
        fields: Vec<(MemberField, Option<Scalar>)>,
    },
    /// Puts a member into a class of the rule book from a date on (`YYYY-MM-DD`).
    #[n(14)]
    AssignClass {
        /// The member.
        #[n(0)]
        member: MemberId,
        /// The class code.
        #[n(1)]
        class: String,
        /// From this date.
        #[n(2)]
        from: String,
    },
    /// Excludes a member from the should-attend count, with approval (domain report 2.2).
    #[n(15)]
    ExcludeFromQuorum {
        /// The exclusion's id.
        #[n(0)]
        entry: EntryId,
        /// The member.
        #[n(1)]
        member: MemberId,
        /// The approved reason, 1 to 5. A code, never a diagnosis or a case.
        #[n(2)]
        reason: u8,
        /// From this date.
        #[n(3)]
        from: String,
        /// To this date, if it ends.
        #[n(4)]
        to: Option<String>,
        /// Number of the approving document.
        #[n(5)]
        approval_doc: String,
    },
    /// Gives or ends a post on the branch committee, e.g. `secretary`, since a date.
    #[n(16)]
    AssignPost {
        /// The member.
        #[n(0)]
        member: MemberId,
        /// The post's word of the glossary.
        #[n(1)]
        post: String,
        /// Since; `None` ends it.
        #[n(2)]
        since: Option<String>,
    },
    /// Adopts a rule book under its version id.
    #[n(17)]
    AdoptRuleBook {
        /// E.g. `QL-2026-V1`.
        #[n(0)]
        version: String,
        /// The rule book in CBOR.
        #[cbor(n(1), with = "minicbor::bytes")]
        book: Vec<u8>,
    },
    /// Attaches a photo to an activity. Never asked for.
    #[n(18)]
    AttachPhoto {
        /// The photo's id.
        #[n(0)]
        entry: EntryId,
        /// Its two pictures, by name.
        #[n(1)]
        photo: Attachment,
    },
    /// Takes a photo away again.
    #[n(19)]
    RemovePhoto {
        /// The photo's id.
        #[n(0)]
        entry: EntryId,
    },
}

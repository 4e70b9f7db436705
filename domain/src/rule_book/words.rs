//! The closed vocabulary of a rule book: words that the code itself understands.
//!
//! Classes, categories, kinds and rule codes are data and not here. An app that meets a word it does not know
//! refuses the whole book, since computing points by half a rule would be worse than asking for an update.

use crate::words;

words! {
    /// How often something is due, or how long a cap reaches.
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    Period {
        /// A calendar month.
        Month = "month",
        /// A calendar quarter.
        Quarter = "quarter",
        /// Half a calendar year; for frequencies only.
        HalfYear = "half_year",
        /// The points cycle for caps, the calendar year for frequencies.
        Year = "year",
        /// A term of office; for frequencies only.
        Term = "term",
    }
}

words! {
    /// How a fraction is compared.
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    Comparison {
        /// `>=`
        AtLeast = "gte",
        /// `>`
        MoreThan = "gt",
    }
}

words! {
    /// Of whom a fraction is taken.
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    Base {
        /// Everyone who should attend (应到会).
        ShouldAttend = "should_attend",
        /// Everyone who should attend and has a vote (应到会有表决权).
        ShouldAttendVoters = "should_attend_voters",
        /// The voters who are there (实到会有表决权); for passing only.
        PresentVoters = "present_voters",
    }
}

words! {
    /// The level of organisation that holds an activity.
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    Level {
        /// Party group (党小组).
        Group = "group",
        /// Branch (党支部).
        Branch = "branch",
        /// Township, or a system committee beside it.
        Township = "township",
        /// District.
        District = "district",
    }
}

words! {
    /// One step of the approval chain of an award, in this order.
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    ApprovalStep {
        /// 党小组核实
        Group = "group",
        /// 支委会审定
        Committee = "committee",
        /// 乡镇党委备案
        Township = "township",
    }
}

words! {
    /// Where the facts for a point rule come from.
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    SourceKind {
        /// A member's attendance in a filed activity; derived.
        Attendance = "attendance",
        /// Having given the lecture in a filed activity; derived.
        Lecturer = "lecturer",
        /// An unexcused absence after notice, once the objection period is over; derived.
        Absence = "absence",
        /// The dues ledger.
        Dues = "dues",
        /// Credit hours from class rolls.
        Training = "training",
        /// A claim that goes through the approval chain.
        Claim = "claim",
        /// The reversal of an entry that was not true.
        Reversal = "reversal",
    }
}

words! {
    /// What an award refers to. There is no photo, place or check-in among them, and never will be.
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    Evidence {
        /// The attendance list.
        Attendance = "attendance",
        /// The dues ledger.
        DuesLedger = "dues_ledger",
        /// The class roll.
        ClassRoll = "class_roll",
        /// A receipt number, or the word of the organisation where the member lives now.
        Receipt = "receipt",
        /// The contact log.
        ContactLog = "contact_log",
        /// The log of visits by branch members.
        VisitLog = "visit_log",
        /// The post sheet and its monthly line.
        PostSheet = "post_sheet",
        /// A closed or lapsed task.
        TaskItem = "task_item",
        /// The service log.
        ServiceLog = "service_log",
        /// A closed service item, without names.
        ServiceItem = "service_item",
        /// The branch's assignment.
        Assignment = "assignment",
        /// The pairing log.
        PairingLog = "pairing_log",
        /// The lecturer of an activity.
        Lecturer = "lecturer",
        /// A resolution of a meeting.
        Resolution = "resolution",
        /// A document number.
        DocumentNumber = "document_number",
        /// The reversed entry.
        Reversal = "reversal",
    }
}

words! {
    /// What an extra field of an activity kind holds.
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    FieldKind {
        /// A line of text.
        Text = "text",
        /// A whole number.
        Number = "number",
        /// A date.
        Date = "date",
        /// Members of the roster.
        Members = "members",
        /// Organisations.
        Orgs = "orgs",
        /// Lines that are ticked off.
        Checklist = "checklist",
        /// Items with an owner and a due date.
        Items = "items",
        /// Resolutions with their votes.
        Votes = "votes",
        /// A reference to another record or document.
        Reference = "reference",
    }
}

//! Who should attend, who is there, and whether a vote carries.
//!
//! The fractions are data of the rule book ([`DecisionRule`]); this file only counts. Only an exclusion that was
//! approved (roster, five reasons) takes a member out of should-attend: a mark on the roll never does, or one tap
//! could make a quorum.

use std::collections::BTreeMap;

use jiff::civil::Date;
use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::attendance::Attendance;
use crate::ids::MemberId;
use crate::rule_book::words::{Base, Comparison};

/// A fraction that must be reached: `num/den` of `base`, "at least" or "more than".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Encode, Decode)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cbor(map)]
pub struct QuorumRule {
    /// Numerator.
    #[n(0)]
    pub num: u32,
    /// Denominator; the import refuses 0.
    #[n(1)]
    pub den: u32,
    /// At least, or more than.
    #[n(2)]
    pub op: Comparison,
    /// Of whom.
    #[n(3)]
    pub base: Base,
}

/// What one kind of decision needs (domain rules 2.2, as data).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Encode, Decode)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cbor(map)]
pub struct DecisionRule {
    /// Code, unique in the book: `general_vote`, `admission`, ...
    #[n(0)]
    pub code: String,
    /// Chinese name.
    #[n(1)]
    pub name: String,
    /// How many must be there.
    #[n(2)]
    pub presence: QuorumRule,
    /// How many must say yes; `None` where nothing is voted on.
    #[n(3)]
    pub pass: Option<QuorumRule>,
    /// Whether a written opinion handed in before the meeting counts as a vote.
    #[n(4)]
    pub written_votes: bool,
}

/// One person of the roster, or of the committee, as far as counting heads needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elector {
    /// Who.
    pub member: MemberId,
    /// A full member (正式党员); a probationary member attends without a vote.
    pub full_member: bool,
    /// Not deprived of the vote (a member under 留党察看 attends without one).
    pub may_vote: bool,
    /// The approved exclusion from should-attend, if there is one.
    pub exclusion: Option<Exclusion>,
}

impl Elector {
    /// Whether this person has a vote.
    pub fn has_vote(&self) -> bool {
        self.full_member && self.may_vote
    }
}

/// An approved exclusion from should-attend. Only the code of the reason is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exclusion {
    /// 1 to 5, as listed in the rule book.
    pub reason: u8,
    /// First day.
    pub from: Date,
    /// Last day, inclusive; `None` while it lasts.
    pub to: Option<Date>,
}

impl Exclusion {
    /// Whether it is in force on this day.
    pub fn covers(&self, on: Date) -> bool {
        self.from <= on && self.to.is_none_or(|to| on <= to)
    }
}

/// The heads of one meeting. Everyone on the roster is in exactly one of `excluded`, `present`, `leave`, `absent`,
/// `served_elsewhere`, `unapproved` and `unmarked`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeadCount {
    /// Everyone given.
    pub on_roster: u32,
    /// Should attend (应到会): the roster without those excluded with approval.
    pub should_attend: u32,
    /// Excluded with approval and not there, with the reason code, in the order of the ids.
    pub excluded: Vec<(MemberId, u8)>,
    /// Those who came although excluded. Their rights rest, they are not lost: who comes is counted in both.
    pub came_although_excluded: Vec<MemberId>,
    /// Should attend and has a vote (应到会有表决权).
    pub vote_eligible: u32,
    /// There, in the room or remotely (实到会).
    pub present: u32,
    /// There, with a vote.
    pub present_voters: u32,
    /// On leave; they still should have attended.
    pub leave: u32,
    /// Absent without leave.
    pub absent: u32,
    /// Joined elsewhere, or was visited at home: served, but not in this meeting.
    pub served_elsewhere: u32,
    /// Marked as excluded or not required without an approved exclusion: they stay in should-attend.
    pub unapproved: Vec<MemberId>,
    /// No mark yet.
    pub unmarked: u32,
}

/// Counts the heads of a meeting on a day. A person given twice counts once; a mark for a stranger is ignored.
pub fn attendance_count(people: &[Elector], marks: &BTreeMap<MemberId, Attendance>, on: Date) -> HeadCount {
    let people: BTreeMap<MemberId, &Elector> = people.iter().map(|one| (one.member, one)).collect();
    let mut head = HeadCount { on_roster: count(people.len()), ..HeadCount::default() };
    for (member, elector) in people {
        let mark = marks.get(&member).copied();
        let is_present = mark.is_some_and(Attendance::is_present);
        if let Some(exclusion) = elector.exclusion.filter(|exclusion| exclusion.covers(on)) {
            if !is_present {
                head.excluded.push((member, exclusion.reason));
                continue;
            }
            head.came_although_excluded.push(member);
        }
        head.should_attend += 1;
        head.vote_eligible += u32::from(elector.has_vote());
        head.present_voters += u32::from(is_present && elector.has_vote());
        match mark {
            None => head.unmarked += 1,
            Some(mark) if mark.is_present() => head.present += 1,
            Some(mark) if mark.is_leave() => head.leave += 1,
            Some(mark) if mark.is_absent_unexcused() => head.absent += 1,
            Some(mark) if mark.is_served_elsewhere() => head.served_elsewhere += 1,
            Some(_) => head.unapproved.push(member),
        }
    }
    head
}

/// How a count stands against a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Threshold {
    /// Those counted.
    pub have: u32,
    /// Of how many.
    pub of: u32,
    /// The smallest number that would do.
    pub needed: u32,
    /// Whether it is reached. Nothing is reached where there is nobody to count.
    pub met: bool,
    /// The fraction is one half and exactly half is there: "半数以上" is read both ways, so a person must look.
    pub at_exactly_half: bool,
}

impl QuorumRule {
    /// Compares `have` of `of` with this fraction, in whole numbers.
    pub fn judge(&self, have: u32, of: u32) -> Threshold {
        let (num, den) = (u64::from(self.num), u64::from(self.den.max(1)));
        let wanted = num * u64::from(of);
        let needed = match self.op {
            Comparison::AtLeast => wanted.div_ceil(den),
            Comparison::MoreThan => wanted / den + 1,
        };
        Threshold {
            have,
            of,
            needed: u32::try_from(needed).unwrap_or(u32::MAX),
            met: of > 0 && u64::from(have) >= needed,
            at_exactly_half: of > 0 && num * 2 == den && u64::from(have) * 2 == u64::from(of),
        }
    }

    /// The fraction applied to the heads of a meeting.
    fn judge_presence(&self, head: &HeadCount) -> Threshold {
        match self.base {
            Base::ShouldAttend => self.judge(head.present, head.should_attend),
            Base::ShouldAttendVoters | Base::PresentVoters => {
                self.judge(head.present_voters, head.vote_eligible)
            }
        }
    }

    /// The fraction applied to the yes votes of a meeting.
    fn judge_pass(&self, head: &HeadCount, yes: u32) -> Threshold {
        match self.base {
            Base::ShouldAttend => self.judge(yes, head.should_attend),
            Base::ShouldAttendVoters => self.judge(yes, head.vote_eligible),
            Base::PresentVoters => self.judge(yes, head.present_voters),
        }
    }
}

/// The votes on one resolution or one candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VoteCount {
    /// For.
    pub yes: u32,
    /// Against.
    pub no: u32,
    /// Neither.
    pub abstain: u32,
    /// How many of the votes above were handed in in writing before the meeting, by voters who are not there.
    pub written: u32,
}

impl VoteCount {
    /// All votes together.
    pub fn cast(&self) -> u32 {
        self.yes.saturating_add(self.no).saturating_add(self.abstain)
    }
}

/// A sum that cannot be right. With any of them nothing is adopted until a person corrects it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum VoteFault {
    /// More votes than voters there, plus those who wrote.
    #[error("{cast} votes from {voters} voters")]
    MoreVotesThanVoters {
        /// Votes counted.
        cast: u32,
        /// Voters there, and those who wrote.
        voters: u32,
    },
    /// Written votes where the rule knows none.
    #[error("{written} written votes, and this decision takes none")]
    WrittenNotTaken {
        /// Written votes given.
        written: u32,
    },
    /// More written votes than voters who are not there, or than votes at all.
    #[error("{written} written votes, but at most {possible} are possible")]
    TooManyWritten {
        /// Written votes given.
        written: u32,
        /// The most that there can be.
        possible: u32,
    },
    /// Votes on something that is not voted on.
    #[error("{cast} votes, and this meeting decides nothing")]
    NothingToVoteOn {
        /// Votes counted.
        cast: u32,
    },
}

/// What a vote came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct VoteOutcome {
    /// Were enough there?
    pub presence: Threshold,
    /// Did enough say yes? `None` where nothing is voted on.
    pub pass: Option<Threshold>,
    /// Sums that cannot be right.
    pub faults: Vec<VoteFault>,
    /// Enough were there, enough said yes, and the sums are right.
    pub adopted: bool,
}

impl VoteOutcome {
    /// Whether a person has to look, because presence or pass stands at exactly half.
    pub fn at_exactly_half(&self) -> bool {
        self.presence.at_exactly_half || self.pass.is_some_and(|pass| pass.at_exactly_half)
    }
}

/// Judges a vote: presence, pass and the sums. Written votes count as votes, never as presence.
pub fn judge_vote(head: &HeadCount, rule: &DecisionRule, votes: &VoteCount) -> VoteOutcome {
    let presence = rule.presence.judge_presence(head);
    let pass = rule.pass.map(|pass| pass.judge_pass(head, votes.yes));
    let faults = find_vote_faults(head, rule, votes);
    let adopted = presence.met && pass.is_some_and(|pass| pass.met) && faults.is_empty();
    VoteOutcome { presence, pass, faults, adopted }
}

fn find_vote_faults(head: &HeadCount, rule: &DecisionRule, votes: &VoteCount) -> Vec<VoteFault> {
    let mut faults = Vec::new();
    let (cast, written) = (votes.cast(), votes.written);
    if rule.pass.is_none() {
        if cast > 0 {
            faults.push(VoteFault::NothingToVoteOn { cast });
        }
        return faults;
    }
    if written > 0 && !rule.written_votes {
        faults.push(VoteFault::WrittenNotTaken { written });
    }
    let possible = head.vote_eligible.saturating_sub(head.present_voters).min(cast);
    if rule.written_votes && written > possible {
        faults.push(VoteFault::TooManyWritten { written, possible });
    }
    let voters = head.present_voters.saturating_add(if rule.written_votes { written } else { 0 });
    if cast > voters {
        faults.push(VoteFault::MoreVotesThanVoters { cast, voters });
    }
    faults
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;

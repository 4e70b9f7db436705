//! What a roster of the demo district says about a person, and nothing else: no document number, no telephone,
//! no wage, no health, no belief, no ethnicity.

use jiff::civil::Date;
use zhibu_domain::ids::{MemberId, OrgId};

/// Sex as on the official roster form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sex {
    /// 女
    Female,
    /// 男
    Male,
}

/// The class that decides which point rules apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// 两委成员
    Committee,
    /// 无职党员
    Ordinary,
    /// 流动党员: away for more than six months on end.
    Mobile,
    /// 年老体弱党员
    Frail,
}

impl Class {
    /// The code that the example rule book has for it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Committee => "COMMITTEE",
            Self::Ordinary => "ORDINARY",
            Self::Mobile => "MOBILE",
            Self::Frail => "FRAIL",
        }
    }
}

/// A post in the branch committee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CommitteePost {
    /// 书记
    Secretary,
    /// 副书记
    DeputySecretary,
    /// 组织委员
    OrganizationCommissioner,
    /// 宣传委员
    PublicityCommissioner,
    /// 纪检委员
    DisciplineCommissioner,
}

impl CommitteePost {
    /// The word that records use.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Secretary => "secretary",
            Self::DeputySecretary => "deputy_secretary",
            Self::OrganizationCommissioner => "organization_commissioner",
            Self::PublicityCommissioner => "publicity_commissioner",
            Self::DisciplineCommissioner => "discipline_commissioner",
        }
    }
}

/// The five approved reasons for not counting a member in should-attend. The number is what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExclusionReason {
    /// Cannot express an own will through illness.
    CannotExpressWill = 1,
    /// Abroad at own expense for more than half a year.
    Abroad = 2,
    /// In custody or serving a sentence.
    Custody = 3,
    /// Old and frail, cannot care for themselves.
    CannotCareForSelf = 4,
    /// Away for more than half a year, and the membership should have moved but has not.
    NotYetTransferred = 5,
}

impl ExclusionReason {
    /// The stored number, 1 to 5.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// Approved by the township and passed by the members' meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// Which of the five.
    pub reason: ExclusionReason,
    /// The township that approved it.
    pub approved_by: OrgId,
    /// The number of its approving document.
    pub approval_doc: String,
    /// The first day on which it counts.
    pub valid_from: Date,
}

/// A member lives and works elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outflow {
    /// More than six months before the cast's day.
    pub since: Date,
}

/// One line of a branch's roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Follows from seed, branch and roster number.
    pub id: MemberId,
    /// The order of every list, from 1, without gaps in a branch.
    pub roster_number: u16,
    /// Of someone who does not exist; 2 to 40 characters; unique in the branch, not beyond it.
    pub name: String,
    /// As on the official roster form.
    pub sex: Sex,
    /// The day the branch meeting admitted them.
    pub joined_on: Date,
    /// The day they became full members; none for probationary members.
    pub confirmed_on: Option<Date>,
    /// The class that decides which point rules apply.
    pub class: Class,
    /// A post in the committee, for class [`Class::Committee`] and only for it.
    pub post: Option<CommitteePost>,
    /// The party group, in branches that have groups.
    pub group: Option<OrgId>,
    /// For class [`Class::Mobile`] and only for it.
    pub outflow: Option<Outflow>,
    /// Not counted in should-attend.
    pub exclusion: Option<Exclusion>,
}

impl Person {
    /// A full member: has a vote, may hold a post.
    pub fn is_full(&self) -> bool {
        self.confirmed_on.is_some()
    }

    /// A full member that the quorum counts: has a vote and is not excluded.
    pub fn is_counted_voter(&self) -> bool {
        self.is_full() && self.exclusion.is_none()
    }
}

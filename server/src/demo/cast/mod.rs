//! The whole cast: a district's organisations, the people of its branches, and who has a login.

use std::str::FromStr;

use jiff::civil::{Date, date};
use zhibu_domain::ids::{AccountId, DistrictId, MemberId, OrgId, natural};
use zhibu_domain::org::{NamingScheme, Org, Post};

use super::people::{CommitteePost, Person};
use super::{accounts, story, tree};

/// The day on which the cast is as it is: rosters and terms are of this day, two months before the story.
pub const AS_OF: Date = date(2026, 9, 1);

/// How large the demo district is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Size {
    /// 10 branches and 300 members in three townships.
    Small,
    /// 450 branches and 14,000 members in nine townships: an ordinary banner.
    M,
    /// 2,000 branches and 45,000 members in seventy townships: larger than nearly all.
    L,
}

impl Size {
    /// How many branches it has, exactly.
    pub const fn branches(self) -> usize {
        match self {
            Self::Small => 10,
            Self::M => 450,
            Self::L => 2_000,
        }
    }

    /// How many members it has, exactly.
    pub const fn members(self) -> usize {
        match self {
            Self::Small => 300,
            Self::M => 14_000,
            Self::L => 45_000,
        }
    }
}

/// A word that is none of `small`, `M` and `L`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such size: {0:?} (small, M or L)")]
pub struct UnknownSize(pub String);

impl FromStr for Size {
    type Err = UnknownSize;

    fn from_str(word: &str) -> Result<Self, UnknownSize> {
        match word {
            "small" => Ok(Self::Small),
            "M" => Ok(Self::M),
            "L" => Ok(Self::L),
            other => Err(UnknownSize(other.chars().take(20).collect())),
        }
    }
}

/// The district itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct District {
    /// Also the id of the root organisation.
    pub id: DistrictId,
    /// 青岭旗
    pub name: &'static str,
    /// Which words its levels have.
    pub naming: NamingScheme,
}

/// A node of the tree with its administrative code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodedOrg {
    /// The node. Its id follows from the code alone: the same at every size and for every seed.
    pub org: Org,
    /// Unique in the district: a statistics code, with `-2` for a village's second branch, `-g1` for a group.
    pub code: String,
}

/// A party group and who leads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// A node of type group below the branch.
    pub org: OrgId,
    /// A full member of the group.
    pub leader: MemberId,
}

/// A branch with its people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// A node of type branch or joint branch.
    pub org: OrgId,
    /// The township it files with, be there a general branch between or not.
    pub township: OrgId,
    /// None in branches of fewer than ten members.
    pub groups: Vec<Group>,
    /// In roster order; the first is the secretary.
    pub members: Vec<Person>,
    /// When its committee was elected.
    pub term_from: Date,
    /// When the term ends: five years later in villages, three elsewhere.
    pub term_to: Date,
}

impl Branch {
    /// Whoever has this post.
    pub fn holder(&self, post: CommitteePost) -> Option<&Person> {
        self.members.iter().find(|person| person.post == Some(post))
    }
}

/// Somebody's login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Follows from the login.
    pub id: AccountId,
    /// Unique; lower-case ASCII.
    pub login: String,
    /// The person's name.
    pub name: String,
    /// Who on a roster; none for district and township staff.
    pub member: Option<MemberId>,
    /// At least one.
    pub posts: Vec<Post>,
}

/// The people of the story, all of 白桦嘎查党支部 but the staff. Their logins are `admin`, `reviewer`, `officer`,
/// `secretary`, `recorder`, `leader1`, `leader2` and `member` at every size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// The branch of exactly 31 members.
    pub branch: OrgId,
    /// 柳河苏木
    pub township: OrgId,
    /// 王秀兰
    pub secretary: MemberId,
    /// 包文明, the organisation commissioner.
    pub recorder: MemberId,
    /// 那顺·乌力吉 and 李建国, of the first and the second group.
    pub leaders: [MemberId; 2],
    /// 赵小梅, an ordinary member with an account.
    pub member: MemberId,
    /// An ordinary member of 21 characters, without an account.
    pub member_without_account: MemberId,
}

/// A district, complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cast {
    /// The root.
    pub district: District,
    /// Every organisation, parents before children.
    pub orgs: Vec<CodedOrg>,
    /// Every branch, in the order of `orgs`.
    pub branches: Vec<Branch>,
    /// Every login: staff first, then branch by branch.
    pub accounts: Vec<Account>,
    /// The people whom the story is about.
    pub story: Story,
}

impl Cast {
    /// The cast of this size and seed: always the same one.
    pub fn new(size: Size, seed: u64) -> Self {
        let id = natural(&[b"demo-district", "青岭旗".as_bytes()]);
        let district = District { id: DistrictId(id), name: "青岭旗", naming: NamingScheme::Qi };
        let (orgs, branches) = tree::grow(&district, size, seed);
        let story = story::story(seed);
        let accounts = accounts::of(size, seed, &orgs, &branches, &story);
        Self { district, orgs, branches, accounts, story }
    }

    /// The branch of the story.
    pub fn story_branch(&self) -> Option<&Branch> {
        self.branches.iter().find(|branch| branch.org == self.story.branch)
    }
}

/// The id of the organisation with this code; the root has another, the district's.
pub fn org_id(code: &str) -> OrgId {
    OrgId(natural(&[b"demo-org", code.as_bytes()]))
}

#[cfg(test)]
mod tests;

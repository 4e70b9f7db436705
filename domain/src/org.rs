//! The organisation tree and the roles people hold in it.
//!
//! The tree is not a fixed number of levels: a general branch may stand between a village and its branches, a
//! village committee may have grid branches, a working committee stands beside the townships (domain report, 4).

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::ids::{DistrictId, OrgId};
use crate::words;

words! {
    /// What a node of the tree is.
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    OrgType {
        /// 区/县/旗: the root.
        District = "district",
        /// 乡镇/街道/苏木.
        Township = "township",
        /// 党委.
        Committee = "committee",
        /// 党工委.
        WorkCommittee = "work_committee",
        /// 党总支.
        GeneralBranch = "general_branch",
        /// 党支部.
        Branch = "branch",
        /// 联合党支部.
        JointBranch = "joint_branch",
        /// 流动党员党支部.
        MobileBranch = "mobile_branch",
        /// 临时党支部.
        TemporaryBranch = "temporary_branch",
        /// 党小组.
        Group = "group",
    }
}

impl OrgType {
    /// Whether this node keeps a roster and activities of its own.
    pub const fn is_branch(self) -> bool {
        matches!(
            self,
            OrgType::Branch | OrgType::JointBranch | OrgType::MobileBranch | OrgType::TemporaryBranch
        )
    }
}

words! {
    /// Which words the place uses for its levels (区 / 县 / 旗).
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    NamingScheme {
        /// 区, 街道, 社区.
        Qu = "qu",
        /// 县, 乡镇, 村.
        Xian = "xian",
        /// 旗, 苏木, 嘎查.
        Qi = "qi",
    }
}

words! {
    /// What an account may do at an org and below it (domain report, 4).
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    Role {
        /// 区级管理员: accounts, rule book.
        DistrictAdmin = "district_admin",
        /// 组织部审阅人.
        DistrictReviewer = "district_reviewer",
        /// 乡镇党建办.
        TownshipOfficer = "township_officer",
        /// 党支部书记.
        BranchSecretary = "branch_secretary",
        /// 支部记录人.
        BranchRecorder = "branch_recorder",
        /// 党小组组长.
        GroupLeader = "group_leader",
        /// 党员本人.
        Member = "member",
        /// 列席、联系点: reads only.
        Observer = "observer",
    }
}

/// A role held at an org.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode,
)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Post {
    /// What may be done.
    #[n(0)]
    pub role: Role,
    /// Where, and below.
    #[n(1)]
    pub org: OrgId,
}

/// One node of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Org {
    /// Its identity.
    #[n(0)]
    pub id: OrgId,
    /// The node above; none for the district itself.
    #[n(1)]
    pub parent: Option<OrgId>,
    /// What it is.
    #[n(2)]
    pub org_type: OrgType,
    /// Its name as shown, e.g. 白桦嘎查党支部.
    #[n(3)]
    pub name: String,
}

/// The part of a district's tree that somebody holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrgTree {
    nodes: BTreeMap<OrgId, Org>,
    /// Where each stood when the tree was made.
    places: BTreeMap<OrgId, usize>,
}

/// No tree is deeper; a longer walk means a cycle in stored rows.
const MAX_DEPTH: usize = 16;

impl OrgTree {
    /// A tree of these nodes; a later node with the same id replaces an earlier one.
    pub fn new(orgs: impl IntoIterator<Item = Org>) -> Self {
        let mut tree = Self::default();
        for (place, org) in orgs.into_iter().enumerate() {
            tree.places.entry(org.id).or_insert(place);
            tree.nodes.insert(org.id, org);
        }
        tree
    }

    /// What to sort orgs by: the order in which the tree was given them, which is the district's own.
    pub fn place(&self, id: OrgId) -> usize {
        self.places.get(&id).copied().unwrap_or(usize::MAX)
    }

    /// The node, if held.
    pub fn get(&self, id: OrgId) -> Option<&Org> {
        self.nodes.get(&id)
    }

    /// All nodes in id order.
    pub fn iter(&self) -> impl Iterator<Item = &Org> {
        self.nodes.values()
    }

    /// The node and everything above it, nearest first.
    pub fn path(&self, id: OrgId) -> impl Iterator<Item = &Org> {
        std::iter::successors(self.nodes.get(&id), |org| org.parent.and_then(|up| self.nodes.get(&up)))
            .take(MAX_DEPTH)
    }

    /// Whether `org` is `top` or lies below it.
    pub fn is_within(&self, org: OrgId, top: OrgId) -> bool {
        self.path(org).any(|node| node.id == top)
    }

    /// The branch that a node belongs to: the node itself, or for a group the branch above it.
    pub fn branch_of(&self, id: OrgId) -> Option<&Org> {
        self.path(id).find(|org| org.org_type.is_branch())
    }

    /// Everything below and including `top`, in id order.
    pub fn subtree(&self, top: OrgId) -> impl Iterator<Item = &Org> {
        self.nodes.values().filter(move |org| self.is_within(org.id, top))
    }
}

/// The root org of a district carries the district's own id.
impl From<DistrictId> for OrgId {
    fn from(district: DistrictId) -> Self {
        OrgId(district.0)
    }
}

//! Whose hands write a branch's records.

use std::collections::BTreeMap;

use zhibu_domain::access::Author;
use zhibu_domain::ids::{AccountId, DeviceId, MemberId, OrgId, natural};
use zhibu_domain::org::{Post, Role};

use super::HistoryFault;
use crate::demo::cast::{Account, Branch, Cast};

/// The console device of a demo account: the hand that writes its history.
pub(super) fn console_of(account: AccountId) -> DeviceId {
    DeviceId(natural(&[b"demo-console", account.bytes()]))
}

/// An account as the gate sees it.
pub(super) fn author(account: &Account) -> Author {
    let mut posts = account.posts.clone();
    posts.sort_unstable();
    Author { account: account.id, device: console_of(account.id), member: account.member, posts }
}

/// Who holds posts at an org.
pub(super) fn by_org(cast: &Cast) -> BTreeMap<OrgId, Vec<(Role, &Account)>> {
    let mut held: BTreeMap<OrgId, Vec<(Role, &Account)>> = BTreeMap::new();
    for account in &cast.accounts {
        for Post { role, org } in &account.posts {
            held.entry(*org).or_default().push((*role, account));
        }
    }
    held
}

/// The hands of one branch.
pub(super) struct Hands {
    pub(super) secretary: Author,
    /// The secretary again where a branch has no recorder.
    pub(super) recorder: Author,
    pub(super) officer: Author,
    leaders: BTreeMap<OrgId, Author>,
    members: BTreeMap<MemberId, Author>,
}

impl Hands {
    pub(super) fn of(
        branch: &Branch,
        posts: &BTreeMap<OrgId, Vec<(Role, &Account)>>,
    ) -> Result<Self, HistoryFault> {
        let held = |org: OrgId| posts.get(&org).map_or(&[][..], Vec::as_slice);
        let find = |org: OrgId, role: Role| {
            held(org).iter().find(|(has, _)| *has == role).map(|(_, account)| author(account))
        };
        let secretary = find(branch.org, Role::BranchSecretary).ok_or(HistoryFault::Missing("secretary"))?;
        let recorder = find(branch.org, Role::BranchRecorder).unwrap_or_else(|| secretary.clone());
        let officer =
            find(branch.township, Role::TownshipOfficer).ok_or(HistoryFault::Missing("township officer"))?;
        let groups = branch.groups.iter().map(|group| group.org);
        let leaders = groups.filter_map(|org| Some((org, find(org, Role::GroupLeader)?))).collect();
        let own = held(branch.org).iter().filter(|(role, _)| *role == Role::Member);
        let members = own.filter_map(|(_, account)| Some((account.member?, author(account)))).collect();
        Ok(Self { secretary, recorder, officer, leaders, members })
    }

    /// Who enters a member's claim: himself if he has an account, else the branch's recorder for him.
    pub(super) fn claimant(&self, member: MemberId) -> &Author {
        self.members.get(&member).unwrap_or(&self.recorder)
    }

    /// Who verifies a member's claim: the leader of his group, or where that is himself or nobody, the secretary.
    pub(super) fn verifier(&self, member: MemberId, group: Option<OrgId>) -> &Author {
        let leader = group.and_then(|group| self.leaders.get(&group));
        leader.filter(|leader| leader.member != Some(member)).unwrap_or(&self.secretary)
    }
}

//! Which collections a caller reads: a matter of his posts, the org tree and the year, and of nothing he says.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use zhibu_domain::ids::{DistrictId, OrgId};
use zhibu_domain::org::{Org, OrgTree, Post, Role};
use zhibu_domain::record::{Collection, STANDING};
use zhibu_domain::time::Millis;
use zhibu_domain::wire::Profile;

use crate::App;
use crate::auth::DeviceCaller;
use crate::error::ApiError;
use crate::store::{Store, StoreError};

/// A points cycle may begin in July, so until June the ledgers of the cycle at hand, and what counts in them, lie in
/// the year before.
const LAST_MONTH_OF_LAST_YEAR: i8 = 6;

/// The districts' org trees, each kept until its version moves on.
#[derive(Default)]
pub struct Trees {
    trees: RwLock<HashMap<DistrictId, (u64, Arc<OrgTree>)>>,
}

impl Trees {
    /// The tree, at least as new as `version`.
    pub async fn get(
        &self,
        store: &dyn Store,
        district: DistrictId,
        version: u64,
    ) -> Result<Arc<OrgTree>, StoreError> {
        let held = self.trees.read().unwrap_or_else(PoisonError::into_inner).get(&district).cloned();
        if let Some((_, tree)) = held.filter(|(held, _)| *held >= version) {
            return Ok(tree);
        }
        let tree = Arc::new(OrgTree::new(store.list_orgs(district).await?));
        let mut trees = self.trees.write().unwrap_or_else(PoisonError::into_inner);
        trees.insert(district, (version, tree.clone()));
        Ok(tree)
    }
}

/// What one caller may read.
pub struct Scope {
    caller: DeviceCaller,
    tree: Arc<OrgTree>,
    year: u16,
    /// Whether the year before comes by itself too.
    with_last_year: bool,
    branches: BTreeSet<OrgId>,
}

impl Scope {
    /// The scope of a caller now.
    pub async fn of(app: &App, caller: &DeviceCaller) -> Result<Self, ApiError> {
        let tree = app.trees.get(&*app.store, caller.district, caller.orgs_version).await?;
        Ok(Self::over(tree, caller.clone(), app.clock.now()))
    }

    pub(super) fn over(tree: Arc<OrgTree>, caller: DeviceCaller, now: Millis) -> Self {
        let branches = caller.account.posts.iter().flat_map(|post| branches_of(&tree, *post)).collect();
        let year = u16::try_from(now.date().year()).unwrap_or(STANDING);
        let with_last_year = now.date().month() <= LAST_MONTH_OF_LAST_YEAR;
        Self { caller, tree, year, with_last_year, branches }
    }

    /// The district.
    pub fn district(&self) -> DistrictId {
        self.caller.district
    }

    /// Grows with each change of the account, its posts, the orgs, and twice a year, when the collections change.
    pub fn version(&self) -> u64 {
        let halves = 2 * u64::from(self.year) + u64::from(!self.with_last_year);
        self.caller.account.profile_version + self.caller.orgs_version + halves
    }

    /// Every collection that comes by itself, in the order in which a cold client needs them: the district's rules,
    /// then the rosters, then this year, in its first half also the one before. They need not hold anything yet.
    pub fn collections(&self) -> Vec<Collection> {
        let rules = Collection { org: self.caller.district.into(), year: STANDING };
        let last_year = self.with_last_year.then(|| self.year.saturating_sub(1));
        let years = [STANDING, self.year].into_iter().chain(last_year);
        let of_branches = years
            .into_iter()
            .flat_map(|year| self.branches.iter().map(move |org| Collection { org: *org, year }));
        std::iter::once(rules).chain(of_branches).collect()
    }

    /// Whether the caller may read a collection at all: what comes by itself, and every year of his branches.
    pub fn holds(&self, collection: &Collection) -> bool {
        let rules = Collection { org: self.caller.district.into(), year: STANDING };
        *collection == rules || self.branches.contains(&collection.org)
    }

    /// What the device is told about its owner.
    pub async fn profile(&self, app: &App) -> Result<Profile, ApiError> {
        let district = app.store.find_district(self.caller.district).await?.ok_or(ApiError::NotFound)?;
        Ok(Profile {
            version: self.version(),
            district: district.id,
            naming: district.naming,
            account: self.caller.account.id,
            name: self.caller.account.name.clone(),
            member: self.caller.account.member,
            posts: self.caller.account.posts.clone(),
            orgs: self.orgs(),
            collections: self.collections(),
        })
    }

    /// The orgs below the posts, the branches with their groups, and the path above them.
    fn orgs(&self) -> Vec<Org> {
        let posts = self.caller.account.posts.iter().map(|post| post.org);
        let tops: BTreeSet<OrgId> =
            posts.chain(self.branches.iter().copied()).chain([self.caller.district.into()]).collect();
        let above = tops.iter().flat_map(|top| self.tree.path(*top));
        let groups = self.tree.iter().filter(|org| org.parent.is_some_and(|up| self.branches.contains(&up)));
        above
            .chain(groups)
            .map(|org| (org.id, org.clone()))
            .collect::<BTreeMap<_, _>>()
            .into_values()
            .collect()
    }
}

/// The branches that a post lets its holder read.
fn branches_of(tree: &OrgTree, post: Post) -> Vec<OrgId> {
    let own = tree.branch_of(post.org).map(|branch| branch.id);
    let below = || tree.subtree(post.org).filter(|org| org.org_type.is_branch()).map(|org| org.id).collect();
    match (post.role, own) {
        (Role::DistrictAdmin | Role::DistrictReviewer, _) => {
            tree.iter().filter(|org| org.org_type.is_branch()).map(|org| org.id).collect()
        }
        (Role::TownshipOfficer, _) => below(),
        (_, Some(branch)) => vec![branch],
        // A post at a general branch (党总支) covers the branches below it.
        (Role::BranchSecretary | Role::BranchRecorder | Role::Observer, None) => below(),
        // A member or group leader outside any branch reads nothing.
        (Role::GroupLeader | Role::Member, None) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use zhibu_domain::ids::{AccountId, DeviceId};
    use zhibu_domain::org::OrgType;

    use super::*;
    use crate::store::{Account, Device};

    const DISTRICT: DistrictId = DistrictId::from_bytes([1; 16]);
    /// 2026-11-21.
    const NOW: Millis = Millis(1_795_190_400_000);

    fn org(id: u8) -> OrgId {
        OrgId::from_bytes([id; 16])
    }

    /// 1 district; 2, 3 townships; 4 general branch in 2; 5, 6 branches in 4; 7 branch in 3; 8 group in 5.
    fn tree() -> Arc<OrgTree> {
        let node = |id, parent: Option<u8>, org_type| Org {
            id: org(id),
            parent: parent.map(org),
            org_type,
            name: format!("{id}"),
        };
        Arc::new(OrgTree::new([
            node(1, None, OrgType::District),
            node(2, Some(1), OrgType::Township),
            node(3, Some(1), OrgType::Township),
            node(4, Some(2), OrgType::GeneralBranch),
            node(5, Some(4), OrgType::Branch),
            node(6, Some(4), OrgType::JointBranch),
            node(7, Some(3), OrgType::Branch),
            node(8, Some(5), OrgType::Group),
        ]))
    }

    fn scope(posts: &[(Role, u8)]) -> Scope {
        let account = Account {
            id: AccountId::from_bytes([9; 16]),
            login: None,
            name: "乌云其木格".into(),
            member: None,
            org: org(5),
            posts: posts.iter().map(|(role, id)| Post { role: *role, org: org(*id) }).collect(),
            profile_version: 3,
            created_at: NOW,
            disabled_at: None,
            factor_since: None,
        };
        let device = Device {
            id: DeviceId::from_bytes([10; 16]),
            district: DISTRICT,
            account: account.id,
            key: None,
            name: String::new(),
            is_console: false,
            enrolled_at: NOW,
            revoked_at: None,
            last_counter: 0,
            last_epoch: 0,
            last_seen_on: None,
        };
        let caller = DeviceCaller {
            district: DISTRICT,
            device,
            account,
            orgs_version: 2,
            generation: [0; 16],
            is_proven: false,
        };
        Scope::over(tree(), caller, NOW)
    }

    #[test]
    fn a_post_opens_its_branches_and_no_others() {
        let branches = |role, at| scope(&[(role, at)]).branches.into_iter().collect::<Vec<_>>();
        let all = [org(5), org(6), org(7)];
        assert_eq!(branches(Role::DistrictReviewer, 1), all);
        assert_eq!(branches(Role::DistrictAdmin, 1), all);
        assert_eq!(branches(Role::TownshipOfficer, 2), [org(5), org(6)]);
        assert_eq!(branches(Role::TownshipOfficer, 3), [org(7)]);
        for role in [Role::BranchSecretary, Role::BranchRecorder, Role::Member, Role::Observer] {
            assert_eq!(branches(role, 5), [org(5)], "{role}");
        }
        assert_eq!(branches(Role::GroupLeader, 8), [org(5)], "a group leader reads his branch");
        assert_eq!(branches(Role::BranchSecretary, 4), [org(5), org(6)]);
        assert_eq!(branches(Role::Member, 2), []);
        assert_eq!(branches(Role::TownshipOfficer, 99), [], "an org that is gone opens nothing");
    }

    #[test]
    fn the_rules_come_first_and_older_years_only_when_asked_for() {
        let collections = scope(&[(Role::BranchSecretary, 5), (Role::Member, 5)]).collections();
        let expected = [(1, 0), (5, 0), (5, 2026)];
        assert_eq!(collections, expected.map(|(id, year)| Collection { org: org(id), year }));
        assert_eq!(scope(&[]).collections(), [Collection { org: org(1), year: 0 }]);
        let secretary = scope(&[(Role::BranchSecretary, 5)]);
        let held = |id, year| secretary.holds(&Collection { org: org(id), year });
        assert!(held(1, 0) && held(5, 0) && held(5, 2026) && held(5, 2019));
        assert!(!held(1, 2026) && !held(6, 0) && !held(6, 2026) && !held(4, 2026));
        // 2027-01-01 and 2027-07-01 at noon in China.
        let [new_year, july] = [1_798_776_000_000, 1_814_414_400_000]
            .map(|now| Scope::over(tree(), secretary.caller.clone(), Millis(now)));
        let years = |scope: &Scope| scope.collections()[2..].iter().map(|one| one.year).collect::<Vec<_>>();
        assert_eq!((years(&new_year), years(&july)), (vec![2027, 2026], vec![2027]));
        assert!(secretary.version() < new_year.version() && new_year.version() < july.version());
    }

    #[test]
    fn the_profile_holds_the_path_above_and_the_groups_below() {
        let ids = |scope: Scope| scope.orgs().into_iter().map(|org| org.id).collect::<Vec<_>>();
        assert_eq!(ids(scope(&[(Role::Member, 5)])), [1, 2, 4, 5, 8].map(org));
        assert_eq!(ids(scope(&[(Role::TownshipOfficer, 3)])), [1, 3, 7].map(org));
    }
}

//! What this phone may hold: what its profile names, and any year of a branch that it names a year of.

use std::collections::BTreeSet;

use zhibu_domain::ids::OrgId;
use zhibu_domain::record::{Collection, STANDING};
use zhibu_domain::wire::Profile;

/// A profile's collections, ready to be asked.
#[derive(Debug, Clone)]
pub struct Scope {
    collections: BTreeSet<Collection>,
    orgs: BTreeSet<OrgId>,
}

impl Scope {
    /// The scope that a profile gives.
    pub fn of(profile: &Profile) -> Self {
        let dated = profile.collections.iter().filter(|collection| collection.year != STANDING);
        Self {
            orgs: dated.map(|collection| collection.org).collect(),
            collections: profile.collections.iter().copied().collect(),
        }
    }

    /// Whether the server sends this collection: by itself, or because it was asked for.
    pub fn holds(&self, collection: &Collection) -> bool {
        self.collections.contains(collection)
            || (collection.year != STANDING && self.orgs.contains(&collection.org))
    }
}

#[cfg(test)]
mod tests {
    use zhibu_domain::ids::{AccountId, DistrictId};
    use zhibu_domain::org::NamingScheme;

    use super::*;

    #[test]
    fn older_years_of_a_branch_are_in_scope_and_other_branches_are_not() {
        let shelf = |org, year| Collection { org: OrgId::from_bytes([org; 16]), year };
        let scope = Scope::of(&Profile {
            version: 1,
            district: DistrictId::from_bytes([9; 16]),
            naming: NamingScheme::Qi,
            account: AccountId::from_bytes([8; 16]),
            name: String::new(),
            member: None,
            posts: Vec::new(),
            orgs: Vec::new(),
            collections: vec![shelf(9, STANDING), shelf(1, STANDING), shelf(1, 2026)],
        });
        let held = [shelf(9, STANDING), shelf(1, STANDING), shelf(1, 2026), shelf(1, 2019)];
        assert!(held.iter().all(|collection| scope.holds(collection)));
        let strange = [shelf(9, 2026), shelf(2, STANDING), shelf(2, 2026), shelf(2, 2019)];
        assert!(strange.iter().all(|collection| !scope.holds(collection)));
    }
}

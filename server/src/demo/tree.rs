//! Grows the tree from the plan and fills its branches.

use jiff::civil::date;
use zhibu_domain::ids::OrgId;
use zhibu_domain::org::{Org, OrgType};

use super::cast::{Branch, CodedOrg, District, Group, Size, org_id};
use super::people::{Class, Person};
use super::plan::{self, Place, TownshipPlan};
use super::random::Stream;
use super::roster::{self, Mix};
use super::story;

const ORDINALS: [&str; 4] = ["第一", "第二", "第三", "第四"];

/// All organisations, parents before children, and all branches in the same order.
pub(super) fn grow(district: &District, size: Size, seed: u64) -> (Vec<CodedOrg>, Vec<Branch>) {
    let root = OrgId(district.id.0);
    let mut tree = Tree { seed, orgs: Vec::new(), branches: Vec::new() };
    let org = Org { id: root, parent: None, org_type: OrgType::District, name: district.name.to_owned() };
    tree.orgs.push(CodedOrg { org, code: "qingling".to_owned() });
    for plan in plan::plan(size, seed) {
        tree.add_township(root, &plan);
    }
    (tree.orgs, tree.branches)
}

struct Tree {
    seed: u64,
    orgs: Vec<CodedOrg>,
    branches: Vec<Branch>,
}

impl Tree {
    fn add_org(&mut self, parent: OrgId, org_type: OrgType, code: &str, name: String) -> OrgId {
        let id = org_id(code);
        let org = Org { id, parent: Some(parent), org_type, name };
        self.orgs.push(CodedOrg { org, code: code.to_owned() });
        id
    }

    fn add_township(&mut self, root: OrgId, plan: &TownshipPlan) {
        let township =
            self.add_org(root, OrgType::Township, plan.township.code, plan.township.name.to_owned());
        for place in &plan.places {
            self.add_place(township, place);
        }
    }

    fn add_place(&mut self, township: OrgId, place: &Place) {
        let Place { code, name, members, .. } = place;
        if let [only] = members[..] {
            let org_type = if place.is_joint { OrgType::JointBranch } else { OrgType::Branch };
            let branch = self.add_org(township, org_type, code, format!("{name}党支部"));
            self.fill_branch(branch, code, township, only, place.is_village);
            return;
        }
        let general = self.add_org(township, OrgType::GeneralBranch, code, format!("{name}党总支"));
        for (index, (members, ordinal)) in members.iter().zip(ORDINALS).enumerate() {
            let code = format!("{code}-{}", index + 1);
            let branch = self.add_org(general, OrgType::Branch, &code, format!("{name}{ordinal}党支部"));
            self.fill_branch(branch, &code, township, *members, place.is_village);
        }
    }

    fn fill_branch(&mut self, branch: OrgId, code: &str, township: OrgId, members: usize, is_village: bool) {
        let mut stream = Stream::new(self.seed, code);
        let groups = self.add_groups(branch, code, members);
        let is_story = code == story::VILLAGE;
        let mix = if is_story { story::MIX } else { Mix::draw(members, is_village, &mut stream) };
        let known: &[_] = if is_story { &story::PEOPLE } else { &[] };
        let place = roster::Place { seed: self.seed, branch_code: code, township, groups: &groups, known };
        let members = roster::fill(&place, &mix, &mut stream);
        let (from, years) = if is_village { (2021, 5) } else { (2024, 3) };
        let (month, day) = (stream.between(10, 12) as i8, stream.between(1, 28) as i8);
        self.branches.push(Branch {
            org: branch,
            township,
            groups: groups.iter().filter_map(|group| lead(*group, &members)).collect(),
            members,
            term_from: date(from, month, day),
            term_to: date(from + years, month, day),
        });
    }

    fn add_groups(&mut self, branch: OrgId, code: &str, members: usize) -> Vec<OrgId> {
        let count = match members {
            0..10 => 0,
            10..35 => 2,
            35..50 => 3,
            _ => 4,
        };
        let group = |(index, ordinal): (usize, &&str)| {
            self.add_org(
                branch,
                OrgType::Group,
                &format!("{code}-g{}", index + 1),
                format!("{ordinal}党小组"),
            )
        };
        ORDINALS[..count].iter().enumerate().map(group).collect()
    }
}

/// The leader of a group: an ordinary member if it has one that lives here, else somebody of the committee.
fn lead(group: OrgId, members: &[Person]) -> Option<Group> {
    let rank = |person: &Person| match person.class {
        Class::Ordinary => 0,
        Class::Committee => 1,
        Class::Mobile | Class::Frail => 2,
    };
    let own = members.iter().filter(|person| person.group == Some(group) && person.is_full());
    own.min_by_key(|person| (rank(person), person.roster_number))
        .map(|person| Group { org: group, leader: person.id })
}

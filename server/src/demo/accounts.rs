//! Who has a login: staff, and of each branch those who keep its records. Most members have none and need none.

use std::collections::BTreeMap;

use zhibu_domain::ids::{AccountId, MemberId, OrgId, natural};

use super::cast::{Account, Branch, Org, OrgType, RoleAt, Size, Story};
use super::names;
use super::people::{Class, Person, Post, Sex};
use super::random::Stream;

/// Ordinary members with a login, in a thousand.
const MEMBERS_WITH_LOGIN: usize = 100;

/// All accounts: staff first, then branch by branch.
pub(super) fn of(size: Size, seed: u64, orgs: &[Org], branches: &[Branch], story: &Story) -> Vec<Account> {
    let mut accounts = staff(size, seed, orgs, story);
    let codes: BTreeMap<OrgId, &str> = orgs.iter().map(|org| (org.id, org.code.as_str())).collect();
    for branch in branches {
        let code = codes.get(&branch.org).copied().unwrap_or_default();
        if branch.org == story.branch {
            accounts.extend(of_story(branch, story));
        } else {
            accounts.extend(of_branch(seed, code, branch));
        }
    }
    accounts
}

fn staff(size: Size, seed: u64, orgs: &[Org], story: &Story) -> Vec<Account> {
    let mut stream = Stream::new(seed, "staff");
    let mut hire = |login: String, org: OrgId, role: &'static str| {
        let sex = if stream.per_mille(500) { Sex::Female } else { Sex::Male };
        let name = names::draw(&mut stream, sex, 2010);
        account(login, name, None, vec![RoleAt { org, role }])
    };
    let reviewers = match size {
        Size::Small => 1,
        Size::M => 2,
        Size::L => 4,
    };
    let mut accounts = Vec::new();
    for org in orgs {
        match org.org_type {
            OrgType::District => {
                accounts.push(hire("admin".to_owned(), org.id, "district_admin"));
                accounts.push(hire("reviewer".to_owned(), org.id, "district_reviewer"));
                for number in 2..=reviewers {
                    accounts.push(hire(format!("reviewer{number}"), org.id, "district_reviewer"));
                }
            }
            OrgType::Township if org.id == story.township => {
                accounts.push(hire("officer".to_owned(), org.id, "township_officer"));
            }
            OrgType::Township => {
                accounts.push(hire(format!("officer.{}", org.code), org.id, "township_officer"));
            }
            _ => {}
        }
    }
    accounts
}

/// The logins that the story types: short ones, and no others in its branch.
fn of_story(branch: &Branch, story: &Story) -> Vec<Account> {
    let roles = [
        (story.secretary, "secretary", branch.org, "branch_secretary"),
        (story.recorder, "recorder", branch.org, "branch_recorder"),
        (story.leaders[0], "leader1", group_of(branch, story.leaders[0]), "group_leader"),
        (story.leaders[1], "leader2", group_of(branch, story.leaders[1]), "group_leader"),
        (story.member, "member", branch.org, "member"),
    ];
    let open = |(id, login, org, role): (MemberId, &str, OrgId, &'static str)| {
        let person = branch.members.iter().find(|person| person.id == id)?;
        Some(account(login.to_owned(), person.name.clone(), Some(id), vec![RoleAt { org, role }]))
    };
    roles.into_iter().filter_map(open).collect()
}

fn group_of(branch: &Branch, leader: MemberId) -> OrgId {
    branch.groups.iter().find(|group| group.leader == leader).map_or(branch.org, |group| group.org)
}

/// One login a person, with as many roles as the person has.
fn of_branch(seed: u64, code: &str, branch: &Branch) -> Vec<Account> {
    let mut stream = Stream::new(seed, &format!("{code} accounts"));
    let open = |person: &Person| {
        let word = login_word(branch, person, &mut stream)?;
        let login = format!("{word}.{code}.{}", person.roster_number);
        Some(account(login, person.name.clone(), Some(person.id), roles_of(branch, person)))
    };
    branch.members.iter().filter_map(open).collect()
}

fn login_word(branch: &Branch, person: &Person, stream: &mut Stream) -> Option<&'static str> {
    // Drawn for everybody, so that a new post does not shift the draws of those behind.
    let wants_one = stream.per_mille(MEMBERS_WITH_LOGIN);
    match roles_of(branch, person).first().map(|at| at.role) {
        Some("branch_secretary") => Some("secretary"),
        Some("branch_recorder") => Some("recorder"),
        Some("group_leader") => Some("leader"),
        _ => (wants_one && person.class == Class::Ordinary).then_some("member"),
    }
}

fn roles_of(branch: &Branch, person: &Person) -> Vec<RoleAt> {
    let mut roles = Vec::new();
    match person.post {
        Some(Post::Secretary) => roles.push(RoleAt { org: branch.org, role: "branch_secretary" }),
        Some(Post::OrganizationCommissioner) => {
            roles.push(RoleAt { org: branch.org, role: "branch_recorder" });
        }
        _ => {}
    }
    let led = branch.groups.iter().filter(|group| group.leader == person.id);
    roles.extend(led.map(|group| RoleAt { org: group.org, role: "group_leader" }));
    if roles.is_empty() {
        roles.push(RoleAt { org: branch.org, role: "member" });
    }
    roles
}

fn account(login: String, name: String, member: Option<MemberId>, roles: Vec<RoleAt>) -> Account {
    let id = AccountId(natural(&[b"demo-account", login.as_bytes()]));
    Account { id, login, name, member, roles }
}

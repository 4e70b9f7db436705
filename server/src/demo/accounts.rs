//! Who has a login: staff, and of each branch those who keep its records. Most members have none and need none.

use std::collections::BTreeMap;

use zhibu_domain::ids::{AccountId, MemberId, OrgId, natural};
use zhibu_domain::org::{OrgType, Post, Role};

use super::cast::{Account, Branch, CodedOrg, Size, Story};
use super::names;
use super::people::{Class, CommitteePost, Person, Sex};
use super::random::Stream;

/// Ordinary members with a login, in a thousand.
const MEMBERS_WITH_LOGIN: usize = 100;

/// All accounts: staff first, then branch by branch.
pub(super) fn of(
    size: Size,
    seed: u64,
    orgs: &[CodedOrg],
    branches: &[Branch],
    story: &Story,
) -> Vec<Account> {
    let mut accounts = staff(size, seed, orgs, story);
    let codes: BTreeMap<OrgId, &str> = orgs.iter().map(|org| (org.org.id, org.code.as_str())).collect();
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

fn staff(size: Size, seed: u64, orgs: &[CodedOrg], story: &Story) -> Vec<Account> {
    let mut stream = Stream::new(seed, "staff");
    let mut hire = |login: String, org: OrgId, role: Role| {
        let sex = if stream.per_mille(500) { Sex::Female } else { Sex::Male };
        let name = names::draw(&mut stream, sex, 2010);
        account(login, name, None, vec![Post { org, role }])
    };
    let reviewers = match size {
        Size::Small => 1,
        Size::M => 2,
        Size::L => 4,
    };
    let mut accounts = Vec::new();
    for CodedOrg { org, code } in orgs {
        match org.org_type {
            OrgType::District => {
                accounts.push(hire("admin".to_owned(), org.id, Role::DistrictAdmin));
                accounts.push(hire("reviewer".to_owned(), org.id, Role::DistrictReviewer));
                for number in 2..=reviewers {
                    accounts.push(hire(format!("reviewer{number}"), org.id, Role::DistrictReviewer));
                }
            }
            OrgType::Township if org.id == story.township => {
                accounts.push(hire("officer".to_owned(), org.id, Role::TownshipOfficer));
            }
            OrgType::Township => {
                accounts.push(hire(format!("officer.{code}"), org.id, Role::TownshipOfficer));
            }
            _ => {}
        }
    }
    accounts
}

/// The logins that the story types: short ones, and no others in its branch.
fn of_story(branch: &Branch, story: &Story) -> Vec<Account> {
    let roles = [
        (story.secretary, "secretary", branch.org, Role::BranchSecretary),
        (story.recorder, "recorder", branch.org, Role::BranchRecorder),
        (story.leaders[0], "leader1", group_of(branch, story.leaders[0]), Role::GroupLeader),
        (story.leaders[1], "leader2", group_of(branch, story.leaders[1]), Role::GroupLeader),
        (story.member, "member", branch.org, Role::Member),
    ];
    let open = |(id, login, org, role): (MemberId, &str, OrgId, Role)| {
        let person = branch.members.iter().find(|person| person.id == id)?;
        Some(account(login.to_owned(), person.name.clone(), Some(id), vec![Post { org, role }]))
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
        Some(account(login, person.name.clone(), Some(person.id), posts_of(branch, person)))
    };
    branch.members.iter().filter_map(open).collect()
}

fn login_word(branch: &Branch, person: &Person, stream: &mut Stream) -> Option<&'static str> {
    // Drawn for everybody, so that a new post does not shift the draws of those behind.
    let wants_one = stream.per_mille(MEMBERS_WITH_LOGIN);
    match posts_of(branch, person).first().map(|at| at.role) {
        Some(Role::BranchSecretary) => Some("secretary"),
        Some(Role::BranchRecorder) => Some("recorder"),
        Some(Role::GroupLeader) => Some("leader"),
        _ => (wants_one && person.class == Class::Ordinary).then_some("member"),
    }
}

fn posts_of(branch: &Branch, person: &Person) -> Vec<Post> {
    let mut posts = Vec::new();
    match person.post {
        Some(CommitteePost::Secretary) => posts.push(Post { org: branch.org, role: Role::BranchSecretary }),
        Some(CommitteePost::OrganizationCommissioner) => {
            posts.push(Post { org: branch.org, role: Role::BranchRecorder });
        }
        _ => {}
    }
    let led = branch.groups.iter().filter(|group| group.leader == person.id);
    posts.extend(led.map(|group| Post { org: group.org, role: Role::GroupLeader }));
    if posts.is_empty() {
        posts.push(Post { org: branch.org, role: Role::Member });
    }
    posts
}

fn account(login: String, name: String, member: Option<MemberId>, posts: Vec<Post>) -> Account {
    let id = AccountId(natural(&[b"demo-account", login.as_bytes()]));
    Account { id, login, name, member, posts }
}

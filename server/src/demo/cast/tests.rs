use std::collections::{BTreeMap, BTreeSet};

use zhibu_domain::org::{OrgType, Role};

use super::*;
use crate::demo::people::{Class, ExclusionReason, Outflow, Sex};

const SIZES: [Size; 3] = [Size::Small, Size::M, Size::L];

fn people(cast: &Cast) -> impl Iterator<Item = &Person> {
    cast.branches.iter().flat_map(|branch| &branch.members)
}

#[test]
fn each_size_has_the_promised_numbers() {
    for (size, townships) in [(Size::Small, 3), (Size::M, 9), (Size::L, 70)] {
        let cast = Cast::new(size, 1);
        assert_eq!(cast.branches.len(), size.branches());
        assert_eq!(people(&cast).count(), size.members());
        let of_type = |org_type| cast.orgs.iter().filter(|org| org.org.org_type == org_type).count();
        assert_eq!(of_type(OrgType::Township), townships);
        assert_eq!(of_type(OrgType::Branch) + of_type(OrgType::JointBranch), size.branches());
        assert!(of_type(OrgType::GeneralBranch) > 0);
        assert!(cast.branches.iter().all(|branch| (3..=60).contains(&branch.members.len())));
    }
}

#[test]
fn the_same_seed_gives_the_same_cast_and_another_gives_another() {
    assert_eq!(Cast::new(Size::M, 7), Cast::new(Size::M, 7));
    let (one, other) = (Cast::new(Size::Small, 7), Cast::new(Size::Small, 8));
    assert_eq!(one.orgs, Cast::new(Size::Small, 7).orgs);
    let ids = |cast: &Cast| people(cast).map(|person| person.id).collect::<BTreeSet<_>>();
    assert!(ids(&one).is_disjoint(&ids(&other)));
    let names = |cast: &Cast| people(cast).map(|person| person.name.clone()).collect::<Vec<_>>();
    assert_ne!(names(&one), names(&other));
}

/// Guards the promise that a seed means the same people for ever: whoever changes a pool or the order of a draw
/// changes every demo district and must say so.
#[test]
fn the_first_people_of_seed_one_stay_who_they_are() {
    let cast = Cast::new(Size::Small, 1);
    let first: Vec<_> = cast.branches[0].members.iter().take(3).map(|person| person.name.as_str()).collect();
    assert_eq!(first, ["孙亚男", "黄文博", "郑俊杰"]);
}

#[test]
fn ids_codes_and_logins_are_unique() {
    for size in SIZES {
        let cast = Cast::new(size, 3);
        let orgs: BTreeSet<_> = cast.orgs.iter().map(|org| org.org.id).collect();
        assert_eq!(orgs.len(), cast.orgs.len());
        let codes: BTreeSet<_> = cast.orgs.iter().map(|org| &org.code).collect();
        assert_eq!(codes.len(), cast.orgs.len());
        assert_eq!(people(&cast).map(|person| person.id).collect::<BTreeSet<_>>().len(), size.members());
        let logins: BTreeSet<_> = cast.accounts.iter().map(|account| &account.login).collect();
        assert_eq!(logins.len(), cast.accounts.len());
        let typeable = |login: &str| {
            login
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte))
        };
        assert!(logins.iter().all(|login| typeable(login)));
    }
}

#[test]
fn the_tree_hangs_together() {
    for size in SIZES {
        let cast = Cast::new(size, 4);
        let mut seen: BTreeMap<OrgId, OrgType> = BTreeMap::new();
        for CodedOrg { org, .. } in &cast.orgs {
            let parent = org.parent.map(|parent| *seen.get(&parent).expect("the parent comes first"));
            let fits = match org.org_type {
                OrgType::District => parent.is_none() && org.id.0 == cast.district.id.0,
                OrgType::Township => parent == Some(OrgType::District),
                OrgType::GeneralBranch | OrgType::JointBranch => parent == Some(OrgType::Township),
                OrgType::Branch => matches!(parent, Some(OrgType::Township | OrgType::GeneralBranch)),
                OrgType::Group => matches!(parent, Some(OrgType::Branch | OrgType::JointBranch)),
                _ => false,
            };
            assert!(fits, "{org:?} below {parent:?}");
            seen.insert(org.id, org.org_type);
        }
        for branch in &cast.branches {
            assert!(matches!(seen[&branch.org], OrgType::Branch | OrgType::JointBranch));
            assert_eq!(seen[&branch.township], OrgType::Township);
            assert!(branch.groups.iter().all(|group| seen[&group.org] == OrgType::Group));
        }
    }
}

#[test]
fn every_branch_has_a_secretary_and_from_seven_full_members_a_committee() {
    for branch in &Cast::new(Size::L, 5).branches {
        let full = branch.members.iter().filter(|person| person.is_full()).count();
        assert!(full >= 3);
        let secretary = branch.holder(CommitteePost::Secretary).expect("a secretary");
        assert!(secretary.is_full() && secretary.roster_number == 1);
        let posts: Vec<_> = branch.members.iter().filter_map(|person| person.post).collect();
        assert_eq!(posts.len(), posts.iter().collect::<BTreeSet<_>>().len(), "{posts:?}");
        assert_eq!(posts.len() > 1, full >= 7, "{full} full members, {posts:?}");
        for person in &branch.members {
            assert_eq!(person.post.is_some(), person.class == Class::Committee);
        }
    }
}

#[test]
fn rosters_are_numbered_without_gaps_and_names_differ_in_a_branch() {
    for branch in &Cast::new(Size::M, 6).branches {
        let numbers: Vec<_> = branch.members.iter().map(|person| usize::from(person.roster_number)).collect();
        assert_eq!(numbers, (1..=branch.members.len()).collect::<Vec<_>>());
        let names: BTreeSet<_> = branch.members.iter().map(|person| &person.name).collect();
        assert_eq!(names.len(), branch.members.len());
    }
}

#[test]
fn in_villages_a_third_to_six_in_ten_live_elsewhere() {
    let cast = Cast::new(Size::M, 1);
    let is_office = |branch: &Branch| {
        let org = cast.orgs.iter().find(|org| org.org.id == branch.org).unwrap();
        org.code.as_bytes()[9] == b'9'
    };
    let (mut least, mut most) = (100, 0);
    for branch in cast.branches.iter().filter(|branch| !is_office(branch) && branch.members.len() > 6) {
        let away = branch.members.iter().filter(|person| person.class == Class::Mobile).count();
        let (away, all) = (away * 100, branch.members.len());
        assert!(away >= all * 33 && away <= all * 60, "{away} of {all}");
        (least, most) = (least.min(away / all), most.max(away / all));
    }
    assert!(least < 36 && most > 55, "{least} to {most}");
}

#[test]
fn dates_and_classes_agree() {
    for person in people(&Cast::new(Size::M, 2)) {
        assert!(person.joined_on < AS_OF);
        match person.confirmed_on {
            Some(day) => assert!(day.year() == person.joined_on.year() + 1 && day < AS_OF),
            None => assert!(person.joined_on > date(2025, 11, 30) && person.post.is_none()),
        }
        assert_eq!(person.outflow.is_some(), person.class == Class::Mobile);
        if let Some(Outflow { since }) = &person.outflow {
            assert!(*since < date(2026, 3, 1), "away for more than six months");
        }
    }
}

#[test]
fn exclusions_have_the_five_reasons_and_concern_those_they_can() {
    let cast = Cast::new(Size::L, 1);
    let mut seen = BTreeMap::new();
    for branch in &cast.branches {
        for person in &branch.members {
            let Some(exclusion) = &person.exclusion else { continue };
            *seen.entry(exclusion.reason.code()).or_insert(0) += 1;
            assert_eq!(exclusion.approved_by, branch.township);
            assert!(exclusion.valid_from < AS_OF && person.is_full());
            let class = match exclusion.reason {
                ExclusionReason::CannotExpressWill | ExclusionReason::CannotCareForSelf => Class::Frail,
                ExclusionReason::Abroad | ExclusionReason::NotYetTransferred => Class::Mobile,
                ExclusionReason::Custody => Class::Ordinary,
            };
            assert_eq!(person.class, class);
        }
    }
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert!(seen[&3] * 100 < seen[&5], "custody is rare: {seen:?}");
}

#[test]
fn some_names_are_mongolian_with_a_dot_and_a_third_of_members_are_women() {
    let cast = Cast::new(Size::M, 1);
    let dotted = people(&cast).filter(|person| person.name.contains('·')).count();
    assert!((400..900).contains(&dotted), "{dotted}");
    assert!(people(&Cast::new(Size::Small, 1)).filter(|person| person.name.contains('·')).count() >= 5);
    let women = people(&cast).filter(|person| person.sex == Sex::Female).count();
    assert!((4_000..4_700).contains(&women), "{women}");
}

#[test]
fn accounts_belong_to_their_people_and_their_organisations() {
    let cast = Cast::new(Size::M, 1);
    let names: BTreeMap<_, _> = people(&cast).map(|person| (person.id, &person.name)).collect();
    let orgs: BTreeMap<_, _> = cast.orgs.iter().map(|org| (org.org.id, org.org.org_type)).collect();
    let mut secretaries = BTreeSet::new();
    for account in &cast.accounts {
        assert!(!account.posts.is_empty());
        assert!(account.member.is_none_or(|member| *names[&member] == account.name));
        for at in &account.posts {
            let (is_member, fits) = match (at.role, orgs[&at.org]) {
                (Role::DistrictAdmin | Role::DistrictReviewer, org) => (false, org == OrgType::District),
                (Role::TownshipOfficer, org) => (false, org == OrgType::Township),
                (Role::GroupLeader, org) => (true, org == OrgType::Group),
                (Role::BranchSecretary | Role::BranchRecorder | Role::Member, org) => {
                    (true, matches!(org, OrgType::Branch | OrgType::JointBranch))
                }
                other => panic!("no such role: {other:?}"),
            };
            assert!(fits && account.member.is_some() == is_member, "{account:?}");
            if at.role == Role::BranchSecretary {
                secretaries.insert(at.org);
            }
        }
    }
    assert_eq!(secretaries.len(), cast.branches.len());
    let of_people: BTreeSet<_> = cast.accounts.iter().filter_map(|account| account.member).collect();
    let with_member = cast.accounts.iter().filter(|account| account.member.is_some()).count();
    assert_eq!(of_people.len(), with_member, "one login a person");
    assert!(with_member * 5 < Size::M.members(), "most members have no login");
}

#[test]
fn the_story_finds_its_people_at_every_size() {
    for size in SIZES {
        let cast = Cast::new(size, 1);
        let branch = cast.story_branch().unwrap();
        assert_eq!(branch.members.len(), 31);
        assert_eq!(branch.township, cast.story.township);
        let org = cast.orgs.iter().find(|org| org.org.id == branch.org).unwrap();
        assert_eq!(org.org.name, "白桦嘎查党支部");
        let name = |id| branch.members.iter().find(|person| person.id == id).unwrap().name.as_str();
        let story = &cast.story;
        assert_eq!(branch.holder(CommitteePost::Secretary).unwrap().id, story.secretary);
        assert_eq!(name(story.secretary), "王秀兰");
        assert_eq!(name(story.recorder), "包文明");
        assert_eq!(branch.groups.iter().map(|group| group.leader).collect::<Vec<_>>(), story.leaders);
        assert_eq!(story.leaders.map(name), ["那顺·乌力吉", "李建国"]);
        assert_eq!(name(story.member), "赵小梅");
        assert_eq!(name(story.member_without_account).chars().count(), 21);
        let has_login = |id| cast.accounts.iter().any(|account| account.member == Some(id));
        assert!(has_login(story.member) && !has_login(story.member_without_account));
        for login in ["admin", "reviewer", "officer", "secretary", "recorder", "leader1", "leader2", "member"]
        {
            assert!(cast.accounts.iter().any(|account| account.login == login), "{login}");
        }
    }
}

#[test]
fn half_of_the_story_s_voters_is_a_whole_number() {
    let cast = Cast::new(Size::Small, 1);
    let members = &cast.story_branch().unwrap().members;
    assert_eq!(members.iter().filter(|person| person.is_full()).count(), 29);
    assert_eq!(members.iter().filter(|person| person.exclusion.is_some()).count(), 5);
    assert_eq!(members.iter().filter(|person| person.is_counted_voter()).count(), 24);
    for id in [cast.story.member, cast.story.member_without_account] {
        let person = members.iter().find(|person| person.id == id).unwrap();
        assert!(person.class == Class::Ordinary && person.is_counted_voter());
    }
}

#[test]
fn a_person_has_no_field_that_a_roster_must_not_have() {
    let cast = Cast::new(Size::Small, 1);
    let text = format!("{:#?}", people(&cast).collect::<Vec<_>>()).to_lowercase();
    let fields: BTreeSet<&str> =
        text.lines().filter_map(|line| line.trim().split_once(": ").map(|(field, _)| field)).collect();
    assert!(fields.contains("roster_number") && fields.contains("approval_doc"), "{fields:?}");
    let banned = [
        "card",
        "phone",
        "mobile_number",
        "wage",
        "salary",
        "income",
        "belief",
        "relig",
        "ethnic",
        "nation",
        "health",
        "diagnos",
        "birth",
        "address",
        "family",
        "remark",
        "note",
        "rank",
        "score",
    ];
    for field in fields {
        assert!(banned.iter().all(|word| !field.contains(word)), "{field}");
    }
}

#[test]
fn a_size_is_read_as_it_is_written() {
    assert_eq!("M".parse(), Ok(Size::M));
    assert_eq!("m".parse::<Size>().unwrap_err().to_string(), "no such size: \"m\" (small, M or L)");
}

//! Who there is: branches of members, each with a phone whose key follows from its number. The first member is the
//! branch's secretary, the second leads its party group; a township stands above every twenty branches.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use sha2::{Digest as _, Sha256};
use zhibu_domain::access::Author;
use zhibu_domain::ids::{AccountId, DeviceId, DistrictId, MemberId, OrgId, natural};
use zhibu_domain::org::{Org, OrgType, Post, Role};
use zhibu_domain::wire::KeyAlgorithm;
use zhibu_sync_client::keys::{DeviceKey, KeyError};

/// Branches under one township.
const BRANCHES_OF_A_TOWNSHIP: u32 = 20;

/// The district.
pub(crate) fn district() -> DistrictId {
    DistrictId(natural(&[b"storm-district"]))
}

/// A branch by number, from 0.
pub(crate) fn branch(number: u32) -> OrgId {
    OrgId(natural(&[b"storm-branch", &number.to_be_bytes()]))
}

/// The branch's one party group.
pub(crate) fn group(branch: u32) -> OrgId {
    OrgId(natural(&[b"storm-group", &branch.to_be_bytes()]))
}

/// The number of the township above a branch.
pub(crate) fn township_of(branch: u32) -> u32 {
    branch / BRANCHES_OF_A_TOWNSHIP
}

/// How many townships that many branches need.
pub(crate) fn townships(branches: u32) -> u32 {
    branches.div_ceil(BRANCHES_OF_A_TOWNSHIP)
}

fn township(number: u32) -> OrgId {
    OrgId(natural(&[b"storm-township", &number.to_be_bytes()]))
}

/// The tree below the district's root, parents first.
pub(crate) fn orgs(branches: u32) -> Vec<Org> {
    let node = |id, parent, org_type, name: String| Org { id, parent: Some(parent), org_type, name };
    let mut orgs = Vec::new();
    for number in 0..townships(branches) {
        let name = format!("第{}乡", number + 1);
        orgs.push(node(township(number), district().into(), OrgType::Township, name));
    }
    for number in 0..branches {
        let above = township(township_of(number));
        orgs.push(node(branch(number), above, OrgType::Branch, format!("第{}村党支部", number + 1)));
        orgs.push(node(group(number), branch(number), OrgType::Group, "第一党小组".to_owned()));
    }
    orgs
}

/// Somebody with an account and a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Person {
    /// The district's administrator.
    Admin,
    /// The officer of a township.
    Officer(u32),
    /// A member: the branch, and the number on its roster from 0.
    Member(u32, u32),
}

impl Person {
    /// The secretary of a branch.
    pub(crate) fn secretary(branch: u32) -> Self {
        Person::Member(branch, 0)
    }

    /// As the gate sees this person.
    pub(crate) fn author(self) -> Author {
        let member = match self {
            Person::Member(branch, number) => Some(member(branch, number)),
            Person::Admin | Person::Officer(_) => None,
        };
        Author { account: self.account(), device: self.device(), member, posts: self.posts() }
    }

    /// The account.
    pub(crate) fn account(self) -> AccountId {
        AccountId(natural(&[b"storm-account", &self.label()]))
    }

    /// The phone.
    pub(crate) fn device(self) -> DeviceId {
        DeviceId(natural(&[b"storm-phone", &self.label()]))
    }

    /// The name as shown.
    pub(crate) fn name(self) -> String {
        const FAMILY: [&str; 12] = ["包", "白", "陈", "高", "韩", "李", "刘", "齐", "王", "吴", "于", "张"];
        const GIVEN: [&str; 10] =
            ["秀兰", "建国", "其木格", "玉梅", "志强", "淑珍", "海龙", "桂英", "永胜", "德柱"];
        let (a, b) = match self {
            Person::Admin => (0, 0),
            Person::Officer(number) => (number as usize + 1, 1),
            Person::Member(branch, number) => (branch as usize + number as usize, number as usize),
        };
        format!("{}{}", FAMILY[a % FAMILY.len()], GIVEN[b % GIVEN.len()])
    }

    /// What the account may do.
    pub(crate) fn posts(self) -> Vec<Post> {
        let (role, org) = match self {
            Person::Admin => (Role::DistrictAdmin, district().into()),
            Person::Officer(number) => (Role::TownshipOfficer, township(number)),
            Person::Member(number, 0) => (Role::BranchSecretary, branch(number)),
            Person::Member(number, 1) => (Role::GroupLeader, group(number)),
            Person::Member(number, _) => (Role::Member, branch(number)),
        };
        vec![Post { role, org }]
    }

    /// The phone's key pair.
    pub(crate) fn key(self) -> Ed25519KeyPair {
        let seed = Sha256::new().chain_update(b"storm-key").chain_update(self.label()).finalize();
        Ed25519KeyPair::from_seed_unchecked(&seed).unwrap()
    }

    /// The public half.
    pub(crate) fn public_key(self) -> Vec<u8> {
        self.key().public_key().as_ref().to_vec()
    }

    /// The secret of this person's invite.
    pub(crate) fn invite_secret(self) -> [u8; 32] {
        Sha256::new().chain_update(b"storm-invite").chain_update(self.label()).finalize().into()
    }

    fn label(self) -> Vec<u8> {
        let (sort, a, b) = match self {
            Person::Admin => (0_u8, 0, 0),
            Person::Officer(number) => (1, number, 0),
            Person::Member(branch, number) => (2, branch, number),
        };
        [&[sort][..], &a.to_be_bytes(), &b.to_be_bytes()].concat()
    }
}

/// A member by branch and number.
pub(crate) fn member(branch: u32, number: u32) -> MemberId {
    MemberId(natural(&[b"storm-member", &branch.to_be_bytes(), &number.to_be_bytes()]))
}

/// A phone's key as the client core uses it.
pub(crate) struct PersonKey {
    pair: Ed25519KeyPair,
    public: Vec<u8>,
}

impl PersonKey {
    pub(crate) fn of(person: Person) -> Self {
        Self::fresh(person.key())
    }

    /// A key that was just made.
    pub(crate) fn fresh(pair: Ed25519KeyPair) -> Self {
        let public = pair.public_key().as_ref().to_vec();
        Self { pair, public }
    }
}

impl DeviceKey for PersonKey {
    fn algorithm(&self) -> KeyAlgorithm {
        KeyAlgorithm::Ed25519
    }

    fn public_key(&self) -> &[u8] {
        &self.public
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(self.pair.sign(message).as_ref().to_vec())
    }
}

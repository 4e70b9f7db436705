//! Who there is in a simulated district: its tree, its people, and the base of every run (accounts, rosters, rules).

use std::sync::Arc;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use sha2::{Digest as _, Sha256};
use zhibu_domain::access::Author;
use zhibu_domain::command::{Command, MemberField, Scalar};
use zhibu_domain::ids::{AccountId, DeviceId, DistrictId, InviteId, MemberId, OrgId, natural};
use zhibu_domain::org::{NamingScheme, Org, OrgType, Post, Role};
use zhibu_domain::record::RecordRef;
use zhibu_domain::rule_book::{EXAMPLE_TOML, RuleBook};
use zhibu_domain::time::Millis;
use zhibu_domain::wire::KeyAlgorithm;
use zhibu_server::App;
use zhibu_server::store::{District, FactorPolicy, NewAccount, NewInvite, Store};
use zhibu_sync_client::keys::{DeviceKey, KeyError};

/// 2026-09-01 08:00 in China: every district is founded then.
pub(crate) const FOUNDED: Millis = Millis(1_788_220_800_000);
const HOUR_MS: i64 = 3_600_000;

/// How large a district is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Size {
    pub(crate) branches: usize,
    pub(crate) members: usize,
}

/// Somebody with an account.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) member: Option<MemberId>,
    pub(crate) posts: Vec<Post>,
}

pub(crate) fn district() -> DistrictId {
    DistrictId(natural(&[b"sim-district"]))
}

pub(crate) fn township() -> OrgId {
    OrgId(natural(&[b"sim-township"]))
}

pub(crate) fn branch(number: usize) -> OrgId {
    OrgId(natural(&[b"sim-branch", &[number as u8]]))
}

pub(crate) fn group(number: usize) -> OrgId {
    OrgId(natural(&[b"sim-group", &[number as u8]]))
}

pub(crate) fn member(branch: usize, number: usize) -> MemberId {
    MemberId(natural(&[b"sim-member", &[branch as u8, number as u8]]))
}

impl Size {
    /// Everybody: the reviewer, the officer, then the branches' people. The first of a branch is its secretary, the
    /// second leads its group, the third records.
    pub(crate) fn people(self) -> Vec<Person> {
        let staff = |name: &str, role, org| Person {
            name: name.to_owned(),
            member: None,
            posts: vec![Post { role, org }],
        };
        let mut people = vec![
            staff("reviewer", Role::DistrictAdmin, district().into()),
            staff("officer", Role::TownshipOfficer, township()),
        ];
        for at in 0..self.branches {
            for number in 0..self.members {
                let own = branch(at);
                let posts = match number {
                    0 => vec![Post { role: Role::BranchSecretary, org: own }],
                    1 => vec![Post { role: Role::GroupLeader, org: group(at) }],
                    2 => vec![Post { role: Role::BranchRecorder, org: own }],
                    _ => vec![Post { role: Role::Member, org: own }],
                };
                people.push(Person {
                    name: format!("m{at}.{number}"),
                    member: Some(member(at, number)),
                    posts,
                });
            }
        }
        people
    }

    /// The tree, parents first.
    pub(crate) fn orgs(self) -> Vec<Org> {
        let node = |id, parent, org_type, name: String| Org { id, parent: Some(parent), org_type, name };
        let mut orgs = vec![node(township(), district().into(), OrgType::Township, "柳河苏木".to_owned())];
        for number in 0..self.branches {
            // The last branch lies outside the township.
            let above = if number + 1 == self.branches { district().into() } else { township() };
            orgs.push(node(branch(number), above, OrgType::Branch, format!("第{number}嘎查党支部")));
            orgs.push(node(group(number), branch(number), OrgType::Group, "第一党小组".to_owned()));
        }
        orgs
    }
}

impl Person {
    pub(crate) fn account(&self) -> AccountId {
        AccountId(natural(&[b"sim-account", self.name.as_bytes()]))
    }

    /// His hand at the console.
    pub(crate) fn console(&self) -> DeviceId {
        DeviceId(natural(&[b"sim-console", self.name.as_bytes()]))
    }

    fn author(&self) -> Author {
        let (account, device) = (self.account(), self.console());
        Author { account, device, member: self.member, posts: self.posts.clone() }
    }
}

/// Founds the district with its tree, accounts, rule book and rosters.
pub(crate) async fn found(app: &Arc<App>, size: Size) {
    let new = District {
        id: district(),
        name: "青岭旗".to_owned(),
        naming: NamingScheme::Qi,
        generation: [1; 16],
        token_secret: [2; 32],
        factor_policy: FactorPolicy::Optional,
        orgs_version: 0,
    };
    assert!(app.store.found_district(&new, FOUNDED).await.unwrap());
    app.store.put_orgs(district(), &size.orgs()).await.unwrap();
    let people = size.people();
    for person in &people {
        let account = NewAccount {
            id: person.account(),
            login: None,
            password_hash: None,
            name: person.name.clone(),
            member: person.member,
            org: person.posts[0].org,
            posts: person.posts.clone(),
            created_at: FOUNDED,
        };
        assert!(app.store.create_account(district(), &account).await.unwrap());
    }
    for staff in &people[..2] {
        app.store.ensure_console_device(district(), staff.account(), staff.console(), FOUNDED).await.unwrap();
    }
    let book = RuleBook::from_toml(EXAMPLE_TOML).unwrap();
    let adopt = Command::AdoptRuleBook { version: book.id.clone(), book: minicbor::to_vec(&book).unwrap() };
    write(app, &people[0], RecordRef::rule_book(district().into()), &adopt).await;
    for at in 0..size.branches {
        // The reviewer may write no roster, so the secretary's rights are borrowed for it.
        let mut hand = people[0].clone();
        hand.posts.push(Post { role: Role::BranchSecretary, org: branch(at) });
        for number in 0..size.members {
            for command in enter(at, number) {
                write(app, &hand, RecordRef::roster(branch(at)), &command).await;
            }
        }
    }
}

fn enter(at: usize, number: usize) -> [Command; 2] {
    let fields = vec![
        (MemberField::Name, Some(Scalar::Text(format!("m{at}.{number}")))),
        (MemberField::Number, Some(Scalar::Int(number as i64 + 1))),
        (MemberField::Membership, Some("full".into())),
        (MemberField::Group, Some(Scalar::Text(group(at).to_string()))),
    ];
    let class = if number == 0 { "COMMITTEE" } else { "ORDINARY" }.to_owned();
    let member = member(at, number);
    let from = FOUNDED.date().to_string();
    [Command::SetMember { member, fields }, Command::AssignClass { member, class, from }]
}

async fn write(app: &Arc<App>, hand: &Person, record: RecordRef, command: &Command) {
    assert!(app.ledger.write(district(), &hand.author(), 2, record, command).await.unwrap());
}

/// A new invite for somebody; its secret.
pub(crate) async fn invite(store: &dyn Store, person: &Person, number: usize, now: Millis) -> Vec<u8> {
    let label = [person.name.as_bytes(), &number.to_be_bytes()].concat();
    let secret: [u8; 32] = Sha256::new().chain_update(b"sim-invite").chain_update(&label).finalize().into();
    let invite = NewInvite {
        id: InviteId(natural(&[b"sim-invite", &label])),
        secret_hash: Sha256::digest(secret).into(),
        account: person.account(),
        purpose: "手机".to_owned(),
        created_by: None,
        created_at: now,
        expires_at: now.plus(72 * HOUR_MS),
    };
    assert!(store.create_invite(district(), &invite).await.unwrap());
    secret.to_vec()
}

/// A device's key pair, which follows from a label.
pub(crate) struct SimKey {
    pair: Ed25519KeyPair,
    public: Vec<u8>,
}

impl SimKey {
    pub(crate) fn of(label: &str) -> Self {
        let seed = Sha256::new().chain_update(b"sim-key").chain_update(label).finalize();
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        let public = pair.public_key().as_ref().to_vec();
        Self { pair, public }
    }

    /// A signature.
    pub(crate) fn sign_now(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

impl DeviceKey for SimKey {
    fn algorithm(&self) -> KeyAlgorithm {
        KeyAlgorithm::Ed25519
    }

    fn public_key(&self) -> &[u8] {
        &self.public
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(self.sign_now(message))
    }
}

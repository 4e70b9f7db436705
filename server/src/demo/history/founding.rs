//! Before anybody writes: the district, its orgs, its accounts with their console devices, its rule book.

use zhibu_domain::command::Command;
use zhibu_domain::ids::OrgId;
use zhibu_domain::org::Role;
use zhibu_domain::record::{Record, RecordRef};
use zhibu_domain::rule_book::{EXAMPLE_TOML, RuleBook};

use super::hands::{author, console_of};
use super::pen::Pen;
use super::{HistoryFault, calendar};
use crate::auth::password;
use crate::clock::Entropy;
use crate::demo::cast::{Account, Cast};
use crate::store::{District, FactorPolicy, NewAccount, Store};

/// The password of all staff of the demo district. It is printed at every start: never for a real one.
pub const DEMO_PASSWORD: &str = "qingling-2026";

/// Founds the district with its tree and everybody's account.
pub(super) async fn found(
    store: &dyn Store,
    entropy: &dyn Entropy,
    cast: &Cast,
) -> Result<District, HistoryFault> {
    let district = District {
        id: cast.district.id,
        name: cast.district.name.to_owned(),
        naming: cast.district.naming,
        generation: entropy.bytes(),
        token_secret: entropy.bytes(),
        // So that everybody can try it with the password that is printed.
        factor_policy: FactorPolicy::Optional,
        orgs_version: 0,
    };
    if !store.found_district(&district, calendar::FOUNDED).await? {
        return Err(HistoryFault::Taken(district.name));
    }
    // The root stands since the founding.
    let orgs: Vec<_> = cast.orgs.iter().skip(1).map(|coded| coded.org.clone()).collect();
    store.put_orgs(district.id, &orgs).await?;
    open_accounts(store, &district, cast).await?;
    let founded = store.find_district(district.id).await?;
    founded.ok_or(HistoryFault::Missing("district that was founded"))
}

async fn open_accounts(store: &dyn Store, district: &District, cast: &Cast) -> Result<(), HistoryFault> {
    // One hash for all: each costs 19 MiB and tens of milliseconds, and all the passwords are the same public one.
    let hash = password::hash(DEMO_PASSWORD.to_owned()).await;
    let hash = hash.map_err(|error| HistoryFault::Password(error.to_string()))?;
    for account in &cast.accounts {
        let new = new_account(account, &hash).ok_or(HistoryFault::Missing("post of an account"))?;
        if !store.create_account(district.id, &new).await? {
            return Err(HistoryFault::Taken(account.login.clone()));
        }
        if writes(account) {
            let device = console_of(account.id);
            store.ensure_console_device(district.id, account.id, device, calendar::FOUNDED).await?;
        }
    }
    Ok(())
}

/// Staff log in by name; a branch's people enrol a phone instead and have no login.
fn new_account(account: &Account, hash: &str) -> Option<NewAccount> {
    let is_staff = account.member.is_none();
    Some(NewAccount {
        id: account.id,
        login: is_staff.then(|| account.login.clone()),
        password_hash: is_staff.then(|| hash.to_owned()),
        name: account.name.clone(),
        member: account.member,
        org: account.posts.first()?.org,
        posts: account.posts.clone(),
        created_at: calendar::FOUNDED,
    })
}

/// Whether the history has something from this hand. Reviewers have not looked at anything yet.
fn writes(account: &Account) -> bool {
    account.posts.iter().any(|post| post.role != Role::DistrictReviewer)
}

/// The administrator adopts the example rule book.
pub(super) async fn adopt_rule_book(pen: &Pen, cast: &Cast) -> Result<(), HistoryFault> {
    let book = RuleBook::from_toml(EXAMPLE_TOML).map_err(|faults| {
        let first = faults.into_iter().next();
        HistoryFault::RuleBook(first.map_or_else(String::new, |fault| fault.reason))
    })?;
    let bytes = minicbor::to_vec(&book).map_err(|error| HistoryFault::RuleBook(error.to_string()))?;
    let is_admin = |account: &&Account| account.posts.iter().any(|post| post.role == Role::DistrictAdmin);
    let admin = cast.accounts.iter().find(is_admin).ok_or(HistoryFault::Missing("administrator"))?;
    let mut record = Record::new(RecordRef::rule_book(OrgId::from(cast.district.id)));
    let adopt = Command::AdoptRuleBook { version: book.id, book: bytes };
    pen.write(&mut record, &author(admin), calendar::FOUNDED, &[adopt]).await
}

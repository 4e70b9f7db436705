//! Accounts and posts in memory.

use async_trait::async_trait;
use zhibu_domain::ids::{AccountId, DistrictId, OrgId};
use zhibu_domain::org::Post;
use zhibu_domain::time::Millis;

use super::MemoryStore;
use super::tables::{AccountRow, Tables};
use crate::store::{Account, AccountStore, Login, NewAccount, SessionHash, StoreError};

#[async_trait]
impl AccountStore for MemoryStore {
    async fn create_account(&self, district: DistrictId, account: &NewAccount) -> Result<bool, StoreError> {
        self.write(district, |tables| {
            let has_login = |row: &AccountRow| account.login.is_some() && row.account.login == account.login;
            if tables.accounts.contains_key(&account.id) || tables.accounts.values().any(has_login) {
                return false;
            }
            let NewAccount { id, login, password_hash, name, member, org, posts, created_at } =
                account.clone();
            let posts = sorted(&posts);
            let (profile_version, disabled_at, factor_since) = (1, None, None);
            let account = Account {
                id,
                login,
                name,
                member,
                org,
                posts,
                profile_version,
                created_at,
                disabled_at,
                factor_since,
            };
            tables
                .accounts
                .insert(id, AccountRow { account, password_hash, factor_secret: None, factor_step: 0 });
            true
        })
    }

    async fn find_account(&self, district: DistrictId, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.read(district, |tables| tables.accounts.get(&id).map(|row| row.account.clone()))
    }

    async fn find_login(&self, district: DistrictId, login: &str) -> Result<Option<Login>, StoreError> {
        self.read(district, |tables| {
            let row = tables.accounts.values().find(|row| row.account.login.as_deref() == Some(login))?;
            Some(Login { account: row.account.clone(), password_hash: row.password_hash.clone() })
        })
    }

    async fn list_accounts(
        &self,
        district: DistrictId,
        org: Option<OrgId>,
    ) -> Result<Vec<Account>, StoreError> {
        self.read(district, |tables| {
            let accounts = tables.accounts.values().map(|row| &row.account);
            accounts.filter(|account| org.is_none_or(|org| account.org == org)).cloned().collect()
        })
    }

    async fn set_posts(
        &self,
        district: DistrictId,
        id: AccountId,
        posts: &[Post],
    ) -> Result<bool, StoreError> {
        self.change(district, |tables| {
            let Some(AccountRow { account, .. }) = tables.accounts.get_mut(&id) else { return false };
            account.profile_version += 1;
            account.posts = sorted(posts);
            true
        })
    }

    async fn set_password(
        &self,
        district: DistrictId,
        id: AccountId,
        hash: &str,
        kept: Option<&SessionHash>,
    ) -> Result<bool, StoreError> {
        self.change(district, |tables| {
            let Some(row) = tables.accounts.get_mut(&id) else { return false };
            row.password_hash = Some(hash.to_owned());
            tables.end_sessions_of(id, kept);
            true
        })
    }

    async fn set_disabled(
        &self,
        district: DistrictId,
        id: AccountId,
        at: Option<Millis>,
    ) -> Result<bool, StoreError> {
        self.change(district, |tables| {
            let Some(AccountRow { account, .. }) = tables.accounts.get_mut(&id) else { return false };
            account.disabled_at = at;
            account.profile_version += 1;
            tables.end_sessions_of(id, None);
            true
        })
    }
}

fn sorted(posts: &[Post]) -> Vec<Post> {
    let mut posts = posts.to_vec();
    posts.sort_unstable();
    posts.dedup();
    posts
}

impl Tables {
    /// Ends an account's sessions, but for the one that is kept.
    pub(super) fn end_sessions_of(&mut self, account: AccountId, kept: Option<&SessionHash>) {
        self.sessions.retain(|hash, session| session.account != account || Some(hash) == kept);
    }
}

//! Accounts and what they may do.

use async_trait::async_trait;
use zhibu_domain::ids::{AccountId, DistrictId, MemberId, OrgId};
use zhibu_domain::org::Post;
use zhibu_domain::time::Millis;

use super::{SessionHash, StoreError};

/// An account to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// Its id.
    pub id: AccountId,
    /// For staff who log in at a console.
    pub login: Option<String>,
    /// An argon2 PHC string, see [`crate::auth::password`].
    pub password_hash: Option<String>,
    /// The name as shown.
    pub name: String,
    /// The member behind it, if any.
    pub member: Option<MemberId>,
    /// Where it is opened.
    pub org: OrgId,
    /// What it may do.
    pub posts: Vec<Post>,
    /// When.
    pub created_at: Millis,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// For staff who log in at a console.
    pub login: Option<String>,
    /// The name as shown.
    pub name: String,
    /// The member behind it, if any.
    pub member: Option<MemberId>,
    /// Where it was opened.
    pub org: OrgId,
    /// What it may do, in order of role and org.
    pub posts: Vec<Post>,
    /// Grows with each change of the account or its posts.
    pub profile_version: u64,
    /// When it was opened.
    pub created_at: Millis,
    /// When it was closed, if it is.
    pub disabled_at: Option<Millis>,
    /// Since when it has a second factor, if it has one.
    pub factor_since: Option<Millis>,
}

/// An account and what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The account.
    pub account: Account,
    /// An argon2 PHC string; without one nobody logs in.
    pub password_hash: Option<String>,
}

/// Accounts. Part of the contract of [`Store`](super::Store).
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Opens an account with its posts. `false` if its id or login is taken; then nothing changes.
    async fn create_account(&self, district: DistrictId, account: &NewAccount) -> Result<bool, StoreError>;

    /// One account.
    async fn find_account(&self, district: DistrictId, id: AccountId) -> Result<Option<Account>, StoreError>;

    /// The account of a login, with its password hash. Logins are compared byte by byte.
    async fn find_login(&self, district: DistrictId, login: &str) -> Result<Option<Login>, StoreError>;

    /// The accounts opened at an org, or all, in id order.
    async fn list_accounts(
        &self,
        district: DistrictId,
        org: Option<OrgId>,
    ) -> Result<Vec<Account>, StoreError>;

    /// Replaces an account's posts and raises its profile version. `false` if there is no such account.
    async fn set_posts(
        &self,
        district: DistrictId,
        id: AccountId,
        posts: &[Post],
    ) -> Result<bool, StoreError>;

    /// Replaces the password hash and ends the account's sessions, but for the one that is kept. `false` if there
    /// is no such account.
    async fn set_password(
        &self,
        district: DistrictId,
        id: AccountId,
        hash: &str,
        kept: Option<&SessionHash>,
    ) -> Result<bool, StoreError>;

    /// Closes an account (`Some`) or opens it again (`None`); its sessions end. `false` if there is no such
    /// account.
    async fn set_disabled(
        &self,
        district: DistrictId,
        id: AccountId,
        at: Option<Millis>,
    ) -> Result<bool, StoreError>;
}

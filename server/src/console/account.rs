//! Accounts: opened, given posts and passwords, closed.
//!
//! A district administrator disposes of every account; township staff of those that hold nothing but posts at
//! branches of their township. Nobody changes his own posts or closes his own account, so that a district cannot
//! lock itself out and nobody raises himself.

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use zhibu_domain::ids::{AccountId, MemberId, OrgId};
use zhibu_domain::org::{Post, Role};
use zhibu_domain::time::Millis;

use super::paging::{Page, page_after, rows};
use super::{StaffCaller, schema};
use crate::auth::password::{self, MAX_PASSWORD_BYTES};
use crate::error::ApiError;
use crate::store::{Account, AuditAct, NewAccount};

/// Most characters of a name.
const MAX_NAME_CHARS: usize = 40;
/// Least characters of a password.
const MIN_PASSWORD_CHARS: usize = 10;
/// Most posts of one account.
const MAX_POSTS: usize = 16;
/// The roles that exist at a branch or below, which township staff may give.
const BRANCH_ROLES: &[Role] =
    &[Role::BranchSecretary, Role::BranchRecorder, Role::GroupLeader, Role::Member, Role::Observer];

/// Which accounts.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AccountQuery {
    /// Only those opened at this org or below.
    #[param(value_type = Option<String>, format = "uuid")]
    pub org: Option<OrgId>,
    /// Only with this in the name or the login, at most 40 characters.
    pub text: Option<String>,
    /// The `next` of the page before.
    #[param(value_type = Option<String>, format = "uuid")]
    pub after: Option<AccountId>,
    /// Rows of the page, at most 500.
    pub limit: Option<u32>,
}

/// A role at an org.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Post)]
#[serde(deny_unknown_fields)]
pub struct PostRow {
    /// What may be done.
    #[schema(schema_with = schema::role)]
    pub role: Role,
    /// Where, and below.
    #[schema(value_type = String, format = "uuid")]
    pub org: OrgId,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountRow {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub id: AccountId,
    /// For staff who log in at a console.
    pub login: Option<String>,
    /// The name as shown.
    pub name: String,
    /// The member behind it, if any.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub member: Option<MemberId>,
    /// Where it was opened.
    #[schema(value_type = String, format = "uuid")]
    pub org: OrgId,
    /// What it may do.
    pub posts: Vec<PostRow>,
    /// When it was opened, in milliseconds since 1970.
    #[schema(value_type = i64)]
    pub created_at: Millis,
    /// When it was closed, if it is.
    #[schema(value_type = Option<i64>)]
    pub disabled_at: Option<Millis>,
    /// Since when it has a second factor, if it has one.
    #[schema(value_type = Option<i64>)]
    pub factor_since: Option<Millis>,
}

/// An account to open.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenAccountRequest {
    /// For somebody who works at a console: 3 to 32 letters, digits, `.`, `_` or `-`. Needs a password.
    pub login: Option<String>,
    /// At least 10 characters.
    #[schema(format = "password")]
    pub password: Option<String>,
    /// The name as shown, at most 40 characters.
    pub name: String,
    /// The member behind it, if any.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub member: Option<MemberId>,
    /// Where it is opened.
    #[schema(value_type = String, format = "uuid")]
    pub org: OrgId,
    /// What it may do.
    pub posts: Vec<PostRow>,
}

/// The posts that an account shall have.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostsRequest {
    /// All of them.
    pub posts: Vec<PostRow>,
}

/// A new password.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordRequest {
    /// At least 10 characters.
    #[schema(format = "password")]
    pub password: String,
}

/// Whether an account shall be closed.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisableRequest {
    /// `true` closes it, `false` opens it again.
    pub disabled: bool,
}

impl From<Account> for AccountRow {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            login: account.login,
            name: account.name,
            member: account.member,
            org: account.org,
            posts: account.posts.iter().map(|post| PostRow { role: post.role, org: post.org }).collect(),
            created_at: account.created_at,
            disabled_at: account.disabled_at,
            factor_since: account.factor_since,
        }
    }
}

impl StaffCaller {
    /// Accounts opened at orgs of which the caller disposes, in the district's order of orgs.
    pub async fn list_accounts(&self, query: &AccountQuery) -> Result<Page<AccountRow>, ApiError> {
        let text = sought_text(query.text.as_deref())?;
        let mut found = self.kept_accounts(query.org).await?;
        found.retain(|account| {
            account.name.contains(text) || account.login.as_deref().is_some_and(|login| login.contains(text))
        });
        let limit = rows(query.limit);
        let rest = page_after(found, query.after, |account| account.id).take(limit as usize + 1);
        Ok(Page::cut(rest.map(AccountRow::from).collect(), limit, |row| row.id.to_string()))
    }

    /// Accounts opened at orgs of which the caller disposes, at one org and below or all: in the district's order of
    /// orgs, staff with a login first, then as they were opened.
    pub(super) async fn kept_accounts(&self, top: Option<OrgId>) -> Result<Vec<Account>, ApiError> {
        if !self.account().posts.iter().any(|post| is_keeper(post.role)) {
            return Err(ApiError::Forbidden);
        }
        if let Some(top) = top {
            self.readable_org(top)?;
        }
        let mut found = self.store().list_accounts(self.district(), None).await?;
        found.retain(|account| {
            self.keeps(account.org) && top.is_none_or(|top| self.tree.is_within(account.org, top))
        });
        found.sort_by_key(|account| {
            (self.tree.place(account.org), account.login.is_none(), account.created_at, account.id)
        });
        Ok(found)
    }

    /// Opens an account.
    pub async fn open_account(&self, request: OpenAccountRequest) -> Result<AccountRow, ApiError> {
        self.readable_org(request.org)?;
        let posts = self.grantable(&request.posts)?;
        if !self.keeps(request.org) {
            return Err(ApiError::Forbidden);
        }
        check_name(&request.name)?;
        let password_hash = match (&request.login, request.password) {
            (Some(login), Some(password)) => {
                check_login(login)?;
                Some(hash(password).await?)
            }
            (None, None) => None,
            _ => return Err(ApiError::RuleBroken("登录名和密码要么都填，要么都不填。".into())),
        };
        let id = AccountId(self.app.entropy.uuid(self.now()));
        let account = NewAccount {
            id,
            login: request.login,
            password_hash,
            name: request.name,
            member: request.member,
            org: request.org,
            posts,
            created_at: self.now(),
        };
        if !self.store().create_account(self.district(), &account).await? {
            return Err(ApiError::Conflict("这个登录名已有人用，请换一个。".into()));
        }
        let detail = json!({ "org": account.org, "posts": account.posts });
        self.note(AuditAct::AccountOpened, id, detail).await?;
        self.account_row(id).await
    }

    /// Replaces an account's posts.
    pub async fn set_posts(&self, id: AccountId, request: &PostsRequest) -> Result<AccountRow, ApiError> {
        let account = self.kept_account(id).await?;
        self.refuse_self(id)?;
        let posts = self.grantable(&request.posts)?;
        self.store().set_posts(self.district(), id, &posts).await?;
        let detail = json!({ "before": account.posts, "after": posts });
        self.note(AuditAct::PostsChanged, id, detail).await?;
        self.account_row(id).await
    }

    /// Gives an account with a login a new password.
    pub async fn set_password(
        &self,
        id: AccountId,
        request: PasswordRequest,
    ) -> Result<AccountRow, ApiError> {
        let account = self.kept_account(id).await?;
        if account.login.is_none() {
            return Err(ApiError::RuleBroken("这个账号没有登录名，用邀请码登记设备即可。".into()));
        }
        let hash = hash(request.password).await?;
        // Who changes his own password stays where he is; every other session of the account ends.
        let kept = self.session.as_ref().map(|session| &session.hash);
        self.store().set_password(self.district(), id, &hash, kept).await?;
        self.note(AuditAct::PasswordChanged, id, json!({})).await?;
        self.account_row(id).await
    }

    /// Closes an account, or opens it again. Its devices stop with it at once.
    pub async fn set_disabled(
        &self,
        id: AccountId,
        request: &DisableRequest,
    ) -> Result<AccountRow, ApiError> {
        self.kept_account(id).await?;
        self.refuse_self(id)?;
        let at = request.disabled.then(|| self.now());
        self.store().set_disabled(self.district(), id, at).await?;
        self.note(AuditAct::AccountClosed, id, json!({ "disabled": request.disabled })).await?;
        self.account_row(id).await
    }

    /// An account of which the caller disposes.
    pub(super) async fn kept_account(&self, id: AccountId) -> Result<Account, ApiError> {
        let account = self.store().find_account(self.district(), id).await?;
        let account = account.filter(|account| self.may_read(account.org)).ok_or(ApiError::NotFound)?;
        let posts = &account.posts;
        let is_kept = self.keeps(account.org) && posts.iter().all(|post| self.may_grant(*post));
        if is_kept { Ok(account) } else { Err(ApiError::Forbidden) }
    }

    pub(super) async fn account_row(&self, id: AccountId) -> Result<AccountRow, ApiError> {
        let account = self.store().find_account(self.district(), id).await?;
        account.map(AccountRow::from).ok_or(ApiError::NotFound)
    }

    pub(super) fn refuse_self(&self, id: AccountId) -> Result<(), ApiError> {
        if id != self.account().id {
            return Ok(());
        }
        Err(ApiError::RuleBroken("不能更改自己的职务或停用自己的账号，请由另一位管理员办理。".into()))
    }

    /// Whether the caller disposes of accounts at an org.
    fn keeps(&self, org: OrgId) -> bool {
        self.is_district_admin() || self.holds_above(&[Role::TownshipOfficer], org)
    }

    /// Whether the caller may give a post, and take it away.
    fn may_grant(&self, post: Post) -> bool {
        let is_of_branch = BRANCH_ROLES.contains(&post.role) && self.is_below_township(post.org);
        self.is_district_admin() || (is_of_branch && self.holds_above(&[Role::TownshipOfficer], post.org))
    }

    /// Whether an org is a branch, part of one, or a general branch: a post at the township itself reaches as far
    /// as the township's own and is not theirs to give.
    fn is_below_township(&self, org: OrgId) -> bool {
        use zhibu_domain::org::OrgType::GeneralBranch;
        let is_general = self.tree.get(org).is_some_and(|org| org.org_type == GeneralBranch);
        is_general || self.tree.branch_of(org).is_some()
    }

    /// These posts, if the caller may give each of them and each is at an org that exists.
    fn grantable(&self, asked: &[PostRow]) -> Result<Vec<Post>, ApiError> {
        if asked.len() > MAX_POSTS {
            return Err(ApiError::TooLarge("posts".into()));
        }
        let mut posts = Vec::with_capacity(asked.len());
        for PostRow { role, org } in asked {
            self.readable_org(*org)?;
            let post = Post { role: *role, org: *org };
            if !self.may_grant(post) {
                return Err(ApiError::Forbidden);
            }
            if !posts.contains(&post) {
                posts.push(post);
            }
        }
        Ok(posts)
    }
}

/// What to look for; the empty text is found everywhere.
pub(super) fn sought_text(text: Option<&str>) -> Result<&str, ApiError> {
    let text = text.unwrap_or_default().trim();
    if text.chars().count() > MAX_NAME_CHARS {
        return Err(ApiError::RuleBroken("要找的字太多，最多 40 个字。".into()));
    }
    Ok(text)
}

fn is_keeper(role: Role) -> bool {
    matches!(role, Role::DistrictAdmin | Role::TownshipOfficer)
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let is_fine = !name.trim().is_empty()
        && name.chars().count() <= MAX_NAME_CHARS
        && !name.chars().any(char::is_control);
    if is_fine { Ok(()) } else { Err(ApiError::RuleBroken("姓名要有 1 到 40 个字。".into())) }
}

fn check_login(login: &str) -> Result<(), ApiError> {
    let is_fine = (3..=32).contains(&login.len())
        && login.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if is_fine {
        return Ok(());
    }
    Err(ApiError::RuleBroken("登录名要有 3 到 32 个字符，只能用字母、数字、点、横线和下划线。".into()))
}

async fn hash(password: String) -> Result<String, ApiError> {
    if password.chars().count() < MIN_PASSWORD_CHARS || password.len() > MAX_PASSWORD_BYTES {
        return Err(ApiError::RuleBroken("密码至少要有 10 个字符，也不能太长。".into()));
    }
    password::hash(password).await
}

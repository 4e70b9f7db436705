//! Accounts and posts in SQLite.

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{Sqlite, Transaction};
use zhibu_domain::ids::{AccountId, DistrictId, OrgId};
use zhibu_domain::org::Post;
use zhibu_domain::time::Millis;

use super::row::Columns;
use super::session::end_sessions_of;
use super::{SqliteStore, from_sqlx, is_taken};
use crate::store::checksum::{broken, said_of};
use crate::store::{Account, AccountStore, Login, NewAccount, SessionHash, StoreError};

#[async_trait]
impl AccountStore for SqliteStore {
    async fn create_account(&self, district: DistrictId, account: &NewAccount) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let created = sqlx::query(
            "INSERT INTO accounts (district_id, account, login, password_hash, name, member, org, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&district.bytes()[..])
        .bind(&account.id.bytes()[..])
        .bind(account.login.as_deref())
        .bind(account.password_hash.as_deref())
        .bind(&account.name)
        .bind(account.member.as_ref().map(|member| &member.bytes()[..]))
        .bind(&account.org.bytes()[..])
        .bind(account.created_at.0)
        .execute(&mut *tx)
        .await;
        match created {
            Err(error) if is_taken(&error) => return Ok(false),
            created => created.map_err(from_sqlx)?,
        };
        write_posts(&mut tx, district, account.id, &account.posts).await?;
        tx.commit().await.map_err(from_sqlx)?;
        Ok(true)
    }

    async fn find_account(&self, district: DistrictId, id: AccountId) -> Result<Option<Account>, StoreError> {
        let row = sqlx::query(
            "SELECT a.*, a.checksum IS NOT DISTINCT FROM a.said AS is_whole,
                    (SELECT json_group_array(json_array(p.role, lower(hex(p.org)))) FROM posts p
                     WHERE p.district_id = a.district_id AND p.account = a.account) AS posts
             FROM accounts a WHERE a.district_id = ? AND a.account = ?",
        )
        .bind(&district.bytes()[..])
        .bind(&id.bytes()[..])
        .fetch_optional(&self.readers)
        .await
        .map_err(from_sqlx)?;
        row.as_ref().map(read_account).transpose()
    }

    async fn find_login(&self, district: DistrictId, login: &str) -> Result<Option<Login>, StoreError> {
        let row = sqlx::query(
            "SELECT a.*, a.checksum IS NOT DISTINCT FROM a.said AS is_whole,
                    (SELECT json_group_array(json_array(p.role, lower(hex(p.org)))) FROM posts p
                     WHERE p.district_id = a.district_id AND p.account = a.account) AS posts
             FROM accounts a WHERE a.district_id = ? AND a.login = ?",
        )
        .bind(&district.bytes()[..])
        .bind(login)
        .fetch_optional(&self.readers)
        .await
        .map_err(from_sqlx)?;
        let Some(row) = row else { return Ok(None) };
        let password_hash = Columns::of("accounts", &row).get("password_hash")?;
        Ok(Some(Login { account: read_account(&row)?, password_hash }))
    }

    async fn list_accounts(
        &self,
        district: DistrictId,
        org: Option<OrgId>,
    ) -> Result<Vec<Account>, StoreError> {
        let rows = sqlx::query(
            "SELECT a.*, a.checksum IS NOT DISTINCT FROM a.said AS is_whole,
                    (SELECT json_group_array(json_array(p.role, lower(hex(p.org)))) FROM posts p
                     WHERE p.district_id = a.district_id AND p.account = a.account) AS posts
             FROM accounts a WHERE a.district_id = ?1 AND (?2 IS NULL OR a.org = ?2) ORDER BY a.account",
        )
        .bind(&district.bytes()[..])
        .bind(org.as_ref().map(|org| &org.bytes()[..]))
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        rows.iter().map(read_account).collect()
    }

    async fn set_posts(
        &self,
        district: DistrictId,
        id: AccountId,
        posts: &[Post],
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let raised = sqlx::query(
            "UPDATE accounts SET profile_version = profile_version + 1 WHERE district_id = ? AND account = ?",
        )
        .bind(&district.bytes()[..])
        .bind(&id.bytes()[..])
        .execute(&mut *tx)
        .await
        .map_err(from_sqlx)?;
        if raised.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("DELETE FROM posts WHERE district_id = ? AND account = ?")
            .bind(&district.bytes()[..])
            .bind(&id.bytes()[..])
            .execute(&mut *tx)
            .await
            .map_err(from_sqlx)?;
        write_posts(&mut tx, district, id, posts).await?;
        tx.commit().await.map_err(from_sqlx)?;
        Ok(true)
    }

    async fn set_password(
        &self,
        district: DistrictId,
        id: AccountId,
        hash: &str,
        kept: Option<&SessionHash>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let set = sqlx::query("UPDATE accounts SET password_hash = ? WHERE district_id = ? AND account = ?")
            .bind(hash)
            .bind(&district.bytes()[..])
            .bind(&id.bytes()[..])
            .execute(&mut *tx)
            .await
            .map_err(from_sqlx)?;
        end_sessions_of(&mut tx, district, &id.bytes()[..], kept).await?;
        tx.commit().await.map_err(from_sqlx)?;
        Ok(set.rows_affected() == 1)
    }

    async fn set_disabled(
        &self,
        district: DistrictId,
        id: AccountId,
        at: Option<Millis>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let set = sqlx::query(
            "UPDATE accounts SET disabled_at = ?, profile_version = profile_version + 1
             WHERE district_id = ? AND account = ?",
        )
        .bind(at.map(|at| at.0))
        .bind(&district.bytes()[..])
        .bind(&id.bytes()[..])
        .execute(&mut *tx)
        .await
        .map_err(from_sqlx)?;
        end_sessions_of(&mut tx, district, &id.bytes()[..], None).await?;
        tx.commit().await.map_err(from_sqlx)?;
        Ok(set.rows_affected() == 1)
    }
}

async fn write_posts(
    tx: &mut Transaction<'static, Sqlite>,
    district: DistrictId,
    account: AccountId,
    posts: &[Post],
) -> Result<(), StoreError> {
    for post in posts {
        sqlx::query(
            "INSERT INTO posts (district_id, account, role, org) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(&district.bytes()[..])
        .bind(&account.bytes()[..])
        .bind(post.role.as_str())
        .bind(&post.org.bytes()[..])
        .execute(&mut **tx)
        .await
        .map_err(from_sqlx)?;
    }
    sqlx::query("UPDATE accounts SET posts_said = ? WHERE district_id = ? AND account = ?")
        .bind(said_of(posts))
        .bind(&district.bytes()[..])
        .bind(&account.bytes()[..])
        .execute(&mut **tx)
        .await
        .map_err(from_sqlx)?;
    Ok(())
}

/// A row of `accounts` with its `posts` as a JSON array of pairs.
pub(super) fn read_account(row: &SqliteRow) -> Result<Account, StoreError> {
    let columns = Columns::whole("accounts", row, "account")?;
    Ok(Account {
        id: columns.id("account")?,
        login: columns.get("login")?,
        name: columns.get("name")?,
        member: columns.id_opt("member")?,
        org: columns.id("org")?,
        posts: read_posts(&columns)?,
        profile_version: columns.int("profile_version")?,
        created_at: columns.millis("created_at")?,
        disabled_at: columns.millis_opt("disabled_at")?,
        factor_since: columns.millis_opt("factor_since")?,
    })
}

fn read_posts(columns: &Columns<'_>) -> Result<Vec<Post>, StoreError> {
    let pairs: Vec<(String, String)> =
        serde_json::from_str(columns.get("posts")?).map_err(|e| columns.corrupt(e))?;
    let read = |(role, org): (String, String)| {
        Ok(Post {
            role: role.parse().map_err(|e: zhibu_domain::words::UnknownWord| columns.corrupt(e))?,
            org: org.parse().map_err(|e: zhibu_domain::ids::InvalidId| columns.corrupt(e))?,
        })
    };
    let mut posts = pairs.into_iter().map(read).collect::<Result<Vec<_>, StoreError>>()?;
    posts.sort_unstable();
    // Rows of their own can be missing.
    if said_of(&posts) != columns.get::<&str>("posts_said")? {
        return Err(broken("posts", columns.id::<AccountId>("account")?));
    }
    Ok(posts)
}

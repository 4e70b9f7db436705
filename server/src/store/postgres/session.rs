//! Sessions and second factors in Postgres.

use async_trait::async_trait;
use sqlx::postgres::{PgConnection, PgRow};
use zhibu_domain::ids::{AccountId, DistrictId};
use zhibu_domain::time::Millis;

use super::row::{Columns, sql_int};
use super::{PostgresStore, from_sqlx};
use crate::store::{FACTOR_BYTES, Factor, FactorPolicy, Session, SessionHash, SessionStore, StoreError};

#[async_trait]
impl SessionStore for PostgresStore {
    async fn open_session(&self, district: DistrictId, session: &Session) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO sessions
                 (district_id, secret_hash, account, device, stage, pending_factor, opened_at, used_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(district.0)
        .bind(&session.hash[..])
        .bind(session.account.0)
        .bind(session.device.0)
        .bind(session.stage.as_str())
        .bind(session.pending_factor.as_ref().map(|secret| &secret[..]))
        .bind(session.opened_at.0)
        .bind(session.used_at.0)
        .execute(&self.writer)
        .await
        .map_err(from_sqlx)?;
        Ok(())
    }

    async fn find_session(
        &self,
        district: DistrictId,
        hash: &SessionHash,
    ) -> Result<Option<Session>, StoreError> {
        let row = sqlx::query(
            "SELECT s.*, s.checksum IS NOT DISTINCT FROM s.said AS is_whole FROM sessions s
             WHERE s.district_id = $1 AND s.secret_hash = $2",
        )
        .bind(district.0)
        .bind(&hash[..])
        .fetch_optional(&self.readers)
        .await
        .map_err(from_sqlx)?;
        row.as_ref().map(read_session).transpose()
    }

    async fn touch_session(
        &self,
        district: DistrictId,
        hash: &SessionHash,
        at: Millis,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE sessions SET used_at = greatest(used_at, $1) WHERE district_id = $2 AND secret_hash = $3",
        )
        .bind(at.0)
        .bind(district.0)
        .bind(&hash[..])
        .execute(&self.writer)
        .await
        .map_err(from_sqlx)?;
        Ok(())
    }

    async fn end_session(&self, district: DistrictId, hash: &SessionHash) -> Result<bool, StoreError> {
        let ended = sqlx::query("DELETE FROM sessions WHERE district_id = $1 AND secret_hash = $2")
            .bind(district.0)
            .bind(&hash[..])
            .execute(&self.writer)
            .await
            .map_err(from_sqlx)?;
        Ok(ended.rows_affected() == 1)
    }

    async fn sweep_sessions(
        &self,
        district: DistrictId,
        used_before: Millis,
        opened_before: Millis,
    ) -> Result<u64, StoreError> {
        let swept =
            sqlx::query("DELETE FROM sessions WHERE district_id = $1 AND (used_at < $2 OR opened_at < $3)")
                .bind(district.0)
                .bind(used_before.0)
                .bind(opened_before.0)
                .execute(&self.writer)
                .await
                .map_err(from_sqlx)?;
        Ok(swept.rows_affected())
    }

    async fn pend_factor(
        &self,
        district: DistrictId,
        hash: &SessionHash,
        secret: &[u8; FACTOR_BYTES],
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE sessions SET pending_factor = $1 WHERE district_id = $2 AND secret_hash = $3")
            .bind(&secret[..])
            .bind(district.0)
            .bind(&hash[..])
            .execute(&self.writer)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    async fn confirm_factor(
        &self,
        district: DistrictId,
        hash: &SessionHash,
        step: u64,
        at: Millis,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let row = sqlx::query(
            "SELECT account, pending_factor FROM sessions
             WHERE district_id = $1 AND secret_hash = $2 AND pending_factor IS NOT NULL FOR UPDATE",
        )
        .bind(district.0)
        .bind(&hash[..])
        .fetch_optional(&mut *tx)
        .await
        .map_err(from_sqlx)?;
        let Some(row) = row else { return Ok(false) };
        let columns = Columns::of("sessions", &row);
        let account: AccountId = columns.id("account")?;
        sqlx::query(
            "UPDATE accounts SET factor_secret = $1, factor_since = $2, factor_step = $3
             WHERE district_id = $4 AND account = $5",
        )
        .bind(columns.get::<&[u8]>("pending_factor")?)
        .bind(at.0)
        .bind(sql_int(step))
        .bind(district.0)
        .bind(account.0)
        .execute(&mut *tx)
        .await
        .map_err(from_sqlx)?;
        sqlx::query(
            "UPDATE sessions SET pending_factor = NULL, stage = 'open'
             WHERE district_id = $1 AND secret_hash = $2",
        )
        .bind(district.0)
        .bind(&hash[..])
        .execute(&mut *tx)
        .await
        .map_err(from_sqlx)?;
        end_sessions_of(&mut tx, district, account, Some(hash)).await?;
        tx.commit().await.map_err(from_sqlx)?;
        Ok(true)
    }

    async fn find_factor(
        &self,
        district: DistrictId,
        account: AccountId,
    ) -> Result<Option<Factor>, StoreError> {
        let row = sqlx::query(
            "SELECT a.account, a.factor_secret, a.factor_step, a.checksum IS NOT DISTINCT FROM a.said AS is_whole
             FROM accounts a
             WHERE a.district_id = $1 AND a.account = $2 AND a.factor_secret IS NOT NULL",
        )
        .bind(district.0)
        .bind(account.0)
        .fetch_optional(&self.readers)
        .await
        .map_err(from_sqlx)?;
        row.as_ref().map(read_factor).transpose()
    }

    async fn advance_factor(
        &self,
        district: DistrictId,
        account: AccountId,
        step: u64,
    ) -> Result<bool, StoreError> {
        let advanced = sqlx::query(
            "UPDATE accounts SET factor_step = $1
             WHERE district_id = $2 AND account = $3 AND factor_step < $1",
        )
        .bind(sql_int(step))
        .bind(district.0)
        .bind(account.0)
        .execute(&self.writer)
        .await
        .map_err(from_sqlx)?;
        Ok(advanced.rows_affected() == 1)
    }

    async fn clear_factor(&self, district: DistrictId, account: AccountId) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        // The step stays: a code that was used with the old key was used.
        let cleared = sqlx::query(
            "UPDATE accounts SET factor_secret = NULL, factor_since = NULL
             WHERE district_id = $1 AND account = $2 AND factor_secret IS NOT NULL",
        )
        .bind(district.0)
        .bind(account.0)
        .execute(&mut *tx)
        .await
        .map_err(from_sqlx)?;
        end_sessions_of(&mut tx, district, account, None).await?;
        tx.commit().await.map_err(from_sqlx)?;
        Ok(cleared.rows_affected() == 1)
    }

    async fn set_factor_policy(&self, district: DistrictId, policy: FactorPolicy) -> Result<(), StoreError> {
        sqlx::query("UPDATE districts SET factor_policy = $1 WHERE district_id = $2")
            .bind(policy.as_str())
            .bind(district.0)
            .execute(&self.writer)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }
}

/// Ends an account's sessions, but for the one that is kept.
pub(super) async fn end_sessions_of(
    connection: &mut PgConnection,
    district: DistrictId,
    account: AccountId,
    kept: Option<&SessionHash>,
) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM sessions WHERE district_id = $1 AND account = $2 AND secret_hash IS DISTINCT FROM $3",
    )
    .bind(district.0)
    .bind(account.0)
    .bind(kept.map(|hash| &hash[..]))
    .execute(connection)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

fn read_session(row: &PgRow) -> Result<Session, StoreError> {
    let columns = Columns::whole("sessions", row, "account")?;
    let pending: Option<&[u8]> = columns.get("pending_factor")?;
    let pending_factor = pending.map(|_| columns.array("pending_factor")).transpose()?;
    Ok(Session {
        hash: columns.array("secret_hash")?,
        account: columns.id("account")?,
        device: columns.id("device")?,
        stage: columns.word("stage")?,
        pending_factor,
        opened_at: columns.millis("opened_at")?,
        used_at: columns.millis("used_at")?,
    })
}

fn read_factor(row: &PgRow) -> Result<Factor, StoreError> {
    let columns = Columns::whole("accounts", row, "account")?;
    Ok(Factor { secret: columns.array("factor_secret")?, last_step: columns.int("factor_step")? })
}

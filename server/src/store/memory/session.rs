//! Sessions and second factors in memory.

use async_trait::async_trait;
use zhibu_domain::ids::{AccountId, DistrictId};
use zhibu_domain::time::Millis;

use super::MemoryStore;
use crate::store::{
    FACTOR_BYTES, Factor, FactorPolicy, Session, SessionHash, SessionStage, SessionStore, StoreError,
};

#[async_trait]
impl SessionStore for MemoryStore {
    async fn open_session(&self, district: DistrictId, session: &Session) -> Result<(), StoreError> {
        self.write(district, |tables| tables.sessions.insert(session.hash, session.clone())).map(drop)
    }

    async fn find_session(
        &self,
        district: DistrictId,
        hash: &SessionHash,
    ) -> Result<Option<Session>, StoreError> {
        self.read(district, |tables| tables.sessions.get(hash).cloned())
    }

    async fn touch_session(
        &self,
        district: DistrictId,
        hash: &SessionHash,
        at: Millis,
    ) -> Result<(), StoreError> {
        self.change(district, |tables| {
            if let Some(session) = tables.sessions.get_mut(hash) {
                session.used_at = session.used_at.max(at);
            }
        })
    }

    async fn end_session(&self, district: DistrictId, hash: &SessionHash) -> Result<bool, StoreError> {
        self.change(district, |tables| tables.sessions.remove(hash).is_some())
    }

    async fn sweep_sessions(
        &self,
        district: DistrictId,
        used_before: Millis,
        opened_before: Millis,
    ) -> Result<u64, StoreError> {
        self.change(district, |tables| {
            let before = tables.sessions.len();
            let stays =
                |session: &Session| session.used_at >= used_before && session.opened_at >= opened_before;
            tables.sessions.retain(|_, session| stays(session));
            (before - tables.sessions.len()) as u64
        })
    }

    async fn pend_factor(
        &self,
        district: DistrictId,
        hash: &SessionHash,
        secret: &[u8; FACTOR_BYTES],
    ) -> Result<(), StoreError> {
        self.change(district, |tables| {
            if let Some(session) = tables.sessions.get_mut(hash) {
                session.pending_factor = Some(*secret);
            }
        })
    }

    async fn confirm_factor(
        &self,
        district: DistrictId,
        hash: &SessionHash,
        step: u64,
        at: Millis,
    ) -> Result<bool, StoreError> {
        self.change(district, |tables| {
            let Some(session) = tables.sessions.get_mut(hash) else { return false };
            let Some(row) = tables.accounts.get_mut(&session.account) else { return false };
            let Some(secret) = session.pending_factor.take() else { return false };
            session.stage = SessionStage::Open;
            row.factor_secret = Some(secret);
            row.factor_step = step;
            row.account.factor_since = Some(at);
            let account = session.account;
            tables.end_sessions_of(account, Some(hash));
            true
        })
    }

    async fn find_factor(
        &self,
        district: DistrictId,
        account: AccountId,
    ) -> Result<Option<Factor>, StoreError> {
        self.read(district, |tables| {
            let row = tables.accounts.get(&account)?;
            row.factor_secret.map(|secret| Factor { secret, last_step: row.factor_step })
        })
    }

    async fn advance_factor(
        &self,
        district: DistrictId,
        account: AccountId,
        step: u64,
    ) -> Result<bool, StoreError> {
        self.change(district, |tables| {
            let row = tables.accounts.get_mut(&account).filter(|row| row.factor_step < step);
            row.map(|row| row.factor_step = step).is_some()
        })
    }

    async fn clear_factor(&self, district: DistrictId, account: AccountId) -> Result<bool, StoreError> {
        self.change(district, |tables| {
            let row = tables.accounts.get_mut(&account);
            // The step stays: a code that was used with the old key was used.
            let cleared = row.is_some_and(|row| {
                row.account.factor_since = None;
                row.factor_secret.take().is_some()
            });
            tables.end_sessions_of(account, None);
            cleared
        })
    }

    async fn set_factor_policy(&self, district: DistrictId, policy: FactorPolicy) -> Result<(), StoreError> {
        self.change(district, |tables| {
            if let Some(district) = &mut tables.district {
                district.factor_policy = policy;
            }
        })
    }
}

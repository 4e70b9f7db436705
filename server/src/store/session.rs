//! Sessions of staff at a console, and their second factors.

use std::fmt;

use async_trait::async_trait;
use zhibu_domain::ids::{AccountId, DeviceId, DistrictId};
use zhibu_domain::time::Millis;
use zhibu_domain::words;

use super::StoreError;

/// Length of the key of a second factor, in bytes: as long as the hash that computes the codes.
pub const FACTOR_BYTES: usize = 20;

words! {
    /// What a session may do.
    SessionStage {
        /// Whatever its account may.
        Open = "open",
        /// Only set up the second factor that the district requires.
        SettingUp = "setting_up",
    }
}

words! {
    /// Whether the staff of a district must have a second factor.
    FactorPolicy {
        /// Without one nothing but setting it up is possible.
        Required = "required",
        /// Who wants one sets it up.
        Optional = "optional",
    }
}

/// The hash by which a session is known.
pub type SessionHash = [u8; 32];

/// A session.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the secret in its token.
    pub hash: SessionHash,
    /// Who logged in.
    pub account: AccountId,
    /// His console device.
    pub device: DeviceId,
    /// What it may do.
    pub stage: SessionStage,
    /// A second factor that was shown and not confirmed yet.
    pub pending_factor: Option<[u8; FACTOR_BYTES]>,
    /// When it began.
    pub opened_at: Millis,
    /// When it was last used, to the minute.
    pub used_at: Millis,
}

/// Without the key, so that it cannot end in a log.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("account", &self.account)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

/// A second factor.
#[derive(Clone, PartialEq, Eq)]
pub struct Factor {
    /// The key that codes are computed with.
    pub secret: [u8; FACTOR_BYTES],
    /// The last step whose code was used.
    pub last_step: u64,
}

/// Without the key, so that it cannot end in a log.
impl fmt::Debug for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Factor").field("last_step", &self.last_step).finish_non_exhaustive()
    }
}

/// Sessions and second factors. Part of the contract of [`Store`](super::Store). A session also ends when its
/// account is closed and when another hand gives the account a password.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Adds a session.
    async fn open_session(&self, district: DistrictId, session: &Session) -> Result<(), StoreError>;

    /// One session, also one that is past its time: only the caller has a clock.
    async fn find_session(
        &self,
        district: DistrictId,
        hash: &SessionHash,
    ) -> Result<Option<Session>, StoreError>;

    /// Notes that a session was used. The time never goes back.
    async fn touch_session(
        &self,
        district: DistrictId,
        hash: &SessionHash,
        at: Millis,
    ) -> Result<(), StoreError>;

    /// Ends a session. `false` if there is none.
    async fn end_session(&self, district: DistrictId, hash: &SessionHash) -> Result<bool, StoreError>;

    /// Forgets the sessions that were not used since, or were opened before. Answers how many.
    async fn sweep_sessions(
        &self,
        district: DistrictId,
        used_before: Millis,
        opened_before: Millis,
    ) -> Result<u64, StoreError>;

    /// Keeps a second factor with a session until it is confirmed; one before it is forgotten.
    async fn pend_factor(
        &self,
        district: DistrictId,
        hash: &SessionHash,
        secret: &[u8; FACTOR_BYTES],
    ) -> Result<(), StoreError>;

    /// Gives the session's account its pending factor, whose code of this step was shown; opens the session, and
    /// ends the account's others. `false` if nothing is pending.
    async fn confirm_factor(
        &self,
        district: DistrictId,
        hash: &SessionHash,
        step: u64,
        at: Millis,
    ) -> Result<bool, StoreError>;

    /// An account's second factor.
    async fn find_factor(
        &self,
        district: DistrictId,
        account: AccountId,
    ) -> Result<Option<Factor>, StoreError>;

    /// Notes that a code of this step was used. `false` unless it is strictly later than every one before: of two
    /// equal codes one wins.
    async fn advance_factor(
        &self,
        district: DistrictId,
        account: AccountId,
        step: u64,
    ) -> Result<bool, StoreError>;

    /// Takes an account's second factor away and ends its sessions. `false` if it has none.
    async fn clear_factor(&self, district: DistrictId, account: AccountId) -> Result<bool, StoreError>;

    /// Sets whether the district's staff must have a second factor.
    async fn set_factor_policy(&self, district: DistrictId, policy: FactorPolicy) -> Result<(), StoreError>;
}

//! Staff log in with a name and a password.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use zhibu_domain::ids::{DeviceId, DistrictId};
use zhibu_domain::time::Millis;

use super::account::AccountRow;
use crate::App;
use crate::auth::password;
use crate::auth::token::{Audience, TokenBearer};
use crate::error::ApiError;
use crate::store::{Account, AuditAct, AuditEntry};

/// Failures of one login within [`WINDOW_MS`] after which it has to wait.
const MAX_FAILURES: usize = 5;
/// The window in milliseconds.
const WINDOW_MS: i64 = 15 * 60 * 1000;
/// Logins that are remembered: a flood of invented ones pushes out the oldest.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(16_383);
/// Longest login that is looked up, in bytes.
const MAX_LOGIN_BYTES: usize = 64;

/// A name and a password.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// The login.
    pub login: String,
    /// The password.
    #[schema(format = "password")]
    pub password: String,
    /// The district; may be left out where the server holds only one.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub district: Option<DistrictId>,
}

/// A console token.
#[derive(Clone, Serialize, ToSchema)]
pub struct LoginReply {
    /// To be sent as `Authorization: Bearer`.
    pub token: String,
    /// When it ends, in milliseconds since 1970.
    #[schema(value_type = i64)]
    pub expires_at: Millis,
    /// Who logged in.
    pub account: AccountRow,
}

/// Counts attempts by login, known or not. Kept in memory: a restart forgives.
pub struct LoginThrottle {
    attempts: Mutex<LruCache<(DistrictId, String), Vec<Millis>>>,
}

impl Default for LoginThrottle {
    fn default() -> Self {
        Self { attempts: Mutex::new(LruCache::new(REMEMBERED)) }
    }
}

impl LoginThrottle {
    /// Counts an attempt as failed before it is checked, so that a hundred at once are not a hundred guesses.
    fn begin(&self, district: DistrictId, login: &str, now: Millis) -> Result<(), ApiError> {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let times = attempts.get_or_insert_mut((district, login.to_owned()), Vec::new);
        times.retain(|at| at.plus(WINDOW_MS) > now);
        if times.len() >= MAX_FAILURES {
            let wait_ms = times.first().map_or(0, |at| at.plus(WINDOW_MS).0 - now.0);
            let retry_after_s = u32::try_from(wait_ms.max(0) as u64 / 1000 + 1).unwrap_or(u32::MAX);
            return Err(ApiError::TooMany { retry_after_s });
        }
        times.push(now);
        Ok(())
    }

    /// The password was right: the attempts before are forgotten.
    fn succeed(&self, district: DistrictId, login: &str) {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.pop(&(district, login.to_owned()));
    }
}

/// Logs in. An unknown login costs as much work and gets the same answer as a wrong password.
pub async fn log_in(app: &Arc<App>, request: LoginRequest) -> Result<LoginReply, ApiError> {
    if request.login.len() > MAX_LOGIN_BYTES {
        return Err(ApiError::Malformed("login".into()));
    }
    let district = district_of(app, request.district).await?;
    app.logins.begin(district, &request.login, app.clock.now())?;
    let known = app.store.find_login(district, &request.login).await?;
    let (account, hash) = known.map_or((None, None), |login| (Some(login.account), login.password_hash));
    let is_right = password::is_right(request.password, hash).await?;
    match account {
        Some(account) if is_right && account.disabled_at.is_none() => {
            app.logins.succeed(district, &request.login);
            admit(app, district, account).await
        }
        account => {
            // An unknown login is not written down: people type their password there by mistake.
            let subject =
                account.map_or_else(|| "unknown login".to_owned(), |account| account.id.to_string());
            note(app, district, None, AuditAct::LoginFailed, subject, Value::Null).await?;
            Err(ApiError::WrongLogin)
        }
    }
}

async fn district_of(app: &App, named: Option<DistrictId>) -> Result<DistrictId, ApiError> {
    if let Some(district) = named {
        // The throttle and the audit log are kept by district: only for one that exists.
        let found = app.store.find_district(district).await?;
        return found.map(|district| district.id).ok_or(ApiError::WrongLogin);
    }
    match &app.store.list_districts().await?[..] {
        [only] => Ok(only.id),
        _ => Err(ApiError::Malformed("district".into())),
    }
}

async fn admit(app: &Arc<App>, district: DistrictId, account: Account) -> Result<LoginReply, ApiError> {
    let now = app.clock.now();
    let fresh = DeviceId(app.entropy.uuid(now));
    let device = app.store.ensure_console_device(district, account.id, fresh, now).await?;
    let bearer = TokenBearer { district, device: device.id };
    let issued = app.keyring.issue(&*app.store, bearer, Audience::Console, now).await?;
    let who = Some((&account, device.id));
    note(app, district, who, AuditAct::LoggedIn, account.id.to_string(), json!({})).await?;
    Ok(LoginReply { token: issued.token, expires_at: issued.expires_at, account: account.into() })
}

async fn note(
    app: &App,
    district: DistrictId,
    who: Option<(&Account, DeviceId)>,
    act: AuditAct,
    subject: String,
    detail: Value,
) -> Result<(), ApiError> {
    let (account, device) = (who.map(|(account, _)| account.id), who.map(|(_, device)| device));
    let entry = AuditEntry { at: app.clock.now(), account, device, act, subject, detail };
    app.store.append_audit(district, &entry).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISTRICT: DistrictId = DistrictId::from_bytes([1; 16]);

    #[test]
    fn the_sixth_attempt_waits_for_the_first_to_be_forgotten() {
        let throttle = LoginThrottle::default();
        let begin = |login: &str, at: i64| throttle.begin(DISTRICT, login, Millis(at * 1000));
        assert!((0..5).all(|second| begin("zhenjian", second).is_ok()));
        let wait = |at| match begin("zhenjian", at) {
            Err(ApiError::TooMany { retry_after_s }) => retry_after_s,
            other => panic!("{other:?}"),
        };
        assert_eq!((wait(5), wait(899)), (896, 2));
        assert!(begin("another", 5).is_ok(), "each login waits for itself");
        assert!(begin("zhenjian", 900).is_ok());
        assert_eq!(wait(900), 2, "the second of the old ones still counts");
    }

    #[test]
    fn a_right_password_forgives() {
        let throttle = LoginThrottle::default();
        for _ in 0..20 {
            throttle.begin(DISTRICT, "zhenjian", Millis(0)).unwrap();
            throttle.succeed(DISTRICT, "zhenjian");
        }
    }
}

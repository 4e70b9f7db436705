//! Staff log in with a name, a password and, if they have one, the code of their second factor; who is logged in;
//! logging out.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use zhibu_domain::ids::{AccountId, DeviceId, DistrictId};
use zhibu_domain::org::NamingScheme;
use zhibu_domain::time::Millis;
use zhibu_domain::words;

use super::account::AccountRow;
use super::{StaffCaller, schema};
use crate::App;
use crate::auth::{factor, password, session};
use crate::error::ApiError;
use crate::store::{Account, AuditAct, AuditEntry, Factor, FactorPolicy, Session, SessionStage};

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
    /// The six digits of the second factor, if the answer without them was `code_needed`.
    pub code: Option<String>,
    /// Whether a browser asks: then the token is set as a cookie that scripts cannot read, and is not in the body.
    #[serde(default)]
    pub browser: bool,
    /// The district; may be left out where the server holds only one.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub district: Option<DistrictId>,
}

words! {
    /// How far a login came.
    LoginStage {
        /// In.
        Open = "open",
        /// The password is right; the same again with `code`.
        CodeNeeded = "code_needed",
        /// In, but nothing is possible before the second factor that the district requires is set up.
        SettingUp = "setting_up",
    }
}

/// What came of a login.
#[derive(Clone, Serialize, ToSchema)]
pub struct LoginReply {
    /// How far it came.
    #[schema(schema_with = schema::login_stage)]
    pub stage: LoginStage,
    /// To be sent as `Authorization: Bearer`. Absent for a browser, which has it in a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Who logged in and until when; absent while a code is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub me: Option<MeReply>,
}

/// Who is logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MeReply {
    /// The account with its posts.
    pub account: AccountRow,
    /// The name of the district.
    pub district_name: String,
    /// Its words for the levels.
    #[schema(schema_with = schema::naming)]
    pub naming: NamingScheme,
    /// Whether its staff must have a second factor.
    #[schema(schema_with = schema::factor_policy)]
    pub factor_policy: FactorPolicy,
    /// What this session may do.
    #[schema(schema_with = schema::session_stage)]
    pub stage: SessionStage,
    /// When the session ends if nothing is asked any more; each request moves it. Milliseconds since 1970.
    #[schema(value_type = i64)]
    pub expires_at: Millis,
    /// When it ends in any case.
    #[schema(value_type = i64)]
    pub ends_at: Millis,
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
    pub(super) fn begin(&self, district: DistrictId, login: &str, now: Millis) -> Result<(), ApiError> {
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

    /// The attempt that was begun last was none: the password was right, and no code was guessed.
    fn take_back(&self, district: DistrictId, login: &str) {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(times) = attempts.get_mut(&(district, login.to_owned())) {
            times.pop();
        }
    }

    /// All was right: the attempts before are forgotten.
    pub(super) fn succeed(&self, district: DistrictId, login: &str) {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.pop(&(district, login.to_owned()));
    }
}

/// Logs in. An unknown login costs as much work and gets the same answer as a wrong password. The token stands
/// beside the reply, whoever is to have it.
pub async fn log_in(app: &Arc<App>, request: LoginRequest) -> Result<LoginReply, ApiError> {
    if request.login.len() > MAX_LOGIN_BYTES {
        return Err(ApiError::Malformed("login".into()));
    }
    let district = district_of(app, request.district).await?;
    app.logins.begin(district, &request.login, app.clock.now())?;
    let known = app.store.find_login(district, &request.login).await?;
    let (account, hash) = known.map_or((None, None), |login| (Some(login.account), login.password_hash));
    let is_right = password::is_right(request.password, hash).await?;
    let account = match account {
        Some(account) if is_right && account.disabled_at.is_none() => account,
        account => {
            // An unknown login is not written down: people type their password there by mistake.
            let subject =
                account.map_or_else(|| "unknown login".to_owned(), |account| account.id.to_string());
            note(app, district, None, AuditAct::LoginFailed, subject, Value::Null).await?;
            return Err(ApiError::WrongLogin);
        }
    };
    match (app.store.find_factor(district, account.id).await?, request.code) {
        (Some(_), None) => {
            app.logins.take_back(district, &request.login);
            return Ok(LoginReply { stage: LoginStage::CodeNeeded, token: None, me: None });
        }
        (Some(factor), Some(code)) => {
            if let Err(error) = app.use_code(district, account.id, &factor, &code).await {
                let detail = json!({ "second_factor": true });
                note(app, district, None, AuditAct::LoginFailed, account.id.to_string(), detail).await?;
                return Err(error);
            }
        }
        (None, _) => {}
    }
    app.logins.succeed(district, &request.login);
    admit(app, district, account).await
}

impl App {
    /// Uses up a code of an account's second factor.
    pub(super) async fn use_code(
        &self,
        district: DistrictId,
        account: AccountId,
        factor: &Factor,
        code: &str,
    ) -> Result<(), ApiError> {
        let step = factor::step_of(&factor.secret, code, self.clock.now()).ok_or(ApiError::WrongCode)?;
        let is_first = self.store.advance_factor(district, account, step).await?;
        if is_first { Ok(()) } else { Err(ApiError::WrongCode) }
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
    let policy = app.store.find_district(district).await?.ok_or(ApiError::NotFound)?.factor_policy;
    let is_missing = policy == FactorPolicy::Required && account.factor_since.is_none();
    let (stage, session_stage) = if is_missing {
        (LoginStage::SettingUp, SessionStage::SettingUp)
    } else {
        (LoginStage::Open, SessionStage::Open)
    };
    let (token, session) = session::open(app, district, account.id, session_stage).await?;
    let who = Some((&account, session.device));
    note(app, district, who, AuditAct::LoggedIn, account.id.to_string(), json!({})).await?;
    let owner = app.store.find_device(district, session.device).await?.ok_or(ApiError::NotFound)?;
    let me = StaffCaller::of(app.clone(), owner.into(), Some(session)).await?.me().await?;
    Ok(LoginReply { stage, token: Some(token), me: Some(me) })
}

impl StaffCaller {
    /// The caller himself.
    pub async fn me(&self) -> Result<MeReply, ApiError> {
        self.me_in(self.session()?).await
    }

    /// The caller himself in a session as it stands now.
    pub(super) async fn me_in(&self, session: &Session) -> Result<MeReply, ApiError> {
        let district = self.store().find_district(self.district()).await?.ok_or(ApiError::NotFound)?;
        Ok(MeReply {
            account: self.account_row(self.account().id).await?,
            district_name: district.name,
            naming: district.naming,
            factor_policy: district.factor_policy,
            stage: session.stage,
            expires_at: session.expires_at(),
            ends_at: session.ends_at(),
        })
    }

    /// Ends the caller's session.
    pub async fn log_out(&self) -> Result<(), ApiError> {
        if self.store().end_session(self.district(), &self.session()?.hash).await? {
            self.note(AuditAct::LoggedOut, self.account().id, json!({})).await?;
        }
        Ok(())
    }
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

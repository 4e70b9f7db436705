//! Staff log in with a name, a password and, if they have one, the code of their second factor; who is logged in;
//! logging out.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use zhibu_domain::ids::{AccountId, DeviceId, DistrictId};
use zhibu_domain::org::NamingScheme;
use zhibu_domain::time::Millis;
use zhibu_domain::words;

use super::account::AccountRow;
use super::throttle::Throttle;
use super::{StaffCaller, schema};
use crate::App;
use crate::auth::{factor, password, session};
use crate::error::ApiError;
use crate::store::{Account, AuditAct, AuditEntry, Factor, FactorPolicy, Session, SessionStage};

/// Failures of one login within [`WINDOW_MS`] after which it has to wait.
const MAX_FAILURES: usize = 5;
/// The window in milliseconds.
const WINDOW_MS: i64 = 15 * 60 * 1000;
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

/// Failed logins, known or not.
pub type LoginThrottle = Throttle<(DistrictId, String)>;

impl Default for LoginThrottle {
    fn default() -> Self {
        Self::new(MAX_FAILURES, WINDOW_MS)
    }
}

/// Logs in. An unknown login costs as much work and gets the same answer as a wrong password. The token stands
/// beside the reply, whoever is to have it.
pub async fn log_in(app: &Arc<App>, request: LoginRequest) -> Result<LoginReply, ApiError> {
    if request.login.len() > MAX_LOGIN_BYTES {
        return Err(ApiError::Malformed("login".into()));
    }
    let district = district_of(app, request.district).await?;
    // Counted as failed before it is checked.
    let attempt = (district, request.login.clone());
    app.logins.begin(attempt.clone(), app.clock.now())?;
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
            // The password was right, and no code was guessed.
            app.logins.take_back(&attempt);
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
    app.logins.forget(&attempt);
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

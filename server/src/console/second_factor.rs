//! The second factor of staff: set up by its owner, taken away by whoever disposes of the account.

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use zhibu_domain::ids::AccountId;

use super::account::AccountRow;
use super::login::MeReply;
use super::{StaffCaller, schema};
use crate::auth::factor;
use crate::error::ApiError;
use crate::store::{AuditAct, FACTOR_BYTES, FactorPolicy, Session, SessionStage};

/// Asks for a new second factor.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginFactorRequest {
    /// A code of the present one, if there is one already.
    pub code: Option<String>,
}

/// A second factor to bring into an app. It counts once a code of it was sent back.
#[derive(Clone, Serialize, ToSchema)]
pub struct FactorReply {
    /// To be shown as a QR code. Drawn in the page: it must not leave it.
    pub otpauth: String,
    /// The same to be typed.
    pub secret: String,
}

/// The six digits that the app shows.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeRequest {
    /// Six digits.
    pub code: String,
}

/// Whether staff must have a second factor.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FactorPolicyRequest {
    /// From the next login on.
    #[schema(schema_with = schema::factor_policy)]
    pub policy: FactorPolicy,
}

impl StaffCaller {
    /// Makes a new second factor for the caller, which waits for a code of it.
    pub async fn begin_factor(&self, request: BeginFactorRequest) -> Result<FactorReply, ApiError> {
        let session = self.session()?;
        let login = self.login()?;
        if let Some(present) = self.store().find_factor(self.district(), self.account().id).await? {
            let Some(code) = request.code else {
                return Err(ApiError::RuleBroken(
                    "已经设置了两步验证。要换一部手机，请先输入现在的六位验证码。".into(),
                ));
            };
            let attempt = (self.district(), login.to_owned());
            self.app.logins.begin(attempt.clone(), self.now())?;
            self.app.use_code(self.district(), self.account().id, &present, &code).await?;
            self.app.logins.forget(&attempt);
        }
        let secret: [u8; FACTOR_BYTES] = self.app.entropy.bytes();
        self.store().pend_factor(self.district(), &session.hash, &secret).await?;
        let district = self.store().find_district(self.district()).await?.ok_or(ApiError::NotFound)?;
        let shown = factor::show(&secret, &district.name, login)?;
        Ok(FactorReply { otpauth: shown.otpauth, secret: shown.secret })
    }

    /// Makes it count, now that a code shows that the app has it.
    pub async fn confirm_factor(&self, request: &CodeRequest) -> Result<MeReply, ApiError> {
        let session = self.session()?;
        let nothing = || ApiError::Conflict("没有等待确认的两步验证，请从头再设置一次。".into());
        let secret = session.pending_factor.ok_or_else(nothing)?;
        let step = factor::step_of(&secret, &request.code, self.now()).ok_or(ApiError::WrongCode)?;
        if !self.store().confirm_factor(self.district(), &session.hash, step, self.now()).await? {
            return Err(nothing());
        }
        self.note(AuditAct::FactorSet, self.account().id, json!({})).await?;
        let open = Session { stage: SessionStage::Open, pending_factor: None, ..session.clone() };
        self.me_in(&open).await
    }

    /// Takes an account's second factor away, for one who lost his phone.
    pub async fn reset_factor(&self, id: AccountId) -> Result<AccountRow, ApiError> {
        self.kept_account(id).await?;
        self.refuse_self(id)?;
        if self.store().clear_factor(self.district(), id).await? {
            self.note(AuditAct::FactorReset, id, json!({})).await?;
        }
        self.account_row(id).await
    }

    /// Sets whether staff must have a second factor.
    pub async fn set_factor_policy(&self, request: &FactorPolicyRequest) -> Result<MeReply, ApiError> {
        self.require_district_admin()?;
        self.store().set_factor_policy(self.district(), request.policy).await?;
        let detail = json!({ "policy": request.policy });
        self.note(AuditAct::FactorPolicyChanged, self.district(), detail).await?;
        self.me().await
    }

    fn login(&self) -> Result<&str, ApiError> {
        self.account().login.as_deref().ok_or(ApiError::Forbidden)
    }
}

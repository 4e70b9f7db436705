//! Devices of an account, and the invites that they enrol with.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use utoipa::{IntoParams, ToSchema};
use zhibu_domain::ids::{AccountId, DeviceId, InviteId, OrgId};
use zhibu_domain::time::Millis;

use super::StaffCaller;
use super::account::sought_text;
use super::paging::{Page, page_after, rows};
use crate::error::ApiError;
use crate::store::{Account, AuditAct, Device, NewInvite};

/// How long an invite is good, in milliseconds: 72 hours.
const INVITE_MS: i64 = 72 * 60 * 60 * 1000;
/// Most characters of an invite's purpose.
const MAX_PURPOSE_CHARS: usize = 40;

/// What the device is meant to be.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteRequest {
    /// E.g. 书记的手机; at most 40 characters.
    pub purpose: String,
}

/// An invite, shown once: the server keeps only a hash of its secret.
#[derive(Clone, Serialize, ToSchema)]
pub struct InviteReply {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub id: InviteId,
    /// To be opened on the device, or shown as a QR code. The secret is in the fragment, which no server sees.
    pub link: String,
    /// Until when, in milliseconds since 1970.
    #[schema(value_type = i64)]
    pub expires_at: Millis,
}

/// A device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Device)]
pub struct DeviceRow {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub id: DeviceId,
    /// Its label.
    pub name: String,
    /// Whether it is a staff account's own hand on the server.
    pub is_console: bool,
    /// When it was enrolled, in milliseconds since 1970.
    #[schema(value_type = i64)]
    pub enrolled_at: Millis,
    /// When it was revoked, if it was.
    #[schema(value_type = Option<i64>)]
    pub revoked_at: Option<Millis>,
    /// The last day on which it spoke to the server, `YYYY-MM-DD`.
    #[schema(value_type = Option<String>, format = "date")]
    pub last_seen_on: Option<Date>,
}

/// Which devices.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeviceQuery {
    /// Only of accounts that were opened at this org and below.
    #[param(value_type = Option<String>, format = "uuid")]
    pub org: Option<OrgId>,
    /// Only with this in the name of the account, of its org or of the device, at most 40 characters.
    pub text: Option<String>,
    /// The `next` of the page before.
    #[param(value_type = Option<String>, format = "uuid")]
    pub after: Option<DeviceId>,
    /// Rows of the page, at most 500.
    pub limit: Option<u32>,
}

/// A device and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OwnedDevice {
    /// The device.
    pub device: DeviceRow,
    /// Its account.
    #[schema(value_type = String, format = "uuid")]
    pub account: AccountId,
    /// The name of its account.
    pub account_name: String,
    /// Where the account was opened.
    #[schema(value_type = String, format = "uuid")]
    pub org: OrgId,
    /// The name of that org.
    pub org_name: String,
}

impl From<Device> for DeviceRow {
    fn from(device: Device) -> Self {
        Self {
            id: device.id,
            name: device.name,
            is_console: device.is_console,
            enrolled_at: device.enrolled_at,
            revoked_at: device.revoked_at,
            last_seen_on: device.last_seen_on,
        }
    }
}

impl StaffCaller {
    /// Issues an invite for a device of an account.
    pub async fn invite(&self, id: AccountId, request: InviteRequest) -> Result<InviteReply, ApiError> {
        let account = self.kept_account(id).await?;
        if account.disabled_at.is_some() {
            return Err(ApiError::Conflict("这个账号已停用，请先恢复再发邀请。".into()));
        }
        let purpose = request.purpose.trim();
        let chars = purpose.chars().count();
        if chars == 0 || chars > MAX_PURPOSE_CHARS || purpose.chars().any(char::is_control) {
            return Err(ApiError::RuleBroken("请写明用途，最多 40 个字。".into()));
        }
        let now = self.now();
        let secret: [u8; 32] = self.app.entropy.bytes();
        let invite = NewInvite {
            id: InviteId(self.app.entropy.uuid(now)),
            secret_hash: Sha256::digest(secret).into(),
            account: id,
            purpose: purpose.to_owned(),
            created_by: Some(self.account().id),
            created_at: now,
            expires_at: now.plus(INVITE_MS),
        };
        if !self.store().create_invite(self.district(), &invite).await? {
            return Err(ApiError::internal("two invites with one secret"));
        }
        self.note(AuditAct::Invited, invite.id, json!({ "account": id })).await?;
        let link = format!("{}/enrol#{}", self.app.public_url, BASE64URL_NOPAD.encode(&secret));
        Ok(InviteReply { id: invite.id, link, expires_at: invite.expires_at })
    }

    /// An account's devices, oldest first. They are few: each costs somebody an invite.
    pub async fn list_devices(&self, id: AccountId) -> Result<Vec<DeviceRow>, ApiError> {
        self.kept_account(id).await?;
        let devices = self.store().list_devices(self.district(), id).await?;
        Ok(devices.into_iter().map(DeviceRow::from).collect())
    }

    /// The phones and laptops of accounts of which the caller disposes, in the district's order of orgs.
    pub async fn list_all_devices(&self, query: &DeviceQuery) -> Result<Page<OwnedDevice>, ApiError> {
        let text = sought_text(query.text.as_deref())?;
        let accounts = self.kept_accounts(query.org).await?;
        let accounts: BTreeMap<AccountId, (usize, Account)> =
            accounts.into_iter().enumerate().map(|(place, account)| (account.id, (place, account))).collect();
        let mut found = Vec::new();
        for device in self.store().list_phones(self.district()).await? {
            let Some((place, account)) = accounts.get(&device.account) else { continue };
            let row = OwnedDevice {
                account: account.id,
                account_name: account.name.clone(),
                org: account.org,
                org_name: self.org_name(account.org),
                device: device.into(),
            };
            let words = [&row.account_name, &row.org_name, &row.device.name];
            if words.iter().any(|word| word.contains(text)) {
                found.push((*place, row));
            }
        }
        found.sort_by_key(|(place, row)| (*place, row.device.enrolled_at, row.device.id));
        let limit = rows(query.limit);
        let rest = page_after(found, query.after, |(_, row)| row.device.id);
        let rest = rest.map(|(_, row)| row).take(limit as usize + 1);
        Ok(Page::cut(rest.collect(), limit, |row| row.device.id.to_string()))
    }

    /// Ends a device for good.
    pub async fn revoke_device(&self, id: DeviceId) -> Result<DeviceRow, ApiError> {
        let owner = self.store().find_device(self.district(), id).await?.ok_or(ApiError::NotFound)?;
        self.kept_account(owner.account.id).await?;
        if owner.device.is_console {
            return Err(ApiError::RuleBroken("这是账号在服务器上的工作台，请改为停用账号。".into()));
        }
        if self.store().revoke_device(self.district(), id, self.now()).await? {
            self.note(AuditAct::Revoked, id, json!({ "account": owner.account.id })).await?;
        }
        let owner = self.store().find_device(self.district(), id).await?.ok_or(ApiError::NotFound)?;
        Ok(owner.device.into())
    }
}

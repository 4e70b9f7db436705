//! The audit log, for the district's administrators.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use zhibu_domain::ids::{AccountId, DeviceId};
use zhibu_domain::time::Millis;

use super::paging::{Page, rows};
use super::{StaffCaller, schema};
use crate::error::ApiError;
use crate::store::{AuditAct, AuditRow as StoredRow, ChainState};

/// Where to go on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Entries after this number.
    pub after: Option<u64>,
    /// Rows of the page, at most 500.
    pub limit: Option<u32>,
}

/// A page of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AuditPage {
    /// The entries, oldest first.
    pub items: Vec<AuditRow>,
    /// The `after` of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// Whether the whole chain holds. On the first page only: it is computed from the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<Chain>,
}

/// What a check of the chain found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Chain {
    /// Every hash fits.
    Intact {
        /// How many entries.
        length: u64,
        /// The last hash in hex: who notes it elsewhere can later tell if the end was cut off.
        last_hash: String,
    },
    /// This entry, or the gap before it, is not what was written.
    Broken {
        /// The first wrong number.
        seq: u64,
    },
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct AuditRow {
    /// Its number, from 1.
    pub seq: u64,
    /// When, in milliseconds since 1970.
    #[schema(value_type = i64)]
    pub at: Millis,
    /// Who, if known.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub account: Option<AccountId>,
    /// With which device, if any.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub device: Option<DeviceId>,
    /// What.
    #[schema(schema_with = schema::audit_act)]
    pub act: AuditAct,
    /// About what.
    pub subject: String,
    /// Particulars.
    pub detail: Value,
    /// The entry's hash in hex.
    pub hash: String,
}

impl StaffCaller {
    /// The audit log, oldest first.
    pub async fn read_audit(&self, query: &AuditQuery) -> Result<AuditPage, ApiError> {
        self.require_district_admin()?;
        let limit = rows(query.limit);
        let found = self.store().list_audit(self.district(), query.after.unwrap_or(0), limit + 1).await?;
        let chain = match query.after {
            None => {
                self.pay()?;
                Some(self.store().verify_audit(self.district()).await?.into())
            }
            Some(_) => None,
        };
        let page = Page::cut(found, limit, |row| row.seq.to_string());
        let next = page.next.as_ref().and(page.items.last()).map(|row| row.seq);
        Ok(AuditPage { items: page.items.into_iter().map(AuditRow::from).collect(), next, chain })
    }
}

impl From<StoredRow> for AuditRow {
    fn from(row: StoredRow) -> Self {
        Self {
            seq: row.seq,
            at: row.entry.at,
            account: row.entry.account,
            device: row.entry.device,
            act: row.entry.act,
            subject: row.entry.subject,
            detail: row.entry.detail,
            hash: HEXLOWER.encode(&row.hash),
        }
    }
}

impl From<ChainState> for Chain {
    fn from(state: ChainState) -> Self {
        match state {
            ChainState::Intact { length, last_hash } => {
                Chain::Intact { length, last_hash: HEXLOWER.encode(&last_hash) }
            }
            ChainState::Broken { seq } => Chain::Broken { seq },
        }
    }
}

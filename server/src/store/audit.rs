//! The nouns of the audit log, and how its chain is computed.

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use zhibu_domain::ids::{AccountId, DeviceId, DistrictId};
use zhibu_domain::time::Millis;
use zhibu_domain::words;

use super::StoreError;

words! {
    /// What is written down. Append-only.
    AuditAct {
        /// A staff member logged in.
        LoggedIn = "logged_in",
        /// A login failed.
        LoginFailed = "login_failed",
        /// A staff member logged out.
        LoggedOut = "logged_out",
        /// An account got a second factor.
        FactorSet = "factor_set",
        /// An account's second factor was taken away.
        FactorReset = "factor_reset",
        /// It was changed whether staff must have a second factor.
        FactorPolicyChanged = "factor_policy_changed",
        /// An invite was issued.
        Invited = "invited",
        /// A device was enrolled.
        Enrolled = "enrolled",
        /// A device was revoked.
        Revoked = "revoked",
        /// An account was opened.
        AccountOpened = "account_opened",
        /// An account was closed, or opened again.
        AccountClosed = "account_closed",
        /// An account's posts changed.
        PostsChanged = "posts_changed",
        /// A password changed.
        PasswordChanged = "password_changed",
        /// A change or an envelope was refused.
        Refused = "refused",
        /// A quarantined item was admitted or dismissed.
        QuarantineResolved = "quarantine_resolved",
        /// A review event was written at the console.
        Reviewed = "reviewed",
        /// A record or a list left the server.
        Exported = "exported",
        /// The org tree changed.
        OrgsChanged = "orgs_changed",
    }
}

/// An entry to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: Millis,
    /// Who, if known.
    pub account: Option<AccountId>,
    /// With which device, if any.
    pub device: Option<DeviceId>,
    /// What.
    pub act: AuditAct,
    /// About what: an id or a login, never a person's words.
    pub subject: String,
    /// Particulars as JSON.
    pub detail: serde_json::Value,
}

/// An entry of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// From 1, without gaps.
    pub seq: u64,
    /// What was written.
    pub entry: AuditEntry,
    /// [`AuditEntry::chain_hash`] over the entry before.
    pub hash: [u8; 32],
}

/// What a check of the chain found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainState {
    /// Every hash fits. Whoever notes the last one elsewhere can later tell if the end was cut off.
    Intact {
        /// How many entries.
        length: u64,
        /// The last hash; zeros for an empty chain.
        last_hash: [u8; 32],
    },
    /// This entry, or the gap before it, is not what was written.
    Broken {
        /// The first wrong number.
        seq: u64,
    },
}

/// What the first entry is chained to.
pub(crate) const CHAIN_START: [u8; 32] = [0; 32];

impl AuditEntry {
    /// The hash of this entry at its place: over the hash before, the number and every field, each behind its
    /// length, so that no two entries can share the same bytes.
    pub fn chain_hash(&self, previous: &[u8; 32], seq: u64) -> [u8; 32] {
        let detail = self.detail.to_string();
        let mut sha = Sha256::new();
        let parts: [&[u8]; 8] = [
            previous,
            &seq.to_be_bytes(),
            &self.at.0.to_be_bytes(),
            self.account.as_ref().map_or(&[], |id| &id.bytes()[..]),
            self.device.as_ref().map_or(&[], |id| &id.bytes()[..]),
            self.act.as_str().as_bytes(),
            self.subject.as_bytes(),
            detail.as_bytes(),
        ];
        for part in parts {
            sha.update((part.len() as u64).to_be_bytes());
            sha.update(part);
        }
        sha.finalize().into()
    }
}

/// The audit log. Part of the contract of [`Store`](super::Store).
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Adds an entry to the district's chain and answers its number, from 1 without gaps.
    async fn append_audit(&self, district: DistrictId, entry: &AuditEntry) -> Result<u64, StoreError>;

    /// Entries after a number, in order, at most `limit`.
    async fn list_audit(
        &self,
        district: DistrictId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError>;

    /// Recomputes the chain from its beginning.
    async fn verify_audit(&self, district: DistrictId) -> Result<ChainState, StoreError>;
}

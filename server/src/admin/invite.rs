//! Invite links.

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest as _, Sha256};
use zhibu_domain::ids::{AccountId, DistrictId, InviteId};
use zhibu_domain::time::Millis;

use crate::clock::Entropy;
use crate::store::{AuditAct, AuditEntry, NewInvite, Store, StoreError};

/// How long an invite holds, in milliseconds: 72 hours.
pub const INVITE_MS: i64 = 72 * 3600 * 1000;

/// For whom an invite is, and what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invitation<'a> {
    /// The district.
    pub district: DistrictId,
    /// The account that the new device will belong to.
    pub account: AccountId,
    /// What the device is meant to be, e.g. 书记的手机.
    pub purpose: &'a str,
}

/// Adds an invite that can be used once within 72 hours, and answers its link. The secret stands in the link's
/// fragment, which no server sees and no log keeps; the store has only its hash.
///
/// # Errors
/// When the store cannot be written.
pub async fn issue(
    store: &dyn Store,
    entropy: &dyn Entropy,
    invitation: &Invitation<'_>,
    now: Millis,
    public_url: &str,
) -> Result<String, StoreError> {
    let secret: [u8; 32] = entropy.bytes();
    let invite = NewInvite {
        id: InviteId(entropy.uuid(now)),
        secret_hash: Sha256::digest(secret).into(),
        account: invitation.account,
        purpose: invitation.purpose.to_owned(),
        created_by: None,
        created_at: now,
        expires_at: now.plus(INVITE_MS),
    };
    // Ids and secrets are fresh random bytes: that one exists would mean a broken source of chance.
    if !store.create_invite(invitation.district, &invite).await? {
        return Err(StoreError::Busy);
    }
    let entry = AuditEntry {
        at: now,
        account: None,
        device: None,
        act: AuditAct::Invited,
        subject: invitation.account.to_string(),
        detail: serde_json::json!({ "invite": invite.id.to_string() }),
    };
    store.append_audit(invitation.district, &entry).await?;
    Ok(format!("{}/enrol#{}", public_url.trim_end_matches('/'), BASE64URL_NOPAD.encode(&secret)))
}

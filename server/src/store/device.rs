//! Devices, and the invites that they enrol with.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use jiff::civil::Date;
use zhibu_domain::ids::{AccountId, DeviceId, DistrictId, InviteId};
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{AuthorCard, KeyAlgorithm};

use super::{Account, StoreError};

/// A device's public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceKey {
    /// Belongs to the key, never to a message.
    pub algorithm: KeyAlgorithm,
    /// 32 bytes for Ed25519, 65 uncompressed ones for P-256.
    pub public_key: Vec<u8>,
}

/// A device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// Where it was enrolled.
    pub district: DistrictId,
    /// Whose it is.
    pub account: AccountId,
    /// Its key; none for a console device.
    pub key: Option<DeviceKey>,
    /// Its label.
    pub name: String,
    /// Whether it is a staff account's own hand on the server.
    pub is_console: bool,
    /// When it was enrolled.
    pub enrolled_at: Millis,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Millis>,
    /// The highest envelope number seen.
    pub last_counter: u64,
    /// The highest epoch seen.
    pub last_epoch: u32,
    /// The last day on which it spoke to the server, in China.
    pub last_seen_on: Option<Date>,
}

/// A device and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceOwner {
    /// The device.
    pub device: Device,
    /// Its account.
    pub account: Account,
    /// [`District::orgs_version`](super::District::orgs_version) at the same instant.
    pub orgs_version: u64,
    /// [`District::generation`](super::District::generation) at the same instant.
    pub generation: [u8; 16],
}

/// A device speaks to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presence {
    /// Its district.
    pub district: DistrictId,
    /// The device.
    pub device: DeviceId,
    /// The time in the proof that it brings instead of a token, if it does.
    pub proof_at: Option<Millis>,
    /// The day, in China.
    pub on: Date,
}

impl DeviceOwner {
    /// Whether it may still speak: neither the device revoked nor the account closed.
    pub fn is_active(&self) -> bool {
        self.device.revoked_at.is_none() && self.account.disabled_at.is_none()
    }
}

/// An invite to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInvite {
    /// Its id.
    pub id: InviteId,
    /// SHA-256 of the 32 secret bytes.
    pub secret_hash: [u8; 32],
    /// For whom.
    pub account: AccountId,
    /// What the device is meant to be.
    pub purpose: String,
    /// Who invites; none for the command line.
    pub created_by: Option<AccountId>,
    /// When.
    pub created_at: Millis,
    /// Until when.
    pub expires_at: Millis,
}

/// An invite as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// Its id.
    pub id: InviteId,
    /// For whom.
    pub account: AccountId,
    /// What the device is meant to be.
    pub purpose: String,
    /// Who invited.
    pub created_by: Option<AccountId>,
    /// When.
    pub created_at: Millis,
    /// Until when.
    pub expires_at: Millis,
    /// When it was used, and by which device.
    pub used: Option<(Millis, DeviceId)>,
}

/// What a new device brings with an invite's secret. The proof of possession was checked before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redemption {
    /// SHA-256 of the secret.
    pub secret_hash: [u8; 32],
    /// The id that the device gets, if one comes of it.
    pub device: DeviceId,
    /// Its key.
    pub key: DeviceKey,
    /// Its label.
    pub device_name: String,
    /// Now.
    pub at: Millis,
}

/// What comes of an invite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redeemed {
    /// The device exists, now or since the same request before.
    Enrolled(Box<DeviceOwner>),
    /// Another key used it, its device was revoked, or the account is closed.
    Spent,
    /// Its time is over.
    Expired,
    /// There is no such invite.
    Unknown,
}

/// What is noted of a device's presence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// The time of its last proof.
    pub(super) proof_at: Option<Millis>,
    /// The last day.
    pub(super) on: Option<Date>,
}

/// What presences do to what was noted before: an answer for each, and what is to be noted now.
pub(super) fn weigh_presences(
    presences: &[Presence],
    mut before: HashMap<(DistrictId, DeviceId), Seen>,
) -> (Vec<bool>, BTreeMap<(DistrictId, DeviceId), Seen>) {
    let mut noted = BTreeMap::new();
    let mut weigh = |presence: &Presence| {
        let key = (presence.district, presence.device);
        let Some(seen) = before.get_mut(&key) else { return false };
        if presence.proof_at.is_some() && presence.proof_at <= seen.proof_at {
            return false;
        }
        seen.proof_at = seen.proof_at.max(presence.proof_at);
        seen.on = seen.on.max(Some(presence.on));
        noted.insert(key, *seen);
        true
    };
    (presences.iter().map(&mut weigh).collect(), noted)
}

/// Invites and devices. Part of the contract of [`Store`](super::Store).
#[async_trait]
pub trait DeviceStore: Send + Sync {
    /// Adds an invite. `false` if its id or secret exists.
    async fn create_invite(&self, district: DistrictId, invite: &NewInvite) -> Result<bool, StoreError>;

    /// An account's invites, newest first.
    async fn list_invites(&self, district: DistrictId, account: AccountId)
    -> Result<Vec<Invite>, StoreError>;

    /// Spends an invite and enrols the device, in whichever district the secret belongs to. However many ask at
    /// once, one device comes of it. Asking again with the same key gives the same device (unless it was revoked
    /// since), so that a lost answer costs nothing, also after the invite's end.
    async fn redeem_invite(&self, redemption: &Redemption) -> Result<Redeemed, StoreError>;

    /// The staff account's own hand on the server: the one it has, or this new one.
    async fn ensure_console_device(
        &self,
        district: DistrictId,
        account: AccountId,
        new: DeviceId,
        at: Millis,
    ) -> Result<Device, StoreError>;

    /// A device and whose it is, revoked and disabled ones too.
    async fn find_device(
        &self,
        district: DistrictId,
        device: DeviceId,
    ) -> Result<Option<DeviceOwner>, StoreError>;

    /// The same where the district is not known yet.
    async fn locate_device(&self, device: DeviceId) -> Result<Option<DeviceOwner>, StoreError>;

    /// An account's devices, oldest first.
    async fn list_devices(&self, district: DistrictId, account: AccountId)
    -> Result<Vec<Device>, StoreError>;

    /// The devices of a district that are no consoles, in id order.
    async fn list_phones(&self, district: DistrictId) -> Result<Vec<Device>, StoreError>;

    /// Notes that devices spoke, and the times of their proofs; the day never goes back. For each, in their order,
    /// whether it may: `false` unless the time of its proof is strictly later than that of every one before, so that
    /// of two equal proofs one wins. Unknown devices may not.
    async fn note_presence(&self, presences: &[Presence]) -> Result<Vec<bool>, StoreError>;

    /// Ends a device for good. `false` if there is none or it was revoked already; the first time stands.
    async fn revoke_device(
        &self,
        district: DistrictId,
        device: DeviceId,
        at: Millis,
    ) -> Result<bool, StoreError>;

    /// Who stands behind these devices. Unknown devices are left out.
    async fn author_cards(
        &self,
        district: DistrictId,
        devices: &[DeviceId],
    ) -> Result<Vec<AuthorCard>, StoreError>;
}

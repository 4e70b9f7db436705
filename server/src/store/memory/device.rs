//! Invites and devices in memory.

use std::cmp::Reverse;
use std::collections::HashMap;

use async_trait::async_trait;
use zhibu_domain::ids::{AccountId, DeviceId, DistrictId};
use zhibu_domain::time::Millis;
use zhibu_domain::wire::AuthorCard;

use super::MemoryStore;
use super::tables::{DeviceRow, InviteRow, Tables};
use crate::store::device::{Seen, weigh_presences};
use crate::store::{
    Device, DeviceKey, DeviceOwner, DeviceStore, Invite, NewInvite, Presence, Redeemed, Redemption,
    StoreError,
};

#[async_trait]
impl DeviceStore for MemoryStore {
    async fn create_invite(&self, district: DistrictId, invite: &NewInvite) -> Result<bool, StoreError> {
        self.write(district, |tables| {
            let is_taken = |row: &InviteRow| row.secret_hash == invite.secret_hash;
            if tables.invites.contains_key(&invite.id) || tables.invites.values().any(is_taken) {
                return false;
            }
            let NewInvite { id, secret_hash, account, purpose, created_by, created_at, expires_at } =
                invite.clone();
            let invite = Invite { id, account, purpose, created_by, created_at, expires_at, used: None };
            tables.invites.insert(id, InviteRow { invite, secret_hash });
            true
        })
    }

    async fn list_invites(
        &self,
        district: DistrictId,
        account: AccountId,
    ) -> Result<Vec<Invite>, StoreError> {
        self.read(district, |tables| {
            let invites = tables.invites.values().map(|row| &row.invite);
            let mut invites: Vec<_> = invites.filter(|invite| invite.account == account).cloned().collect();
            invites.sort_by_key(|invite| (Reverse(invite.created_at), invite.id));
            invites
        })
    }

    async fn redeem_invite(&self, redemption: &Redemption) -> Result<Redeemed, StoreError> {
        let mut districts = self.open()?;
        let redeemed =
            districts.iter_mut().find_map(|(district, tables)| tables.redeem(*district, redemption));
        Ok(redeemed.unwrap_or(Redeemed::Unknown))
    }

    async fn ensure_console_device(
        &self,
        district: DistrictId,
        account: AccountId,
        new: DeviceId,
        at: Millis,
    ) -> Result<Device, StoreError> {
        self.write(district, |tables| {
            let of_account = |device: &&Device| device.is_console && device.account == account;
            if let Some(device) = tables.devices.values().map(|row| &row.device).find(of_account) {
                return device.clone();
            }
            let device = new_device(new, district, account, at);
            tables.devices.insert(new, DeviceRow { device: device.clone(), last_proof_at: None });
            device
        })
    }

    async fn find_device(
        &self,
        district: DistrictId,
        device: DeviceId,
    ) -> Result<Option<DeviceOwner>, StoreError> {
        self.read(district, |tables| tables.owner_of(device))
    }

    async fn locate_device(&self, device: DeviceId) -> Result<Option<DeviceOwner>, StoreError> {
        Ok(self.open()?.values().find_map(|tables| tables.owner_of(device)))
    }

    async fn list_devices(
        &self,
        district: DistrictId,
        account: AccountId,
    ) -> Result<Vec<Device>, StoreError> {
        self.read(district, |tables| {
            let devices = tables.devices.values().map(|row| &row.device);
            let mut devices: Vec<_> = devices.filter(|device| device.account == account).cloned().collect();
            devices.sort_by_key(|device| (device.enrolled_at, device.id));
            devices
        })
    }

    async fn list_phones(&self, district: DistrictId) -> Result<Vec<Device>, StoreError> {
        self.read(district, |tables| {
            let devices = tables.devices.values().map(|row| &row.device);
            devices.filter(|device| !device.is_console).cloned().collect()
        })
    }

    async fn note_presence(&self, presences: &[Presence]) -> Result<Vec<bool>, StoreError> {
        let mut districts = self.open()?;
        let mut before = HashMap::new();
        for Presence { district, device, .. } in presences {
            if let Some(row) = districts.get(district).and_then(|tables| tables.devices.get(device)) {
                let seen = Seen { proof_at: row.last_proof_at, on: row.device.last_seen_on };
                before.insert((*district, *device), seen);
            }
        }
        let (answers, noted) = weigh_presences(presences, before);
        for ((district, device), seen) in noted {
            if let Some(row) = districts.get_mut(&district).and_then(|tables| tables.devices.get_mut(&device))
            {
                row.last_proof_at = seen.proof_at;
                row.device.last_seen_on = seen.on;
            }
        }
        Ok(answers)
    }

    async fn revoke_device(
        &self,
        district: DistrictId,
        device: DeviceId,
        at: Millis,
    ) -> Result<bool, StoreError> {
        self.change(district, |tables| {
            let row = tables.devices.get_mut(&device).filter(|row| row.device.revoked_at.is_none());
            row.map(|row| row.device.revoked_at = Some(at)).is_some()
        })
    }

    async fn author_cards(
        &self,
        district: DistrictId,
        devices: &[DeviceId],
    ) -> Result<Vec<AuthorCard>, StoreError> {
        self.read(district, |tables| {
            let card = |device: &DeviceId| {
                let device = &tables.devices.get(device)?.device;
                let account = &tables.accounts.get(&device.account)?.account;
                let (name, device_name) = (account.name.clone(), device.name.clone());
                Some(AuthorCard { device: device.id, name, device_name, member: account.member })
            };
            let mut cards: Vec<_> = devices.iter().filter_map(card).collect();
            cards.sort_by_key(|card| card.device);
            cards
        })
    }
}

/// A console device, or one that lacks only its key and its name.
fn new_device(id: DeviceId, district: DistrictId, account: AccountId, at: Millis) -> Device {
    Device {
        id,
        district,
        account,
        key: None,
        name: String::new(),
        is_console: true,
        enrolled_at: at,
        revoked_at: None,
        last_counter: 0,
        last_epoch: 0,
        last_seen_on: None,
    }
}

impl Tables {
    fn owner_of(&self, device: DeviceId) -> Option<DeviceOwner> {
        let device = self.devices.get(&device)?.device.clone();
        let account = self.accounts.get(&device.account)?.account.clone();
        let district = self.district.as_ref()?;
        let (orgs_version, generation) = (district.orgs_version, district.generation);
        Some(DeviceOwner { device, account, orgs_version, generation })
    }

    fn redeem(&mut self, district: DistrictId, redemption: &Redemption) -> Option<Redeemed> {
        let row = self.invites.values().find(|row| row.secret_hash == redemption.secret_hash)?;
        let Invite { id, account, used, expires_at, .. } = row.invite.clone();
        if let Some((_, device)) = used {
            let has_key = |key: &Option<DeviceKey>| key.as_ref() == Some(&redemption.key);
            let same = self.owner_of(device).filter(|owner| owner.is_active() && has_key(&owner.device.key));
            return Some(same.map_or(Redeemed::Spent, |owner| Redeemed::Enrolled(Box::new(owner))));
        }
        if redemption.at >= expires_at {
            return Some(Redeemed::Expired);
        }
        if self.accounts.get(&account).is_none_or(|row| row.account.disabled_at.is_some()) {
            return Some(Redeemed::Spent);
        }
        let device = Device {
            key: Some(redemption.key.clone()),
            name: redemption.device_name.clone(),
            is_console: false,
            ..new_device(redemption.device, district, account, redemption.at)
        };
        self.devices.insert(device.id, DeviceRow { device, last_proof_at: None });
        self.invites.get_mut(&id)?.invite.used = Some((redemption.at, redemption.device));
        self.owner_of(redemption.device).map(|owner| Redeemed::Enrolled(Box::new(owner)))
    }
}

//! Who holds this phone, and which records he can name.

use serde::{Deserialize, Serialize};
use zhibu_domain::ids::{AccountId, DeviceId, DistrictId, MemberId, OrgId, RecordId};
use zhibu_domain::org::{NamingScheme, Org, Post};
use zhibu_domain::record::RecordRef;
use zhibu_domain::time::Millis;

use super::{DeskError, only};
use crate::client::Client;
use crate::error::SyncError;
use crate::keys::DeviceKey;
use crate::store::LocalStore;
use crate::transport::Transport;

/// The phone's owner, and what he may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Me {
    /// His name as shown.
    pub name: String,
    /// The account.
    pub account: AccountId,
    /// This device.
    pub device: DeviceId,
    /// The member behind the account, if any.
    pub member: Option<MemberId>,
    /// What he may do, and where.
    pub posts: Vec<Post>,
    /// The orgs in scope and the path above them: branches, their groups, township, district.
    pub orgs: Vec<Org>,
    /// Those of them that keep a roster and activities which this phone may hold, by name.
    pub branches: Vec<OrgId>,
    /// The district's words for its levels.
    pub naming: NamingScheme,
    /// The district.
    pub district: DistrictId,
}

/// A record by its full reference and the id that follows from it. A record that nobody wrote yet can be named by
/// nothing shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct RecordKey {
    /// The record.
    pub id: RecordId,
    /// Its reference.
    #[serde(flatten)]
    pub reference: RecordRef,
}

impl From<RecordRef> for RecordKey {
    fn from(reference: RecordRef) -> Self {
        Self { id: reference.id(), reference }
    }
}

/// How a screen names a record: whole, or by the id of one that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum RecordName {
    /// The id of a record that this phone holds.
    Id(RecordId),
    /// Any record.
    Whole(RecordRef),
}

impl<S: LocalStore, T: Transport, K: DeviceKey> Client<S, T, K> {
    /// The phone's owner; none before the enrolment.
    pub async fn me(&self) -> Result<Option<Me>, DeskError> {
        let profile = match self.profile().await {
            Err(SyncError::NotEnrolled) => return Ok(None),
            other => other?,
        };
        let device = self.store().state().await?.ok_or(SyncError::NotEnrolled)?.device;
        let branches = self.branches().await?.into_iter().map(|org| org.id).collect();
        Ok(Some(Me {
            name: profile.name,
            account: profile.account,
            device,
            member: profile.member,
            posts: profile.posts,
            orgs: profile.orgs,
            branches,
            naming: profile.naming,
            district: profile.district,
        }))
    }

    /// A fresh activity of a branch, on the shelf of a day's year. Nothing is written.
    pub fn new_activity(&self, org: OrgId, day: Millis) -> Result<RecordKey, DeskError> {
        let year = u16::try_from(day.date().year()).unwrap_or_default();
        Ok(RecordRef::activity(org, year, RecordId(self.new_id()?.0)).into())
    }

    /// The record that a screen names.
    pub async fn resolve(&self, name: RecordName) -> Result<RecordRef, DeskError> {
        match name {
            RecordName::Whole(reference) => Ok(reference),
            RecordName::Id(id) => {
                let mut held = self.records().await?;
                held.retain(|record| record.id() == id);
                only(held, "record", &id.to_string())
            }
        }
    }
}

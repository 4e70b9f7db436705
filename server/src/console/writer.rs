//! Who wrote: the person and the device behind a change.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use utoipa::ToSchema;
use zhibu_domain::ids::{DeviceId, MemberId};
use zhibu_domain::wire::AuthorCard;

use super::StaffCaller;
use crate::error::ApiError;

/// A person with a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Writer {
    /// The device.
    #[schema(value_type = String, format = "uuid")]
    pub device: DeviceId,
    /// The person's name; empty for a device that the district does not know.
    pub name: String,
    /// The device's label; empty for a console.
    pub device_name: String,
    /// The member, if the account is one.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub member: Option<MemberId>,
}

/// The writers of a record or a list.
#[derive(Debug, Clone, Default)]
pub struct Writers(BTreeMap<DeviceId, AuthorCard>);

impl Writers {
    /// Who stands behind a device.
    pub fn of(&self, device: DeviceId) -> Writer {
        let card = self.0.get(&device);
        Writer {
            device,
            name: card.map(|card| card.name.clone()).unwrap_or_default(),
            device_name: card.map(|card| card.device_name.clone()).unwrap_or_default(),
            member: card.and_then(|card| card.member),
        }
    }
}

impl StaffCaller {
    /// Who stands behind these devices.
    pub(super) async fn writers(
        &self,
        devices: impl IntoIterator<Item = DeviceId>,
    ) -> Result<Writers, ApiError> {
        let devices: BTreeSet<_> = devices.into_iter().collect();
        let devices: Vec<_> = devices.into_iter().collect();
        let cards = self.store().author_cards(self.district(), &devices).await?;
        Ok(Writers(cards.into_iter().map(|card| (card.device, card)).collect()))
    }
}

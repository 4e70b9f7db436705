//! The nouns of quarantine: nothing that was sent is lost, also when it was refused.

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use zhibu_domain::ids::{AccountId, DeviceId, DistrictId, OrgId};
use zhibu_domain::record::{RecordRef, change_hash};
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{Envelope, Refusal};
use zhibu_domain::words;

use super::StoreError;

/// Something that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedItem {
    /// Follows from author and hash, so that a second delivery is the same item.
    pub id: Uuid,
    /// The change's hash; the envelope's digest when that was refused as a whole.
    pub hash: [u8; 32],
    /// The record as the delivery named it, which need not exist; none for a whole envelope.
    pub record: Option<RecordRef>,
    /// Who signed it; unproven for a whole envelope.
    pub author: DeviceId,
    /// Who brought it first.
    pub carrier: DeviceId,
    /// The envelope's number.
    pub counter: u64,
    /// The change, or the whole envelope in CBOR.
    pub content: Vec<u8>,
    /// Why.
    pub refusal: Refusal,
    /// When it came first.
    pub received_at: Millis,
    /// How it ended, if it has.
    pub resolution: Option<Resolution>,
}

impl QuarantinedItem {
    /// What its content is filed under, computed anew: anything but its hash means that its bytes are damaged.
    pub fn name(&self) -> [u8; 32] {
        let plain = || Sha256::digest(&self.content).into();
        match self.record {
            Some(_) => change_hash(&self.content).map_or_else(plain, |hash| hash.0),
            None => minicbor::decode(&self.content).map_or_else(
                |_| plain(),
                |envelope: Envelope| {
                    let parts = Sha256::new().chain_update(&envelope.body).chain_update(&envelope.signature);
                    parts.finalize().into()
                },
            ),
        }
    }
}

words! {
    /// How a quarantined item ended.
    HowResolved {
        /// Somebody with the right let it in.
        Admitted = "admitted",
        /// Somebody with the right put it aside for good.
        Dismissed = "dismissed",
        /// The same change was accepted when it came again.
        Arrived = "arrived",
    }
}

/// The end of a quarantined item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// When.
    pub at: Millis,
    /// Who; nobody for [`HowResolved::Arrived`].
    pub by: Option<AccountId>,
    /// How.
    pub how: HowResolved,
}

/// Which items to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QuarantineFilter {
    /// Only those whose record lies at these orgs. Whole envelopes name none, so they show only without this.
    pub orgs: Option<Vec<OrgId>>,
    /// Only this author's.
    pub author: Option<DeviceId>,
    /// Only those that wait for somebody.
    pub open_only: bool,
    /// Only those after this one, by arrival and id.
    pub after: Option<(Millis, Uuid)>,
    /// At most so many.
    pub limit: u32,
}

/// Quarantine. Part of the contract of [`Store`](super::Store).
#[async_trait]
pub trait QuarantineStore: Send + Sync {
    /// Quarantined items, oldest first.
    async fn list_quarantine(
        &self,
        district: DistrictId,
        filter: &QuarantineFilter,
    ) -> Result<Vec<QuarantinedItem>, StoreError>;

    /// One item with its content.
    async fn find_quarantined(
        &self,
        district: DistrictId,
        item: Uuid,
    ) -> Result<Option<QuarantinedItem>, StoreError>;

    /// Closes an open item. `false` if there is none or it is closed: the first word stands.
    async fn resolve_quarantine(
        &self,
        district: DistrictId,
        item: Uuid,
        resolution: &Resolution,
    ) -> Result<bool, StoreError>;
}

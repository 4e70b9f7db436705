//! Districts and their org trees.

use std::fmt;

use async_trait::async_trait;
use zhibu_domain::ids::DistrictId;
use zhibu_domain::org::{NamingScheme, Org};
use zhibu_domain::time::Millis;

use super::{FactorPolicy, StoreError};

/// A district as the server keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct District {
    /// Its id.
    pub id: DistrictId,
    /// Its name as shown.
    pub name: String,
    /// Its words for the levels.
    pub naming: NamingScheme,
    /// Which store this is: new after a restore.
    pub generation: [u8; 16],
    /// Signs the access tokens of this district.
    pub token_secret: [u8; 32],
    /// Whether its staff must have a second factor.
    pub factor_policy: FactorPolicy,
    /// Grows with each change of any org. Set by the store.
    pub orgs_version: u64,
}

/// Without the secret, so that it cannot end in a log.
impl fmt::Debug for District {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("District").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// Districts and orgs. Part of the contract of [`Store`](super::Store).
#[async_trait]
pub trait DistrictStore: Send + Sync {
    /// Founds a district together with its root org. `false` if it exists; then nothing changes.
    async fn found_district(&self, district: &District, founded_at: Millis) -> Result<bool, StoreError>;

    /// All districts, in id order.
    async fn list_districts(&self) -> Result<Vec<District>, StoreError>;

    /// One district.
    async fn find_district(&self, district: DistrictId) -> Result<Option<District>, StoreError>;

    /// Notes that this is another store than the one that phones have read: it was restored from a backup. `generation`
    /// must be a new one. What consoles write from now on is of an epoch of at least `epoch` and one that none of their
    /// devices had: what they wrote before and is forgotten may come back.
    async fn renew_generation(
        &self,
        district: DistrictId,
        generation: [u8; 16],
        epoch: u32,
    ) -> Result<(), StoreError>;

    /// Adds or replaces nodes of the tree; parents stand before their children. Raises `orgs_version` once.
    async fn put_orgs(&self, district: DistrictId, orgs: &[Org]) -> Result<(), StoreError>;

    /// The whole tree, in the order in which the nodes were first put: the root stands first.
    async fn list_orgs(&self, district: DistrictId) -> Result<Vec<Org>, StoreError>;
}

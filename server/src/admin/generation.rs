//! Another generation: what a server calls its store, so that phones notice when it was restored from a backup.

use zhibu_domain::ids::DistrictId;
use zhibu_domain::time::Millis;

use crate::clock::Entropy;
use crate::store::{Store, StoreError};

/// Gives one district's store a new generation. Phones read everything anew and bring back what it has forgotten.
///
/// # Errors
/// When the store cannot be written.
pub async fn renew(
    store: &dyn Store,
    entropy: &dyn Entropy,
    district: DistrictId,
    now: Millis,
) -> Result<(), StoreError> {
    // Seconds: no two restores begin in the same one, whatever the backup says of the one before.
    let epoch = u32::try_from(now.seconds()).unwrap_or(u32::MAX);
    store.renew_generation(district, entropy.bytes(), epoch).await
}

/// Gives all districts' stores new generations; how many there are.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn renew_all(store: &dyn Store, entropy: &dyn Entropy, now: Millis) -> Result<usize, StoreError> {
    let districts = store.list_districts().await?;
    for district in &districts {
        renew(store, entropy, district.id, now).await?;
    }
    Ok(districts.len())
}

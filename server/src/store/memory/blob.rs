//! Pictures in memory.

use std::ops::Bound;

use async_trait::async_trait;
use zhibu_domain::attachment::BlobHash;
use zhibu_domain::ids::{DistrictId, RecordId};
use zhibu_domain::time::Millis;

use super::MemoryStore;
use super::tables::{LooseBlob, Tables};
use crate::store::{BlobStore, CLAIM_MS, StoreError, StoredBlob};

#[async_trait]
impl BlobStore for MemoryStore {
    async fn expect_blob(
        &self,
        district: DistrictId,
        hash: BlobHash,
        at: Millis,
    ) -> Result<bool, StoreError> {
        self.write(district, |tables| {
            if tables.loose_blobs.get(&hash).is_some_and(|loose| loose.is_claimed(at)) {
                return false;
            }
            if !tables.is_held(hash) {
                tables.loose_blobs.insert(hash, LooseBlob { since: at, claimed_at: None });
            }
            true
        })
    }

    async fn note_blob(&self, district: DistrictId, blob: &StoredBlob) -> Result<(), StoreError> {
        self.write(district, |tables| {
            tables.blobs.entry((blob.record, blob.hash)).or_insert(*blob);
            tables.loose_blobs.remove(&blob.hash);
        })
    }

    async fn blobs_of(&self, district: DistrictId, record: RecordId) -> Result<Vec<StoredBlob>, StoreError> {
        self.read(district, |tables| {
            tables.blobs.values().filter(|blob| blob.record == record).copied().collect()
        })
    }

    async fn list_blobs(
        &self,
        district: DistrictId,
        after: Option<(RecordId, BlobHash)>,
        limit: u32,
    ) -> Result<Vec<StoredBlob>, StoreError> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.read(district, |tables| {
            let blobs = tables.blobs.range((from, Bound::Unbounded)).map(|(_, blob)| *blob);
            blobs.take(limit as usize).collect()
        })
    }

    async fn forget_blob(
        &self,
        district: DistrictId,
        record: RecordId,
        hash: BlobHash,
        at: Millis,
    ) -> Result<(), StoreError> {
        self.change(district, |tables| {
            if tables.blobs.remove(&(record, hash)).is_some() && !tables.is_held(hash) {
                tables.loose_blobs.entry(hash).or_insert(LooseBlob { since: at, claimed_at: None });
            }
        })
    }

    async fn claim_loose_blobs(
        &self,
        district: DistrictId,
        before: Millis,
        at: Millis,
        limit: u32,
    ) -> Result<Vec<BlobHash>, StoreError> {
        self.change(district, |tables| {
            let is_due = |loose: &LooseBlob| loose.since < before && !loose.is_claimed(at);
            let due = tables.loose_blobs.iter_mut().filter(|(_, loose)| is_due(loose));
            let claim = |(hash, loose): (&BlobHash, &mut LooseBlob)| {
                loose.claimed_at = Some(at);
                *hash
            };
            due.take(limit as usize).map(claim).collect()
        })
    }

    async fn drop_loose_blob(&self, district: DistrictId, hash: BlobHash) -> Result<(), StoreError> {
        self.change(district, |tables| tables.loose_blobs.remove(&hash)).map(drop)
    }
}

impl LooseBlob {
    /// Whether a server is removing it. A claim older than [`CLAIM_MS`] is that of a server that died.
    fn is_claimed(&self, at: Millis) -> bool {
        self.claimed_at.is_some_and(|claimed_at| claimed_at >= at.plus(-CLAIM_MS))
    }
}

impl Tables {
    fn is_held(&self, hash: BlobHash) -> bool {
        self.blobs.keys().any(|(_, held)| *held == hash)
    }
}

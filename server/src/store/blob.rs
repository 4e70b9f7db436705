//! The nouns of pictures: which have come whole, and for which record. Their bytes are not here.

use async_trait::async_trait;
use zhibu_domain::attachment::{BlobHash, PhotoFormat, PhotoSize};
use zhibu_domain::ids::{DistrictId, RecordId};
use zhibu_domain::time::Millis;

use super::StoreError;

/// For how long a claim on loose pictures holds, in milliseconds. To remove one takes seconds.
pub const CLAIM_MS: i64 = 3_600_000;

/// A picture that is on disk, whole and checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredBlob {
    /// The record that it was brought for.
    pub record: RecordId,
    /// The SHA-256 of its bytes.
    pub hash: BlobHash,
    /// Thumbnail or photo.
    pub size: PhotoSize,
    /// JPEG or WebP, as its bytes say.
    pub mime: PhotoFormat,
    /// How many bytes it has.
    pub size_bytes: u32,
    /// When its last piece came.
    pub arrived_at: Millis,
}

/// Pictures. Part of the contract of [`Store`](super::Store).
#[async_trait]
pub trait BlobStore: Send + Sync {
    /// A picture's bytes are about to be put in their place. `false` while a server is removing them from there: then
    /// they must not be put now. A claim older than [`CLAIM_MS`] is that of a server that died.
    async fn expect_blob(&self, district: DistrictId, hash: BlobHash, at: Millis)
    -> Result<bool, StoreError>;

    /// Notes that a picture is there for a record. Noting it again changes nothing.
    async fn note_blob(&self, district: DistrictId, blob: &StoredBlob) -> Result<(), StoreError>;

    /// The pictures that are there for a record, by hash.
    async fn blobs_of(&self, district: DistrictId, record: RecordId) -> Result<Vec<StoredBlob>, StoreError>;

    /// Pictures by record and hash, those after one, at most `limit`.
    async fn list_blobs(
        &self,
        district: DistrictId,
        after: Option<(RecordId, BlobHash)>,
        limit: u32,
    ) -> Result<Vec<StoredBlob>, StoreError>;

    /// Forgets a picture of a record. If no record of the district holds it any more it is loose from now on.
    async fn forget_blob(
        &self,
        district: DistrictId,
        record: RecordId,
        hash: BlobHash,
        at: Millis,
    ) -> Result<(), StoreError>;

    /// Claims pictures that have been loose since before a time, so that their bytes can be removed: for this caller
    /// alone, until [`CLAIM_MS`] from `at`.
    async fn claim_loose_blobs(
        &self,
        district: DistrictId,
        before: Millis,
        at: Millis,
        limit: u32,
    ) -> Result<Vec<BlobHash>, StoreError>;

    /// The bytes of a claimed picture are gone.
    async fn drop_loose_blob(&self, district: DistrictId, hash: BlobHash) -> Result<(), StoreError>;
}

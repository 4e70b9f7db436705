//! The nouns of pictures: which have come whole, and for which record. Their bytes are not here.

use async_trait::async_trait;
use zhibu_domain::attachment::{BlobHash, PhotoFormat, PhotoSize};
use zhibu_domain::ids::{DistrictId, RecordId};
use zhibu_domain::time::Millis;

use super::StoreError;

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

    /// Forgets a picture of a record. Answers whether no record of the district holds it any more.
    async fn forget_blob(
        &self,
        district: DistrictId,
        record: RecordId,
        hash: BlobHash,
    ) -> Result<bool, StoreError>;
}

//! Photos of an activity, and whether their pictures have come.

use serde::Serialize;
use utoipa::ToSchema;
use zhibu_domain::attachment::{BlobHash, PhotoSize};
use zhibu_domain::ids::{EntryId, RecordId};
use zhibu_domain::time::Millis;
use zhibu_domain::view::ActivityView;

use super::Context;
use crate::blobs::Picture;
use crate::console::StaffCaller;
use crate::console::writer::Writer;
use crate::error::ApiError;
use crate::store::StoredBlob;

/// A photo. Its pictures are read at `/v1/console/records/{id}/attachments/{entry}/{size}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PhotoRow {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub entry: EntryId,
    /// Bytes of the photo.
    pub size_bytes: u32,
    /// Whether the thumbnail has come: it comes first.
    pub thumb_arrived: bool,
    /// Whether the photo has come.
    pub photo_arrived: bool,
    /// Who attached it.
    pub by: Option<Writer>,
    /// When, by his clock, in milliseconds since 1970.
    #[schema(value_type = Option<i64>)]
    pub at: Option<Millis>,
}

impl StaffCaller {
    /// A picture of an activity that he sees.
    pub async fn read_photo(
        &self,
        record: RecordId,
        entry: EntryId,
        size: PhotoSize,
    ) -> Result<Picture, ApiError> {
        let stored = self.readable_record(record).await?;
        let view = ActivityView::of(&stored.document()?);
        let (hash, _) = view.attachments.get(&entry).ok_or(ApiError::NotFound)?.blob(size);
        let picture = self.app.blobs.read(&self.app, self.district(), record, hash).await?;
        picture.ok_or(ApiError::NotFound)
    }
}

pub(super) fn rows(context: &Context, blobs: &[StoredBlob]) -> Vec<PhotoRow> {
    let arrived = |hash: BlobHash| blobs.iter().any(|blob| blob.hash == hash);
    let photos = context.view.attachments.iter().map(|(entry, photo)| (*entry, *photo)).collect();
    let rows = context.in_log_order("attachments", photos).into_iter().map(|(entry, photo)| {
        let touch = context.first_touch("attachments", entry);
        PhotoRow {
            entry,
            size_bytes: photo.size_bytes,
            thumb_arrived: arrived(photo.thumb),
            photo_arrived: arrived(photo.photo),
            by: touch.map(|touch| context.writers.of(touch.by.device)),
            at: touch.map(|touch| touch.at),
        }
    });
    rows.collect()
}

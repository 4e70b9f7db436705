//! Photos on this phone: kept with the change that names them, shown from here, read from the server when they are
//! not here.

use zhibu_domain::attachment::{Attachment, BlobHash, PhotoSize};
use zhibu_domain::command::Command;
use zhibu_domain::ids::EntryId;
use zhibu_domain::record::RecordRef;
use zhibu_domain::view::ActivityView;
use zhibu_domain::wire::ErrorCode;

use super::{Client, MAX_RACES, Saved};
use crate::error::SyncError;
use crate::keys::DeviceKey;
use crate::store::{Act, KeptBlob, LocalStore, Write};
use crate::transport::Transport;

impl<S: LocalStore, T: Transport, K: DeviceKey> Client<S, T, K> {
    /// Attaches a photo: both pictures and the change that names them become durable in one act. The pictures come
    /// resized and rid of what a camera writes beside them; what does not fit is refused here and not later.
    pub async fn attach_photo(
        &self,
        record: &RecordRef,
        entry: EntryId,
        photo: Vec<u8>,
        thumb: Vec<u8>,
    ) -> Result<Option<Saved>, SyncError> {
        let attachment = Attachment::of(&photo, &thumb)?;
        let mut beside = self.keep(record, &attachment, PhotoSize::Thumb, thumb, false);
        beside.extend(self.keep(record, &attachment, PhotoSize::Full, photo, false));
        self.execute_with(record, Command::AttachPhoto { entry, photo: attachment }, &beside).await
    }

    /// A photo of an activity in one of its sizes: from this phone, or else from the server. A thumbnail that was
    /// read is kept.
    pub async fn photo(
        &self,
        record: &RecordRef,
        entry: EntryId,
        size: PhotoSize,
    ) -> Result<Vec<u8>, SyncError> {
        let view = ActivityView::of(&*self.open(record).await?);
        let attachment = view.attachments.get(&entry).ok_or(SyncError::NoSuchPhoto)?;
        let (hash, _) = attachment.blob(size);
        if let Some(bytes) = self.store.blob_bytes(record.id(), hash).await? {
            return Ok(bytes);
        }
        let bytes = self.read_blob(record, hash).await?;
        if size == PhotoSize::Thumb {
            self.keep_read(self.keep(record, attachment, size, bytes.clone(), true)).await?;
        }
        Ok(bytes)
    }

    async fn read_blob(&self, record: &RecordRef, hash: BlobHash) -> Result<Vec<u8>, SyncError> {
        let answer = self.with_token(async |token| self.transport.blob(token, record.id(), hash).await).await;
        let bytes = answer.map_err(|error| match error {
            SyncError::Refused(body) if body.code == ErrorCode::NotFound => SyncError::PhotoNotThere,
            other => other,
        })?;
        if BlobHash::of(&bytes) != hash {
            return Err(SyncError::BrokenAnswer("a picture that does not fit its name".to_owned()));
        }
        Ok(bytes)
    }

    /// The writes that keep one picture.
    fn keep(
        &self,
        record: &RecordRef,
        attachment: &Attachment,
        size: PhotoSize,
        bytes: Vec<u8>,
        is_uploaded: bool,
    ) -> Vec<Write> {
        let (hash, size_bytes) = attachment.blob(size);
        let (record, mime, kept_at) = (*record, attachment.mime, self.now());
        let acknowledged = if is_uploaded { size_bytes.into() } else { 0 };
        let card = KeptBlob { record, hash, size, mime, size_bytes, kept_at, acknowledged, is_uploaded };
        vec![Write::Blob(card), Write::BlobBytes(record.id(), hash, bytes)]
    }

    /// Keeps what was read. Where others write too often, or no space is left, it is shown all the same.
    async fn keep_read(&self, writes: Vec<Write>) -> Result<(), SyncError> {
        for _ in 0..MAX_RACES {
            let based_on = self.store.revision().await?;
            if self.try_commit(Act { based_on, writes: writes.clone() }).await.unwrap_or(true) {
                return Ok(());
            }
        }
        Ok(())
    }
}

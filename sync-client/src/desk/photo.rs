//! The photos of an activity, and whether they have left this phone.

use serde::Serialize;
use zhibu_domain::attachment::{Attachment, BlobHash, PhotoSize};
use zhibu_domain::command::Command;
use zhibu_domain::ids::EntryId;
use zhibu_domain::record::RecordRef;
use zhibu_domain::view::ActivityView;
use zhibu_domain::words;

use super::{DeskError, Executed, hint};
use crate::client::Client;
use crate::error::SyncError;
use crate::keys::DeviceKey;
use crate::store::LocalStore;
use crate::transport::Transport;

words! {
    /// Where a photo is.
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    PhotoState {
        /// On this phone; the server does not hold all of it.
        Waiting = "waiting",
        /// The server holds all of it, this phone's upload has its receipt.
        Uploaded = "uploaded",
        /// Not on this phone: the server holds it, or the phone that took it has yet to upload it.
        Elsewhere = "elsewhere",
    }
}

/// One photo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct PhotoLine {
    /// Its id, by which it is shown and removed.
    pub id: EntryId,
    /// Its pictures by name, and their bytes.
    #[serde(flatten)]
    pub photo: Attachment,
    /// Where it is.
    pub state: PhotoState,
}

impl<S: LocalStore, T: Transport, K: DeviceKey> Client<S, T, K> {
    /// As [`Client::attach_photo`], with what the server will probably think of it.
    pub async fn attach_photo_foreseen(
        &self,
        reference: &RecordRef,
        entry: EntryId,
        photo: Vec<u8>,
        thumb: Vec<u8>,
    ) -> Result<Executed, DeskError> {
        let attachment = Attachment::of(&photo, &thumb).map_err(SyncError::from)?;
        let foreseen = self.foresee(reference, &Command::AttachPhoto { entry, photo: attachment }).await?;
        let saved = self.attach_photo(reference, entry, photo, thumb).await?;
        Ok(Executed { saved, foreseen, hint: foreseen.map(hint) })
    }

    pub(super) async fn photo_lines(
        &self,
        reference: &RecordRef,
        view: &ActivityView,
    ) -> Result<Vec<PhotoLine>, DeskError> {
        if view.attachments.is_empty() {
            return Ok(Vec::new());
        }
        let mut blobs = self.store().blobs().await?;
        blobs.retain(|blob| blob.record == *reference);
        let is_waiting = |hash: BlobHash| blobs.iter().any(|blob| blob.hash == hash && !blob.is_uploaded);
        let was_taken_here = |hash: BlobHash| blobs.iter().any(|blob| blob.hash == hash);
        let state = |photo: &Attachment| {
            if PhotoSize::ALL.iter().any(|size| is_waiting(photo.blob(*size).0)) {
                PhotoState::Waiting
            } else if was_taken_here(photo.photo) {
                PhotoState::Uploaded
            } else {
                PhotoState::Elsewhere
            }
        };
        let lines = view.attachments.iter();
        Ok(lines.map(|(id, photo)| PhotoLine { id: *id, photo: *photo, state: state(photo) }).collect())
    }
}

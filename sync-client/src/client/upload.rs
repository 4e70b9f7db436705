//! Uploading pictures: after the text, thumbnails first, piece by piece, from where the server says it stands.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use zhibu_domain::attachment::{BlobHash, PhotoSize};
use zhibu_domain::record::Record;
use zhibu_domain::view::ActivityView;
use zhibu_domain::wire::{BlobProgress, ErrorCode, MAX_BLOB_CHUNK_BYTES};

use super::{Client, MAX_RACES};
use crate::engine::pictures::{Fate, Told, fate_of};
use crate::error::SyncError;
use crate::keys::DeviceKey;
use crate::store::{Act, KeptBlob, LocalStore, StoreError, Write};
use crate::transport::Transport;

/// What an upload of pictures did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct UploadReport {
    /// Thumbnails that the server now holds.
    pub thumbs: usize,
    /// Photos that the server now holds.
    pub photos: usize,
    /// Pictures that it would not take now, or that this phone's storage has damaged: tried again at the next upload.
    pub declined: usize,
    /// Bytes of pictures sent.
    pub bytes_up: u64,
}

impl<S: LocalStore, T: Transport, K: DeviceKey> Client<S, T, K> {
    /// Uploads the pictures whose photos count, and lets those go that nothing names any more. To be called after a
    /// synchronisation; may be killed at any point, and goes on from there.
    pub async fn upload_blobs(&self) -> Result<UploadReport, SyncError> {
        let mut report = UploadReport::default();
        let mut queue = self.sort_out().await?;
        queue.sort_by_key(|blob| (blob.size, blob.kept_at, blob.hash));
        for blob in queue {
            match self.upload(&blob, &mut report.bytes_up).await {
                Ok(true) if blob.size == PhotoSize::Thumb => report.thumbs += 1,
                Ok(true) => report.photos += 1,
                Ok(false) => report.declined += 1,
                // Removed by another phone a moment ago, out of scope now, or damaged on its way: not the others' fault.
                Err(SyncError::Refused(body))
                    if matches!(body.code, ErrorCode::NotFound | ErrorCode::RuleBroken) =>
                {
                    report.declined += 1;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(report)
    }

    /// Drops what nothing names and gives what may be sent.
    async fn sort_out(&self) -> Result<Vec<KeptBlob>, SyncError> {
        for _ in 0..MAX_RACES {
            let based_on = self.store.revision().await?;
            let blobs = self.store.blobs().await?;
            if blobs.is_empty() {
                return Ok(blobs);
            }
            let (pending, refused) = (self.store.pending().await?, self.store.refused().await?);
            let mut views = BTreeMap::new();
            let (mut queue, mut writes) = (Vec::new(), Vec::new());
            for blob in blobs {
                let (accepted, present) = match views.entry(blob.record) {
                    Entry::Occupied(views) => views.into_mut(),
                    Entry::Vacant(views) => views.insert(self.views_of(&blob).await?),
                };
                let (pending, refused) = (&pending[..], &refused[..]);
                let now_ms = self.now().0;
                let told = Told { accepted: accepted.as_ref(), present, pending, refused, now_ms };
                match fate_of(&blob, &told) {
                    Fate::Send => queue.push(blob),
                    Fate::Keep => {}
                    Fate::Drop => writes.push(Write::DropBlob(blob.record.id(), blob.hash)),
                }
            }
            if writes.is_empty() || self.try_commit(Act { based_on, writes }).await? {
                return Ok(queue);
            }
        }
        Err(StoreError::Raced.into())
    }

    /// The picture's record as accepted, if anything of it is, and as it stands here.
    async fn views_of(&self, blob: &KeptBlob) -> Result<(Option<ActivityView>, ActivityView), SyncError> {
        let record = blob.record.id();
        let accepted = self.store.accepted(record).await?;
        let present = ActivityView::of(&*self.open(&blob.record).await?);
        if accepted.is_empty() {
            return Ok((None, present));
        }
        let changes = accepted.iter().map(|change| &change.change);
        let accepted = Record::from_changes(blob.record, changes)
            .map_err(|fault| SyncError::DamagedRecord { record, fault })?;
        Ok((Some(ActivityView::of(&accepted)), present))
    }

    /// Sends what the server does not hold of one picture, until it says that it holds all of it. `false` when the
    /// bytes here are not the picture: nobody would take them.
    async fn upload(&self, blob: &KeptBlob, bytes_up: &mut u64) -> Result<bool, SyncError> {
        let (record, hash) = (blob.record.id(), blob.hash);
        let bytes = self.store.blob_bytes(record, hash).await?.unwrap_or_default();
        if BlobHash::of(&bytes) != hash {
            return Ok(false);
        }
        let ask = async |token: &str| self.transport.blob_progress(token, record, hash).await;
        let mut held = self.with_token(ask).await?;
        while !held.is_complete {
            let rest = usize::try_from(held.offset).ok().and_then(|offset| bytes.get(offset..));
            let chunk = rest.and_then(|rest| rest.chunks(MAX_BLOB_CHUNK_BYTES).next());
            let Some(chunk) = chunk else {
                return Err(SyncError::BrokenAnswer("a picture is there, and is not complete".to_owned()));
            };
            let offset = held.offset;
            let send =
                async |token: &str| self.transport.put_blob_chunk(token, record, hash, offset, chunk).await;
            let now = self.with_token(send).await?;
            *bytes_up += chunk.len() as u64;
            if now.offset <= offset && !now.is_complete {
                return Err(SyncError::BrokenAnswer("a piece of a picture was sent in vain".to_owned()));
            }
            self.note_progress(blob, now).await?;
            held = now;
        }
        self.note_progress(blob, held).await?;
        Ok(true)
    }

    /// Notes how far the server is, unless the picture has been let go meanwhile.
    async fn note_progress(&self, blob: &KeptBlob, held: BlobProgress) -> Result<(), SyncError> {
        for _ in 0..MAX_RACES {
            let based_on = self.store.revision().await?;
            let same = |kept: &KeptBlob| (kept.record, kept.hash) == (blob.record, blob.hash);
            let Some(kept) = self.store.blobs().await?.into_iter().find(same) else { return Ok(()) };
            let acknowledged = if held.is_complete { kept.size_bytes.into() } else { held.offset };
            let noted = KeptBlob { acknowledged, is_uploaded: held.is_complete, ..kept };
            let unchanged = noted == kept;
            let writes = vec![Write::Blob(noted)];
            if unchanged || self.try_commit(Act { based_on, writes }).await? {
                return Ok(());
            }
        }
        Err(StoreError::Raced.into())
    }
}

//! The pictures that the server in memory holds. A picture must be named by a photo that stands in its record.

use std::collections::HashMap;

use zhibu_domain::attachment::BlobHash;
use zhibu_domain::ids::RecordId;
use zhibu_domain::record::Record;
use zhibu_domain::view::ActivityView;
use zhibu_domain::wire::{BlobProgress, ErrorCode, MAX_BLOB_CHUNK_BYTES};
use zhibu_sync_client::transport::TransportError;

use super::server::State;

#[derive(Default)]
pub(crate) struct Blobs {
    arrived: HashMap<BlobHash, Vec<u8>>,
    /// Whose picture each accepted piece belonged to, in their order.
    pub(crate) pieces: Vec<BlobHash>,
}

impl Blobs {
    /// A server that was set back to an old backup has lost them.
    pub(crate) fn lose(&mut self) {
        self.arrived.clear();
    }

    pub(crate) fn whole(&self, hash: BlobHash) -> Option<&[u8]> {
        self.arrived.get(&hash).map(Vec::as_slice).filter(|bytes| BlobHash::of(bytes) == hash)
    }
}

impl State {
    /// How long the picture is that a photo of the record names.
    fn named(&self, record: RecordId, hash: BlobHash) -> Result<u64, TransportError> {
        let of_record: Vec<_> = self.log.iter().filter(|(reference, ..)| reference.id() == record).collect();
        let missing = || self.refusal(ErrorCode::NotFound);
        let (reference, ..) = of_record.first().ok_or_else(missing)?;
        let changes = of_record.iter().map(|(_, change, _)| change);
        let view = ActivityView::of(&Record::from_changes(*reference, changes).unwrap());
        let photo = view.attachments.values().find_map(|photo| Some(photo.blob(photo.size_of(hash)?).1));
        photo.map(u64::from).ok_or_else(missing)
    }

    pub(crate) fn blob_progress(
        &self,
        token: &str,
        record: RecordId,
        hash: BlobHash,
    ) -> Result<BlobProgress, TransportError> {
        self.asking(token)?;
        self.named(record, hash)?;
        let offset = self.blobs.arrived.get(&hash).map_or(0, |bytes| bytes.len() as u64);
        Ok(BlobProgress { offset, is_complete: self.blobs.whole(hash).is_some() })
    }

    pub(crate) fn put_blob_chunk(
        &mut self,
        token: &str,
        record: RecordId,
        hash: BlobHash,
        offset: u64,
        chunk: &[u8],
    ) -> Result<BlobProgress, TransportError> {
        self.asking(token)?;
        let size_bytes = self.named(record, hash)?;
        assert!(!chunk.is_empty() && chunk.len() <= MAX_BLOB_CHUNK_BYTES);
        let arrived = self.blobs.arrived.entry(hash).or_default();
        if arrived.len() as u64 == offset {
            arrived.extend(chunk);
            self.blobs.pieces.push(hash);
        }
        let arrived = self.blobs.arrived.get(&hash).map_or(0, Vec::len) as u64;
        if arrived >= size_bytes && self.blobs.whole(hash).is_none() {
            self.blobs.arrived.remove(&hash);
            return Err(self.refusal(ErrorCode::RuleBroken));
        }
        self.blob_progress(token, record, hash)
    }

    pub(crate) fn blob(
        &self,
        token: &str,
        record: RecordId,
        hash: BlobHash,
    ) -> Result<Vec<u8>, TransportError> {
        self.asking(token)?;
        self.named(record, hash)?;
        self.blobs.whole(hash).map(<[u8]>::to_vec).ok_or_else(|| self.refusal(ErrorCode::NotFound))
    }
}

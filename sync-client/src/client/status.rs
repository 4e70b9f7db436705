//! Where everything stands, in numbers.

use serde::Serialize;
use zhibu_domain::attachment::PhotoSize;
use zhibu_domain::ids::DeviceId;
use zhibu_domain::time::Millis;

use super::Client;
use crate::engine::pictures::is_refused;
use crate::error::SyncError;
use crate::keys::DeviceKey;
use crate::store::{KeptBlob, LastSync, LocalStore};
use crate::transport::Transport;

/// Where this phone stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "PhoneStatus"))]
pub struct Status {
    /// The server.
    pub server: String,
    /// The owner.
    pub name: String,
    /// This device.
    pub device: DeviceId,
    /// Changes saved here that have no receipt: not uploaded.
    pub pending: usize,
    /// Those of them that are in an envelope, and so perhaps on their way.
    pub in_envelope: usize,
    /// Bytes of all that are pending.
    pub waiting_bytes: usize,
    /// Changes of this device that the server has receipted, ever.
    pub receipted: u64,
    /// Photos saved here of which the server does not hold all: not uploaded. Those of refused changes apart.
    pub photos_waiting: usize,
    /// Bytes that are missing there, thumbnails included.
    pub photo_bytes_waiting: u64,
    /// Refused changes that are listed.
    pub refused: usize,
    /// Those of them that nobody has looked at.
    pub refused_unseen: usize,
    /// Envelopes of others that are still to be delivered.
    pub carried: usize,
    /// Records held.
    pub records: usize,
    /// The last synchronisation that came to its end, and what it cost.
    pub last_sync: Option<LastSync>,
    /// The server's clock minus this device's, in milliseconds.
    pub clock_offset_ms: i64,
    /// When the server was seen to have been restored from a backup, if ever.
    pub server_restored_at: Option<Millis>,
    /// This phone comes from an old backup and must synchronise before its work can be delivered.
    pub restored: bool,
}

impl<S: LocalStore, T: Transport, K: DeviceKey> Client<S, T, K> {
    /// Where everything stands.
    pub async fn status(&self) -> Result<Status, SyncError> {
        let state = self.state().await?;
        let waiting = self.store.pending().await?;
        let refused = self.store.refused().await?;
        let mut blobs = self.store.blobs().await?;
        blobs.retain(|blob| !blob.is_uploaded && !is_refused(blob, &refused));
        let missing = |blob: &KeptBlob| u64::from(blob.size_bytes).saturating_sub(blob.acknowledged);
        let in_envelope = waiting.iter().filter(|change| change.envelope.is_some()).count();
        Ok(Status {
            server: state.server,
            name: self.profile().await?.name,
            device: state.device,
            pending: waiting.len(),
            in_envelope,
            waiting_bytes: waiting.iter().map(|change| change.change.len()).sum(),
            receipted: state.receipted_changes,
            photos_waiting: blobs.iter().filter(|blob| blob.size == PhotoSize::Full).count(),
            photo_bytes_waiting: blobs.iter().map(missing).sum(),
            refused: refused.len(),
            refused_unseen: refused.iter().filter(|change| !change.seen).count(),
            carried: self.store.carried().await?.iter().filter(|c| c.receipt.is_none()).count(),
            records: self.store.records().await?.len(),
            last_sync: state.last_sync,
            clock_offset_ms: state.clock_offset_ms,
            server_restored_at: state.generation_changed_at,
            restored: state.restored,
        })
    }
}

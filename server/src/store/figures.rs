//! How large the store is and what waits in it: counts only, for who keeps the server running.

use zhibu_domain::time::Millis;

/// What a store says of itself. All districts together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoreFigures {
    /// Bytes of the database.
    pub database_bytes: u64,
    /// Bytes of a write-ahead log beside it that is not folded in yet; none where the database keeps it elsewhere.
    pub journal_bytes: u64,
    /// Bytes that the disk has left for it; none if that is not this machine's to know.
    pub free_bytes: Option<u64>,
    /// Records that wait for the projector.
    pub marked_records: u64,
    /// When the oldest of their last changes came.
    pub oldest_mark_at: Option<Millis>,
    /// Refused changes that nobody decided about.
    pub quarantined: u64,
    /// Devices that may speak, consoles' own ones left out.
    pub devices: u64,
    /// Sessions of staff.
    pub sessions: u64,
    /// Pictures that came whole, as often as records hold them.
    pub blobs: u64,
    /// Their bytes.
    pub blob_bytes: u64,
}

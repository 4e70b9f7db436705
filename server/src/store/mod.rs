//! What the server keeps, in product words. [`Store`] is the contract, one part for each noun; a back end lives
//! in a folder of its own and proves itself with `conformance.rs`. Nothing in here judges: what may be written is
//! decided before.

use async_trait::async_trait;

mod account;
mod audit;
mod blob;
mod checksum;
#[cfg(test)]
pub(crate) mod conformance;
mod database;
mod decide;
mod device;
mod district;
mod figures;
mod log;
pub mod memory;
mod news;
pub mod pack;
pub mod postgres;
mod projection;
mod quarantine;
mod session;
pub mod sqlite;

pub use account::{Account, AccountStore, Login, NewAccount};
pub use audit::{AuditAct, AuditEntry, AuditRow, AuditStore, ChainState};
pub use blob::{BlobStore, CLAIM_MS, StoredBlob};
pub use database::Database;
pub use device::{
    Device, DeviceKey, DeviceOwner, DeviceStore, Invite, NewInvite, Presence, Redeemed, Redemption,
};
pub use district::{District, DistrictStore};
pub use figures::StoreFigures;
pub use log::{
    Committed, Decision, Delivery, JudgedRecord, KeptIndex, KnownChange, LogContent, LogNews, LogRow,
    LogStore, RecordSummary, StoredChange, StoredRecord, Verdict,
};
pub use news::{News, NewsStore, Word};
pub use pack::{LooseRecord, PackStore, SealedPack};
pub use projection::{
    ActivityFilter, ActivityPlace, DirtyRecord, Exception, Projected, ProjectedActivity, Projection,
    ProjectionStore, SoughtText, WaitingCounts,
};
pub use quarantine::{HowResolved, QuarantineFilter, QuarantineStore, QuarantinedItem, Resolution};
pub use session::{FACTOR_BYTES, Factor, FactorPolicy, Session, SessionHash, SessionStage, SessionStore};

/// Why the store could not do it. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else holds the database; the same call may succeed in a moment.
    #[error("the store is busy")]
    Busy,
    /// What is stored cannot be true. A person has to look at it.
    #[error("impossible row in {table}: {row}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// Which row, and what about it.
        row: String,
    },
    /// The database cannot be reached or refused the call.
    #[error("the store is unavailable: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Everything that the server remembers.
///
/// Each method is **one atomic act**: it has happened wholly or not at all, also when the process dies in the
/// middle or the future is dropped. What a method that writes has answered `Ok` for is on disk. Acts are
/// serialisable: no call sees half of another. Several processes may use one database at the same time.
///
/// An expected "no" is a value (`None`, `false`, a variant); [`StoreError`] means that the question could not be
/// answered. Nothing here looks at a clock or makes an id: both are handed in. A call that names a `district` sees
/// and touches that district only.
#[async_trait]
pub trait Store:
    DistrictStore
    + AccountStore
    + DeviceStore
    + SessionStore
    + LogStore
    + PackStore
    + QuarantineStore
    + AuditStore
    + ProjectionStore
    + BlobStore
    + NewsStore
    + 'static
{
    /// Answers when the database can be read and written: its schema is this program's, and there is room for more.
    async fn ping(&self) -> Result<(), StoreError>;

    /// How large it is and what waits in it. Counts whole tables: not for every request.
    async fn figures(&self) -> Result<StoreFigures, StoreError>;

    /// The rows whose checksums say that they are not what was written: their tables, and which. Reads whole tables; finds
    /// those too that no other question comes across.
    async fn broken_rows(&self) -> Result<Vec<(&'static str, String)>, StoreError>;

    /// Waits for what is under way and gives all connections back. Later calls fail.
    async fn close(&self);
}

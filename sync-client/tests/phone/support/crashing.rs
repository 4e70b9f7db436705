//! A store whose process dies just before a chosen commit, or whose disk is full.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use zhibu_domain::attachment::BlobHash;
use zhibu_domain::ids::{DeviceId, RecordId};
use zhibu_domain::record::{ChangeHash, RecordRef};
use zhibu_domain::wire::{AuthorCard, Profile, ReadMark, Voucher};
use zhibu_sync_client::store::sqlite::SqliteStore;
use zhibu_sync_client::store::{
    AcceptedChange, Act, CarriedEnvelope, ClosedEnvelope, DeviceState, KeptBlob, LocalStore, PendingChange,
    RefusedChange, StoreError,
};

pub(crate) struct CrashingStore<S> {
    inner: S,
    /// Commits until the crash; negative is never.
    commits_left: AtomicI64,
    crashed: AtomicBool,
    is_full: AtomicBool,
}

impl<S> CrashingStore<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self {
            inner,
            commits_left: AtomicI64::new(-1),
            crashed: AtomicBool::new(false),
            is_full: AtomicBool::new(false),
        }
    }

    /// The commit after these many does not happen, nor any after it.
    pub(crate) fn crash_after(&self, commits: i64) {
        self.commits_left.store(commits, Ordering::SeqCst);
    }

    /// From now on there is no space, or is again.
    pub(crate) fn fill(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::SeqCst);
    }

    pub(crate) fn has_crashed(&self) -> bool {
        self.crashed.load(Ordering::SeqCst)
    }
}

impl CrashingStore<SqliteStore> {
    pub(crate) async fn close(&self) {
        self.inner.close().await;
    }
}

impl<S: LocalStore> LocalStore for CrashingStore<S> {
    async fn revision(&self) -> Result<u64, StoreError> {
        self.inner.revision().await
    }
    async fn state(&self) -> Result<Option<DeviceState>, StoreError> {
        self.inner.state().await
    }
    async fn profile(&self) -> Result<Option<Profile>, StoreError> {
        self.inner.profile().await
    }
    async fn authors(&self) -> Result<Vec<AuthorCard>, StoreError> {
        self.inner.authors().await
    }
    async fn author(&self, device: DeviceId) -> Result<Option<AuthorCard>, StoreError> {
        self.inner.author(device).await
    }
    async fn records(&self) -> Result<Vec<RecordRef>, StoreError> {
        self.inner.records().await
    }
    async fn accepted(&self, record: RecordId) -> Result<Vec<AcceptedChange>, StoreError> {
        self.inner.accepted(record).await
    }
    async fn pending_of(&self, record: RecordId) -> Result<Vec<PendingChange>, StoreError> {
        self.inner.pending_of(record).await
    }
    async fn pending(&self) -> Result<Vec<PendingChange>, StoreError> {
        self.inner.pending().await
    }
    async fn unknown(&self, hashes: &[ChangeHash]) -> Result<Vec<ChangeHash>, StoreError> {
        self.inner.unknown(hashes).await
    }
    async fn marks(&self) -> Result<Vec<ReadMark>, StoreError> {
        self.inner.marks().await
    }
    async fn envelopes(&self) -> Result<Vec<ClosedEnvelope>, StoreError> {
        self.inner.envelopes().await
    }
    async fn refused(&self) -> Result<Vec<RefusedChange>, StoreError> {
        self.inner.refused().await
    }
    async fn carried(&self) -> Result<Vec<CarriedEnvelope>, StoreError> {
        self.inner.carried().await
    }
    async fn blobs(&self) -> Result<Vec<KeptBlob>, StoreError> {
        self.inner.blobs().await
    }
    async fn blob_bytes(&self, record: RecordId, hash: BlobHash) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.blob_bytes(record, hash).await
    }
    async fn vouchers(&self) -> Result<Vec<Voucher>, StoreError> {
        self.inner.vouchers().await
    }
    async fn commit(&self, act: Act) -> Result<(), StoreError> {
        if self.commits_left.load(Ordering::SeqCst) == 0 {
            self.crashed.store(true, Ordering::SeqCst);
            return Err(StoreError::Failed("the process is dead".to_owned()));
        }
        if self.is_full.load(Ordering::SeqCst) {
            return Err(StoreError::Full);
        }
        self.inner.commit(act).await?;
        if self.commits_left.load(Ordering::SeqCst) > 0 {
            self.commits_left.fetch_sub(1, Ordering::SeqCst);
        }
        Ok(())
    }
}

//! A store under a server that may die at any of its calls: before or after what the call does took effect, and then
//! nothing of that server ever answers again. A call may also take its time, or fail and say so.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use async_trait::async_trait;
use tokio::sync::{broadcast, watch};
use uuid::Uuid;
use zhibu_domain::attachment::BlobHash;
use zhibu_domain::ids::{AccountId, DeviceId, DistrictId, OrgId, RecordId};
use zhibu_domain::org::{Org, Post};
use zhibu_domain::record::{ChangeHash, Collection};
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{AuthorCard, ReadMark};
use zhibu_server::store::*;

use super::chance::Chance;

/// How many turns of the others a call may take.
const TURNS: [usize; 6] = [0, 0, 1, 2, 6, 30];

/// A store of a server that may die.
pub(crate) struct FailingStore {
    inner: Arc<dyn Store>,
    chance: Chance,
    /// Calls until the server dies; negative is never.
    calls_left: AtomicI64,
    /// Whether calls may fail and be slow.
    is_rough: AtomicBool,
    death: watch::Sender<bool>,
}

impl FailingStore {
    /// A store that does not fail yet.
    pub(crate) fn over(inner: Arc<dyn Store>, chance: Chance) -> Self {
        let is_rough = AtomicBool::new(false);
        Self { inner, chance, calls_left: AtomicI64::new(-1), is_rough, death: watch::channel(false).0 }
    }

    /// The server dies at one of its calls, after so many.
    pub(crate) fn die_after(&self, calls: i64) {
        self.calls_left.store(calls, Ordering::SeqCst);
    }

    /// From now on calls may fail and take their time, or not any more.
    pub(crate) fn be_rough(&self, is_rough: bool) {
        self.is_rough.store(is_rough, Ordering::SeqCst);
    }

    /// The server dies now.
    pub(crate) fn die(&self) {
        self.death.send_replace(true);
    }

    /// Whether it is dead.
    pub(crate) fn is_dead(&self) -> bool {
        *self.death.borrow()
    }

    /// Waits until it is dead.
    pub(crate) async fn death(&self) {
        let mut death = self.death.subscribe();
        // The sender lives as long as this.
        let _ = death.wait_for(|is_dead| *is_dead).await;
    }

    async fn around<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        if self.is_dead() {
            return std::future::pending().await;
        }
        let is_rough = self.is_rough.load(Ordering::SeqCst);
        let dies = match self.calls_left.load(Ordering::SeqCst) {
            0 => true,
            left => {
                self.calls_left.store((left - 1).max(-1), Ordering::SeqCst);
                false
            }
        };
        if is_rough || dies {
            for _ in 0..*self.chance.pick(&TURNS) {
                tokio::task::yield_now().await;
            }
        }
        // What was under way when peace came does not break it.
        let dies = dies && (!is_rough || self.is_rough.load(Ordering::SeqCst));
        if dies && self.chance.percent(50) {
            self.die();
            return std::future::pending().await;
        }
        if is_rough && self.chance.below(200) == 0 {
            return Err(StoreError::Busy);
        }
        let answer = call.await;
        if dies {
            self.die();
            return std::future::pending().await;
        }
        if is_rough {
            for _ in 0..*self.chance.pick(&TURNS) {
                tokio::task::yield_now().await;
            }
            if self.chance.below(400) == 0 {
                // It happened, and its answer was lost on the way.
                return Err(StoreError::Unavailable("the line to the database broke".into()));
            }
        }
        answer
    }
}

macro_rules! pass {
    ($($part:ident { $(fn $name:ident($($arg:ident: $of:ty),*) -> $out:ty;)+ })+) => { $(
        #[async_trait]
        impl $part for FailingStore { $(
            async fn $name(&self, $($arg: $of),*) -> Result<$out, StoreError> {
                self.around(self.inner.$name($($arg),*)).await
            }
        )+ }
    )+ };
}

pass! {
    DistrictStore {
        fn found_district(district: &District, founded_at: Millis) -> bool;
        fn list_districts() -> Vec<District>;
        fn find_district(district: DistrictId) -> Option<District>;
        fn renew_generation(district: DistrictId, generation: [u8; 16], epoch: u32) -> ();
        fn put_orgs(district: DistrictId, orgs: &[Org]) -> ();
        fn list_orgs(district: DistrictId) -> Vec<Org>;
    }
    AccountStore {
        fn create_account(district: DistrictId, account: &NewAccount) -> bool;
        fn find_account(district: DistrictId, id: AccountId) -> Option<Account>;
        fn find_login(district: DistrictId, login: &str) -> Option<Login>;
        fn list_accounts(district: DistrictId, org: Option<OrgId>) -> Vec<Account>;
        fn set_posts(district: DistrictId, id: AccountId, posts: &[Post]) -> bool;
        fn set_password(district: DistrictId, id: AccountId, hash: &str, kept: Option<&SessionHash>) -> bool;
        fn set_disabled(district: DistrictId, id: AccountId, at: Option<Millis>) -> bool;
    }
    DeviceStore {
        fn create_invite(district: DistrictId, invite: &NewInvite) -> bool;
        fn list_invites(district: DistrictId, account: AccountId) -> Vec<Invite>;
        fn redeem_invite(redemption: &Redemption) -> Redeemed;
        fn ensure_console_device(district: DistrictId, account: AccountId, new: DeviceId, at: Millis) -> Device;
        fn find_device(district: DistrictId, device: DeviceId) -> Option<DeviceOwner>;
        fn locate_device(device: DeviceId) -> Option<DeviceOwner>;
        fn list_devices(district: DistrictId, account: AccountId) -> Vec<Device>;
        fn list_phones(district: DistrictId) -> Vec<Device>;
        fn note_presence(presences: &[Presence]) -> Vec<bool>;
        fn revoke_device(district: DistrictId, device: DeviceId, at: Millis) -> bool;
        fn author_cards(district: DistrictId, devices: &[DeviceId]) -> Vec<AuthorCard>;
    }
    SessionStore {
        fn open_session(district: DistrictId, session: &Session) -> ();
        fn find_session(district: DistrictId, hash: &SessionHash) -> Option<Session>;
        fn touch_session(district: DistrictId, hash: &SessionHash, at: Millis) -> ();
        fn end_session(district: DistrictId, hash: &SessionHash) -> bool;
        fn sweep_sessions(district: DistrictId, used_before: Millis, opened_before: Millis) -> u64;
        fn pend_factor(district: DistrictId, hash: &SessionHash, secret: &[u8; FACTOR_BYTES]) -> ();
        fn confirm_factor(district: DistrictId, hash: &SessionHash, step: u64, at: Millis) -> bool;
        fn find_factor(district: DistrictId, account: AccountId) -> Option<Factor>;
        fn advance_factor(district: DistrictId, account: AccountId, step: u64) -> bool;
        fn clear_factor(district: DistrictId, account: AccountId) -> bool;
        fn set_factor_policy(district: DistrictId, policy: FactorPolicy) -> ();
    }
    LogStore {
        fn commit(deliveries: &[Delivery]) -> Vec<Committed>;
        fn known_changes(district: DistrictId, wanted: &[(DeviceId, ChangeHash)])
            -> HashMap<(DeviceId, ChangeHash), KnownChange>;
        fn open_records(district: DistrictId, ids: &[RecordId]) -> Vec<JudgedRecord>;
        fn keep_indexes(district: DistrictId, indexes: &[KeptIndex]) -> ();
        fn load_record(district: DistrictId, id: RecordId) -> Option<StoredRecord>;
        fn read_news(district: DistrictId, marks: &[ReadMark], max_bytes: usize) -> LogNews;
        fn contradicted(district: DistrictId, marks: &[ReadMark]) -> Vec<Collection>;
        fn list_collections(district: DistrictId) -> Vec<(Collection, u64)>;
        fn list_records(district: DistrictId, after: Option<RecordId>, limit: u32) -> Vec<RecordSummary>;
        fn records_in(district: DistrictId, collection: Collection) -> Vec<RecordSummary>;
    }
    PackStore {
        fn loose_records(district: DistrictId, collection: Collection, before: Millis) -> Vec<LooseRecord>;
        fn find_dictionary(district: DistrictId, collection: Collection) -> Option<Vec<u8>>;
        fn put_dictionary(district: DistrictId, collection: Collection, sealed: &[u8]) -> ();
        fn compact(district: DistrictId, packs: &[SealedPack]) -> Vec<bool>;
        fn forget_envelopes(district: DistrictId, before: Millis, limit: u32) -> u64;
    }
    QuarantineStore {
        fn list_quarantine(district: DistrictId, filter: &QuarantineFilter) -> Vec<QuarantinedItem>;
        fn find_quarantined(district: DistrictId, item: Uuid) -> Option<QuarantinedItem>;
        fn resolve_quarantine(district: DistrictId, item: Uuid, resolution: &Resolution) -> bool;
    }
    AuditStore {
        fn append_audit(district: DistrictId, entry: &AuditEntry) -> u64;
        fn list_audit(district: DistrictId, after: u64, limit: u32) -> Vec<AuditRow>;
        fn verify_audit(district: DistrictId) -> ChainState;
    }
    ProjectionStore {
        fn dirty_records(district: DistrictId, limit: u32) -> Vec<DirtyRecord>;
        fn project(district: DistrictId, projections: &[Projection]) -> ();
        fn clear_projections(district: DistrictId) -> ();
        fn claim_projection(districts: &[DistrictId]) -> Vec<DistrictId>;
        fn find_activity(district: DistrictId, record: RecordId) -> Option<ProjectedActivity>;
        fn count_waiting(district: DistrictId, orgs: Option<&[OrgId]>) -> WaitingCounts;
        fn list_activities(district: DistrictId, filter: &ActivityFilter) -> Vec<ProjectedActivity>;
    }
    BlobStore {
        fn expect_blob(district: DistrictId, hash: BlobHash, at: Millis) -> bool;
        fn note_blob(district: DistrictId, blob: &StoredBlob) -> ();
        fn blobs_of(district: DistrictId, record: RecordId) -> Vec<StoredBlob>;
        fn list_blobs(district: DistrictId, after: Option<(RecordId, BlobHash)>, limit: u32) -> Vec<StoredBlob>;
        fn forget_blob(district: DistrictId, record: RecordId, hash: BlobHash, at: Millis) -> ();
        fn claim_loose_blobs(district: DistrictId, before: Millis, at: Millis, limit: u32) -> Vec<BlobHash>;
        fn drop_loose_blob(district: DistrictId, hash: BlobHash) -> ();
    }
}

#[async_trait]
impl Store for FailingStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.around(self.inner.ping()).await
    }

    async fn figures(&self) -> Result<StoreFigures, StoreError> {
        self.around(self.inner.figures()).await
    }

    async fn broken_rows(&self) -> Result<Vec<(&'static str, String)>, StoreError> {
        self.around(self.inner.broken_rows()).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

impl NewsStore for FailingStore {
    fn tell(&self, news: &[News]) {
        if !self.is_dead() {
            self.inner.tell(news);
        }
    }

    fn hear(&self) -> broadcast::Receiver<Word> {
        self.inner.hear()
    }
}

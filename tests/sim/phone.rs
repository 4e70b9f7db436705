//! One phone: the real client core over a disk and a line that fail, with a clock of its own.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use zhibu_domain::attachment::PhotoSize;
use zhibu_domain::ids::EntryId;
use zhibu_domain::record::{ChangeHash, RecordRef};
use zhibu_domain::time::Millis;
use zhibu_domain::wire::ErrorCode;
use zhibu_server::clock::{Clock as _, TestClock};
use zhibu_sync_client::client::{Client, SyncReport, UploadReport};
use zhibu_sync_client::error::SyncError;
use zhibu_sync_client::invite::Invite;
use zhibu_sync_client::platform::Surroundings;
use zhibu_sync_client::store::memory::MemoryStore;
use zhibu_sync_client::store::{LocalStore as _, StoreError};

use super::chance::Chance;
use super::disk::Disk;
use super::line::{Line, Net};
use super::people::SimKey;

/// The client core of a simulated phone.
pub(crate) type SimClient = Client<Disk, Line, SimKey>;

/// A phone.
pub(crate) struct Phone {
    pub(crate) name: String,
    /// Whose it is.
    pub(crate) person: usize,
    pub(crate) disk: Disk,
    pub(crate) client: SimClient,
    line: Line,
    surroundings: Arc<PhoneSurroundings>,
    secret: Vec<u8>,
    /// What its disk held at some time.
    pub(crate) backup: Option<MemoryStore>,
    /// Its device may not speak any more, or it lies in a river.
    pub(crate) is_gone: bool,
}

/// A clock that is off by hours, and chance.
struct PhoneSurroundings {
    clock: Arc<TestClock>,
    offset_ms: AtomicI64,
    chance: Chance,
}

impl Surroundings for PhoneSurroundings {
    fn now(&self) -> Millis {
        self.clock.now().plus(self.offset_ms.load(Ordering::Relaxed))
    }

    fn random(&self) -> Option<[u8; 10]> {
        Some(self.chance.bytes())
    }
}

impl Phone {
    /// A new phone of somebody, with the secret of his invite.
    pub(crate) fn new(
        net: &Rc<Net>,
        name: String,
        person: usize,
        secret: Vec<u8>,
        chance: &Chance,
        protocol: u16,
    ) -> Self {
        let disk = Disk::empty(net.oracle.clone(), chance.fork());
        let line = Line::new(net.clone(), chance.fork(), person, protocol, disk.answered());
        let clock = net.servers.clock.clone();
        let surroundings =
            Arc::new(PhoneSurroundings { clock, offset_ms: AtomicI64::new(0), chance: chance.fork() });
        let client = Client::new(disk.clone(), line.clone(), SimKey::of(&name), surroundings.clone());
        Self { name, person, disk, client, line, surroundings, secret, backup: None, is_gone: false }
    }

    /// Switched on again after its death: nothing but its disk is left.
    pub(crate) fn reboot(&mut self) {
        self.disk.revive();
        let key = SimKey::of(&self.name);
        self.client = Client::new(self.disk.clone(), self.line.clone(), key, self.surroundings.clone());
    }

    /// What the backup holds is all that is left.
    pub(crate) fn restore(&mut self) -> bool {
        let Some(backup) = &self.backup else { return false };
        self.disk = self.disk.restored(backup);
        self.reboot();
        true
    }

    /// Its clock is off by so much from now on.
    pub(crate) fn set_clock_off(&self, ms: i64) {
        self.surroundings.offset_ms.store(ms, Ordering::Relaxed);
    }

    /// Everything that it holds as accepted.
    pub(crate) async fn holds(&self) -> Vec<ChangeHash> {
        let mut held = Vec::new();
        for record in self.disk.records().await.unwrap() {
            let accepted = self.disk.accepted(record.id()).await.unwrap();
            held.extend(accepted.into_iter().map(|change| change.hash));
        }
        held
    }

    /// Enrols, unless it is.
    pub(crate) async fn enrol(&self) -> Result<(), SyncError> {
        if self.disk.state().await?.is_some() {
            return Ok(());
        }
        self.line.asked.set(0);
        let invite = Invite { server: "http://zhibu.sim".to_owned(), secret: self.secret.clone() };
        self.client.enrol(&invite, &self.name).await.map(drop)
    }

    /// Delivers and reads; enrols first if it never did. What cannot happen stops the run.
    pub(crate) async fn sync(&self) -> Result<SyncReport, SyncError> {
        self.enrol().await.inspect_err(|error| self.demand_harmless(error))?;
        self.line.asked.set(0);
        self.client.sync().await.inspect_err(|error| self.demand_harmless(error))
    }

    /// Sends the pictures whose photos count. To be called after a synchronisation.
    pub(crate) async fn upload(&self) -> Result<UploadReport, SyncError> {
        self.line.asked.set(0);
        self.client.upload_blobs().await.inspect_err(|error| self.demand_harmless(error))
    }

    /// A picture, from here or from the server.
    pub(crate) async fn look(
        &self,
        of: &RecordRef,
        photo: EntryId,
        size: PhotoSize,
    ) -> Result<Vec<u8>, SyncError> {
        self.line.asked.set(0);
        self.client.photo(of, photo, size).await
    }

    pub(crate) fn demand_harmless(&self, error: &SyncError) {
        let is_harmless = match error {
            SyncError::Store(StoreError::Failed(_)) => self.disk.is_dead(),
            SyncError::Store(StoreError::Full) | SyncError::Offline(_) | SyncError::Busy { .. } => true,
            // A cut answer, or one to a doubled question.
            SyncError::BrokenAnswer(_) | SyncError::WrongClock => true,
            SyncError::DeviceRevoked | SyncError::InviteSpent | SyncError::PhotoNotThere => true,
            SyncError::Refused(body) => {
                matches!(body.code, ErrorCode::WrongProof | ErrorCode::Unauthenticated)
            }
            _ => false,
        };
        assert!(is_harmless, "{}: {error:?}", self.name);
    }
}

//! The storm's phones, which do not go home: each claims points again and again and delivers, whatever the server is
//! going through. What they were told is held against what the server has.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::civil::Date;
use zhibu_domain::ids::{EntryId, RecordId};
use zhibu_domain::record::ChangeHash;
use zhibu_domain::wire::{Envelope, TokenRequest};
use zhibu_server::App;
use zhibu_server::admin::verify::verify;
use zhibu_server::blobs::BlobPlace;
use zhibu_server::store::{Database, Store};
use zhibu_sync_client::keys::DeviceKey as _;

use super::moments::Moments;
use super::past::people::{Person, PersonKey};
use super::past::{Past, people};
use super::phone::{Phone, Shared};
use super::readback::{Findings, ReadBack, Told};

/// Phones under way at once.
const LANES: usize = 16;
/// How long a phone waits before it claims again.
const LEAST_PAUSE_MS: u64 = 20;
const MOST_PAUSE_MS: u64 = 60;
/// How long the phones may need to deliver what is left once the trouble is over.
const PATIENCE: Duration = Duration::from_secs(60);

/// One phone and what its owner did on it.
struct Hand {
    phone: Phone,
    today: Date,
    year: u16,
    told: Mutex<Vec<Told>>,
}

/// All phones.
pub(crate) struct Crowd {
    hands: Vec<Hand>,
    receipts: Mutex<HashMap<ChangeHash, u64>>,
    is_over: AtomicBool,
    /// Synchronisations that ended well.
    pub(crate) synced: AtomicU64,
    /// Synchronisations that did not.
    pub(crate) failed: AtomicU64,
}

/// What was found wrong, and what was looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum {
    /// Receipted and not there.
    pub(crate) lost: u64,
    /// There twice.
    pub(crate) duplicated: u64,
    /// There, but not as receipted, or something that `verify` finds wrong.
    pub(crate) unverified: u64,
    /// Left on the phones at the end, or refused.
    pub(crate) left: u64,
    /// Receipts held against the log.
    pub(crate) receipts: u64,
}

impl Sum {
    /// Nothing is wrong.
    pub(crate) fn is_clean(&self) -> bool {
        (self.lost, self.duplicated, self.unverified, self.left) == (0, 0, 0, 0) && self.receipts > 0
    }
}

impl Crowd {
    /// Every phone of this past, at this server, with one mark and one claim waiting on each.
    pub(crate) async fn equip(app: &App, past: &Past, today: Date, url: &str) -> Self {
        let heads = app.store.list_collections(people::district()).await.unwrap().into_iter().collect();
        let mut hands = Vec::new();
        for number in 0..past.branches {
            let tonight = past.tonight(number, today);
            let shared = Shared::of(app, number, tonight, &heads).await;
            for one in 0..past.phones {
                let phone = Phone::of(app, &shared, (number, one), &[url.to_owned()]).await;
                let told = Mutex::new(vec![phone.work(tonight, today).await]);
                hands.push(Hand { phone, today, year: tonight.year, told });
            }
        }
        Self {
            hands,
            receipts: Mutex::default(),
            is_over: AtomicBool::new(false),
            synced: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// Claims and delivers on this thread until it is over, and then delivers what is left.
    pub(crate) fn work(&self, seed: u64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let lanes = (0..LANES).map(|lane| self.lane(lane, Moments::of(seed ^ lane as u64)));
        runtime.block_on(futures::future::join_all(lanes));
    }

    async fn lane(&self, lane: usize, mut moments: Moments) {
        let own = || self.hands.iter().skip(lane).step_by(LANES);
        'work: for work in 1.. {
            for hand in own() {
                if self.is_over.load(Ordering::Relaxed) {
                    break 'work;
                }
                hand.claim(work).await;
                let outcome = hand.phone.client.sync().await;
                let counter = if outcome.is_ok() { &self.synced } else { &self.failed };
                counter.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(moments.between(LEAST_PAUSE_MS, MOST_PAUSE_MS)).await;
            }
        }
        let began = Instant::now();
        for hand in own() {
            while let Err(error) = hand.phone.client.sync().await {
                assert!(began.elapsed() < PATIENCE, "a phone does not get rid of its work: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }

    /// Nobody claims any more.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Waits until so many more synchronisations ended well.
    pub(crate) fn wait_for(&self, more: u64) {
        let (began, goal) = (Instant::now(), self.synced.load(Ordering::Relaxed) + more);
        while self.synced.load(Ordering::Relaxed) < goal {
            assert!(began.elapsed() < PATIENCE, "the phones do not get through");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What waits on one phone, as a township's officer would carry it: with a proof of the officer's own.
    pub(crate) async fn knock(&self) -> (Vec<Envelope>, TokenRequest) {
        let client = &self.hands[0].phone.client;
        let closed = client.close_envelopes().await.unwrap();
        let envelopes = closed.iter().map(|envelope| minicbor::decode(&envelope.bytes).unwrap()).collect();
        let (officer, at) = (Person::Officer(0), client.now());
        let device = officer.device();
        let proof = PersonKey::of(officer).sign(&TokenRequest::signed_bytes(device, at)).await.unwrap();
        (envelopes, TokenRequest { device, at, proof })
    }

    /// All receipts that reached a phone so far.
    fn receipts(&self) -> HashMap<ChangeHash, u64> {
        let mut receipts = self.receipts.lock().unwrap();
        for hand in &self.hands {
            receipts.extend(hand.phone.positions());
        }
        receipts.clone()
    }

    /// Holds every receipt so far against the log, beside whoever serves it.
    pub(crate) async fn check(&self, database: &Database) -> Sum {
        let receipts = self.receipts();
        let store = database.open().await.unwrap();
        let held = positions(&*store).await;
        store.close().await;
        let mut sum = Sum { receipts: receipts.len() as u64, ..Sum::default() };
        for (hash, position) in &receipts {
            match held.get(hash) {
                None => sum.lost += 1,
                Some(held) => sum.unverified += u64::from(held != position),
            }
        }
        sum
    }

    /// The same once the server is down, and beyond the receipts what the records say: every record is read back.
    pub(crate) async fn check_all(&self, database: &Database, blobs: &BlobPlace) -> Sum {
        let receipts = self.receipts();
        let mut told = Vec::new();
        let mut left = 0;
        for hand in &self.hands {
            let status = hand.phone.client.status().await.unwrap();
            left += (status.pending + status.refused) as u64;
            for one in hand.told.lock().unwrap().iter() {
                let own = [one.mark.1, one.claim.1];
                let positions = own.iter().filter_map(|hash| Some((*hash, *receipts.get(hash)?))).collect();
                told.push(Told { positions, ..one.clone() });
            }
        }
        let store = database.open().await.unwrap();
        let Findings { lost, duplicated, unverified, .. } =
            ReadBack::of(&told).read(&*store, people::district()).await;
        let report = verify(&*store, blobs).await.unwrap();
        store.close().await;
        for finding in report.findings.iter().take(5) {
            eprintln!("found: {finding}");
        }
        let unverified = unverified + report.findings.len() as u64;
        Sum { lost, duplicated, unverified, left, receipts: receipts.len() as u64 }
    }
}

impl Hand {
    async fn claim(&self, work: u32) {
        let (claim, claimed): ((RecordId, ChangeHash), (EntryId, _)) =
            self.phone.claim(self.year, self.today, work).await;
        let mut told = self.told.lock().unwrap();
        let one = Told { claim, claimed, ..told[0].clone() };
        told.push(one);
    }
}

/// Every change of the district, and where it stands.
async fn positions(store: &dyn Store) -> HashMap<ChangeHash, u64> {
    let (mut held, mut after) = (HashMap::new(), None);
    loop {
        let page = store.list_records(people::district(), after, 1000).await.unwrap();
        let Some(last) = page.last() else { return held };
        after = Some(last.reference.id());
        for summary in page {
            let stored = store.load_record(people::district(), summary.reference.id()).await.unwrap();
            held.extend(stored.unwrap().changes.iter().map(|change| (change.hash, change.position)));
        }
    }
}

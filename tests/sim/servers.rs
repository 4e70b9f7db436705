//! The district's servers, in this process: the real router over a store that may die under it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use object_store::memory::InMemory;
use tower::ServiceExt as _;
use zhibu_domain::time::Millis;
use zhibu_server::admin::generation;
use zhibu_server::blobs::BlobPlace;
use zhibu_server::clock::{Clock as _, SeededEntropy, TestClock};
use zhibu_server::http::{Pages, router};
use zhibu_server::store::memory::MemoryStore;
use zhibu_server::store::{Database, Store};
use zhibu_server::{App, projection};

use super::chance::Chance;
use super::failing::FailingStore;
use super::people::{FOUNDED, Size, district, found};
use super::shelf::Shelf;

/// No body is larger.
const MAX_BODY_BYTES: usize = 64 << 20;

/// Where the district is kept.
#[derive(Clone)]
pub(crate) enum Ground {
    /// In memory.
    Memory(Arc<MemoryStore>),
    /// In a database.
    Database(Database),
}

impl Ground {
    /// A server opens it.
    async fn open(&self) -> Arc<dyn Store> {
        match self {
            Ground::Memory(store) => Arc::new(store.reopened()),
            Ground::Database(database) => database.open().await.unwrap(),
        }
    }

    /// In memory, with a district of this size in it. Founding costs more than a short run: it is done once.
    pub(crate) async fn in_memory(size: Size) -> Self {
        thread_local! {
            static FOUNDED_ONCE: RefCell<BTreeMap<Size, MemoryStore>> = const { RefCell::new(BTreeMap::new()) };
        }
        let kept = FOUNDED_ONCE.with_borrow(|kept| kept.get(&size).map(MemoryStore::copied));
        if let Some(store) = kept {
            return Self::Memory(store.into());
        }
        let ground = Self::Memory(MemoryStore::empty().into());
        ground.found(size).await;
        if let Self::Memory(store) = &ground {
            FOUNDED_ONCE.with_borrow_mut(|kept| kept.insert(size, store.copied()));
        }
        ground
    }

    /// Founds the district in an empty store.
    pub(crate) async fn found(&self, size: Size) {
        let store = self.open().await;
        let clock = Arc::new(TestClock::new(FOUNDED));
        let entropy = Arc::new(SeededEntropy::new(1));
        let no_pictures = BlobPlace::of(Arc::new(InMemory::new()));
        let app = App::new(store.clone(), clock, entropy, "http://zhibu.sim", no_pictures);
        found(&app, size).await;
        projection::catch_up(&*store, district()).await.unwrap();
    }
}

/// One server.
#[derive(Clone)]
pub(crate) struct Running {
    pub(crate) app: Arc<App>,
    pub(crate) store: Arc<FailingStore>,
    router: Router,
}

/// The servers of a district, on one ground.
pub(crate) struct Servers {
    ground: RefCell<Ground>,
    /// The store itself, for those who only look.
    store: RefCell<Arc<dyn Store>>,
    pub(crate) clock: Arc<TestClock>,
    /// Where pictures are.
    pub(crate) shelf: Arc<Shelf>,
    chance: Chance,
    running: RefCell<Vec<Running>>,
    is_rough: Cell<bool>,
}

impl Servers {
    /// So many, on this ground.
    pub(crate) async fn start(ground: Ground, count: usize, now: Millis, chance: Chance) -> Self {
        let clock = Arc::new(TestClock::new(now));
        let store = ground.open().await;
        let (running, is_rough) = (RefCell::default(), Cell::new(false));
        let (ground, store) = (RefCell::new(ground), RefCell::new(store));
        // Not forked off: who takes no pictures draws no number for them.
        let shelf = Arc::new(Shelf::new(clock.clone(), Chance::new(now.0.unsigned_abs())));
        let servers = Self { ground, store, clock, shelf, chance, running, is_rough };
        for _ in 0..count {
            let one = servers.boot().await;
            servers.running.borrow_mut().push(one);
        }
        servers
    }

    async fn open(&self) -> Arc<dyn Store> {
        let ground = self.ground.borrow().clone();
        ground.open().await
    }

    /// A backup of the store; none where it is not in memory.
    pub(crate) fn backup(&self) -> Option<MemoryStore> {
        match &*self.ground.borrow() {
            Ground::Memory(store) => Some(store.copied()),
            Ground::Database(_) => None,
        }
    }

    /// All servers die, and start again over what a backup holds, which is given another name, unless nobody says so.
    pub(crate) async fn set_back(&self, backup: &MemoryStore, is_said: bool) {
        self.running.borrow().iter().for_each(|one| one.store.die());
        self.ground.replace(Ground::Memory(backup.copied().into()));
        let store = self.open().await;
        let entropy = SeededEntropy::new(self.chance.next());
        if is_said {
            generation::renew_all(&*store, &entropy, self.clock.now()).await.unwrap();
        }
        self.store.replace(store);
        self.raise_the_dead().await;
    }

    async fn boot(&self) -> Running {
        let store = Arc::new(FailingStore::over(self.open().await, self.chance.fork()));
        store.be_rough(self.is_rough.get());
        let entropy = Arc::new(SeededEntropy::new(self.chance.next()));
        let pictures = BlobPlace::of(self.shelf.clone());
        let app = App::new(store.clone(), self.clock.clone(), entropy, "http://zhibu.sim", pictures);
        let router = router(app.clone(), Pages::default());
        Running { app, store, router }
    }

    /// Whether stores and the disk of the pictures are slow and fail now and then.
    pub(crate) fn be_rough(&self, is_rough: bool) {
        self.is_rough.set(is_rough);
        self.running.borrow().iter().for_each(|one| one.store.be_rough(is_rough));
        self.shelf.be_rough(is_rough);
    }

    /// One of them dies at one of its next store calls.
    pub(crate) fn plan_death(&self, calls: i64) {
        let running = self.running.borrow();
        self.chance.pick(&running).store.die_after(calls);
    }

    /// The dead ones start again; how many.
    pub(crate) async fn raise_the_dead(&self) -> usize {
        let (count, mut raised) = (self.running.borrow().len(), 0);
        for place in 0..count {
            let is_dead = self.running.borrow()[place].store.is_dead();
            if is_dead {
                let one = self.boot().await;
                self.running.borrow_mut()[place] = one;
                raised += 1;
            }
        }
        raised
    }

    /// Nobody dies any more, and all are there.
    pub(crate) async fn calm(&self) {
        self.be_rough(false);
        self.running.borrow().iter().for_each(|one| one.store.die_after(-1));
        self.raise_the_dead().await;
    }

    /// One of them stops as it should, and starts again.
    pub(crate) async fn restart_one(&self) {
        let place = self.chance.below(self.running.borrow().len());
        let old = self.running.borrow()[place].clone();
        tokio::select! {
            biased;
            () = old.store.death() => {}
            () = old.app.ledger.put_away() => {}
        }
        old.store.die();
        let one = self.boot().await;
        self.running.borrow_mut()[place] = one;
    }

    /// One that lives.
    pub(crate) fn any(&self) -> Option<Running> {
        let running = self.running.borrow();
        let alive: Vec<_> = running.iter().filter(|one| !one.store.is_dead()).collect();
        self.chance.pick_some(&alive).map(|one| (*one).clone())
    }

    /// The store itself, behind all that fails.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        self.store.borrow().clone()
    }

    /// Asks one of them over its router. None when nobody lives, or it died before it answered.
    pub(crate) async fn ask(&self, request: Request<Body>) -> Option<(u16, Vec<u8>)> {
        let one = self.any()?;
        let answered: Response<Body> = tokio::select! {
            biased;
            () = one.store.death() => return None,
            answer = one.router.clone().oneshot(request) => answer.unwrap(),
        };
        let status = answered.status().as_u16();
        let body = tokio::select! {
            biased;
            () = one.store.death() => return None,
            body = axum::body::to_bytes(answered.into_body(), MAX_BODY_BYTES) => body.unwrap(),
        };
        Some((status, body.to_vec()))
    }

    /// What one of them does until it is done or dies.
    pub(crate) async fn until_death<T>(one: &Running, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = one.store.death() => None,
            done = work => Some(done),
        }
    }
}

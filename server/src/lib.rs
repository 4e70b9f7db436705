//! The district server: who may speak ([`auth`]), what counts ([`sync`]), what is kept ([`store`], pictures in
//! [`blobs`]), and the door ([`http`]). What is true without HTTP or SQL is in `zhibu_domain`.

// The tests' databases are the same file here and in the tests of the whole.
#[cfg(test)]
extern crate self as zhibu_server;

use std::sync::Arc;

use futures::FutureExt as _;

use admission::{Admission, Limits};
use auth::token::Keyring;
use blobs::{BlobPlace, Blobs};
use clock::{Clock, Entropy, SystemClock, SystemEntropy};
use console::login::LoginThrottle;
use console::throttle::Throttle;
use gather::Gathered;
use http::Readiness;
use store::{Presence, Store};
use sync::{Ledger, Trees};
use zhibu_domain::ids::AccountId;

pub mod admin;
pub mod admission;
pub mod auth;
pub mod blobs;
pub mod clock;
pub mod compaction;
pub mod config;
pub mod console;
#[cfg(test)]
#[path = "../../tests/support/databases.rs"]
pub mod databases;
pub mod demo;
pub mod error;
pub mod gather;
pub mod high_water;
pub mod http;
pub mod listener;
pub mod logging;
pub mod metrics;
pub mod projection;
pub mod store;
pub mod sync;

/// How many requests that cost much an account may make in a minute.
const COSTLY_A_MINUTE: usize = 30;

/// Everything that a request may need, made once at start.
pub struct App {
    /// What is kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Unforeseeable bytes.
    pub entropy: Arc<dyn Entropy>,
    /// The districts' token keys.
    pub keyring: Keyring,
    /// The one that judges and writes.
    pub ledger: Ledger,
    /// Notes which devices speak, many in one act; whether each may.
    pub presences: Gathered<Presence, bool>,
    /// The districts' org trees.
    pub trees: Arc<Trees>,
    /// The pictures.
    pub blobs: Blobs,
    /// Failed logins.
    pub logins: LoginThrottle,
    /// Requests that cost much, by account.
    pub costly: Throttle<AccountId>,
    /// Who is let in.
    pub admission: Arc<Admission>,
    /// Whether it can work, as a supervisor found it last.
    pub readiness: Readiness,
    /// Where the outside finds this server, without a slash at the end: invite links begin with it.
    pub public_url: String,
}

impl App {
    /// A server over this store, with this time and chance, that the outside finds at `public_url`. To be called inside a tokio runtime: the writer is a
    /// task of its own.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        public_url: impl Into<String>,
        blobs: BlobPlace,
    ) -> Arc<Self> {
        Self::within(Limits::default(), store, clock, entropy, public_url, blobs)
    }

    /// As [`App::new`], letting in no more than this.
    pub fn within(
        limits: Limits,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        public_url: impl Into<String>,
        blobs: BlobPlace,
    ) -> Arc<Self> {
        let trees = Arc::new(Trees::default());
        let of_devices = store.clone();
        let note_presence = move |presences: Vec<Presence>| {
            let store = of_devices.clone();
            async move { store.note_presence(&presences).await }.boxed()
        };
        Arc::new(Self {
            presences: Gathered::start(Arc::new(note_presence)),
            ledger: Ledger::start(store.clone(), clock.clone(), trees.clone()),
            admission: Admission::new(limits, clock.clone()),
            store,
            clock,
            entropy,
            keyring: Keyring::default(),
            trees,
            blobs: Blobs::new(blobs),
            logins: LoginThrottle::default(),
            costly: Throttle::new(COSTLY_A_MINUTE, 60_000),
            readiness: Readiness::default(),
            public_url: public_url.into().trim_end_matches('/').to_owned(),
        })
    }

    /// Whether the outside reaches it over TLS.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// A server over this store with the machine's time and chance, that lets in no more than `limits`.
    pub fn on_this_machine(
        limits: Limits,
        store: Arc<dyn Store>,
        public_url: impl Into<String>,
        blobs: BlobPlace,
    ) -> Arc<Self> {
        Self::within(limits, store, Arc::new(SystemClock), Arc::new(SystemEntropy), public_url, blobs)
    }
}

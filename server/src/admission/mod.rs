//! Who is served when more is asked than can be done.
//!
//! Whoever is let in is served at the usual speed, because only so many are let in at once; all others are told at the
//! door to come again, before anything of their request is read ([`Admission::enter`]). A caller has an account of his
//! own: villages share one address, so nobody is counted by it ([`Admission::of_account`]). What lasts on the disk is
//! bounded by the day ([`Admission::deliver`], [`Admission::note_refused`], [`Admission::picture`]). All of it is kept in
//! memory: a restart forgives, and each of several servers counts for itself.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use zhibu_domain::ids::{AccountId, DeviceId};
use zhibu_domain::wire::{EnvelopeReceipt, Receipt};

use self::counts::{Counts, Usage};
use crate::clock::Clock;
use crate::error::ApiError;

mod counts;
#[cfg(test)]
mod tests;

/// What is let in. The defaults are for a machine of two cores; they are options of `serve`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args)]
pub struct Limits {
    /// Most requests under way at once. Whoever comes beyond them is told to come again.
    #[arg(long, env = "ZHIBU_REQUESTS_AT_ONCE", value_name = "N", default_value_t = 128)]
    pub requests_at_once: usize,
    /// Most MiB of requests and answers in memory before nobody else is let in.
    #[arg(long, env = "ZHIBU_BODIES_MIB", value_name = "MIB", default_value_t = 64)]
    pub bodies_mib: usize,
    /// Most requests of one account at once.
    #[arg(long, env = "ZHIBU_ACCOUNT_AT_ONCE", value_name = "N", default_value_t = 8)]
    pub account_at_once: u32,
    /// Requests of one account in a minute, in the long run; as many may come at once after a minute without any.
    #[arg(long, env = "ZHIBU_ACCOUNT_A_MINUTE", value_name = "N", default_value_t = 1200)]
    pub account_a_minute: u32,
    /// Most MiB of envelopes that one account may deliver within a day, its own and others'.
    #[arg(long, env = "ZHIBU_ACCOUNT_DAY_MIB", value_name = "MIB", default_value_t = 64)]
    pub account_day_mib: u64,
    /// Most MiB of refused work that one device may bring within a day: it is kept in quarantine.
    #[arg(long, env = "ZHIBU_REFUSED_DAY_MIB", value_name = "MIB", default_value_t = 8)]
    pub refused_day_mib: u64,
    /// Most MiB of pictures that one account may bring within a day.
    #[arg(long, env = "ZHIBU_PICTURES_DAY_MIB", value_name = "MIB", default_value_t = 512)]
    pub pictures_day_mib: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_at_once: 128,
            bodies_mib: 64,
            account_at_once: 8,
            account_a_minute: 1200,
            account_day_mib: 64,
            refused_day_mib: 8,
            pictures_day_mib: 512,
        }
    }
}

/// What a refused change takes on disk beside itself: its row, what indexes it, and its line in the audit log.
const REFUSED_BESIDE: u64 = 1024;
/// When to come again at the least, in seconds; some are asked to wait longer, so that they do not all come at once.
const COME_AGAIN_S: u32 = 2;
const SPREAD_S: u32 = 6;
/// When to come again when the day's share is used up, in seconds.
const NEXT_HOUR_S: u32 = 3600;
const MIB: u64 = 1 << 20;

/// The door's count of what is under way.
pub struct Admission {
    limits: Limits,
    clock: Arc<dyn Clock>,
    requests: AtomicUsize,
    body_bytes: AtomicUsize,
    turned_away: AtomicU32,
    accounts: Counts<AccountId>,
    devices: Counts<DeviceId>,
}

/// What is under way now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnderWay {
    /// Requests that were let in and have no answer yet.
    pub requests: usize,
    /// Bytes of requests and answers in memory.
    pub body_bytes: usize,
}

impl Admission {
    /// Nothing is under way.
    pub fn new(limits: Limits, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            limits,
            clock,
            requests: AtomicUsize::new(0),
            body_bytes: AtomicUsize::new(0),
            turned_away: AtomicU32::new(0),
            accounts: Counts::default(),
            devices: Counts::default(),
        })
    }

    /// What is under way now.
    pub fn under_way(&self) -> UnderWay {
        UnderWay {
            requests: self.requests.load(Ordering::Relaxed),
            body_bytes: self.body_bytes.load(Ordering::Relaxed),
        }
    }

    /// Lets a request in, if there is room; it takes its place until the entry and its clones are dropped.
    pub fn enter(self: &Arc<Self>) -> Result<Arc<Entry>, ApiError> {
        let before = self.requests.fetch_add(1, Ordering::Relaxed);
        // Counted first: its end takes it off again, whatever happens.
        let entry =
            Entry { admission: self.clone(), account: OnceLock::new(), body_bytes: AtomicUsize::new(0) };
        let has_room = before < self.limits.requests_at_once && self.body_bytes() < self.most_body_bytes();
        if has_room { Ok(Arc::new(entry)) } else { Err(self.come_again()) }
    }

    fn body_bytes(&self) -> usize {
        self.body_bytes.load(Ordering::Relaxed)
    }

    fn most_body_bytes(&self) -> usize {
        self.limits.bodies_mib << 20
    }

    /// Turned away; each is asked to wait a little longer than the one before.
    pub fn come_again(&self) -> ApiError {
        let turn = self.turned_away.fetch_add(1, Ordering::Relaxed);
        ApiError::Crowded { retry_after_s: COME_AGAIN_S + turn % SPREAD_S }
    }

    /// Counts envelopes that an account is about to deliver, if its day has room for them. Nothing is counted if it has
    /// not, or if the device has brought too much that was refused.
    pub fn deliver(&self, account: AccountId, device: DeviceId, bytes: u64) -> Result<(), ApiError> {
        if bytes == 0 {
            return Ok(());
        }
        let now = self.clock.now();
        let refused = self.devices.with(device, now, |usage| usage.refused_bytes);
        if refused >= self.limits.refused_day_mib * MIB {
            return Err(ApiError::TooMany { retry_after_s: NEXT_HOUR_S });
        }
        let most = self.limits.account_day_mib * MIB;
        self.accounts.with(account, now, |usage| within_the_day(&mut usage.delivered_bytes, bytes, most))
    }

    /// Counts what was refused of the envelopes that a device brought, of these lengths. An envelope with one refused
    /// change counts as a whole.
    pub fn note_refused(&self, device: DeviceId, lengths: &[u64], receipts: &[EnvelopeReceipt]) {
        let refused = |receipt: &EnvelopeReceipt| {
            let changes = receipt.changes.iter().filter(|one| matches!(one, Receipt::Refused(_))).count();
            changes as u64 + u64::from(receipt.refused.is_some())
        };
        let counted = lengths.iter().zip(receipts).map(|(length, receipt)| match refused(receipt) {
            0 => 0,
            pieces => length + pieces * REFUSED_BESIDE,
        });
        let bytes: u64 = counted.sum();
        if bytes > 0 {
            self.devices.with(device, self.clock.now(), |usage| usage.refused_bytes += bytes);
        }
    }

    /// Counts a piece of a picture, if the account's day has room for it.
    pub fn picture(&self, account: AccountId, bytes: u64) -> Result<(), ApiError> {
        let most = self.limits.pictures_day_mib * MIB;
        let now = self.clock.now();
        self.accounts.with(account, now, |usage| within_the_day(&mut usage.picture_bytes, bytes, most))
    }
}

fn within_the_day(counted: &mut u64, bytes: u64, most: u64) -> Result<(), ApiError> {
    if *counted + bytes > most {
        return Err(ApiError::TooMany { retry_after_s: NEXT_HOUR_S });
    }
    *counted += bytes;
    Ok(())
}

/// A request that was let in.
pub struct Entry {
    admission: Arc<Admission>,
    account: OnceLock<AccountId>,
    body_bytes: AtomicUsize,
}

impl Entry {
    /// Counts the request as this account's, if the account may ask now.
    pub fn of_account(&self, account: AccountId) -> Result<(), ApiError> {
        if self.account.get().is_some() {
            return Ok(());
        }
        let Limits { account_at_once, account_a_minute, .. } = self.admission.limits;
        let now = self.admission.clock.now();
        self.admission.accounts.with(account, now, |usage| {
            if usage.requests >= account_at_once {
                return Err(self.admission.come_again());
            }
            usage.ask(account_a_minute, now)?;
            usage.requests += 1;
            // Set once: the request was nobody's a moment ago, and it is in one pair of hands.
            let _ = self.account.set(account);
            Ok(())
        })
    }

    /// Counts bytes of its body that came, or of its answer; they count until it is over.
    pub fn hold(&self, bytes: usize) -> Result<(), ApiError> {
        self.body_bytes.fetch_add(bytes, Ordering::Relaxed);
        let held = self.admission.body_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if held <= self.admission.most_body_bytes() { Ok(()) } else { Err(self.admission.come_again()) }
    }

    /// It has its answer, of so many bytes: they are in memory until they are sent, and its place is free.
    pub fn answered(&self, bytes: usize) -> Unsent {
        self.admission.body_bytes.fetch_add(bytes, Ordering::Relaxed);
        Unsent { admission: self.admission.clone(), bytes }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.admission.requests.fetch_sub(1, Ordering::Relaxed);
        self.admission.body_bytes.fetch_sub(*self.body_bytes.get_mut(), Ordering::Relaxed);
        if let Some(account) = self.account.get() {
            self.admission.accounts.with(*account, self.admission.clock.now(), Usage::leave);
        }
    }
}

/// An answer that is not sent yet.
pub struct Unsent {
    admission: Arc<Admission>,
    bytes: usize,
}

impl Drop for Unsent {
    fn drop(&mut self) {
        self.admission.body_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

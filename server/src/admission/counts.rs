//! What single accounts and devices have under way and have used up.

use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use lru::LruCache;
use zhibu_domain::time::Millis;

use crate::error::ApiError;

/// A day, for what lasts.
const DAY_MS: i64 = 24 * 3_600_000;
/// Keys that are remembered; beyond them the ones that were not seen for longest are forgiven.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(32_767);

/// One key's use.
#[derive(Debug)]
pub(super) struct Usage {
    /// Requests under way.
    pub(super) requests: u32,
    /// Bytes of envelopes delivered since the day began.
    pub(super) delivered_bytes: u64,
    /// Bytes of what was refused since the day began.
    pub(super) refused_bytes: u64,
    /// Bytes of pictures brought since the day began.
    pub(super) picture_bytes: u64,
    day_began: Millis,
    /// Requests that count against the minute; they wear off with time.
    asked: f64,
    asked_at: Millis,
}

impl Usage {
    fn at(now: Millis) -> Self {
        Self {
            requests: 0,
            delivered_bytes: 0,
            refused_bytes: 0,
            picture_bytes: 0,
            day_began: now,
            asked: 0.0,
            asked_at: now,
        }
    }

    /// What has worn off by now.
    fn pass_time(&mut self, now: Millis) {
        if now >= self.day_began.plus(DAY_MS) {
            (self.delivered_bytes, self.refused_bytes, self.picture_bytes) = (0, 0, 0);
            self.day_began = now;
        }
    }

    /// Counts a request, if the minute has room for it.
    pub(super) fn ask(&mut self, a_minute: u32, now: Millis) -> Result<(), ApiError> {
        let (most, per_second) = (f64::from(a_minute), f64::from(a_minute) / 60.0);
        // A clock that was set back gives nothing and takes nothing.
        let worn_off = (now.0 - self.asked_at.0).max(0) as f64 / 1000.0 * per_second;
        self.asked = (self.asked - worn_off).max(0.0);
        self.asked_at = now;
        if self.asked + 1.0 > most {
            let wait = (self.asked + 1.0 - most) / per_second;
            return Err(ApiError::TooMany { retry_after_s: wait.ceil() as u32 + 1 });
        }
        self.asked += 1.0;
        Ok(())
    }

    /// A request has ended. It may have been forgotten meanwhile.
    pub(super) fn leave(&mut self) {
        self.requests = self.requests.saturating_sub(1);
    }
}

/// The use of many keys.
#[derive(Debug)]
pub(super) struct Counts<K: Hash + Eq>(Mutex<LruCache<K, Usage>>);

impl<K: Hash + Eq> Default for Counts<K> {
    fn default() -> Self {
        // Grows with its keys: an empty server holds no table for them.
        let mut known = LruCache::unbounded();
        known.resize(REMEMBERED);
        Self(Mutex::new(known))
    }
}

impl<K: Hash + Eq> Counts<K> {
    /// Looks at one key's use, as it is at this instant.
    pub(super) fn with<R>(&self, key: K, now: Millis, look: impl FnOnce(&mut Usage) -> R) -> R {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let usage = known.get_or_insert_mut(key, || Usage::at(now));
        usage.pass_time(now);
        look(usage)
    }
}

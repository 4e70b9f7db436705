//! Counts attempts within a window of time, for guesses and for what costs the server much. Kept in memory: a
//! restart forgives.

use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use zhibu_domain::time::Millis;

use crate::error::ApiError;

/// Keys that are remembered: a flood of invented ones pushes out the oldest.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(16_383);

/// At most so many attempts of one key within a window.
pub struct Throttle<K: Hash + Eq> {
    most: usize,
    window_ms: i64,
    attempts: Mutex<LruCache<K, Vec<Millis>>>,
}

impl<K: Hash + Eq> Throttle<K> {
    /// At most `most` attempts within `window_ms` milliseconds.
    pub fn new(most: usize, window_ms: i64) -> Self {
        Self { most, window_ms, attempts: Mutex::new(LruCache::new(REMEMBERED)) }
    }

    /// Counts an attempt before it is made, so that a hundred at once are a hundred.
    pub fn begin(&self, key: K, now: Millis) -> Result<(), ApiError> {
        let mut attempts = self.lock();
        let times = attempts.get_or_insert_mut(key, Vec::new);
        times.retain(|at| at.plus(self.window_ms) > now);
        if times.len() >= self.most {
            let wait_ms = times.first().map_or(0, |at| at.plus(self.window_ms).0 - now.0);
            let retry_after_s = u32::try_from(wait_ms.max(0) as u64 / 1000 + 1).unwrap_or(u32::MAX);
            return Err(ApiError::TooMany { retry_after_s });
        }
        times.push(now);
        Ok(())
    }

    /// The attempt that was begun last was none.
    pub fn take_back(&self, key: &K) {
        if let Some(times) = self.lock().get_mut(key) {
            times.pop();
        }
    }

    /// All was right: the attempts before are forgotten.
    pub fn forget(&self, key: &K) {
        self.lock().pop(key);
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<K, Vec<Millis>>> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_attempt_waits_for_the_first_to_be_forgotten() {
        let throttle = Throttle::new(5, 900_000);
        let begin = |login: &'static str, at: i64| throttle.begin(login, Millis(at * 1000));
        assert!((0..5).all(|second| begin("zhenjian", second).is_ok()));
        let wait = |at| match begin("zhenjian", at) {
            Err(ApiError::TooMany { retry_after_s }) => retry_after_s,
            other => panic!("{other:?}"),
        };
        assert_eq!((wait(5), wait(899)), (896, 2));
        assert!(begin("another", 5).is_ok(), "each key waits for itself");
        assert!(begin("zhenjian", 900).is_ok());
        assert_eq!(wait(900), 2, "the second of the old ones still counts");
        throttle.take_back(&"zhenjian");
        assert!(begin("zhenjian", 900).is_ok(), "what was no attempt does not count");
    }

    #[test]
    fn success_forgives() {
        let throttle = Throttle::new(5, 900_000);
        for _ in 0..20 {
            throttle.begin("zhenjian", Millis(0)).unwrap();
            throttle.forget(&"zhenjian");
        }
    }
}

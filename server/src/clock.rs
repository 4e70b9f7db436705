//! Where time and chance come from: one real source of each, and settable ones for tests.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use uuid::Uuid;
use zhibu_domain::ids::new_v7;
use zhibu_domain::time::Millis;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Millis;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one clock")]
    fn now(&self) -> Millis {
        Millis(jiff::Timestamp::now().as_millisecond())
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug, Default)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// A clock that stands at this instant.
    pub fn new(at: Millis) -> Self {
        Self(AtomicI64::new(at.0))
    }

    /// Moves it by some milliseconds, forward or back.
    pub fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Millis {
        Millis(self.0.load(Ordering::SeqCst))
    }
}

/// Gives bytes that nobody can foresee.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the slice. A machine that has no randomness must not go on: this panics rather than give a weak key.
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Entropy {
    /// An array of random bytes, e.g. a secret.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A fresh UUIDv7.
    pub fn uuid(&self, now: Millis) -> Uuid {
        new_v7(now, self.bytes())
    }
}

/// The machine's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::expect_used, reason = "a server without randomness must stop, not make guessable keys")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives randomness");
    }
}

/// The same bytes in every run: for tests and the demo district, whose ids must not change. Never for secrets that
/// guard anything.
#[derive(Debug)]
pub struct SeededEntropy(Mutex<rand::rngs::StdRng>);

impl SeededEntropy {
    /// A sequence of its own for each seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(rand::SeedableRng::seed_from_u64(seed)))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        let mut rng = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        rand::Rng::fill_bytes(&mut *rng, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_sequence_and_the_system_another() {
        let ids = |entropy: &dyn Entropy| [entropy.uuid(Millis(1)), entropy.uuid(Millis(1))];
        assert_eq!(ids(&SeededEntropy::new(1)), ids(&SeededEntropy::new(1)));
        assert_ne!(ids(&SeededEntropy::new(1)), ids(&SeededEntropy::new(2)));
        assert_ne!(ids(&SystemEntropy), ids(&SystemEntropy));
    }
}

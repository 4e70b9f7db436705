//! Moments drawn from a seed: the same seed cuts at the same moments, as far as the machine is the same.

use std::time::Duration;

/// A row of draws (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Moments(u64);

impl Moments {
    /// From this seed.
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// A time between these.
    pub(crate) fn between(&mut self, least_ms: u64, most_ms: u64) -> Duration {
        Duration::from_millis(least_ms) + Duration::from_micros(self.below((most_ms - least_ms) * 1000))
    }
}

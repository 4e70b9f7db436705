//! Numbers that follow from a seed.
//!
//! SplitMix64, written out, and not a crate's generator: those promise the same numbers only within one version,
//! and the demo district must stay the same through every update. It is no source of secrets.

/// A stream of numbers that follows from a seed and a label.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    state: u64,
}

impl Stream {
    /// The stream of this label. Each part of the cast draws from its own, so that a change of one part leaves
    /// all others as they were.
    pub(super) fn new(seed: u64, label: &str) -> Self {
        // FNV-1a of the label; mixed with the seed by one step of the generator.
        let hash = label.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut stream = Self { state: seed };
        Self { state: stream.next() ^ hash }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below the bound; 0 if the bound is 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        // The upper half of a 128-bit product: without division, and with a bias no demo can show.
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// A number from both ends, each included.
    pub(super) fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True so many times in a thousand.
    pub(super) fn per_mille(&mut self, chance: usize) -> bool {
        self.below(1000) < chance
    }

    /// One of these, each as likely.
    pub(super) fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of.get(self.below(of.len())).copied().unwrap_or_default()
    }

    /// One of these, as likely as its weight.
    pub(super) fn pick_weighted<'a>(&mut self, of: &[(&'a str, u16)]) -> &'a str {
        let mut left = self.below(of.iter().map(|(_, weight)| usize::from(*weight)).sum());
        for (text, weight) in of {
            match left.checked_sub(usize::from(*weight)) {
                Some(rest) => left = rest,
                None => return text,
            }
        }
        Default::default()
    }

    /// Puts these in another order.
    pub(super) fn shuffle<T>(&mut self, of: &mut [T]) {
        for last in (1..of.len()).rev() {
            of.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // The first outputs of the reference implementation for seed 1234567.
        let mut stream = Stream { state: 1_234_567 };
        assert_eq!(stream.next(), 6_457_827_717_110_365_317);
        assert_eq!(stream.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn labels_and_seeds_give_streams_of_their_own() {
        let first = |seed, label| Stream::new(seed, label).next();
        assert_eq!(first(1, "a"), first(1, "a"));
        assert_ne!(first(1, "a"), first(1, "b"));
        assert_ne!(first(1, "a"), first(2, "a"));
    }

    #[test]
    fn draws_stay_in_range_and_reach_both_ends() {
        let mut stream = Stream::new(7, "range");
        let drawn: Vec<_> = (0..500).map(|_| stream.between(3, 6)).collect();
        assert_eq!(drawn.iter().min(), Some(&3));
        assert_eq!(drawn.iter().max(), Some(&6));
        assert_eq!(stream.below(0), 0);
        let heavy = (0..1000).filter(|_| stream.pick_weighted(&[("a", 9), ("b", 1)]) == "a").count();
        assert!((850..950).contains(&heavy), "{heavy}");
    }
}

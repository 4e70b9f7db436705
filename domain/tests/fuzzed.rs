//! The fuzzer's targets, with the honest inputs that it starts from and those with a bit turned: so that a change that
//! breaks them is seen at once. `cargo xtask fuzz` goes on from there for as long as it is told.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../fuzz/src/lib.rs"]
pub mod fuzz;

use fuzz::{TARGETS, seeds};

/// Turned bits of each honest input, spread over its length.
const TURNS: usize = 1000;

#[test]
fn every_target_reads_honest_inputs_and_bent_ones() {
    let seeds = seeds();
    for (name, target) in TARGETS {
        let honest: Vec<_> = seeds.iter().filter(|(of, _)| *of == name).map(|(_, bytes)| bytes).collect();
        assert!(!honest.is_empty(), "{name} starts from nothing");
        for bytes in honest {
            target(bytes);
            for turn in 0..TURNS.min(bytes.len()) {
                let mut bent = bytes.clone();
                bent[turn * bytes.len() / TURNS.min(bytes.len())] ^= 1 << (turn % 8);
                target(&bent);
            }
        }
    }
}

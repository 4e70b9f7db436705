//! Which entries are taken back by others.

use std::collections::{BTreeMap, BTreeSet};

use super::{EntryFact, EntryState};
use crate::ids::EntryId;

/// The entries that approved entries take back, each with the smallest id that does it.
///
/// A reversal can itself be reversed, which restores what it had taken back. Entries that reverse each other in a
/// circle, which only a faulty device could write, reverse nothing.
pub(super) fn find_reversed(entries: &[EntryFact]) -> BTreeMap<EntryId, EntryId> {
    let reversers: BTreeSet<(EntryId, EntryId)> = entries
        .iter()
        .filter(|entry| entry.state == EntryState::Approved)
        .filter_map(|entry| entry.reverses.map(|target| (target, entry.entry)))
        .collect();
    let mut standing: BTreeMap<EntryId, bool> = BTreeMap::new();
    // Each round settles at least one entry or ends: an entry stands once all that would reverse it have fallen,
    // and falls once one of them stands.
    loop {
        let settled = standing.len();
        for (_, reverser) in &reversers {
            if !standing.contains_key(reverser)
                && let Some(stands) = settle(*reverser, &reversers, &standing)
            {
                standing.insert(*reverser, stands);
            }
        }
        if standing.len() == settled {
            break;
        }
    }
    let mut reversed = BTreeMap::new();
    for (target, reverser) in reversers {
        if standing.get(&reverser) == Some(&true) {
            reversed.entry(target).or_insert(reverser);
        }
    }
    reversed
}

fn settle(
    entry: EntryId,
    reversers: &BTreeSet<(EntryId, EntryId)>,
    standing: &BTreeMap<EntryId, bool>,
) -> Option<bool> {
    let first = (entry, EntryId::from_bytes([0; 16]));
    let mut is_open = false;
    for (_, reverser) in reversers.range(first..).take_while(|(target, _)| *target == entry) {
        match standing.get(reverser) {
            Some(true) => return Some(false),
            Some(false) => {}
            None => is_open = true,
        }
    }
    (!is_open).then_some(true)
}

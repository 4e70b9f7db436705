//! Mutants of a change's bytes, most with the checksum put right again.

use rand::RngExt;
use rand::rngs::StdRng;

use crate::corpus::Station;
use crate::support::craft::{RawChange, body, chunk, run, signed, unsigned};

/// The station's change with one to three things bent.
pub(crate) fn bend(station: &Station<'_>, stations: &[Station<'_>], rng: &mut StdRng) -> Vec<u8> {
    let other = &stations[rng.random_range(0..stations.len())].change;
    match rng.random_range(0..10) {
        0 => {
            let mut bytes = station.change.clone();
            bend_bytes(&mut bytes, other, rng);
            bytes
        }
        1..=4 => {
            let mut inside = body(&station.change).to_vec();
            (0..rng.random_range(1..=3)).for_each(|_| bend_bytes(&mut inside, body(other), rng));
            chunk(if rng.random_bool(0.05) { rng.random() } else { 1 }, &inside)
        }
        _ => {
            let mut raw = RawChange::of(&station.change);
            let other = RawChange::of(other);
            (0..rng.random_range(1..=3)).for_each(|_| bend_fields(&mut raw, &other, rng));
            raw.bytes()
        }
    }
}

fn bend_bytes(bytes: &mut Vec<u8>, other: &[u8], rng: &mut StdRng) {
    if bytes.is_empty() {
        return;
    }
    let at = rng.random_range(0..bytes.len());
    match rng.random_range(0..7) {
        0 | 1 => bytes[at] ^= 1 << rng.random_range(0..8),
        2 => bytes[at] = rng.random(),
        3 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][rng.random_range(0..5)],
        4 => bytes.insert(at, rng.random()),
        5 => {
            bytes.remove(at);
        }
        _ if other.is_empty() => bytes.truncate(at),
        _ => {
            let from = rng.random_range(0..other.len());
            let to = (from + rng.random_range(1..16)).min(other.len());
            let end = (at + to - from).min(bytes.len());
            bytes.splice(at..end, other[from..to].iter().copied());
        }
    }
}

fn bend_fields(raw: &mut RawChange, other: &RawChange, rng: &mut StdRng) {
    let count = raw.columns.len();
    if count == 0 {
        raw.columns = other.columns.clone();
        return;
    }
    let (at, to) = (rng.random_range(0..count), rng.random_range(0..count));
    match rng.random_range(0..14) {
        0 => raw.columns.swap(at, to),
        1 => {
            let column = raw.columns[at].1.clone();
            raw.columns[at].1 = std::mem::replace(&mut raw.columns[to].1, column);
        }
        2 => {
            raw.columns.remove(at);
        }
        3 => {
            let (specification, column) = &other.columns[rng.random_range(0..other.columns.len())];
            *raw = raw.clone().with(*specification, column.clone());
        }
        4 => raw.columns[at].1 = any_run(rng),
        5 => raw.columns[at].1.extend(any_run(rng)),
        6..=8 => {
            let from = other.columns.first().map(|(_, column)| column.clone()).unwrap_or_default();
            bend_bytes(&mut raw.columns[at].1, &from, rng);
        }
        9 => raw.columns[at].0 = rng.random_range(0..0x80),
        10 => raw.others.push(other.actor.clone()),
        11 => drop(raw.others.pop()),
        12 => raw.others.reverse(),
        _ => raw.dependencies.extend(other.dependencies.iter().cloned()),
    }
}

/// A run of some length, of nulls, a literal, or equal values.
fn any_run(rng: &mut StdRng) -> Vec<u8> {
    let times = [0, 1, 2, 19_999, 20_000, 1 << 40][rng.random_range(0..6)];
    match rng.random_range(0..3) {
        0 => [signed(0), unsigned(times as u64)].concat(),
        1 => run(times, &unsigned(rng.random_range(0..200))),
        _ => signed(-times),
    }
}

//! The mutator: honest changes, bent at random, against the gate. What is refused disturbs nothing; what passes must
//! be harmless: it applies, it is saved and loaded again, the index comes back from the log, honest work goes on, and
//! its author changed nothing that he may not change.
//!
//! `ZHIBU_MUTATIONS` says how many (5,000), `ZHIBU_MUTATION_SEED` where to begin. A failure names its seed: with it and
//! `ZHIBU_MUTATIONS=1`, the same mutant is made first.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[expect(dead_code, reason = "each test binary plays only a part of the cast")]
mod support;

#[path = "mutations/bytes.rs"]
mod bytes;
#[path = "mutations/corpus.rs"]
mod corpus;
#[path = "mutations/oracle.rs"]
mod oracle;
#[path = "mutations/structure.rs"]
mod structure;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use corpus::Station;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use support::{Cast, Receipt};
use zhibu_domain::access::Author;
use zhibu_domain::gate::{Index, decode, replay};
use zhibu_domain::refusal::RefusalCode;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Panics that are caught are counted, not printed.
fn quietly<T>(act: impl FnOnce() -> T) -> std::thread::Result<T> {
    QUIET.set(true);
    let result = catch_unwind(AssertUnwindSafe(act));
    QUIET.set(false);
    result
}

fn hush() {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !QUIET.get() {
            loud(panic);
        }
    }));
}

/// What became of a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// Automerge's own encoder would not write it.
    Unencodable,
    /// The mutation changed nothing.
    Same,
    Refused(RefusalCode),
    /// Refused because decoding panicked inside the gate.
    DecoderBroke,
    /// Accepted without a visible effect.
    NoOp,
    Accepted,
}

fn judge(station: &Station<'_>, author: &Author, mutant: &[u8]) -> Outcome {
    if mutant == station.change {
        return Outcome::Same;
    }
    let decoded = quietly(|| decode(mutant)).expect("decoding does not unwind past the gate");
    match decoded {
        Err(refusal) if refusal.detail.as_deref() == Some("the decoder broke") => {
            return Outcome::DecoderBroke;
        }
        Err(refusal) => return Outcome::Refused(refusal.code),
        Ok(decoded) if station.before.index.holds(decoded.hash()) => return Outcome::Same,
        Ok(_) => {}
    }
    let mut after = station.before.clone();
    match after.receive(author, mutant) {
        Ok(receipt) => assert_eq!(receipt, Receipt::Stored),
        Err(refusal) => {
            let untouched = (after.index.change_count(), after.index.status());
            let before = &station.before.index;
            assert_eq!(untouched, (before.change_count(), before.status()));
            return Outcome::Refused(refusal.code);
        }
    }
    harmless(station, author, &mut after)
}

/// Everything that must hold of an accepted mutant.
fn harmless(station: &Station<'_>, author: &Author, after: &mut support::Server<'_>) -> Outcome {
    let changed = oracle::changed(&station.before.record, &after.record);
    oracle::allows(station, author, &after.record, &changed);
    let saved = after.record.save().unwrap();
    let loaded = automerge::Automerge::load(&saved).expect("a saved record loads");
    let heads: Vec<_> = loaded.get_heads().into_iter().map(|hash| hash.0).collect();
    let mut expected: Vec<_> = after.record.heads().into_iter().map(|hash| hash.0).collect();
    expected.sort_unstable();
    assert_eq!(heads, expected);
    let mut again = Index::new(after.record.reference());
    for change in &after.log {
        replay(&mut again, change).expect("the log replays");
    }
    assert_eq!(again.status(), after.index.status());
    assert_eq!(again.change_count(), after.index.change_count());
    let (author, command) = corpus::next_honest(after);
    let next = after.phone(author.clone()).write(&command);
    after.receive(&author, &next).expect("honest work goes on");
    replay(&mut again, &next).expect("honest work goes on after a restart");
    if changed.is_empty() { Outcome::NoOp } else { Outcome::Accepted }
}

/// Who sends it, and the mutant; nothing where Automerge's encoder would not write it.
fn mutant(
    cast: &Cast,
    station: &Station<'_>,
    all: &[Station<'_>],
    rng: &mut StdRng,
) -> Option<(Author, Vec<u8>)> {
    let own = station.author.clone();
    match rng.random_range(0..10) {
        0..4 => quietly(|| structure::bend(station, all, rng)).ok().map(|bytes| (own, bytes)),
        4..7 => {
            let phone = station.before.phone(corpus::anybody(cast, rng.random_range(0..9)));
            let bytes = quietly(|| structure::transplant(&phone, station, all, rng)).ok()?;
            Some((phone.author, bytes))
        }
        _ => Some((own, bytes::bend(station, all, rng))),
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn mutants_are_refused_or_harmless() {
    hush();
    let cast = Cast::new();
    let stations = corpus::stations(&cast);
    let (count, first) = (number("ZHIBU_MUTATIONS", 5_000), number("ZHIBU_MUTATION_SEED", 0));
    let began = Instant::now();
    let mut outcomes = BTreeMap::<Outcome, u64>::new();
    for seed in first..first + count {
        let mut rng = StdRng::seed_from_u64(seed);
        let station = &stations[rng.random_range(0..stations.len())];
        let Some((author, mutant)) = mutant(&cast, station, &stations, &mut rng) else {
            *outcomes.entry(Outcome::Unencodable).or_default() += 1;
            continue;
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| judge(station, &author, &mutant)));
        let outcome = outcome.unwrap_or_else(|_| panic!("ZHIBU_MUTATION_SEED={seed} ZHIBU_MUTATIONS=1"));
        *outcomes.entry(outcome).or_default() += 1;
    }
    let of = |wanted: fn(&Outcome) -> bool| {
        outcomes.iter().filter(|(o, _)| wanted(o)).map(|(_, n)| n).sum::<u64>()
    };
    let refused = of(|outcome| matches!(outcome, Outcome::Refused(_)));
    let accepted = of(|outcome| *outcome == Outcome::Accepted);
    eprintln!(
        "{count} mutants of {} changes: {refused} refused, {accepted} accepted, {} no-op, {} decoder broke, {} same, \
         {} unencodable, {:.1} s",
        stations.len(),
        of(|outcome| *outcome == Outcome::NoOp),
        of(|outcome| *outcome == Outcome::DecoderBroke),
        of(|outcome| *outcome == Outcome::Same),
        of(|outcome| *outcome == Outcome::Unencodable),
        began.elapsed().as_secs_f64(),
    );
    eprintln!("{outcomes:?}");
    let broke = of(|outcome| *outcome == Outcome::DecoderBroke);
    assert_eq!(broke, 0, "the scan let through what breaks the decoder");
    if count >= 1_000 {
        assert!(refused > count / 2 && accepted > count / 200, "the mutator bends too much or too little");
    }
}

//! Runs seeds, on several threads, and says what came of them.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;
use serde_json::json;
use zhibu_server::config;
use zhibu_server::store::Database;

use super::databases::postgres_database;
use super::people::Size;
use super::servers::Ground;
use super::trace::Trace;
use super::world::World;

/// So much happens before everybody comes to rest.
const STEPS: usize = 80;

/// What to run.
#[derive(Debug, Clone, Parser)]
pub(crate) struct Options {
    /// How many seeds.
    #[arg(long, default_value_t = 100)]
    pub(crate) seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    pub(crate) from: u64,
    /// Only this one, with everything that happens told.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Where the districts are kept. Only in memory is a run the same each time.
    #[arg(long, default_value = "memory")]
    pub(crate) store: Kept,
    /// Servers are also set back to a backup that is hours old.
    #[arg(long)]
    pub(crate) set_back: bool,
    /// And nobody says so: the phones must notice.
    #[arg(long, requires = "set_back")]
    pub(crate) unsaid: bool,
    /// People also take pictures.
    #[arg(long)]
    pub(crate) pictures: bool,
    /// So many at once, each on a thread of its own.
    #[arg(long, default_value_t = 2)]
    pub(crate) threads: usize,
    /// One JSON line at the end, which is what there is; for the habit of saying so.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where a district is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kept {
    /// In memory.
    Memory,
    /// In a file.
    Sqlite,
    /// On the Postgres server that `ZHIBU_TEST_POSTGRES` names.
    Postgres,
}

/// How a seed is run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    store: Kept,
    sets_back: bool,
    is_unsaid: bool,
    takes_pictures: bool,
}

impl Options {
    fn way(&self) -> Way {
        let (sets_back, is_unsaid, takes_pictures) = (self.set_back, self.unsaid, self.pictures);
        Way { store: self.store, sets_back, is_unsaid, takes_pictures }
    }
}

/// What came of one seed.
pub(crate) struct Outcome {
    /// A hash over everything that happened.
    pub(crate) trace: [u8; 32],
    /// Days that went by.
    pub(crate) days: f64,
    /// What broke, and the end of what happened.
    pub(crate) failure: Option<(String, Vec<String>)>,
}

thread_local! {
    /// Where the last panic of this thread was.
    static BROKEN: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs what the options name; whether nothing failed.
pub(crate) fn simulate(options: &Options) -> bool {
    hear_panics();
    if let Some(seed) = options.seed {
        let outcome = run(seed, options.way(), true);
        let trace = data_encoding::HEXLOWER.encode(&outcome.trace);
        println!("{}", json!({ "figure": "sim", "seed": seed, "trace": trace }));
        return told(seed, options.way(), &outcome);
    }
    let (began, next) = (Instant::now(), AtomicU64::new(options.from));
    let end = options.from + options.seeds;
    let lane = || {
        let (mut days, mut failed) = (0.0, Vec::new());
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return (days, failed);
            }
            let outcome = run(seed, options.way(), false);
            days += outcome.days;
            if !told(seed, options.way(), &outcome) {
                failed.push(seed);
            }
        }
    };
    let (mut days, mut failed) = (0.0, Vec::new());
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..options.threads).map(|_| scope.spawn(lane)).collect();
        for lane in lanes {
            let (more, broken) = lane.join().unwrap();
            days += more;
            failed.extend(broken);
        }
    });
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{}",
        json!({
            "figure": "sim",
            "seeds": options.seeds,
            "failed": failed.len(),
            "simulated_days": days.round(),
            "seconds": (seconds * 10.0).round() / 10.0,
            "days_per_minute": (days / seconds * 60.0).round(),
            "failed_seeds": failed,
        })
    );
    failed.is_empty()
}

/// The hook would print each panic, of the servers too; here it is kept until somebody asks.
fn hear_panics() {
    std::panic::set_hook(Box::new(|panic| BROKEN.set(panic.to_string())));
}

fn told(seed: u64, way: Way, outcome: &Outcome) -> bool {
    let Some((what, end)) = &outcome.failure else { return true };
    eprintln!("\nseed {seed} failed: {what}");
    for line in end {
        eprintln!("  {line}");
    }
    let set_back = if way.sets_back { " --set-back" } else { "" };
    let unsaid = if way.is_unsaid { " --unsaid" } else { "" };
    let pictures = if way.takes_pictures { " --pictures" } else { "" };
    eprintln!("again with: cargo xtask sim --seed {seed}{set_back}{unsaid}{pictures}");
    false
}

/// One seed, from its founding to its end.
pub(crate) fn run(seed: u64, way: Way, is_loud: bool) -> Outcome {
    let trace = Rc::new(Trace::new(is_loud));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let lived = catch_unwind(AssertUnwindSafe(|| runtime.block_on(live(seed, way, trace.clone()))));
    let failure = lived.as_ref().err().map(|_| (BROKEN.take(), trace.end()));
    Outcome { trace: trace.hash(), days: lived.unwrap_or_default(), failure }
}

async fn live(seed: u64, way: Way, trace: Rc<Trace>) -> f64 {
    let Way { store, sets_back, is_unsaid, takes_pictures } = way;
    let size = match seed % 20 {
        0 => Size { branches: 4, members: 9 },
        1..8 => Size { branches: 2, members: 5 },
        _ => Size { branches: 3, members: 3 },
    };
    let folder = tempfile::tempdir().unwrap();
    let ground = match store {
        Kept::Memory => Ground::in_memory(size).await,
        Kept::Sqlite => Ground::Database(Database::Sqlite(config::database(folder.path()))),
        Kept::Postgres => Ground::Database(postgres_database(folder.path()).await),
    };
    if store != Kept::Memory {
        ground.found(size).await;
    }
    let mut world = World::begin(seed, ground, size, trace).await;
    (world.sets_back, world.sets_back_unsaid, world.takes_pictures) = (sets_back, is_unsaid, takes_pictures);
    let rounds = 1 + usize::from(seed.is_multiple_of(3));
    for _ in 0..rounds {
        world.be_rough(true);
        world.live(STEPS).await;
        world.come_to_rest().await;
        world.check().await;
    }
    world.days()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDINARY: Way =
        Way { store: Kept::Memory, sets_back: false, is_unsaid: false, takes_pictures: false };
    const SET_BACK: Way = Way { sets_back: true, ..ORDINARY };
    const WITH_PICTURES: Way = Way { takes_pictures: true, ..SET_BACK };
    /// Runs that failed when they were first seen, and what they found. Each became a test of its own as well: what a
    /// seed leads to changes with the simulator.
    const FOUND: [(u64, Way, &str); 9] = [
        (13, ORDINARY, "a proof far ahead of time whose answer was lost locked a phone out"),
        (702, ORDINARY, "what a restored phone wrote upon a used number was shown to its owner as refused"),
        (
            304_317,
            ORDINARY,
            "what came early, and then stood on a refused change, was shown to its author as refused",
        ),
        (
            524,
            SET_BACK,
            "what carriers brought too early was refused for good, written anew, and stayed with readers",
        ),
        (1866, SET_BACK, "for the same reason, a receipted change could not come back"),
        (1362, SET_BACK, "a simulator that called a number used that the server had forgotten"),
        (
            87_414,
            ORDINARY,
            "a restored phone whose owner had left the branch opened a record that lacked its own delivered change",
        ),
        (9, SET_BACK, "a pack that had come to where a phone had read was taken for another log"),
        (44_690, ORDINARY, "a simulator in which a server died when peace had come"),
    ];

    fn demand(seed: u64, way: Way) -> Outcome {
        let outcome = run(seed, way, false);
        if let Some((what, end)) = &outcome.failure {
            panic!("seed {seed}: {what}\n{}", end.join("\n"));
        }
        outcome
    }

    #[test]
    fn a_seed_gives_the_same_run_each_time_and_another_seed_another() {
        for (seed, way) in [(3, ORDINARY), (4, ORDINARY), (20, ORDINARY), (5, WITH_PICTURES)] {
            assert_eq!(demand(seed, way).trace, demand(seed, way).trace, "seed {seed}");
        }
        assert_ne!(demand(3, ORDINARY).trace, demand(4, ORDINARY).trace);
    }

    #[test]
    fn what_was_found_once_is_not_found_again() {
        for (seed, way, _) in FOUND {
            demand(seed, way);
        }
    }

    #[test]
    fn the_same_worlds_hold_on_a_file() {
        for seed in [1, 2] {
            let outcome = run(seed, Way { store: Kept::Sqlite, ..ORDINARY }, false);
            assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
        }
    }
}

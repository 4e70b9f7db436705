//! What the server shows of itself: how long each stage of a push takes, what was decided, what waits, how large the
//! store is. Numbers only, with few and bounded labels: no name, no id, no address.
//!
//! Nothing is kept while nobody asked for it: without [`install`] every call below ends in a no-op. [`Stage`] and
//! [`tally`] are called where work is done; [`listener`] answers the scraper and reads what can be read at any time.

use std::num::NonZeroU32;
use std::time::Duration;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

pub mod listener;
mod sample;
mod stage;
pub mod tally;

pub use stage::{Running, Stage};

/// Bounds of every histogram of seconds: six for each power of ten, fine enough for a median of microseconds, up to the
/// longest that a request may take.
const SECONDS: [f64; 47] = [
    1e-6, 1.5e-6, 2e-6, 3e-6, 5e-6, 7e-6, 1e-5, 1.5e-5, 2e-5, 3e-5, 5e-5, 7e-5, 1e-4, 1.5e-4, 2e-4, 3e-4,
    5e-4, 7e-4, 1e-3, 1.5e-3, 2e-3, 3e-3, 5e-3, 7e-3, 1e-2, 1.5e-2, 2e-2, 3e-2, 5e-2, 7e-2, 0.1, 0.15, 0.2,
    0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 60.0,
];
/// Bounds of a histogram of things in one commit.
const PIECES: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];
/// Samples wait in memory until they are counted: often enough that a storm leaves no more than a few megabytes.
const COUNT_EVERY: Duration = Duration::from_secs(1);

/// Begins to keep numbers, for this process. To be called before anything is served, inside a tokio runtime.
///
/// # Errors
/// When numbers are being kept already.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Full(tally::ENVELOPES_OF_COMMIT.into()), &PIECES)?
        .set_bucket_count(NonZeroU32::MIN)
        .install_recorder()?;
    describe();
    tally::begin();
    let upkeep = handle.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(COUNT_EVERY).await;
            upkeep.run_upkeep();
        }
    });
    Ok(handle)
}

fn describe() {
    for stage in Stage::ALL {
        describe_histogram!(stage.name(), Unit::Seconds, stage.meaning());
    }
    tally::describe();
    sample::describe();
}

/// One line of a table of counters or gauges: its name and what it counts.
type Described = (&'static str, &'static str);

fn describe_counters(table: &[Described]) {
    for (name, meaning) in table {
        describe_counter!(*name, *meaning);
    }
}

fn describe_gauges(table: &[Described]) {
    for (name, meaning) in table {
        describe_gauge!(*name, *meaning);
    }
}

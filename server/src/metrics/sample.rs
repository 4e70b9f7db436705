//! What can be read at any time and is read when somebody asks: queues, the store's size, the process.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use metrics::gauge;
use metrics_process::Collector;

use super::{Described, describe_gauges};
use crate::App;
use crate::store::StoreFigures;

/// The store counts whole tables: not oftener than this, however often somebody asks.
const COUNT_STORE_EVERY: Duration = Duration::from_secs(15);

const QUEUE: &str = "zhibu_queue_envelopes";
const QUEUE_ROOM: &str = "zhibu_queue_room_envelopes";
const LISTENERS: &str = "zhibu_feed_listeners";
const DATABASE: &str = "zhibu_store_database_bytes";
const JOURNAL: &str = "zhibu_store_journal_bytes";
const FREE: &str = "zhibu_store_free_bytes";
const MARKED: &str = "zhibu_projection_marked_records";
const LAG: &str = "zhibu_projection_lag_seconds";
const QUARANTINED: &str = "zhibu_quarantined_changes";
const DEVICES: &str = "zhibu_devices";
const SESSIONS: &str = "zhibu_sessions";
const BLOBS: &str = "zhibu_blobs";
const BLOB_BYTES: &str = "zhibu_blobs_bytes";
const REQUESTS: &str = "zhibu_requests_under_way";
const BODIES: &str = "zhibu_bodies_bytes";

const GAUGES: [Described; 15] = [
    (QUEUE, "Envelopes that wait for the writer"),
    (QUEUE_ROOM, "Envelopes that may wait before requests have to"),
    (LISTENERS, "Those who listen for news: connections to the feed, and the projector"),
    (DATABASE, "Bytes of the database"),
    (JOURNAL, "Bytes of the write-ahead log beside it"),
    (FREE, "Bytes that the disk of the database has left"),
    (MARKED, "Records that wait for the projector"),
    (LAG, "For how long the one that waits longest has waited"),
    (QUARANTINED, "Refused changes that nobody decided about"),
    (DEVICES, "Devices that may speak"),
    (SESSIONS, "Sessions of staff"),
    (BLOBS, "Pictures that came whole"),
    (BLOB_BYTES, "Bytes of the pictures that came whole"),
    (REQUESTS, "Requests that were let in and have no answer yet"),
    (BODIES, "Bytes of requests and answers in memory"),
];

pub(super) fn describe() {
    describe_gauges(&GAUGES);
    Collector::default().describe();
}

/// Reads them.
#[derive(Debug, Default)]
pub(super) struct Sampler {
    process: Collector,
    counted: Mutex<Option<Instant>>,
}

impl Sampler {
    /// Sets every gauge anew. What the store will not say keeps its last value.
    pub(super) async fn sample(&self, app: &App) {
        self.process.collect();
        let queue = app.ledger.queue();
        gauge!(QUEUE).set(queue.waiting as f64);
        gauge!(QUEUE_ROOM).set(queue.room as f64);
        gauge!(LISTENERS).set(queue.listeners as f64);
        let under_way = app.admission.under_way();
        gauge!(REQUESTS).set(under_way.requests as f64);
        gauge!(BODIES).set(under_way.body_bytes as f64);
        if self.may_count() {
            match app.store.figures().await {
                Ok(figures) => show(app, &figures),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "the store was not counted");
                }
            }
        }
    }

    fn may_count(&self) -> bool {
        let mut counted = self.counted.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let is_due = counted.is_none_or(|at| at.elapsed() >= COUNT_STORE_EVERY);
        if is_due {
            *counted = Some(Instant::now());
        }
        is_due
    }
}

fn show(app: &App, figures: &StoreFigures) {
    let since = |at| (app.clock.now().0.saturating_sub(at)).max(0) as f64 / 1000.0;
    gauge!(DATABASE).set(figures.database_bytes as f64);
    gauge!(JOURNAL).set(figures.journal_bytes as f64);
    if let Some(free) = figures.free_bytes {
        gauge!(FREE).set(free as f64);
    }
    gauge!(MARKED).set(figures.marked_records as f64);
    gauge!(LAG).set(figures.oldest_mark_at.map_or(0.0, |at| since(at.0)));
    gauge!(QUARANTINED).set(figures.quarantined as f64);
    gauge!(DEVICES).set(figures.devices as f64);
    gauge!(SESSIONS).set(figures.sessions as f64);
    gauge!(BLOBS).set(figures.blobs as f64);
    gauge!(BLOB_BYTES).set(figures.blob_bytes as f64);
}

//! The evening of the themed day: every phone of a district was without a signal, marked one attendance, claimed
//! points once, and comes back; so many at once. Afterwards the server is stopped and its log read back.

mod phone;
mod readback;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::civil::Date;
use serde_json::{Value, json};
use zhibu_server::App;

use self::phone::{Phone, Shared, Way};
use self::readback::{Findings, ReadBack, Told};
use super::ground::Ground;
use super::metrics::Reading;
use super::past::{Past, people};
use super::relay::{Passed, relay};
use super::serving::{Postgres, Serving, SyncCounter, cpu_seconds, peak_rss_bytes};

/// Threads of the load generator: one for each of the two cores that it shares with the server.
const THREADS: usize = 2;
/// About so many phones go through the relay that counts the bytes on the wire.
const RELAYED: usize = 40;

/// What to do.
#[derive(Debug, Clone)]
pub(crate) struct Storm {
    /// The district and its past.
    pub(crate) past: Past,
    /// How many phones are under way at once.
    pub(crate) at_once: usize,
    /// A Postgres server to keep it on; without one it is kept in a file.
    pub(crate) postgres: Option<String>,
    /// How many servers there are; a phone goes to another at each request.
    pub(crate) servers: usize,
}

/// One phone's way, from its reconnect to its end.
struct Done {
    took: Duration,
    way: Way,
    error: Option<String>,
}

struct Measured {
    seconds: f64,
    done: Vec<Done>,
    server_cpu: f64,
    database_cpu: Option<f64>,
    generator_cpu: f64,
    peak_rss_bytes: u64,
    started_in: Duration,
    fsyncs: Option<u64>,
    metrics: (Reading, Reading),
}

/// Runs the storm. The figures, and whether nothing went wrong but time.
pub(crate) async fn storm(storm: Storm) -> (Value, bool) {
    let ground = Ground::lay_out(&storm.past, storm.postgres.as_deref()).await;
    let mut servers = Vec::new();
    for number in 0..storm.servers {
        servers.push(Serving::start(&ground, number).await);
    }
    let app = ground.open().await;
    let passed = Arc::new(Passed::default());
    let direct: Vec<_> = servers.iter().map(|server| server.url.clone()).collect();
    let relayed: Vec<_> = direct.iter().map(|url| relay(url, passed.clone())).collect();
    let ways = Ways { direct, relayed };
    let (phones, mut told) = equip(&storm, &app, ground.today, &ways).await;
    let postgres = ground.postgres().await;
    let measured = measure(&storm, &servers, postgres, &phones).await;
    for (told, phone) in told.iter_mut().zip(&phones) {
        told.positions = phone.positions();
    }
    servers.into_iter().for_each(Serving::stop);
    let findings = ReadBack::of(&told).read(&*app.store, people::district()).await;
    let strangers = strangers(&app, &phones).await;
    let findings = Findings { unverified: findings.unverified + strangers, ..findings };
    app.store.close().await;
    ground.clear().await;
    figures(&storm, &measured, &phones, &passed, findings)
}

/// Where the servers are: as they listen, and as the relays in front of them do.
struct Ways {
    direct: Vec<String>,
    relayed: Vec<String>,
}

/// Every phone, and what its owner did on it without a signal.
async fn equip(storm: &Storm, app: &Arc<App>, today: Date, ways: &Ways) -> (Vec<Phone>, Vec<Told>) {
    let Past { branches, phones: each, .. } = storm.past;
    let relay_every = relay_every(&storm.past);
    let heads = app.store.list_collections(people::district()).await.unwrap().into_iter().collect();
    let (mut phones, mut told) = (Vec::new(), Vec::new());
    for number in 0..branches {
        let tonight = storm.past.tonight(number, today);
        let shared = Shared::of(app, number, tonight, &heads).await;
        for one in 0..each {
            let is_relayed = phones.len() % relay_every == 0;
            let servers = if is_relayed { &ways.relayed } else { &ways.direct };
            let phone = Phone::of(app, &shared, (number, one), servers).await;
            told.push(phone.work(tonight, today).await);
            phones.push(phone);
        }
    }
    (phones, told)
}

/// Each so manieth phone goes through the relay.
fn relay_every(past: &Past) -> usize {
    ((past.branches * past.phones) as usize / RELAYED).max(1)
}

async fn measure(
    storm: &Storm,
    servers: &[Serving],
    postgres: Option<Postgres>,
    phones: &[Phone],
) -> Measured {
    let processes: Vec<_> = servers.iter().map(Serving::process).collect();
    let of_postgres = postgres.map(Postgres::processes).unwrap_or_default();
    let fsyncs = SyncCounter::of(&[&processes[..], &of_postgres].concat());
    let before = Serving::reading(servers).await;
    let used = || {
        let servers: f64 = processes.iter().copied().map(cpu_seconds).sum();
        (servers, postgres.map_or(0.0, Postgres::cpu_seconds), cpu_seconds(std::process::id()))
    };
    let (server_cpu, database_cpu, generator_cpu) = used();
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    let done = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..THREADS)
            .map(|lane| {
                let at_once = (storm.at_once + THREADS - 1 - lane) / THREADS;
                let next = &next;
                scope.spawn(move || come_back(phones, next, at_once))
            })
            .collect();
        lanes.into_iter().flat_map(|lane| lane.join().unwrap()).collect()
    });
    let seconds = began.elapsed().as_secs_f64();
    let after = used();
    Measured {
        seconds,
        done,
        server_cpu: after.0 - server_cpu,
        database_cpu: postgres.map(|_| after.1 - database_cpu),
        generator_cpu: after.2 - generator_cpu,
        peak_rss_bytes: processes.iter().copied().map(peak_rss_bytes).max().unwrap_or_default(),
        started_in: servers.iter().map(|server| server.started_in).max().unwrap_or_default(),
        fsyncs: fsyncs.count(),
        metrics: (before, Serving::reading(servers).await),
    }
}

/// One thread's phones, so many at once, until none is left.
fn come_back(phones: &[Phone], next: &AtomicUsize, at_once: usize) -> Vec<Done> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let lane = async || {
        let mut done = Vec::new();
        while let Some(phone) = phones.get(next.fetch_add(1, Ordering::Relaxed)) {
            let began = Instant::now();
            let outcome = phone.come_back().await;
            let took = began.elapsed();
            phone.hang_up();
            let way = *outcome.as_ref().unwrap_or(&Way::default());
            done.push(Done { took, way, error: outcome.err().map(|error| error.to_string()) });
        }
        done
    };
    let lanes: Vec<_> = (0..at_once).map(|_| lane()).collect();
    runtime.block_on(async { futures::future::join_all(lanes).await.into_iter().flatten().collect() })
}

/// Phones whose key is not the one that the server holds for their device.
async fn strangers(app: &App, phones: &[Phone]) -> u64 {
    let devices = app.store.list_phones(people::district()).await.unwrap();
    let keys: Vec<_> =
        devices.iter().filter_map(|device| Some(&device.key.as_ref()?.public_key[..])).collect();
    let keys: std::collections::HashSet<_> = keys.into_iter().collect();
    phones.iter().filter(|phone| !keys.contains(phone.public_key())).count() as u64
}

fn figures(
    storm: &Storm,
    measured: &Measured,
    phones: &[Phone],
    passed: &Passed,
    findings: Findings,
) -> (Value, bool) {
    let failed: Vec<_> = measured.done.iter().filter_map(|done| done.error.as_deref()).collect();
    let sorted = |of: fn(&Done) -> Duration| {
        let mut all: Vec<_> = measured.done.iter().map(of).collect();
        all.sort_unstable();
        all
    };
    let (took, accepted_in) = (sorted(|done| done.took), sorted(|done| done.way.accepted_in));
    let of = |all: &[Duration], share: f64| all[((all.len() - 1) as f64 * share) as usize];
    let at = |share| of(&took, share);
    let ms = |duration: Duration| (duration.as_secs_f64() * 10_000.0).round() / 10.0;
    let two = |number: f64| (number * 100.0).round() / 100.0;
    let count = phones.len() as u64;
    let mean = |of: fn(&Phone) -> u64| phones.iter().map(of).sum::<u64>() / count;
    let relayed: Vec<_> = phones.iter().step_by(relay_every(&storm.past)).collect();
    // Of the relayed ones everything on the wire was counted, of the others the bodies of their synchronisations. What
    // is beside those is the same for all.
    let wire = |passed: u64, body: fn(&Phone) -> u64| {
        let beside = passed.saturating_sub(relayed.iter().map(|phone| body(phone)).sum());
        mean(body) + beside / relayed.len() as u64
    };
    let up: fn(&Phone) -> u64 = |phone| load(&phone.observed().up);
    let down: fn(&Phone) -> u64 = |phone| load(&phone.observed().down);
    let Past { branches, phones: each, months } = storm.past;
    let is_clean = failed.is_empty()
        && (findings.lost, findings.duplicated, findings.unverified) == (0, 0, 0)
        && took.len() == phones.len();
    let (before, after) = &measured.metrics;
    let gate = |share| after.quantile_us(before, "zhibu_gate_seconds", share);
    let turned_away = || measured.done.iter().map(|done| u64::from(done.way.turned_away));
    let crowd = json!({
        "turned_away": turned_away().sum::<u64>(),
        "most_often": turned_away().max(),
        "accepted_p50_ms": ms(of(&accepted_in, 0.50)),
        "accepted_p99_ms": ms(of(&accepted_in, 0.99)),
    });
    let figures = json!({
        "figure": "storm",
        "database": if storm.postgres.is_some() { "postgres" } else { "sqlite" },
        "servers": storm.servers,
        "branches": branches,
        "phones_each": each,
        "at_once": storm.at_once,
        "history_months": months,
        "phones": count,
        "seconds": two(measured.seconds),
        "phones_per_s": (count as f64 / measured.seconds).round(),
        "p50_ms": ms(at(0.50)),
        "p95_ms": ms(at(0.95)),
        "p99_ms": ms(at(0.99)),
        "max_ms": ms(at(1.0)),
        "crowd": crowd,
        "bytes_up_per_phone": wire(load(&passed.up), up),
        "bytes_down_per_phone": wire(load(&passed.down), down),
        "body_up_per_phone": mean(up),
        "body_down_per_phone": mean(down),
        "requests_per_phone": two(mean_requests(phones)),
        "server_cpu_s": two(measured.server_cpu),
        "server_cpu_us_per_phone": ((measured.server_cpu + measured.database_cpu.unwrap_or_default()) * 1e6 / count as f64).round(),
        "database_cpu_s": measured.database_cpu.map(two),
        "generator_cpu_s": two(measured.generator_cpu),
        "start_ms": ms(measured.started_in),
        "peak_rss_mib": measured.peak_rss_bytes >> 20,
        "fsyncs": measured.fsyncs,
        "commits": after.counted_since(before, "zhibu_commits_total"),
        "gate_us_p50": gate(0.50),
        "gate_us_p95": gate(0.95),
        "stages": after.stages(before),
        "retries": measured.done.iter().map(|done| u64::from(done.way.retries)).sum::<u64>(),
        "failed": failed.len(),
        "first_failure": failed.first(),
        "lost": findings.lost,
        "duplicated": findings.duplicated,
        "unverified": findings.unverified,
        "records_read_back": findings.records,
        "changes_read_back": findings.changes,
    });
    (figures, is_clean)
}

fn load(number: &AtomicU64) -> u64 {
    number.load(Ordering::Relaxed)
}

fn mean_requests(phones: &[Phone]) -> f64 {
    phones.iter().map(|phone| load(&phone.observed().requests)).sum::<u64>() as f64 / phones.len() as f64
}

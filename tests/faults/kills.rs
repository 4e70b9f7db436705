//! `kill -9` of the server at any moment, of Postgres below it, and SIGTERM in the middle of the load.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::cluster::Cluster;
use super::scene::{Scene, Stage};

/// How long the load goes on between two kills.
const LEAST_MS: u64 = 10;
const MOST_MS: u64 = 250;
/// Within this time a server that was told to stop has stopped, whatever clients do.
const DRAINS_WITHIN: Duration = Duration::from_secs(10);

/// The server is killed so often, then the database below it, and at last told to stop while clients dawdle.
pub(crate) fn kills(
    stage: Stage,
    seed: u64,
    kills: u64,
    cluster: Option<(&mut Cluster, u64)>,
) -> (Value, bool) {
    let mut is_drained = false;
    let (figures, is_clean) = stage.play(seed, |scene| {
        let began = Instant::now();
        let mut slowest = Duration::ZERO;
        for _ in 0..kills {
            scene.crowd.wait_for(1);
            std::thread::sleep(scene.moments.between(LEAST_MS, MOST_MS));
            scene.victim.kill();
            slowest = slowest.max(scene.victim.start());
            scene.check();
        }
        let database = if cluster.is_some() { "postgres" } else { "sqlite" };
        let database_kills = cluster.map_or(0, |(cluster, kills)| {
            kill_database(scene, cluster, kills);
            kills
        });
        let drained = drain(scene);
        is_drained = drained <= DRAINS_WITHIN;
        json!({
            "figure": "kills",
            "database": database,
            "server_kills": kills,
            "database_kills": database_kills,
            "seconds": began.elapsed().as_secs(),
            "slowest_start_ms": slowest.as_millis() as u64,
            "sigterm_ms": drained.as_millis() as u64,
        })
    });
    (figures, is_clean && is_drained)
}

/// The server stays, and must find its way back.
fn kill_database(scene: &mut Scene<'_>, cluster: &mut Cluster, kills: u64) {
    for _ in 0..kills {
        scene.crowd.wait_for(1);
        std::thread::sleep(scene.moments.between(LEAST_MS, MOST_MS));
        cluster.kill();
        cluster.start();
        scene.wait_until_ready();
        scene.check();
        assert!(scene.victim.is_alive(), "the server lives on: {}", scene.victim.last_words());
    }
}

/// SIGTERM under load, while one client says nothing and another stops in the middle of a request.
fn drain(scene: &mut Scene<'_>) -> Duration {
    let address = scene.victim.url.strip_prefix("http://").unwrap().to_owned();
    let idle = TcpStream::connect(&address).unwrap();
    let mut stuck = TcpStream::connect(&address).unwrap();
    let head = "POST /v1/enrol HTTP/1.1\r\nhost: zhibu\r\ncontent-type: application/cbor\r\ncontent-length: 4096\r\n\r\n";
    stuck.write_all(head.as_bytes()).unwrap();
    scene.crowd.wait_for(10);
    let took = scene.victim.stop();
    drop((idle, stuck));
    scene.victim.start();
    scene.check();
    took
}

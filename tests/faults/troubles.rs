//! A disk that is full, read-only or broken for a while: the server says so, acknowledges nothing that it did not
//! keep, and goes on by itself when the disk does.

use std::time::Duration;

use serde_json::{Map, Value, json};
use zhibu_domain::wire::{PROTOCOL, SyncRequest};
use zhibu_sync_client::transport::Credential;

use super::cuts::on;
use super::disk::Trouble;
use super::power::{Order, Powered};
use super::scene::{Scene, Stage, retry_after};

/// How long each trouble lasts.
const LASTS: Duration = Duration::from_millis(1500);
/// A sync that takes so long is slow, and no trouble.
const SLOW_MS: u64 = 200;

/// Each with what it is called, and whether every write fails under it.
const TROUBLES: [(&str, Trouble, bool); 6] = [
    // What is in the write-ahead log already may still be written over: those writes are kept, and acknowledged.
    ("full", Trouble::Full, false),
    ("read_only", Trouble::ReadOnly, true),
    ("write_errors", Trouble::Writes, true),
    ("sync_errors", Trouble::Syncs, true),
    ("read_errors", Trouble::Reads, false),
    ("slow_syncs", Trouble::SlowSyncs(SLOW_MS), false),
];

/// One trouble after the other. After each the power is cut, too: what was acknowledged meanwhile must be on the disk.
pub(crate) fn troubles(stage: &Stage, seed: u64) -> Result<(Value, bool), String> {
    let mut disk = Powered::with(&stage.file())?;
    let (data, database) = on(&disk, stage);
    let mut wrong = Vec::new();
    let (figures, is_clean) = stage.play_at(&data, &database, seed, |scene| {
        let mut figures = Map::from_iter([("figure".to_owned(), json!("disk"))]);
        for (name, trouble, fails_always) in TROUBLES {
            scene.crowd.wait_for(20);
            let found = suffer(scene, &mut disk, trouble, fails_always);
            wrong.extend(found.wrong.iter().map(|wrong| format!("{name}: {wrong}")));
            figures.insert(format!("{name}_ready_after_ms"), json!(found.ready_after.as_millis() as u64));
            scene.victim.kill();
            disk.order(Order::Cut { seed, favoured: 0 });
            scene.victim.start();
            scene.check();
        }
        figures.insert("wrong".to_owned(), json!(wrong));
        Value::Object(figures)
    });
    Ok((figures, is_clean && wrong.is_empty()))
}

/// What was seen of one trouble.
struct Seen {
    wrong: Vec<String>,
    ready_after: Duration,
}

fn suffer(scene: &mut Scene<'_>, disk: &mut Powered, trouble: Trouble, fails_always: bool) -> Seen {
    let mut wrong = Vec::new();
    disk.order(Order::Trouble(trouble));
    std::thread::sleep(LASTS);
    let is_slow = matches!(trouble, Trouble::SlowSyncs(_));
    let (status, again) = scene.get("/readyz");
    if is_slow && status != 200 {
        wrong.push(format!("slow is not broken, but /readyz says {status}"));
    }
    // What is read lies in memory for the most part: reading may go well.
    if trouble != Trouble::Reads && !is_slow && (status != 503 || again.is_none()) {
        wrong.push(format!("/readyz says {status}, again after {again:?}"));
    }
    if fails_always {
        let (status, again) = push(scene);
        if status != 503 || again.is_none() {
            wrong.push(format!("a push is answered {status}, again after {again:?}"));
        }
    }
    if !scene.victim.is_alive() {
        wrong.push(format!("the server is gone: {}", scene.victim.last_words()));
        scene.victim.start();
    }
    disk.order(Order::Trouble(Trouble::None));
    let ready_after = scene.wait_until_ready();
    scene.crowd.wait_for(20);
    Seen { wrong, ready_after }
}

/// A push past the client core, to see what it would not show: the status, and when to come again.
fn push(scene: &Scene<'_>) -> (u16, Option<u64>) {
    scene.runtime.block_on(async {
        let (envelopes, proof) = scene.crowd.knock().await;
        let request = SyncRequest {
            protocol: PROTOCOL,
            profile_version: 0,
            marks: vec![],
            envelopes,
            page_bytes: 1 << 16,
            recovery: None,
        };
        let asking = reqwest::Client::new()
            .post(format!("{}/v1/sync", scene.victim.url))
            .header("content-type", "application/cbor")
            .header("authorization", Credential::Proof(proof).header())
            .body(minicbor::to_vec(&request).unwrap());
        match asking.send().await {
            Ok(answer) => (answer.status().as_u16(), retry_after(&answer)),
            Err(_) => (0, None),
        }
    })
}

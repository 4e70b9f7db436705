//! The power goes: the server is gone at once, and with it whatever was not synced.

use std::time::Instant;

use serde_json::{Value, json};
use std::path::PathBuf;
use zhibu_server::store::Database;

use super::power::{Order, Powered};
use super::scene::Stage;

/// How long the load goes on between two cuts.
const LEAST_MS: u64 = 10;
const MOST_MS: u64 = 250;
/// Of four unsynced sectors so many had reached the disk, in turn.
const FAVOURED: [u64; 3] = [0, 2, 3];

/// The power goes so often. An error where this machine has no file systems in user space.
pub(crate) fn cuts(stage: &Stage, seed: u64, cuts: u64) -> Result<(Value, bool), String> {
    let mut disk = Powered::with(&stage.file())?;
    let (data, database) = on(&disk, stage);
    Ok(stage.play_at(&data, &database, seed, |scene| {
        let began = Instant::now();
        let mut syncs = 0;
        for number in 0..cuts {
            scene.crowd.wait_for(1);
            std::thread::sleep(scene.moments.between(LEAST_MS, MOST_MS));
            scene.victim.kill();
            let favoured = FAVOURED[number as usize % FAVOURED.len()];
            syncs = disk.order(Order::Cut { seed: scene.moments.below(u64::MAX), favoured });
            scene.victim.start();
            scene.check();
        }
        json!({
            "figure": "power cuts",
            "cuts": cuts,
            "seconds": began.elapsed().as_secs(),
            "syncs": syncs,
        })
    }))
}

/// The data folder on a disk, and the database in it.
pub(crate) fn on(disk: &Powered, stage: &Stage) -> (PathBuf, Database) {
    let database = disk.folder().join(stage.file().file_name().unwrap());
    (disk.folder().to_owned(), Database::Sqlite(database))
}

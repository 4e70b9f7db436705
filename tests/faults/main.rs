//! The real server, killed and starved under the storm's load: `cargo xtask faults` runs this and prints one JSON line
//! for each scene. Each time what the phones have receipts for is held against what the server has; at the end every
//! record is read back.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop here")]
#![expect(clippy::print_stdout, reason = "figures are what it has to say")]

#[path = "../support/databases.rs"]
pub mod databases;
#[path = "../support/mod.rs"]
pub mod support;

#[path = "../bench/ground.rs"]
#[expect(dead_code, reason = "the storm measures, too")]
mod ground;
#[path = "../bench/line.rs"]
mod line;
#[path = "../bench/metrics.rs"]
#[cfg_attr(not(test), expect(dead_code, reason = "the storm measures, too"))]
mod metrics;
#[path = "../bench/past/mod.rs"]
mod past;
#[path = "../bench/storm/phone.rs"]
#[expect(dead_code, reason = "the storm measures, too")]
mod phone;
#[path = "../bench/storm/readback.rs"]
mod readback;
#[path = "../bench/serving.rs"]
#[expect(dead_code, reason = "the storm measures, too")]
mod serving;

mod cluster;
mod crowd;
mod cuts;
mod disk;
mod kills;
mod moments;
mod mount;
mod power;
mod scene;
mod troubles;
mod victim;

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use serde_json::Value;

use cluster::Cluster;
use past::Past;
use scene::Stage;

/// What to break, and how often.
#[derive(Debug, Parser)]
struct Faults {
    /// `kill -9` of the server, at any moment; without any, and without a Postgres server, that scene is left out.
    #[arg(long, default_value_t = 200)]
    kills: u64,
    /// Power cuts; without any the scenes on a disk are left out. On SQLite alone.
    #[arg(long, default_value_t = 200)]
    cuts: u64,
    /// `kill -9` of Postgres below the server.
    #[arg(long, default_value_t = 20)]
    database_kills: u64,
    /// What the moments are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A Postgres server of one's own, which is killed, too; without it the records are in a file.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// A small district, for CI.
    #[arg(long)]
    quick: bool,
    /// Be the disk that fails: holds a copy of this file, and takes orders line by line.
    #[arg(long, hide = true, value_name = "FILE")]
    serve_disk: Option<PathBuf>,
    /// One JSON line for each scene, which is what there is; for the habit of saying so.
    #[arg(long)]
    json: bool,
}

/// Root with the device can: there nothing is left out.
fn may_mount() -> bool {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    is_root && Path::new("/dev/fuse").exists()
}

fn main() -> ExitCode {
    let options = Faults::parse();
    if let Some(file) = &options.serve_disk {
        return match mount::serve(file) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("no disk: {error}");
                ExitCode::FAILURE
            }
        };
    }
    let past = if options.quick {
        Past { branches: 4, phones: 10, months: 1 }
    } else {
        Past { branches: 8, phones: 30, months: 1 }
    };
    let stage = || Stage::build(past, options.database_url.as_deref());
    let mut is_clean = true;
    let mut tell = |(figures, was_clean): (Value, bool)| {
        println!("{figures}");
        is_clean &= was_clean;
    };
    let seed = options.seed;
    if let Some(url) = &options.database_url {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut cluster = runtime.block_on(Cluster::at(url));
        tell(kills::kills(stage(), seed, options.kills, Some((&mut cluster, options.database_kills))));
    } else {
        if options.kills > 0 {
            tell(kills::kills(stage(), seed, options.kills, None));
        }
        if options.cuts > 0 {
            let cut = cuts::cuts(&stage(), seed, options.cuts);
            match cut.and_then(|cut| Ok([cut, troubles::troubles(&stage(), seed)?])) {
                Ok(scenes) => scenes.into_iter().for_each(tell),
                Err(reason) => {
                    assert!(!may_mount(), "{reason}");
                    eprintln!("left out, power cuts and a failing disk: {reason}");
                }
            }
        }
    }
    if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

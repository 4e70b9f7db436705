//! What outlives the machine that it was kept on: real servers set back to an older store, backups and what they give
//! back, bits that a disk turned, and files of earlier versions.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop here")]

#[path = "../support/bucket.rs"]
pub mod bucket;
#[path = "../support/databases.rs"]
pub mod databases;
#[path = "../support/mod.rs"]
pub mod support;

#[path = "../support/picture.rs"]
pub mod picture;

mod backups;
mod damage;
mod old_versions;
mod restored;

use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;
use support::{Binaries, Phone, Server};
use tempfile::TempDir;

/// A server over a copy of the small demo district in a SQLite file, whatever database this run is about.
fn server() -> Server {
    static TEMPLATE: OnceLock<TempDir> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let folder = TempDir::new().unwrap();
        let output = run(&["init", "--demo", "small", "--data"], folder.path());
        assert!(output.0, "{}", output.1);
        folder
    });
    let folder = TempDir::new().unwrap();
    copy(template.path(), folder.path());
    Server::over(folder)
}

/// Runs a command of `zhibu-server` that ends in a folder: whether it ended well, and what it printed.
fn run(arguments: &[&str], folder: &Path) -> (bool, String) {
    let mut program = Binaries::get().server();
    program.env_remove("ZHIBU_DATABASE_URL").envs(bucket::KEYS);
    let output = program.args(arguments).arg(folder).output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &place),
            false => drop(std::fs::copy(entry.path(), place).unwrap()),
        }
    }
}

/// The database of a server that stands still, to be put back later.
fn set_aside(server: &mut Server) -> TempDir {
    server.stop();
    let aside = TempDir::new().unwrap();
    std::fs::copy(server.folder().join("zhibu.sqlite"), aside.path().join("zhibu.sqlite")).unwrap();
    server.start();
    aside
}

/// Who finds out that an older database was put in the place of the one at hand.
#[derive(Clone, Copy)]
enum Finder {
    /// Whoever put it there says so.
    Operator,
    /// Only the database was set back: what the server noted beside it is still there.
    Server,
    /// The machine was set back as a whole.
    Phones,
}

/// Puts an older database in the place of the one at hand, and starts again.
fn put_back(server: &mut Server, aside: &TempDir, finder: Finder) {
    server.kill();
    for suffix in ["-wal", "-shm"] {
        std::fs::remove_file(server.folder().join(format!("zhibu.sqlite{suffix}"))).ok();
    }
    std::fs::copy(aside.path().join("zhibu.sqlite"), server.folder().join("zhibu.sqlite")).unwrap();
    match finder {
        Finder::Operator => drop(server.admin(&["renew-generation"])),
        Finder::Server => {}
        Finder::Phones => std::fs::remove_file(server.folder().join("high-water.json")).unwrap(),
    }
    server.start();
}

/// The planned activity of November, as a phone lists it: its id.
fn planned(phone: &Phone) -> String {
    let list = phone.run(&["list"]);
    let planned = list.as_array().unwrap().iter().find(|activity| activity["status"] == "planned");
    planned.unwrap()["id"].as_str().unwrap().to_owned()
}

/// What several phones show of an activity, which must be the same.
fn shown(phones: &[&Phone], activity: &str) -> Value {
    let shown: Vec<_> = phones.iter().map(|phone| phone.run(&["show", activity])).collect();
    assert!(shown.windows(2).all(|pair| pair[0] == pair[1]), "{shown:?}");
    shown[0].clone()
}

/// Nothing waits and nothing is refused.
fn all_is_delivered(phone: &Phone) {
    let status = phone.run(&["status"]);
    assert_eq!((&status["pending"], &status["refused"]), (&0.into(), &0.into()), "{status}");
}

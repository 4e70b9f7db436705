//! `cargo xtask sim`: districts in which everything goes wrong, as many as seeds are given.

use crate::postgres::{self, Postgres};
use crate::run::{Failure, Run};

/// What `cargo xtask test` runs: about a minute of two cores.
const SEEDS: &str = "2000";
/// And of each of those that are unlike the others.
const OTHER_SEEDS: &str = "300";
/// The server is set back to an old backup; without a word to anybody (seed 32 of these shows a limit that the README
/// states: honest work is shown as refused); people take pictures, too; both.
const OTHER_WAYS: [&[&str]; 4] = [
    &["--set-back"],
    &["--set-back", "--unsaid", "--from", "20000"],
    &["--pictures"],
    &["--set-back", "--pictures"],
];

/// Runs the simulator with these words. With `--store postgres` it gets a server of its own.
pub(crate) fn sim(words: &[String]) -> Result<(), Failure> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.contains(&"postgres") || words.contains(&"--store=postgres") {
        let server = Postgres::start()?;
        return simulator(&words).env(postgres::SERVER, server.url()).run();
    }
    simulator(&words).run()
}

/// The seeds that every change must survive, and some on each database.
pub(crate) fn smoke() -> Result<(), Failure> {
    simulator(&["--seeds", SEEDS, "--json"]).run()?;
    for way in OTHER_WAYS {
        simulator(&["--seeds", OTHER_SEEDS, "--json"]).args(way).run()?;
    }
    simulator(&["--seeds", "20", "--store", "sqlite", "--json"]).run()?;
    let server = Postgres::start()?;
    let on_postgres = simulator(&["--seeds", "20", "--store", "postgres", "--json"]);
    on_postgres.env(postgres::SERVER, server.url()).run()
}

fn simulator(words: &[&str]) -> Run {
    Run::cargo(&["run", "--quiet", "--package", "zhibu", "--example", "sim", "--"]).args(words)
}

//! `cargo xtask faults`: the real server killed, starved and cut from power under the storm's load. One JSON line for
//! each scene; fails on anything lost.

use crate::postgres::Postgres;
use crate::run::{Failure, Run};

const EXAMPLE: [&str; 6] = ["run", "--quiet", "--package", "zhibu", "--example", "faults"];

/// Breaks what the words name, at first over a file, and then over a Postgres server of our own unless the words name
/// another.
pub(crate) fn faults(words: &[String]) -> Result<(), Failure> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.iter().any(|word| word.starts_with("--database-url")) {
        return run(&words);
    }
    run(&words)?;
    run_on_postgres(&words)
}

/// The same in small, for `cargo xtask test`.
pub(crate) fn smoke() -> Result<(), Failure> {
    run(&["--quick", "--json", "--kills", "20", "--cuts", "15"])?;
    run_on_postgres(&["--quick", "--json", "--kills", "10", "--database-kills", "2"])
}

fn run_on_postgres(words: &[&str]) -> Result<(), Failure> {
    let server = Postgres::start()?;
    run(&[words, &["--database-url", &server.url()]].concat())
}

fn run(words: &[&str]) -> Result<(), Failure> {
    Run::cargo(&EXAMPLE).args(&["--"]).args(words).run()
}

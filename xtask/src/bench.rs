//! `cargo xtask bench`: the figures of the README, one JSON line each, from release builds on this machine.

use crate::postgres::Postgres;
use crate::run::{Failure, Run};

const EXAMPLE: [&str; 5] = ["--quiet", "--package", "zhibu", "--example", "bench"];

/// Measures what the words name (`storm --branches 20 ...`), or everything that needs no word.
pub(crate) fn bench(words: &[String]) -> Result<(), Failure> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.is_empty() {
        Run::cargo(&["run", "--release", "--quiet", "--package", "zhibu-domain", "--example", "gate_time"])
            .run()?;
        return measure(&["--release"], &["figures"]);
    }
    // A smoke test must not wait for a release build.
    let profile: &[&str] = if words.contains(&"--quick") { &[] } else { &["--release"] };
    measure(profile, &words)
}

/// The storm in small, for `cargo xtask test`: over a file, and over three servers on one Postgres. It fails on loss,
/// never on time.
pub(crate) fn smoke() -> Result<(), Failure> {
    measure(&[], &["storm", "--quick", "--json"])?;
    let server = Postgres::start()?;
    measure(&[], &["storm", "--quick", "--json", "--servers", "3", "--database-url", &server.url()])
}

fn measure(profile: &[&str], words: &[&str]) -> Result<(), Failure> {
    Run::cargo(&["run"]).args(profile).args(&EXAMPLE).args(&["--"]).args(words).run()
}

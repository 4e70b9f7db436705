//! `cargo xtask bench`: the figures of the README, one JSON line each, from release builds on this machine.

use crate::run::{Failure, Run};

/// Measures everything.
pub(crate) fn bench() -> Result<(), Failure> {
    Run::cargo(&["run", "--release", "--quiet", "--package", "zhibu-domain", "--example", "gate_time"])
        .run()?;
    Run::cargo(&["run", "--release", "--quiet", "--package", "zhibu", "--example", "bench"]).run()
}

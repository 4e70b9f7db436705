//! The simulator: whole districts in one process, without a wall clock and without a disk, where everything goes wrong
//! that can, and every choice follows from a seed. `cargo xtask sim --seeds N`; a seed that fails prints how to run it
//! again.
//!
//! Real are the phones' client core, the servers' router, auth, ledger, gate, console and projector. Simulated are time,
//! chance, the wire and the disks.

#![expect(clippy::unwrap_used, reason = "a run that cannot go on must stop here")]
#![expect(clippy::print_stdout, reason = "figures are what it has to say")]

#[path = "../support/databases.rs"]
pub mod databases;
#[path = "../support/picture.rs"]
pub mod picture;

mod chance;
mod console;
mod disk;
mod failing;
mod hostile;
mod line;
mod oracle;
mod people;
mod phone;
mod pictures;
mod quiet;
mod run;
mod servers;
mod shelf;
mod trace;
mod work;
mod world;

use std::process::ExitCode;

use clap::Parser;

use run::{Options, simulate};

fn main() -> ExitCode {
    if simulate(&Options::parse()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

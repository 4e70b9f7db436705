//! Figures: `cargo xtask bench` runs this in release and prints one JSON line for each. Server and load share the
//! machine's cores.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop here")]
#![expect(clippy::print_stdout, reason = "figures are what it has to say")]

#[path = "../support/databases.rs"]
pub mod databases;
#[path = "../support/district.rs"]
pub mod district;
#[path = "../support/mod.rs"]
pub mod support;
#[path = "../support/wire_client.rs"]
pub mod wire_client;

mod cold;
mod figures;
mod ground;
mod line;
mod metrics;
mod past;
mod relay;
mod serving;
mod size_m;
mod start;
mod storm;

use std::process::ExitCode;

use clap::Parser;

use past::Past;
use storm::Storm;

/// What to measure; without a word: the figures of a small district and of size M.
#[derive(Debug, Parser)]
enum Bench {
    /// Bytes, pushes and size M.
    Figures,
    /// Every phone of a district comes back into signal.
    Storm(StormOptions),
    /// A new phone enrols and reads until it can be used.
    Cold(ColdOptions),
    /// A large server starts.
    Start(StartOptions),
}

/// Options of `start`; as they stand, size L after three years.
#[derive(Debug, clap::Args)]
struct StartOptions {
    /// Branches of a district, 30 members each.
    #[arg(long, default_value_t = 20)]
    branches: u32,
    /// Months of history.
    #[arg(long, default_value_t = 36)]
    months: u32,
    /// Districts in the file.
    #[arg(long, default_value_t = 100)]
    districts: u32,
    /// One JSON line, which is what there is; for the habit of saying so.
    #[arg(long)]
    json: bool,
}

/// Options of `cold`.
#[derive(Debug, clap::Args)]
struct ColdOptions {
    /// Months of history of the branch.
    #[arg(long, default_value_t = 12)]
    months: u32,
    /// One JSON line, which is what there is; for the habit of saying so.
    #[arg(long)]
    json: bool,
}

/// Options of `storm`.
#[derive(Debug, clap::Args)]
struct StormOptions {
    /// Branches.
    #[arg(long, default_value_t = 20)]
    branches: u32,
    /// Phones of each.
    #[arg(long, default_value_t = 30)]
    phones: u32,
    /// Phones under way at once.
    #[arg(long, default_value_t = 64)]
    conc: usize,
    /// Months of history before the evening.
    #[arg(long, default_value_t = 1)]
    history_months: u32,
    /// Keeps the district on this Postgres server, in a database beside the one that the address names. Without it the
    /// district is in a SQLite file.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// So many servers over one Postgres; a phone goes to another at each request.
    #[arg(long, default_value_t = 1, value_name = "N", requires = "database_url")]
    servers: usize,
    /// A small one that takes seconds, for CI: 4 branches of 10 phones and one month.
    #[arg(long, conflicts_with_all = ["branches", "phones", "history_months"])]
    quick: bool,
    /// One JSON line, which is what there is; for the habit of saying so.
    #[arg(long)]
    json: bool,
}

impl StormOptions {
    fn storm(&self) -> Storm {
        let (branches, phones, months) =
            if self.quick { (4, 10, 1) } else { (self.branches, self.phones, self.history_months) };
        Storm {
            past: Past { branches, phones, months },
            at_once: self.conc,
            postgres: self.database_url.clone(),
            servers: self.servers,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match Bench::parse() {
        Bench::Figures => {
            println!("{}", figures::bytes().await);
            println!("{}", figures::pushes().await);
            println!("{}", size_m::district().await);
            ExitCode::SUCCESS
        }
        Bench::Cold(options) => {
            println!("{}", cold::cold(options.months).await);
            ExitCode::SUCCESS
        }
        Bench::Start(StartOptions { branches, months, districts, .. }) => {
            println!("{}", start::start(branches, months, districts).await);
            ExitCode::SUCCESS
        }
        Bench::Storm(options) => {
            let (figures, is_clean) = storm::storm(options.storm()).await;
            println!("{figures}");
            if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
    }
}

//! The project's chores, as `cargo xtask COMMAND`. The standard library only, so that the first build on a
//! fresh machine takes seconds; each command that is run is printed as one would type it.

mod bench;
mod budgets;
mod demo;
mod faults;
mod fuzz;
mod postgres;
mod run;
mod setup;
mod sim;
mod tally;
mod test;
mod wasm;
mod web;

use std::process::ExitCode;

use run::Failure;

const USAGE: &str = "\
cargo xtask COMMAND

  setup                      install what is missing on this machine
  test [STEP...]             all checks in order, or only the named ones
  wasm                       build the phone's half for wasm32
  web                        build the two apps into web/dist
  bench [storm|cold ...]     print the figures of the README, or those of one load (--help says which)
  faults [--kills N] [--cuts N] [--database-kills N] [--seed N]
                             kill, starve and cut from power a server under load (--help says more)
  fuzz [--seconds S] [TARGET]
                             random bodies for all that reads what strangers send
  sim [--seeds N] [--seed S] districts in which everything goes wrong, from seeds (--help says more)
  postgres                   a Postgres server for the tests at a desk, until Ctrl-C
  demo [--size small|M|L] [--port 8080] [--fresh]
                             build and serve the demo district";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(words: &[String]) -> Result<(), Failure> {
    let Some((command, rest)) = words.split_first() else {
        return Err(Failure::Usage(format!("no command given\n\n{USAGE}")));
    };
    match command.as_str() {
        "setup" => no_words(rest).and_then(|()| setup::provide_everything()),
        "test" => test::test(rest),
        "wasm" => no_words(rest).and_then(|()| {
            setup::provide(&[setup::WASM])?;
            wasm::build()
        }),
        "web" => no_words(rest).and_then(|()| {
            setup::provide(&[setup::WASM, setup::NODE])?;
            web::build()
        }),
        "bench" => bench::bench(rest),
        "faults" => faults::faults(rest),
        "fuzz" => fuzz::fuzz(rest),
        "sim" => sim::sim(rest),
        "postgres" => no_words(rest).and_then(|()| postgres::serve()),
        "demo" => demo::demo(&demo::Options::read(rest)?),
        "help" | "--help" | "-h" => {
            eprintln!("{USAGE}");
            Ok(())
        }
        other => Err(Failure::Usage(format!("no such command: {other}\n\n{USAGE}"))),
    }
}

fn no_words(rest: &[String]) -> Result<(), Failure> {
    match rest.first() {
        None => Ok(()),
        Some(word) => Err(Failure::Usage(format!("unexpected: {word}\n\n{USAGE}"))),
    }
}

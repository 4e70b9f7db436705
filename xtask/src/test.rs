//! `cargo xtask test`: every check that a change must pass, in one order, here as on the build machine.

use std::time::{Duration, Instant};

use crate::postgres::{self, Postgres};
use crate::run::{Failure, Run};
use crate::tally::Tally;
use crate::{bench, budgets, faults, setup, sim, wasm, web};

struct Step {
    name: &'static str,
    run: fn() -> Result<(), Failure>,
}

/// Cheap before dear, so that a slip is told early.
const STEPS: [Step; 15] = [
    Step { name: "setup", run: setup::provide_everything },
    Step { name: "fmt", run: format },
    Step { name: "clippy", run: lint },
    Step { name: "wasm", run: wasm::lint },
    Step { name: "doc", run: document },
    Step { name: "web", run: web::check },
    Step { name: "budgets", run: budgets::check },
    Step { name: "tests", run: run_tests },
    Step { name: "postgres", run: run_tests_on_postgres },
    Step { name: "sim", run: sim::smoke },
    Step { name: "storm", run: bench::smoke },
    Step { name: "faults", run: faults::smoke },
    Step { name: "otlp", run: check_traces },
    Step { name: "e2e", run: web::drive },
    Step { name: "deny", run: check_dependencies },
];

/// Runs the named steps in the order of the table, or all. Stops at the first that fails and names it.
pub(crate) fn test(names: &[String]) -> Result<(), Failure> {
    let mut times = Vec::new();
    for step in chosen(names)? {
        eprintln!("== {}", step.name);
        let start = Instant::now();
        let outcome = (step.run)();
        let took = start.elapsed();
        times.push((step.name, took));
        let word = if outcome.is_ok() { "ok" } else { "FAILED" };
        eprintln!("== {} {word} in {:.1} s", step.name, took.as_secs_f64());
        if let Err(cause) = outcome {
            return Err(Failure::Step { name: step.name, cause: Box::new(cause) });
        }
    }
    print_times(&times);
    Ok(())
}

fn chosen(names: &[String]) -> Result<Vec<&'static Step>, Failure> {
    for name in names {
        if STEPS.iter().all(|step| step.name != name) {
            let known = STEPS.map(|step| step.name).join(", ");
            return Err(Failure::Usage(format!("no such step: {name} (there are: {known})")));
        }
    }
    Ok(STEPS.iter().filter(|step| names.is_empty() || names.iter().any(|name| name == step.name)).collect())
}

fn print_times(times: &[(&str, Duration)]) {
    let total: Duration = times.iter().map(|(_, took)| *took).sum();
    let parts: Vec<String> =
        times.iter().map(|(name, took)| format!("{name} {:.1} s", took.as_secs_f64())).collect();
    eprintln!("== all ok in {:.1} s: {}", total.as_secs_f64(), parts.join(", "));
}

fn format() -> Result<(), Failure> {
    Run::cargo(&["fmt", "--all", "--check"]).run()
}

fn lint() -> Result<(), Failure> {
    Run::cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]).run()
}

/// The one feature that is not shipped. It builds the server a second time: two to three minutes of one core.
fn check_traces() -> Result<(), Failure> {
    let server = ["--package", "zhibu-server", "--features", "otlp"];
    Run::cargo(&["clippy"]).args(&server).args(&["--all-targets", "--", "-D", "warnings"]).run()?;
    Run::cargo(&["test"]).args(&server).args(&["--test", "traces"]).run()
}

fn document() -> Result<(), Failure> {
    Run::cargo(&["doc", "--no-deps", "--workspace"]).env("RUSTDOCFLAGS", "-D warnings").run()
}

/// All tests, what has a store on SQLite; the store's contract on both databases.
fn run_tests() -> Result<(), Failure> {
    let server = Postgres::start()?;
    count_tests(Run::cargo(&["test", "--workspace", "--no-fail-fast"]), &server)
}

/// The tests that have a store once more, on Postgres.
fn run_tests_on_postgres() -> Result<(), Failure> {
    let server = Postgres::start()?;
    let run = Run::cargo(&["test", "--package", "zhibu", "--package", "zhibu-server", "--no-fail-fast"]);
    count_tests(run.env("ZHIBU_TEST_STORE", "postgres"), &server)
}

/// Also past a test program that fails: one run shall tell everything that is wrong. `CI` is set so that what is
/// merely skipped at a desk (a fixture to be made, a service to be had) fails here.
#[expect(clippy::print_stdout, reason = "what the tests print is this command's output")]
fn count_tests(run: Run, server: &Postgres) -> Result<(), Failure> {
    let mut tally = Tally::default();
    let outcome = run.env("CI", "true").env(postgres::SERVER, server.url()).run_seeing(|line| {
        tally.see(line);
        println!("{line}");
    });
    println!("total: {tally}");
    outcome?;
    if tally.passed == 0 {
        return Err(Failure::Missing("no test ran".to_owned()));
    }
    Ok(())
}

/// Licences, bans and sources. Not advisories: their database is a repository that not every machine that
/// builds this can fetch, and a check that passes by being offline would be none.
fn check_dependencies() -> Result<(), Failure> {
    let program = setup::CARGO_DENY.path()?;
    Run::new(program).args(&["--locked", "check", "bans", "licenses", "sources"]).run()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn no_name_means_all_steps_and_names_keep_the_order_of_the_table() {
        let all: Vec<_> = chosen(&[]).unwrap().iter().map(|step| step.name).collect();
        let steps = [
            "setup", "fmt", "clippy", "wasm", "doc", "web", "budgets", "tests", "postgres", "sim", "storm",
            "faults", "otlp", "e2e", "deny",
        ];
        assert_eq!(all, steps);
        let some: Vec<_> = chosen(&names(&["tests", "fmt"])).unwrap().iter().map(|step| step.name).collect();
        assert_eq!(some, ["fmt", "tests"]);
    }

    #[test]
    fn an_unknown_step_is_refused_before_anything_runs() {
        let failure = test(&names(&["fmt", "lint"])).unwrap_err();
        assert!(failure.to_string().starts_with("no such step: lint"), "{failure}");
    }
}

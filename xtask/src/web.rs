//! The two apps in the browser: what they need from the registry, their checks, their build, and the tests that
//! drive them in a real browser against the real server.

use std::fs;
use std::path::PathBuf;

use crate::run::{Failure, Run, root, target_dir};
use crate::wasm;

/// What `npm ci` installed last, beside what it installed: it goes when that goes.
const STAMP: &str = "node_modules/.zhibu-lock.json";
const LOCK: &str = "package-lock.json";

/// Types of the console's API, generated from the server's description of it and kept in git for editors.
const API_TYPES: &str = "web/src/console/api/schema.d.ts";

/// Installs the exact packages of the lock file, unless they are the ones that are there.
pub(crate) fn install() -> Result<(), Failure> {
    let lock = read(LOCK)?;
    if fs::read_to_string(root().join(STAMP)).is_ok_and(|stamp| stamp == lock) {
        return Ok(());
    }
    Run::new("npm").args(&["ci", "--no-audit", "--no-fund"]).run()?;
    let path = root().join(STAMP);
    fs::write(&path, lock).map_err(|error| Failure::File { path, error })
}

/// Everything about the apps that can be told without a browser, and then their build.
pub(crate) fn check() -> Result<(), Failure> {
    install()?;
    wasm::build()?;
    // The tests' types include those of what they build.
    wasm::build_conformance()?;
    demand_current_types()?;
    npm("web", "check")?;
    npm("tests/e2e", "check")?;
    npm("web", "test")?;
    npm("web", "build")
}

/// The apps as the server will serve them, in `web/dist`.
pub(crate) fn build() -> Result<(), Failure> {
    install()?;
    wasm::build()?;
    npm("web", "build")
}

/// The stories in Chromium: phones that lose their signal and their battery, and the desk that reviews.
pub(crate) fn drive() -> Result<(), Failure> {
    install()?;
    wasm::build_conformance()?;
    Run::cargo(&["build", "-p", "zhibu-server"]).run()?;
    Run::new("npm")
        .args(&["run", "test", "--workspace", "tests/e2e"])
        .env("ZHIBU_SERVER", target_dir().join("debug/zhibu-server"))
        .run()
}

/// Where the types are kept they must be what the API's description says; they are written anew either way.
fn demand_current_types() -> Result<(), Failure> {
    let before = fs::read_to_string(root().join(API_TYPES));
    npm("web", "types")?;
    let after = read(API_TYPES)?;
    if before.map_or(true, |before| before == after) {
        return Ok(());
    }
    Err(Failure::Missing(format!(
        "{API_TYPES} did not match server/openapi.json and has been written anew: commit it"
    )))
}

fn npm(workspace: &str, script: &str) -> Result<(), Failure> {
    Run::new("npm").args(&["run", script, "--workspace", workspace]).run()
}

fn read(name: &str) -> Result<String, Failure> {
    let path: PathBuf = root().join(name);
    fs::read_to_string(&path).map_err(|error| Failure::File { path, error })
}

/// Whether Node.js is there, new enough for the build, and its npm with it.
pub(crate) fn node_is_ready() -> bool {
    let version = Run::new("node").arg("--version").answer();
    version.is_some_and(|text| is_recent(&text)) && Run::new("npm").arg("--version").answer().is_some()
}

/// From 20.19 on, Node reads modules of either kind the way the build's tools expect.
fn is_recent(version: &str) -> bool {
    let mut numbers =
        version.trim().trim_start_matches('v').split('.').map_while(|part| part.parse::<u32>().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    version >= (20, 19)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_node_does_not_count() {
        for (version, recent) in [
            ("v20.20.2\n", true),
            ("v20.19.0", true),
            ("v22.1.0", true),
            ("v20.18.9", false),
            ("v18.20.4", false),
            ("", false),
        ] {
            assert_eq!(is_recent(version), recent, "{version}");
        }
    }
}

//! The phone's half for wasm32, by whichever of two toolchains this machine has.
//!
//! Ordinarily rustup's own target. Where that cannot be downloaded, Debian's Rust for the web (`rustc-web` with
//! the sources of its standard library and its linker) builds the standard library along with the crate. That is
//! another compiler: it gets its own target folder, so that neither build evicts the other.

use std::path::{Path, PathBuf};

use crate::run::{Failure, Run, root, target_dir};
use crate::setup;

const TARGET: &str = "wasm32-unknown-unknown";
/// What the screens import.
const CORE: &str = "web/src/core/wasm";
/// What the tests import.
const CONFORMANCE: &str = "tests/e2e/core/page/wasm";
const PACKAGE: [&str; 3] = ["-p", "zhibu-sync-client", "--lib"];

/// What Debian's way needs, by the file that shows it is there.
const DEBIAN_PARTS: [&str; 4] =
    ["/usr/bin/rustc", "/usr/bin/cargo", "/usr/bin/cargo-clippy", "/usr/bin/wasm-ld-22"];

/// Set by rustup's cargo for the programs it runs; another cargo would follow them back to rustup's compiler.
/// RUSTFLAGS would displace the flags of `.cargo/config.toml`, and with them getrandom's choice of source.
const RUSTUP_VARIABLES: [&str; 5] =
    ["RUSTUP_TOOLCHAIN", "CARGO", "LD_LIBRARY_PATH", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"];

/// A panic stops at once and says nothing, so that neither messages nor places need to travel: a seventh less to
/// download. Only where the standard library is built along; rustup's is built otherwise.
const SMALLER: &str = "target.wasm32-unknown-unknown.rustflags=['-Zunstable-options','-Cpanic=immediate-abort',\
                       '-Zlocation-detail=none','-Zfmt-debug=none']";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Toolchain {
    Rustup,
    Debian,
}

/// Whether this machine can build for wasm32.
pub(crate) fn is_ready() -> bool {
    find().is_some()
}

fn find() -> Option<Toolchain> {
    let installed = Run::new("rustup").args(&["target", "list", "--installed"]).answer();
    if installed.is_some_and(|targets| targets.lines().any(|line| line.trim() == TARGET)) {
        return Some(Toolchain::Rustup);
    }
    let version = Run::new("/usr/bin/rustc").arg("--version").without_env(&RUSTUP_VARIABLES).answer()?;
    let parts = DEBIAN_PARTS.iter().all(|part| Path::new(part).exists());
    (parts && is_recent(&version) && sources_are_there()).then_some(Toolchain::Debian)
}

/// Debian's ordinary `rustc` lies at the same path and is years older than our edition.
fn is_recent(version: &str) -> bool {
    let minor = version.strip_prefix("rustc 1.").and_then(|rest| rest.split('.').next());
    minor.and_then(|minor| minor.parse::<u32>().ok()).is_some_and(|minor| minor >= 95)
}

fn sources_are_there() -> bool {
    let sysroot =
        Run::new("/usr/bin/rustc").args(&["--print", "sysroot"]).without_env(&RUSTUP_VARIABLES).answer();
    sysroot.is_some_and(|path| {
        Path::new(path.trim()).join("lib/rustlib/src/rust/library/std/Cargo.toml").exists()
    })
}

/// Clippy over the phone's half, warnings denied.
///
/// With Debian's toolchain it is Debian's clippy too: rustup's cannot read what another compiler made. The
/// profile is that of the build, since macros and build scripts are then made once for both.
pub(crate) fn lint() -> Result<(), Failure> {
    let run = match chosen()? {
        // Named by path: a plain `cargo clippy` would look into rustup's folder first.
        Toolchain::Debian => debian("/usr/bin/cargo-clippy", "clippy").env("CARGO", "/usr/bin/cargo"),
        Toolchain::Rustup => rustup("clippy"),
    };
    run.args(&PACKAGE).args(&["--", "-D", "warnings"]).run()
}

/// The core as the phone will run it, with its JavaScript half, in [`CORE`]. Left alone when it is newer than the
/// library that it is made from.
pub(crate) fn build() -> Result<(), Failure> {
    setup::WASM_BINDGEN.provide()?;
    make(&[], CORE)
}

/// The store's contract as functions that a browser calls, for the tests that drive one.
pub(crate) fn build_conformance() -> Result<(), Failure> {
    setup::WASM_BINDGEN.provide()?;
    make(&["--features", "conformance"], CONFORMANCE)
}

fn make(features: &[&str], out: &str) -> Result<(), Failure> {
    build_library(features)?;
    let (library, folder) = (library()?, root().join(out));
    if is_newer(&folder.join("core_bg.wasm"), &library) {
        return Ok(());
    }
    bind(&library, &folder)
}

/// The library in its one crate type that a browser loads; native builds make none.
fn build_library(features: &[&str]) -> Result<(), Failure> {
    let run = match chosen()? {
        Toolchain::Debian => debian("/usr/bin/cargo", "rustc"),
        Toolchain::Rustup => rustup("rustc"),
    };
    run.args(&PACKAGE).args(features).args(&["--crate-type", "cdylib"]).run()
}

/// Splits the library into what a browser compiles and the JavaScript that calls it. No pass of wasm-opt: it makes
/// the file a tenth smaller on the disk and larger on the wire (measured with brotli).
fn bind(library: &Path, folder: &Path) -> Result<(), Failure> {
    Run::new(setup::WASM_BINDGEN.path()?)
        .args(&["--target", "web", "--omit-default-module-path", "--out-name", "core"])
        .args(&["--remove-name-section", "--remove-producers-section", "--out-dir"])
        .arg(folder)
        .arg(library)
        .run()
}

/// Where the library of the chosen toolchain lies.
fn library() -> Result<PathBuf, Failure> {
    let folder = match chosen()? {
        Toolchain::Debian => target_dir().join("wasm"),
        Toolchain::Rustup => target_dir(),
    };
    Ok(folder.join(TARGET).join("wasm/zhibu_sync_client.wasm"))
}

fn is_newer(made: &Path, source: &Path) -> bool {
    let time = |path: &Path| std::fs::metadata(path).and_then(|file| file.modified()).ok();
    matches!((time(made), time(source)), (Some(made), Some(source)) if made > source)
}

fn chosen() -> Result<Toolchain, Failure> {
    find().ok_or_else(|| Failure::Missing(format!("no Rust for {TARGET}: run `cargo xtask setup`")))
}

fn rustup(command: &str) -> Run {
    Run::cargo(&[command, "--profile", "wasm", "--target", TARGET])
        .without_env(&["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"])
}

fn debian(program: &str, command: &str) -> Run {
    let path = std::env::var("PATH").unwrap_or_default();
    Run::new(program)
        .args(&[command, "--profile", "wasm", "--target", TARGET])
        .args(&["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"])
        .args(&["--config", SMALLER])
        .without_env(&RUSTUP_VARIABLES)
        .env("PATH", format!("/usr/bin:{path}"))
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", target_dir().join("wasm"))
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "/usr/bin/wasm-ld-22")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_compiler_does_not_count() {
        assert!(is_recent("rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)"));
        assert!(is_recent("rustc 1.100.0"));
        assert!(!is_recent("rustc 1.63.0"));
        assert!(!is_recent(""));
    }
}

//! What the chores need beyond Rust and git, and how to get it: one table, one look at the machine, one
//! installation of all that is missing. A machine that has everything is left alone, also by the network.

use std::path::{Path, PathBuf};

use crate::run::{Failure, Run, root, target_dir};
use crate::{postgres, wasm, web};

/// One thing that must be on the machine.
pub(crate) struct Need {
    /// What it is, for people.
    pub(crate) what: &'static str,
    /// How to see that it is there.
    pub(crate) is_there: fn() -> bool,
    /// The Debian packages that bring it.
    pub(crate) apt: &'static [&'static str],
}

/// A program from the package registry, kept at one exact version beside the caches of this user.
pub(crate) struct Tool {
    name: &'static str,
    version: &'static str,
    /// The package that brings it.
    package: &'static str,
    /// `--locked`, where the package's own lock file can be had; the features it needs.
    options: &'static [&'static str],
}

/// Rust for wasm32; see [`wasm`] for the two ways.
pub(crate) const WASM: Need = Need {
    what: "Rust for wasm32-unknown-unknown (or, with rustup: rustup target add wasm32-unknown-unknown)",
    is_there: wasm::is_ready,
    apt: &["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy", "lld-22"],
};

/// Builds the two apps. Debian 12 has an older one, over which npm installs this one.
pub(crate) const NODE: Need = Need {
    what: "Node.js 20.19 or newer with npm (where apt has an older one: npm install --global node@22)",
    is_there: web::node_is_ready,
    apt: &["nodejs", "npm"],
};

/// Drives the apps as people's browsers do.
const CHROMIUM: Need =
    Need { what: "Chromium", is_there: || Path::new("/usr/bin/chromium").exists(), apt: &["chromium"] };

/// Without them every page of a test is full of empty boxes.
const CHINESE_TYPE: Need = Need {
    what: "Chinese type",
    is_there: || Run::new("fc-list").arg(":lang=zh-cn").answer().is_some_and(|list| !list.trim().is_empty()),
    apt: &["fontconfig", "fonts-noto-cjk"],
};

/// Checks licences, bans and sources of the dependencies.
pub(crate) const CARGO_DENY: Tool =
    Tool { name: "cargo-deny", version: "0.20.2", package: "cargo-deny", options: &["--locked"] };

/// Makes of the phone's half what a browser loads. Of the very version that `wasm-bindgen` has in `Cargo.toml`. Its
/// lock file names a version of another crate that was withdrawn.
pub(crate) const WASM_BINDGEN: Tool =
    Tool { name: "wasm-bindgen", version: "0.2.130", package: "wasm-bindgen-cli", options: &[] };

/// An S3 service on a folder, for the tests of pictures in a bucket.
const S3S_FS: Tool = Tool {
    name: "s3s-fs",
    version: "0.14.1",
    package: "s3s-fs",
    options: &["--locked", "--features", "binary"],
};

/// Tries random inputs. Not for the checks: only `cargo xtask fuzz` builds it.
pub(crate) const CARGO_FUZZ: Tool =
    Tool { name: "cargo-fuzz", version: "0.13.2", package: "cargo-fuzz", options: &["--locked"] };

/// What the checks need from the system.
const NEEDS: &[Need] = &[WASM, NODE, CHROMIUM, CHINESE_TYPE, postgres::POSTGRES];

/// The tools that the checks run.
const TOOLS: &[Tool] = &[CARGO_DENY, WASM_BINDGEN, S3S_FS];

/// What all checks together write into the target folder and the tests' folders, in MiB, with some to spare.
const ROOM_MIB: u64 = 8 << 10;

/// Provides everything that any chore needs.
pub(crate) fn provide_everything() -> Result<(), Failure> {
    provide(NEEDS)?;
    TOOLS.iter().try_for_each(Tool::provide)?;
    check_room(ROOM_MIB)
}

/// A disk that fills up in the middle fails tests in ways that tell nobody why. What the target folder holds already
/// counts as room: it is written over.
fn check_room(wanted_mib: u64) -> Result<(), Failure> {
    let mib_of = |run: Run, skip: usize| -> Option<u64> {
        run.answer()?.lines().nth(skip)?.split_whitespace().next()?.parse().ok()
    };
    let root = root();
    let free = mib_of(Run::new("df").args(&["--output=avail", "--block-size=1M"]).arg(&root), 1);
    let held = mib_of(Run::new("du").args(&["-sm"]).arg(target_dir()), 0).unwrap_or(0);
    // Where there is no `df` of this kind, the disk itself must tell.
    match free.map(|free| free + held) {
        Some(room) if room < wanted_mib => Err(Failure::Missing(format!(
            "the disk of {} has room for {room} MiB; all checks need about {wanted_mib}",
            root.display()
        ))),
        _ => Ok(()),
    }
}

/// Installs what is missing of these. Fails with the one command to run if this user may not install.
pub(crate) fn provide(needs: &[Need]) -> Result<(), Failure> {
    let missing = || needs.iter().filter(|need| !(need.is_there)());
    let packages: Vec<&str> = missing().flat_map(|need| need.apt).copied().collect();
    if packages.is_empty() {
        return Ok(());
    }
    let wanted = describe(missing());
    let install = format!("apt-get update && apt-get install -y {}", packages.join(" "));
    let Some(apt) = Apt::find() else {
        return Err(Failure::Missing(format!("missing: {wanted}\nas root, run: {install}")));
    };
    eprintln!("missing: {wanted}");
    apt.run(&["update"])?;
    apt.run(&[&["install", "-y", "--no-install-recommends"], packages.as_slice()].concat())?;
    let still: Vec<&Need> = missing().collect();
    if still.is_empty() {
        return Ok(());
    }
    Err(Failure::Missing(format!("installed, and yet missing: {}", describe(still.into_iter()))))
}

fn describe<'a>(needs: impl Iterator<Item = &'a Need>) -> String {
    needs.map(|need| need.what).collect::<Vec<_>>().join("; ")
}

/// Debian's installer, and the right to run it.
enum Apt {
    Root,
    Sudo,
}

impl Apt {
    fn find() -> Option<Self> {
        Run::new("apt-get").arg("--version").answer()?;
        if Run::new("id").arg("-u").answer()?.trim() == "0" {
            return Some(Self::Root);
        }
        Run::new("sudo").args(&["-n", "true"]).answer().map(|_| Self::Sudo)
    }

    fn run(&self, words: &[&str]) -> Result<(), Failure> {
        // sudo drops the environment, so that the variable goes behind it.
        let run = match self {
            Self::Root => Run::new("env"),
            Self::Sudo => Run::new("sudo").args(&["-n", "env"]),
        };
        run.args(&["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(words).run()
    }
}

impl Tool {
    /// Builds it unless this very version is there already. The build folder is kept with it: a newer version
    /// then takes seconds more than its own crate.
    pub(crate) fn provide(&self) -> Result<(), Failure> {
        if self.is_there()? {
            return Ok(());
        }
        let cache = cache_dir()?;
        Run::cargo(&["install"])
            .args(self.options)
            .args(&["--force", "--root"])
            .arg(cache.join("tools"))
            .arg(format!("{}@{}", self.package, self.version))
            .without_env(&["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"])
            .env("CARGO_TARGET_DIR", cache.join("build"))
            // It runs for a second and is built for minutes.
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .run()
    }

    /// The program, which must have been provided.
    pub(crate) fn path(&self) -> Result<PathBuf, Failure> {
        if self.is_there()? {
            return self.program();
        }
        let Self { name, version, .. } = self;
        Err(Failure::Missing(format!("no {name} {version}: run `cargo xtask setup`")))
    }

    fn is_there(&self) -> Result<bool, Failure> {
        let answer = Run::new(self.program()?).arg("--version").answer();
        Ok(answer.is_some_and(|text| text.trim() == format!("{} {}", self.name, self.version)))
    }

    fn program(&self) -> Result<PathBuf, Failure> {
        Ok(cache_dir()?.join("tools/bin").join(self.name))
    }
}

/// `~/.cache/zhibu`, or where the user keeps caches.
fn cache_dir() -> Result<PathBuf, Failure> {
    let folder = |name| std::env::var_os(name).filter(|dir| !dir.is_empty()).map(PathBuf::from);
    folder("XDG_CACHE_HOME")
        .or_else(|| folder("HOME").map(|home| home.join(".cache")))
        .filter(|dir| Path::is_absolute(dir))
        .map(|dir| dir.join("zhibu"))
        .ok_or_else(|| Failure::Missing("no place for tools: set HOME".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_has_everything_is_left_alone() {
        let there = Need { what: "air", is_there: || true, apt: &["no-such-package"] };
        provide(&[there]).unwrap();
    }

    #[test]
    fn a_tool_of_another_version_does_not_count() {
        let tool = Tool { version: "0.0.0", ..CARGO_DENY };
        assert!(!tool.is_there().unwrap());
        let failure = tool.path().unwrap_err();
        assert_eq!(failure.to_string(), "no cargo-deny 0.0.0: run `cargo xtask setup`");
    }
}

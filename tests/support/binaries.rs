//! The two programs, built once for each test run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where the programs are.
pub struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// Builds them if they are not up to date, in the profile of the program that asks.
    pub fn get() -> &'static Self {
        static BUILT: OnceLock<Binaries> = OnceLock::new();
        BUILT.get_or_init(|| {
            // This program lies in <target>/<profile>/deps or examples: the programs belong one folder up.
            let test = std::env::current_exe().expect("a test has a path");
            let folder = test.parent().and_then(Path::parent).expect("tests lie in deps").to_owned();
            let target = folder.parent().expect("a profile's folder has a parent").to_owned();
            let status = Command::new(env!("CARGO"))
                .args([
                    "build",
                    "--quiet",
                    "--package",
                    "zhibu-server",
                    "--package",
                    "zhibu-sync-client",
                    "--bins",
                ])
                .args(folder.ends_with("release").then_some("--release"))
                .arg("--target-dir")
                .arg(&target)
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .status()
                .expect("cargo runs");
            assert!(status.success(), "the programs build");
            Binaries { folder }
        })
    }

    /// `zhibu-server`.
    pub fn server(&self) -> Command {
        Command::new(self.folder.join("zhibu-server"))
    }

    /// `zhibu`, the command line of a phone.
    pub fn phone(&self) -> Command {
        Command::new(self.folder.join("zhibu"))
    }
}

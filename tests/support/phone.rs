//! A phone: the command line `zhibu` with a folder of its own.

use serde_json::Value;
use tempfile::TempDir;

use super::Binaries;

/// One phone. Each call is one process, so whatever it knows is on its disk.
pub struct Phone {
    folder: TempDir,
    /// Whose it is, for messages.
    pub name: &'static str,
}

/// What a command said.
#[derive(Debug)]
pub struct Said {
    /// Whether it ended well.
    pub ok: bool,
    /// Its JSON; `null` if it printed none.
    pub json: Value,
    /// What it printed for people when it failed.
    pub error: String,
}

impl Phone {
    /// A new phone, not enrolled.
    pub fn new(name: &'static str) -> Self {
        Self { folder: TempDir::new().expect("a folder"), name }
    }

    /// Enrols with an invite link and syncs once.
    pub fn enrolled(name: &'static str, link: &str) -> Self {
        let phone = Self::new(name);
        phone.run(&["enrol", link, "--name", name]);
        phone.run(&["sync"]);
        phone
    }

    /// Runs a command that must succeed; answers its JSON.
    pub fn run(&self, arguments: &[&str]) -> Value {
        let said = self.try_run(arguments);
        assert!(said.ok, "{}: zhibu {arguments:?} failed: {} {}", self.name, said.error, said.json);
        said.json
    }

    /// Runs a command, whatever comes of it.
    pub fn try_run(&self, arguments: &[&str]) -> Said {
        let output = Binaries::get()
            .phone()
            .arg("--data")
            .arg(self.folder.path())
            .arg("--json")
            .args(arguments)
            .output()
            .expect("zhibu runs");
        Said {
            ok: output.status.success(),
            json: serde_json::from_slice(&output.stdout).unwrap_or(Value::Null),
            error: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Its folder.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

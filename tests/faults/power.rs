//! The disk as the scenes hold it: in another process, since one that has files open on a disk that it serves itself
//! cannot even die.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::disk::Trouble;

/// What can be asked of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Fail so from now on.
    Trouble(Trouble),
    /// Lose power and come back. Nobody may have a file open.
    Cut {
        /// What the lost sectors are drawn from.
        seed: u64,
        /// Of four unsynced sectors so many had reached the disk.
        favoured: u64,
    },
}

impl Order {
    /// As a line.
    fn line(self) -> String {
        match self {
            Self::Trouble(Trouble::None) => "well".to_owned(),
            Self::Trouble(Trouble::Full) => "full".to_owned(),
            Self::Trouble(Trouble::ReadOnly) => "read-only".to_owned(),
            Self::Trouble(Trouble::Writes) => "writes".to_owned(),
            Self::Trouble(Trouble::Syncs) => "syncs".to_owned(),
            Self::Trouble(Trouble::Reads) => "reads".to_owned(),
            Self::Trouble(Trouble::SlowSyncs(ms)) => format!("slow {ms}"),
            Self::Cut { seed, favoured } => format!("cut {seed} {favoured}"),
        }
    }

    /// Reads a line.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let words: Vec<_> = line.split_whitespace().collect();
        Some(match words[..] {
            ["well"] => Self::Trouble(Trouble::None),
            ["full"] => Self::Trouble(Trouble::Full),
            ["read-only"] => Self::Trouble(Trouble::ReadOnly),
            ["writes"] => Self::Trouble(Trouble::Writes),
            ["syncs"] => Self::Trouble(Trouble::Syncs),
            ["reads"] => Self::Trouble(Trouble::Reads),
            ["slow", ms] => Self::Trouble(Trouble::SlowSyncs(ms.parse().ok()?)),
            ["cut", seed, favoured] => {
                Self::Cut { seed: seed.parse().ok()?, favoured: favoured.parse().ok()? }
            }
            _ => return None,
        })
    }
}

/// A disk under power. Dropping it takes it away.
pub(crate) struct Powered {
    child: Child,
    orders: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
    folder: PathBuf,
}

impl Powered {
    /// A disk with a copy of this file on it; says why not, where this machine does not let us.
    pub(crate) fn with(file: &Path) -> Result<Self, String> {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("--serve-disk")
            .arg(file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
        let orders = child.stdin.take();
        match answers.next() {
            Some(Ok(folder)) => Ok(Self { child, orders, answers, folder: folder.into() }),
            _ => {
                child.wait().unwrap();
                Err("file systems in user space cannot be mounted here".to_owned())
            }
        }
    }

    /// Where it is mounted.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Has an order carried out; how often something was synced so far.
    pub(crate) fn order(&mut self, order: Order) -> u64 {
        let orders = self.orders.as_mut().unwrap();
        writeln!(orders, "{}", order.line()).unwrap();
        self.answers.next().unwrap().unwrap().parse().unwrap()
    }
}

impl Drop for Powered {
    fn drop(&mut self) {
        // It ends when nobody can ask it any more.
        drop(self.orders.take());
        let _ = self.child.wait();
    }
}

//! Running one command: it is printed, starts in the root of the repository, reads nothing and inherits the
//! terminal's output. Whatever goes wrong is a [`Failure`] that names the command.

use std::ffi::OsStr;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// Why a chore stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The words on the command line make no sense.
    Usage(String),
    /// Something must be there first; says what to do.
    Missing(String),
    /// A command could not be started.
    Start { line: String, error: std::io::Error },
    /// A command ran and failed.
    Exit { line: String, status: ExitStatus },
    /// A file or folder could not be read or removed.
    File { path: PathBuf, error: std::io::Error },
    /// A step of `cargo xtask test` failed.
    Step { name: &'static str, cause: Box<Failure> },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) | Self::Missing(text) => f.write_str(text),
            Self::Start { line, error } => write!(f, "cannot start `{line}`: {error}"),
            Self::Exit { line, status } => write!(f, "`{line}`: {status}"),
            Self::File { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Step { name, cause } => {
                write!(f, "step `{name}` failed: {cause}\n       again with: cargo xtask test {name}")
            }
        }
    }
}

/// The root of the repository: the folder above this package. Asked of the cargo that runs this before the one
/// that built it: two checkouts may share a target folder, and then the program is whichever was built last.
pub(crate) fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or(env!("CARGO_MANIFEST_DIR").into());
    let package = PathBuf::from(package);
    package.parent().map(Path::to_owned).unwrap_or(package)
}

/// Where cargo puts what it builds here.
pub(crate) fn target_dir() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) if !dir.is_empty() => root().join(dir),
        _ => root().join("target"),
    }
}

/// One command to be run from the root of the repository.
pub(crate) struct Run {
    command: Command,
}

impl Run {
    /// A program found on the path, or by its own path.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.current_dir(root()).stdin(Stdio::null());
        Self { command }
    }

    /// The cargo that runs this: rustup's choice is inherited through the environment.
    pub(crate) fn cargo(words: &[&str]) -> Self {
        Self::new("cargo").args(words)
    }

    /// Adds words to the command line.
    pub(crate) fn args(mut self, words: &[&str]) -> Self {
        self.command.args(words);
        self
    }

    /// Adds one word that may be a path.
    pub(crate) fn arg(mut self, word: impl AsRef<OsStr>) -> Self {
        self.command.arg(word);
        self
    }

    /// Sets a variable.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Takes variables away.
    pub(crate) fn without_env(mut self, names: &[&str]) -> Self {
        for name in names {
            self.command.env_remove(name);
        }
        self
    }

    /// Prints the command, runs it to its end and demands success.
    pub(crate) fn run(mut self) -> Result<(), Failure> {
        let line = self.announce();
        let status = self.command.status().map_err(|error| Failure::Start { line: line.clone(), error })?;
        finish(line, status)
    }

    /// As [`Run::run`], and hands each line of its standard output to `see` as it comes.
    pub(crate) fn run_seeing(mut self, mut see: impl FnMut(&str)) -> Result<(), Failure> {
        let line = self.announce();
        let start = |error| Failure::Start { line: line.clone(), error };
        let mut child = self.command.stdout(Stdio::piped()).spawn().map_err(start)?;
        if let Some(output) = child.stdout.take() {
            for bytes in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                see(&String::from_utf8_lossy(&bytes));
            }
        }
        let status = child.wait().map_err(start)?;
        finish(line, status)
    }

    /// Prints the command and becomes it, so that Ctrl-C and the exit code are its own. Returns only if it
    /// could not be started.
    #[cfg(unix)]
    pub(crate) fn become_it(mut self) -> Result<(), Failure> {
        use std::os::unix::process::CommandExt;
        let line = self.announce();
        let error = self.command.stdin(Stdio::inherit()).exec();
        Err(Failure::Start { line, error })
    }

    /// Prints the command and waits for it.
    #[cfg(not(unix))]
    pub(crate) fn become_it(self) -> Result<(), Failure> {
        self.run()
    }

    /// What it prints, if it can be started and succeeds. Not printed: this only asks the machine something.
    pub(crate) fn answer(mut self) -> Option<String> {
        let output = self.command.stderr(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn announce(&self) -> String {
        let line = self.to_string();
        eprintln!("$ {line}");
        line
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.command.get_envs() {
            if let Some(value) = value {
                write!(f, "{}={} ", name.to_string_lossy(), quoted(value))?;
            }
        }
        f.write_str(&quoted(self.command.get_program()))?;
        self.command.get_args().try_for_each(|word| write!(f, " {}", quoted(word)))
    }
}

fn finish(line: String, status: ExitStatus) -> Result<(), Failure> {
    if status.success() { Ok(()) } else { Err(Failure::Exit { line, status }) }
}

/// A word as a shell would need it.
fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_printed_as_it_would_be_typed() {
        let run = Run::cargo(&["clippy", "--", "-D", "warnings"])
            .env("RUSTDOCFLAGS", "-D warnings")
            .without_env(&["RUSTFLAGS"]);
        assert_eq!(run.to_string(), "RUSTDOCFLAGS='-D warnings' cargo clippy -- -D warnings");
        assert_eq!(quoted(OsStr::new("it's")), r"'it'\''s'");
        assert_eq!(quoted(OsStr::new("")), "''");
    }

    #[test]
    fn a_failing_command_is_named() {
        let failure = Run::new("sh").args(&["-c", "exit 3"]).run().unwrap_err();
        assert!(failure.to_string().contains("sh -c 'exit 3'"), "{failure}");
        let failure = Run::new("no-such-program-here").run().unwrap_err();
        assert!(matches!(failure, Failure::Start { .. }), "{failure}");
    }

    #[test]
    fn output_is_seen_line_by_line_also_of_a_command_that_fails() {
        let mut seen = Vec::new();
        let run = Run::new("sh").args(&["-c", "echo one; echo two; exit 1"]);
        assert!(run.run_seeing(|line| seen.push(line.to_owned())).is_err());
        assert_eq!(seen, ["one", "two"]);
    }

    #[test]
    fn an_answer_is_only_that_of_a_command_that_succeeds() {
        assert_eq!(Run::new("sh").args(&["-c", "echo yes"]).answer().as_deref(), Some("yes\n"));
        assert_eq!(Run::new("sh").args(&["-c", "echo no; exit 1"]).answer(), None);
        assert_eq!(Run::new("no-such-program-here").answer(), None);
    }
}

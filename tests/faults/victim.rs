//! The server that all this happens to: its own process, killed and started again at the same address.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use zhibu_server::store::Database;

use super::databases::give_database;
use super::support::Binaries;

/// A `zhibu-server serve`, or the place where one was.
pub(crate) struct Victim {
    data: PathBuf,
    database: Database,
    log: PathBuf,
    child: Option<Child>,
    /// Where it listens, also after a restart.
    pub(crate) url: String,
}

impl Victim {
    /// Starts one over this data folder; its log goes to a file that no trouble reaches.
    pub(crate) fn start_over(data: &Path, database: &Database, log: &Path) -> Self {
        let mut victim = Self {
            data: data.to_owned(),
            database: database.clone(),
            log: log.to_owned(),
            child: None,
            url: String::new(),
        };
        victim.start();
        victim
    }

    /// Starts it, and waits until it says where it listens.
    pub(crate) fn start(&mut self) -> Duration {
        let began = Instant::now();
        let log = fs::File::options().create(true).append(true).open(&self.log).unwrap();
        let listen = self.url.strip_prefix("http://").unwrap_or("127.0.0.1:0").to_owned();
        let mut command = Binaries::get().server();
        give_database(&mut command, &self.database);
        command.args(["serve", "--listen", &listen, "--data"]).arg(&self.data);
        command.env("ZHIBU_LOG", "warn").stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.find_map(|line| Some(format!("http://{}", line.split_once("http://")?.1)));
        let Some(address) = address else {
            let _ = child.wait();
            panic!("the server did not start: {}", self.last_words());
        };
        self.url = address.trim().trim_end_matches('/').to_owned();
        // Whatever it prints later must not block it.
        std::thread::spawn(move || lines.for_each(drop));
        self.child = Some(child);
        began.elapsed()
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// SIGTERM; how long it took to end, which it must do well.
    pub(crate) fn stop(&mut self) -> Duration {
        let mut child = self.child.take().unwrap();
        let began = Instant::now();
        let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        assert!(told.success(), "the server can be told to stop");
        let status = child.wait().unwrap();
        assert!(status.success(), "the server stops: {status}; {}", self.last_words());
        began.elapsed()
    }

    /// The end of its log.
    pub(crate) fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

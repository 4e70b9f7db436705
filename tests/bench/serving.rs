//! The server as shipped: its own process over a data folder, seen from outside.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::databases::give_database;
use super::ground::Ground;
use super::metrics::Reading;
use super::support::Binaries;

/// Clock ticks a second in `/proc/PID/stat`; the kernel's ABI has it fixed.
const TICKS_A_SECOND: f64 = 100.0;

/// A running `zhibu-server serve`.
pub(crate) struct Serving {
    child: Child,
    /// E.g. `http://127.0.0.1:41234`.
    pub(crate) url: String,
    metrics_url: String,
    /// From its start to its first answer.
    pub(crate) started_in: Duration,
}

impl Serving {
    /// Starts one over this ground, with its log in a file of this number there; returns once it answers.
    pub(crate) async fn start(ground: &Ground, number: usize) -> Self {
        let log = fs::File::create(ground.folder().join(format!("serve-{number}.log"))).unwrap();
        let mut command = Binaries::get().server();
        give_database(&mut command, ground.database());
        command.args(["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--data"]);
        command.arg(ground.folder()).env_remove("ZHIBU_LOG").stdout(Stdio::piped()).stderr(log);
        let began = Instant::now();
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut addresses = lines.by_ref().map_while(Result::ok).filter_map(|line| {
            line.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned)
        });
        let url = addresses.next().unwrap().trim_end_matches('/').to_owned();
        let metrics_url = addresses.find(|address| address.ends_with("/metrics")).unwrap();
        // Whatever it prints later must not block it.
        std::thread::spawn(move || lines.for_each(drop));
        let ready = reqwest::get(format!("{url}/readyz")).await.unwrap().status();
        assert!(ready.is_success(), "the server is ready when it says where it listens: {ready}");
        Self { child, url, metrics_url, started_in: began.elapsed() }
    }

    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// What these servers say of themselves now, taken together.
    pub(crate) async fn reading(servers: &[Self]) -> Reading {
        let mut text = String::new();
        for server in servers {
            text.push_str(&reqwest::get(&server.metrics_url).await.unwrap().text().await.unwrap());
        }
        Reading::of(&text)
    }

    /// Asks it to stop, as a supervisor does, and waits until it has folded everything into its files.
    pub(crate) fn stop(mut self) {
        let told = Command::new("kill").args(["-TERM", &self.process().to_string()]).status().unwrap();
        assert!(told.success(), "the server can be told to stop");
        let status = self.child.wait().unwrap();
        assert!(status.success(), "the server stops: {status}");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU seconds that a process has used, in user and kernel.
pub(crate) fn cpu_seconds(process: u32) -> f64 {
    stat(process).map_or(0.0, |stat| stat.own_cpu_s)
}

/// Of `/proc/PID/stat`.
struct Stat {
    parent: u32,
    own_cpu_s: f64,
    /// Of the children that it has waited for.
    ended_cpu_s: f64,
}

/// None if the process is gone.
fn stat(process: u32) -> Option<Stat> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is the name in brackets, and may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let seconds = |at: usize| Some(fields.get(at)?.parse::<f64>().ok()? / TICKS_A_SECOND);
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        own_cpu_s: seconds(11)? + seconds(12)?,
        ended_cpu_s: seconds(13)? + seconds(14)?,
    })
}

/// A Postgres server on this machine: its main process, and the children that do the work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Postgres {
    main: u32,
}

impl Postgres {
    /// The one that this process serves a connection for.
    pub(crate) fn behind(backend: u32) -> Option<Self> {
        stat(backend).map(|stat| Self { main: stat.parent })
    }

    /// All its processes.
    pub(crate) fn processes(self) -> Vec<u32> {
        let all = fs::read_dir("/proc").into_iter().flatten().flatten();
        let all = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let own = all.filter(|one| stat(*one).is_some_and(|stat| stat.parent == self.main));
        own.chain([self.main]).collect()
    }

    /// CPU seconds that they have used, those that have ended included.
    pub(crate) fn cpu_seconds(self) -> f64 {
        let ended = stat(self.main).map_or(0.0, |stat| stat.ended_cpu_s);
        ended + self.processes().into_iter().map(cpu_seconds).sum::<f64>()
    }
}

/// The most memory that a process has held so far, in bytes.
pub(crate) fn peak_rss_bytes(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

/// Counts the `fsync` and `fdatasync` calls of processes by the kernel's own tracepoints.
pub(crate) struct SyncCounter {
    perf: Option<(Child, tempfile::NamedTempFile)>,
}

impl SyncCounter {
    /// Begins to count; without `perf`, or without the right to use it, nothing is counted.
    pub(crate) fn of(processes: &[u32]) -> Self {
        let counts = tempfile::NamedTempFile::new().unwrap();
        let processes: Vec<_> = processes.iter().map(u32::to_string).collect();
        let perf = Command::new("perf")
            .args(["stat", "-x,", "-e", "syscalls:sys_enter_fsync,syscalls:sys_enter_fdatasync"])
            .args(["-p", &processes.join(","), "-o"])
            .arg(counts.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        // It says nothing when it has begun: it takes some milliseconds to attach.
        std::thread::sleep(Duration::from_millis(300));
        Self { perf: perf.ok().map(|perf| (perf, counts)) }
    }

    /// How many there were.
    pub(crate) fn count(self) -> Option<u64> {
        let (mut perf, counts) = self.perf?;
        // Again and again: what a shell runs in the background is deaf to INT until `perf` has begun to listen, and at
        // TERM it ends without its counts.
        while perf.try_wait().ok()?.is_none() {
            Command::new("kill").args(["-INT", &perf.id().to_string()]).status().ok()?;
            std::thread::sleep(Duration::from_millis(200));
        }
        let text = fs::read_to_string(counts.path()).ok()?;
        let counted: Vec<u64> =
            text.lines().filter_map(|line| line.split(',').next()?.parse().ok()).collect();
        (!counted.is_empty()).then(|| counted.iter().sum())
    }
}

//! The server as shipped: its own process over a data folder, seen from outside.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::metrics::Reading;
use super::support::Binaries;

/// Clock ticks a second in `/proc/PID/stat`; the kernel's ABI has it fixed.
const TICKS_A_SECOND: f64 = 100.0;

/// A running `zhibu-server serve`.
pub(crate) struct Serving {
    child: Child,
    /// E.g. `http://127.0.0.1:41234`.
    pub(crate) url: String,
    metrics: Option<SocketAddr>,
    /// From its start to its first answer.
    pub(crate) started_in: Duration,
}

impl Serving {
    /// Starts it over this data folder, with its log in a file there; returns once it answers.
    pub(crate) async fn start(data: &Path) -> Self {
        let log = fs::File::create(data.join(format!("serve-{}.log", std::process::id()))).unwrap();
        let mut command = Binaries::get().server();
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        let metrics = can_be_measured().then(free_address);
        if let Some(address) = metrics {
            command.args(["--metrics-listen", &address.to_string()]);
        }
        let began = Instant::now();
        let mut child = command.env_remove("ZHIBU_LOG").stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            line.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned)
        });
        // Whatever it prints later must not block it.
        std::thread::spawn(move || lines.for_each(drop));
        let url = address.unwrap().trim_end_matches('/').to_owned();
        let ready = reqwest::get(format!("{url}/readyz")).await.unwrap().status();
        assert!(ready.is_success(), "the server is ready when it says where it listens: {ready}");
        Self { child, url, metrics, started_in: began.elapsed() }
    }

    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// What its metrics say now; none if this server has none.
    pub(crate) async fn metrics(&self) -> Option<Reading> {
        let address = self.metrics?;
        let answer = reqwest::get(format!("http://{address}/metrics")).await.ok()?;
        Some(Reading::of(&answer.text().await.ok()?))
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

fn can_be_measured() -> bool {
    let help = Binaries::get().server().args(["serve", "--help"]).output().unwrap();
    String::from_utf8_lossy(&help.stdout).contains("--metrics-listen")
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// CPU seconds that a process has used, in user and kernel.
pub(crate) fn cpu_seconds(process: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The second field is the name in brackets, and may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / TICKS_A_SECOND
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
        let told = Command::new("kill").args(["-INT", &perf.id().to_string()]).status().ok()?;
        perf.wait().ok()?;
        let text = fs::read_to_string(counts.path()).ok().filter(|_| told.success())?;
        let counted: Vec<u64> =
            text.lines().filter_map(|line| line.split(',').next()?.parse().ok()).collect();
        (!counted.is_empty()).then(|| counted.iter().sum())
    }
}

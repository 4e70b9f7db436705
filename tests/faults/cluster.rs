//! The Postgres server that `cargo xtask faults` starts: it is killed, and started again as it was.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};

/// How long it may take to stand again: it replays what was not yet in its files.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server of one's own, which may be killed.
pub(crate) struct Cluster {
    options: PgConnectOptions,
    main: u32,
    program: PathBuf,
    words: Vec<String>,
    owner: (u32, u32),
    again: Option<Child>,
}

impl Cluster {
    /// The one at this address: how it was started is read from its process.
    pub(crate) async fn at(url: &str) -> Self {
        let options: PgConnectOptions = url.parse().unwrap();
        let mut connection = PgConnection::connect_with(&options).await.unwrap();
        let folder: String =
            sqlx::query_scalar("SHOW data_directory").fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let note = fs::read_to_string(PathBuf::from(&folder).join("postmaster.pid")).unwrap();
        let main: u32 = note.lines().next().unwrap().parse().unwrap();
        let line = fs::read_to_string(format!("/proc/{main}/cmdline")).unwrap();
        let mut words = line.split_terminator('\0').map(str::to_owned);
        let program = PathBuf::from(words.next().unwrap());
        let folder = fs::metadata(&folder).unwrap();
        let owner = (folder.uid(), folder.gid());
        Self { options, main, program, words: words.collect(), owner, again: None }
    }

    /// `kill -9` of its main process; the others see that and end.
    pub(crate) fn kill(&mut self) {
        let told = Command::new("kill").args(["-9", &self.main.to_string()]).status().unwrap();
        assert!(told.success(), "the database can be killed");
        if let Some(mut child) = self.again.take() {
            child.wait().unwrap();
        }
    }

    /// Starts it as it was started, again and again until the last process of the one before is gone.
    pub(crate) fn start(&mut self) {
        let began = Instant::now();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        loop {
            let mut child = self.launch();
            while matches!(child.try_wait(), Ok(None)) {
                if runtime.block_on(self.options.connect()).is_ok() {
                    self.main = child.id();
                    self.again = Some(child);
                    return;
                }
                assert!(began.elapsed() < PATIENCE, "the database does not come back");
                std::thread::sleep(Duration::from_millis(20));
            }
            assert!(began.elapsed() < PATIENCE, "the database does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn launch(&self) -> Child {
        let mut command = Command::new(&self.program);
        command
            .args(&self.words)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if fs::metadata("/proc/self").unwrap().uid() != self.owner.0 {
            command.uid(self.owner.0).gid(self.owner.1);
        }
        command.spawn().unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The one that was started here is not known to whoever started the first.
        if let Some(child) = &mut self.again {
            let _ = Command::new("kill").args(["-QUIT", &child.id().to_string()]).status();
            let _ = child.wait();
        }
    }
}

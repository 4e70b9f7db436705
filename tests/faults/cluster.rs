//! The Postgres server that `cargo xtask faults` starts: it is killed, and started again as it was.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use super::serving::Postgres;

/// How long it may take to stand again: it replays what was not yet in its files.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server of one's own, which may be killed.
pub(crate) struct Cluster {
    options: PgConnectOptions,
    data: PathBuf,
    processes: Postgres,
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
        let processes = family(&mut connection).await;
        connection.close().await.unwrap();
        let note = fs::read_to_string(PathBuf::from(&folder).join("postmaster.pid")).unwrap();
        let main: u32 = note.lines().next().unwrap().parse().unwrap();
        let line = fs::read_to_string(format!("/proc/{main}/cmdline")).unwrap();
        let mut words = line.split_terminator('\0').map(str::to_owned);
        let program = PathBuf::from(words.next().unwrap());
        let data = PathBuf::from(folder);
        let about = fs::metadata(&data).unwrap();
        let owner = (about.uid(), about.gid());
        Self { options, data, processes, main, program, words: words.collect(), owner, again: None }
    }

    /// `kill -9` of its main process; the others see that and end. Its notes are taken away once they have: the number in
    /// them still names the dead process where nobody has waited for it, and would keep the next one from starting.
    pub(crate) fn kill(&mut self) {
        let family = self.processes.processes();
        let told = Command::new("kill").args(["-9", &self.main.to_string()]).status().unwrap();
        assert!(told.success(), "the database can be killed");
        if let Some(mut child) = self.again.take() {
            child.wait().unwrap();
        }
        let began = Instant::now();
        let is_there = |process: &u32| PathBuf::from(format!("/proc/{process}/exe")).read_link().is_ok();
        while family.iter().any(is_there) {
            assert!(began.elapsed() < PATIENCE, "the database's processes do not end");
            std::thread::sleep(Duration::from_millis(5));
        }
        let sockets = self.words.iter().skip_while(|word| *word != "-k").nth(1).map(PathBuf::from);
        let beside = sockets.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
        let locks = beside
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension() == Some("lock".as_ref()));
        for note in locks.chain([self.data.join("postmaster.pid")]) {
            let _ = fs::remove_file(note);
        }
    }

    /// Starts it as it was started, again and again until the last process of the one before is gone.
    pub(crate) fn start(&mut self) {
        let began = Instant::now();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        loop {
            let mut child = self.launch();
            while matches!(child.try_wait(), Ok(None)) {
                if let Ok(mut connection) = runtime.block_on(self.options.connect()) {
                    self.processes = runtime.block_on(family(&mut connection));
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

/// All processes of the server behind a connection.
async fn family(connection: &mut PgConnection) -> Postgres {
    let backend: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(connection).await.unwrap();
    Postgres::behind(u32::try_from(backend).unwrap()).unwrap()
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

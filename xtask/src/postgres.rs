//! A Postgres server of one's own: made in a temporary folder, reached by a socket in it, gone when it is no longer
//! needed. Nothing that the machine has running is touched.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::run::{Failure, Run};
use crate::setup::{self, Need};

/// The variable in which tests look for the server.
pub(crate) const SERVER: &str = "ZHIBU_TEST_POSTGRES";
/// The oldest version that we test on, which is Debian 12's.
const OLDEST: u32 = 15;
/// How long it may take to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The database of a province, and of half of the tests.
pub(crate) const POSTGRES: Need =
    Need { what: "PostgreSQL 15 or newer", is_there: || programs().is_some(), apt: &["postgresql"] };

/// A running server. It is stopped, and its folder removed, when this is dropped.
pub(crate) struct Postgres {
    folder: PathBuf,
    server: Child,
}

impl Postgres {
    /// Makes a database folder and starts a server on it.
    pub(crate) fn start() -> Result<Self, Failure> {
        setup::provide(&[POSTGRES])?;
        let programs = programs().ok_or_else(|| Failure::Missing(POSTGRES.what.to_owned()))?;
        let folder = std::env::temp_dir().join(format!("zhibu-postgres-{}", std::process::id()));
        fs::create_dir(&folder).map_err(|error| Failure::File { path: folder.clone(), error })?;
        match launch(&programs, &folder) {
            Ok(server) => Ok(Self { folder, server }),
            Err(failure) => {
                let _ = fs::remove_dir_all(&folder);
                Err(failure)
            }
        }
    }

    /// Where it is reached: its `postgres` database, in which nothing is made.
    pub(crate) fn url(&self) -> String {
        format!("postgres:///postgres?host={}&user=zhibu", self.folder.display())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // At once: nobody wants what is in it.
        let _ = Run::new("kill").args(&["-QUIT", &self.server.id().to_string()]).answer();
        let _ = self.server.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Starts one for a desk and waits until Ctrl-C.
#[expect(clippy::print_stdout, reason = "what to type is this command's output")]
pub(crate) fn serve() -> Result<(), Failure> {
    let mut postgres = Postgres::start()?;
    println!("export {SERVER}='{}'", postgres.url());
    eprintln!("Ctrl-C ends it and forgets everything");
    // Ctrl-C reaches both; the server ends by itself and this goes on to remove the folder.
    let _ = postgres.server.wait();
    Ok(())
}

fn launch(programs: &Path, folder: &Path) -> Result<Child, Failure> {
    let data = folder.join("data");
    let owner = Owner::of(folder)?;
    let made = owner
        .command(&programs.join("initdb"))
        .args(["--auth=trust", "--username=zhibu", "--encoding=UTF8", "--locale=C.UTF-8", "--pgdata"])
        .arg(&data)
        .stdout(Stdio::null())
        .status();
    let line = || format!("{} --pgdata {}", programs.join("initdb").display(), data.display());
    eprintln!("$ {}", line());
    let status = made.map_err(|error| Failure::Start { line: line(), error })?;
    if !status.success() {
        return Err(Failure::Exit { line: line(), status });
    }
    let log_path = folder.join("log");
    let log = fs::File::create(&log_path).map_err(|error| Failure::File { path: log_path.clone(), error })?;
    let line = format!("{} -D {}", programs.join("postgres").display(), data.display());
    eprintln!("$ {line}");
    let mut server = owner
        .command(&programs.join("postgres"))
        // Its socket alone: no port is taken. Each test has connections of its own.
        .args(["-c", "listen_addresses=", "-c", "max_connections=400", "-k"])
        .arg(folder)
        .arg("-D")
        .arg(&data)
        .stderr(log)
        .spawn()
        .map_err(|error| Failure::Start { line: line.clone(), error })?;
    let start = Instant::now();
    loop {
        let is_ready = Run::new(programs.join("pg_isready")).arg("--host").arg(folder).answer().is_some();
        let status = server.try_wait().map_err(|error| Failure::Start { line: line.clone(), error })?;
        match status {
            None if is_ready => return Ok(server),
            None if start.elapsed() < PATIENCE => sleep(Duration::from_millis(50)),
            None => {
                let _ = server.kill();
                return Err(Failure::Missing(format!("`{line}` is not ready after {PATIENCE:?}")));
            }
            Some(status) => {
                eprint!("{}", fs::read_to_string(&log_path).unwrap_or_default());
                return Err(Failure::Exit { line, status });
            }
        }
    }
}

/// Whom the server runs as: it refuses to be root.
struct Owner(Option<(u32, u32)>);

impl Owner {
    /// Whoever runs this; for root the user `postgres`, to whom the folder is given.
    fn of(folder: &Path) -> Result<Self, Failure> {
        let number = |words: &[&str]| Run::new("id").args(words).answer()?.trim().parse::<u32>().ok();
        if number(&["-u"]) != Some(0) {
            return Ok(Self(None));
        }
        let ids = number(&["-u", "postgres"]).zip(number(&["-g", "postgres"]));
        let (uid, gid) = ids.ok_or_else(|| Failure::Missing("no user `postgres`".to_owned()))?;
        std::os::unix::fs::chown(folder, Some(uid), Some(gid))
            .map_err(|error| Failure::File { path: folder.to_owned(), error })?;
        Ok(Self(Some((uid, gid))))
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).current_dir(std::env::temp_dir());
        if let Some((uid, gid)) = self.0 {
            command.uid(uid).gid(gid);
        }
        command
    }
}

/// The folder of the newest version's programs, which Debian keeps off the path.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions
        .map(|entry| entry.path())
        .filter(|path| version(path) >= Some(OLDEST) && path.join("bin/initdb").exists())
        .max_by_key(version)
        .map(|path| path.join("bin"));
    newest.or_else(|| {
        let folder = PathBuf::from(Run::new("pg_config").arg("--bindir").answer()?.trim());
        folder.join("initdb").exists().then_some(folder)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_starts_answers_and_leaves_nothing_behind() {
        if programs().is_none() {
            assert!(std::env::var_os("CI").is_none(), "no PostgreSQL: run `cargo xtask setup`");
            return;
        }
        let postgres = Postgres::start().unwrap();
        let folder = postgres.folder.clone();
        let answer = Run::new("psql").args(&["-Atc", "SHOW fsync", &postgres.url()]).answer();
        assert_eq!(answer.as_deref(), Some("on\n"));
        let server = postgres.server.id();
        drop(postgres);
        assert!(!folder.exists() && !Path::new(&format!("/proc/{server}")).exists());
    }
}

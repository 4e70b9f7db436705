//! `zhibu-server` as a process: it is started on a port of its own, killed and started again.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;
use zhibu_server::config;
use zhibu_server::store::Database;

use super::Binaries;
use crate::databases::{copy_database, give_database, is_on_postgres, new_postgres_database};

/// Its log, beside its data.
const LOG: &str = "server.log";

/// A running server. It is killed, not asked, when the test ends.
pub struct Server {
    folder: TempDir,
    database: Database,
    child: Option<Child>,
    /// E.g. `http://127.0.0.1:41234`; stays the same over restarts.
    pub url: String,
    /// Where it shows its numbers; another address after each restart.
    pub metrics_url: String,
}

impl Server {
    /// A server over the small demo district.
    pub fn demo() -> Self {
        let folder = TempDir::new().expect("a folder");
        let demo = demo_template();
        copy_folder(&demo.folder, folder.path());
        let database = match &demo.database {
            Database::Sqlite(_) => Database::Sqlite(config::database(folder.path())),
            template => copy_database(template, folder.path()),
        };
        Self::beside(folder, database)
    }

    /// A server over a data folder that `init` made.
    pub fn over(folder: TempDir) -> Self {
        let database = Database::Sqlite(config::database(folder.path()));
        Self::beside(folder, database)
    }

    /// A server with a data folder of its own over a database that others may share.
    pub fn beside(folder: TempDir, database: Database) -> Self {
        let mut server =
            Self { folder, database, child: None, url: String::new(), metrics_url: String::new() };
        server.start();
        server
    }

    /// Its process, while it runs.
    pub fn process(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Starts it, on the port it had before if it had one. Returns once it answers.
    pub fn start(&mut self) {
        let listen = self.url.strip_prefix("http://").unwrap_or("127.0.0.1:0").to_owned();
        let mut program = Binaries::get().server();
        give_database(&mut program, &self.database);
        let mut child = program
            .args(["serve", "--listen", &listen, "--metrics-listen", "127.0.0.1:0", "--data"])
            .arg(self.folder.path())
            .stdout(Stdio::piped())
            .stderr(self.log_file())
            .spawn()
            .expect("zhibu-server starts");
        // The server prints its address once it listens: no waiting, no guessing.
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let mut addresses = lines.by_ref().map_while(Result::ok).filter_map(|line| {
            line.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned)
        });
        let address = addresses.next().expect("zhibu-server prints its address");
        self.metrics_url =
            addresses.find(|address| address.ends_with("/metrics")).expect("and where its numbers are");
        self.url = address.trim_end_matches('/').to_owned();
        // Whatever it prints later must not block it.
        std::thread::spawn(move || lines.for_each(drop));
        self.child = Some(child);
    }

    /// Kills it as the power cut does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
        }
    }

    /// Asks it to end, as a service supervisor does, and waits until it has.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
            assert!(asked.expect("kill runs").success(), "it can be asked");
            assert!(child.wait().expect("it ends").success(), "it ends well");
        }
    }

    /// Everything that it logged since it was made.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder().join(LOG)).expect("it logs")
    }

    fn log_file(&self) -> fs::File {
        let path = self.folder().join(LOG);
        fs::File::options().create(true).append(true).open(path).expect("a file for its log")
    }

    /// Its data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The invite link that `init` printed for an account of the story, at the address it listens on.
    pub fn invite(&self, account: &str) -> String {
        let welcome = fs::read_to_string(self.folder().join("WELCOME.txt")).expect("init wrote it");
        let lines: Vec<_> = welcome.lines().map(str::trim).collect();
        let of_account = |pair: &&[&str]| pair[0].starts_with(account) && pair[1].contains("/enrol#");
        let pair = lines.windows(2).find(of_account).expect("an invite for the account");
        let link = pair[1].split_once("/enrol#").expect("a secret");
        format!("{}/enrol#{}", self.url, link.1)
    }

    /// Runs another command of `zhibu-server` on its data; answers what it printed.
    pub fn admin(&self, arguments: &[&str]) -> String {
        let mut program = Binaries::get().server();
        give_database(&mut program, &self.database);
        let output = program.args(arguments).arg("--data").arg(self.folder()).output();
        let output = output.expect("zhibu-server runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A district that is only copied.
struct Demo {
    folder: PathBuf,
    database: Database,
}

/// The small demo district, made once for each test program.
fn demo_template() -> &'static Demo {
    static TEMPLATE: OnceLock<Demo> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let folder = TempDir::new().expect("a folder").keep();
        let data = folder.join("demo");
        let database = match is_on_postgres() {
            true => new_postgres_database(&folder),
            false => Database::Sqlite(config::database(&data)),
        };
        let mut program = Binaries::get().server();
        give_database(&mut program, &database);
        let output = program.args(["init", "--demo", "small", "--data"]).arg(&data).output();
        let output = output.expect("zhibu-server runs");
        assert!(output.status.success(), "init: {}", String::from_utf8_lossy(&output.stderr));
        Demo { folder: data, database }
    })
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the folder is there") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("a file is copied");
    }
}

//! A bucket: an S3 service of its own on a folder, as a process (s3s-fs, which `cargo xtask setup` installs).

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use zhibu_server::blobs::BlobPlace;

/// The service writes a file beside each object whose name holds both names of it, and file names end at 255 bytes: so
/// bucket and prefix have short ones.
const BUCKET: &str = "pics";
/// What stands in the environment of whoever may use it.
pub const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "key"), ("AWS_SECRET_ACCESS_KEY", "secret")];

/// A running service with one empty bucket. It is killed when the test ends.
pub struct Bucket {
    folder: TempDir,
    child: Child,
    endpoint: String,
}

impl Bucket {
    /// Starts it. None where it is not installed: at a desk the test is skipped, on a build machine that fails.
    pub fn start() -> Option<Self> {
        let Some(program) = program().filter(|program| program.exists()) else {
            assert!(std::env::var_os("CI").is_none(), "no s3s-fs: run `cargo xtask setup`");
            return None;
        };
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let mut child = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", "0", "--access-key", "key", "--secret-key", "secret"])
            .arg(folder.path())
            .env("RUST_LOG", "s3s_fs=info")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It says where it is once it listens.
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let endpoint = lines.find_map(|line| Some(format!("http://{}", line.split_once("http://")?.1)));
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self {
            folder,
            child,
            endpoint: endpoint.expect("s3s-fs says where it listens").trim().to_owned(),
        })
    }

    /// The bucket as a place for pictures; `more` are further settings of its address.
    pub async fn place(&self, more: &str) -> BlobPlace {
        self.place_under("zhibu", more).await
    }

    /// The same under another prefix.
    pub async fn place_under(&self, prefix: &str, more: &str) -> BlobPlace {
        let address = format!("{}{more}", self.address(prefix));
        let keys = KEYS.map(|(name, value)| (name.to_owned(), value.to_owned()));
        BlobPlace::bucket(&address, keys).await.unwrap()
    }

    /// Its address as `zhibu-server` takes it, with [`KEYS`].
    pub fn address(&self, prefix: &str) -> String {
        format!("s3://{BUCKET}/{prefix}?endpoint={}", self.endpoint)
    }

    /// Where it listens.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What it holds, by name, without what the service itself notes beside it.
    pub fn objects(&self) -> Vec<String> {
        let root = self.folder.path().join(BUCKET);
        let mut names: Vec<_> = files(&root)
            .iter()
            .map(|path| path.strip_prefix(&root).unwrap().to_string_lossy().into_owned())
            .filter(|name| name.starts_with("zhibu/"))
            .collect();
        names.sort_unstable();
        names
    }

    /// Ends it, as an outage does.
    pub fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        // It may have been stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where `cargo xtask setup` puts it.
fn program() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).filter(|dir| !dir.is_empty()).map(PathBuf::from);
    let cache = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")))?;
    Some(cache.join("zhibu/tools/bin/s3s-fs"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

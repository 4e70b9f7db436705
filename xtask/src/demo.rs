//! `cargo xtask demo`: builds the apps, the server and the command line, makes the demo district once, serves it.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::run::{Failure, Run, root, target_dir};
use crate::{setup, web};

/// Where the demo district lives. Not a choice: `--fresh` deletes it.
const DATA: &str = "demo-data";

/// Written by `zhibu-server init` as its last act: addresses, logins, invite links, the commands of the story.
const WELCOME: &str = "WELCOME.txt";

/// What was asked for on the command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    size: &'static str,
    port: u16,
    fresh: bool,
}

impl Options {
    /// Reads `--size small|M|L`, `--port N` and `--fresh`.
    pub(crate) fn read(words: &[String]) -> Result<Self, Failure> {
        let mut options = Self { size: "small", port: 8080, fresh: false };
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            match word {
                "--fresh" => options.fresh = true,
                "--size" => options.size = read_size(words.next())?,
                "--port" => options.port = read_port(words.next())?,
                other => return Err(Failure::Usage(format!("demo does not know {other}"))),
            }
        }
        Ok(options)
    }
}

fn read_size(word: Option<&str>) -> Result<&'static str, Failure> {
    ["small", "M", "L"]
        .into_iter()
        .find(|size| Some(*size) == word)
        .ok_or_else(|| Failure::Usage("--size is small, M or L".to_owned()))
}

fn read_port(word: Option<&str>) -> Result<u16, Failure> {
    word.and_then(|word| word.parse().ok())
        .filter(|port| *port > 0)
        .ok_or_else(|| Failure::Usage("--port is a number from 1 to 65535".to_owned()))
}

/// What is to be done with the data folder as it is found.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// No district yet.
    Nothing,
    /// A district, and what its making said.
    District { welcome: String },
    /// Something that was never finished.
    Unfinished,
}

/// Builds, makes the district unless it is there, tells how to get in, and serves until stopped.
pub(crate) fn demo(options: &Options) -> Result<(), Failure> {
    setup::provide(&[setup::WASM, setup::NODE])?;
    web::build()?;
    Run::cargo(&["build", "--release", "-p", "zhibu-server", "-p", "zhibu-sync-client", "--bins"]).run()?;
    let server = target_dir().join("release/zhibu-server");
    let data = root().join(DATA);
    if options.fresh {
        remove(&data)?;
    }
    let address = format!("127.0.0.1:{}", options.port);
    let url = format!("http://{address}");
    match look(&data)? {
        Found::Nothing => {
            let words = ["init", "--demo", options.size, "--data", DATA, "--public-url", &url];
            Run::new(&server).args(&words).run()?;
        }
        Found::District { welcome } => welcome_again(&welcome, &data)?,
        Found::Unfinished => {
            let path = data.display();
            let text = format!("{path} was never finished: start again with `cargo xtask demo --fresh`");
            return Err(Failure::Missing(text));
        }
    }
    Run::new(&server).args(&["serve", "--data", DATA, "--listen", &address, "--public-url", &url]).become_it()
}

fn look(data: &Path) -> Result<Found, Failure> {
    if !data.exists() {
        return Ok(Found::Nothing);
    }
    let path = data.join(WELCOME);
    match std::fs::read_to_string(&path) {
        Ok(welcome) => Ok(Found::District { welcome }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Found::Unfinished),
        Err(error) => Err(Failure::File { path, error }),
    }
}

fn welcome_again(welcome: &str, data: &Path) -> Result<(), Failure> {
    eprintln!("(the district in {DATA} is kept as it is; a new one with --fresh)");
    let mut out = std::io::stdout().lock();
    // Flushed, since this process is about to become the server.
    writeln!(out, "{}", welcome.trim_end())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::File { path: data.join(WELCOME), error })
}

fn remove(data: &PathBuf) -> Result<(), Failure> {
    match std::fs::remove_dir_all(data) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::File { path: data.clone(), error })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Options, Failure> {
        Options::read(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_have_defaults_and_are_checked() {
        assert_eq!(read("").unwrap(), Options { size: "small", port: 8080, fresh: false });
        assert_eq!(
            read("--fresh --port 9000 --size M").unwrap(),
            Options { size: "M", port: 9000, fresh: true }
        );
        for wrong in ["--size", "--size m", "--port", "--port 0", "--port 70000", "--prot 1", "M"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_district_without_its_welcome_was_never_finished() {
        let folder = std::env::temp_dir().join(format!("zhibu-demo-{}", std::process::id()));
        remove(&folder).unwrap();
        assert_eq!(look(&folder).unwrap(), Found::Nothing);
        std::fs::create_dir(&folder).unwrap();
        assert_eq!(look(&folder).unwrap(), Found::Unfinished);
        std::fs::write(folder.join(WELCOME), "登录\n").unwrap();
        assert_eq!(look(&folder).unwrap(), Found::District { welcome: "登录\n".to_owned() });
        remove(&folder).unwrap();
        assert_eq!(look(&folder).unwrap(), Found::Nothing);
    }
}

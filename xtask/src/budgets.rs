//! What a phone must load, in bytes over the wire, against what we promised. A villager pays for each of them, and
//! a budget that nobody measures is gone within a year.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::run::{Failure, root};

const KIB: u64 = 1024;

/// Brotli, since that is what goes over the wire.
const SHELL: Budget = Budget { goal: 130 * KIB, limit: 130 * KIB };
/// The goal is that of a bare Automerge; with signatures, keys, wire and the store beside it, this is what there is.
const WASM: Budget = Budget { goal: 360 * KIB, limit: 500 * KIB };
const FIRST_INSTALL: Budget = Budget { goal: 600 * KIB, limit: 640 * KIB };

/// What we want, and beyond what the build fails.
struct Budget {
    goal: u64,
    limit: u64,
}

/// Measures `web/dist`, prints the table, and fails beyond a limit.
pub(crate) fn check() -> Result<(), Failure> {
    let dist = root().join("web/dist");
    let rows = measure(&dist)?;
    eprintln!("{}", table(&rows));
    let over: Vec<&str> =
        rows.iter().filter(|row| row.bytes > row.budget.limit).map(|row| row.what).collect();
    if over.is_empty() {
        return Ok(());
    }
    Err(Failure::Missing(format!("beyond the budget: {}", over.join(", "))))
}

struct Row {
    what: &'static str,
    bytes: u64,
    budget: Budget,
}

fn measure(dist: &Path) -> Result<Vec<Row>, Failure> {
    let kept = kept_files(&read(&dist.join("sw.js"))?);
    if kept.is_empty() {
        return Err(Failure::Missing("the service worker keeps no file: is web/dist built?".to_owned()));
    }
    let sum = |choose: fn(&str) -> bool| -> Result<u64, Failure> {
        kept.iter().filter(|name| choose(name)).map(|name| wire_size(&dist.join(name))).sum()
    };
    let shell = sum(is_shell)?;
    let wasm = sum(|name| name.ends_with(".wasm"))?;
    let all = sum(|_| true)? + wire_size(&dist.join("sw.js"))?;
    if wasm == 0 {
        return Err(Failure::Missing(
            "the service worker keeps no WebAssembly: the phone would not start".to_owned(),
        ));
    }
    Ok(vec![
        Row { what: "phone: scripts and styles of all its pages", bytes: shell, budget: SHELL },
        Row { what: "phone: the core as WebAssembly", bytes: wasm, budget: WASM },
        Row { what: "phone: first installation, everything", bytes: all, budget: FIRST_INSTALL },
    ])
}

/// The worker's script is not part of what is painted first; it comes with the core.
fn is_shell(name: &str) -> bool {
    (name.ends_with(".js") || name.ends_with(".css")) && !name.contains("worker")
}

/// The files that the service worker fetches when the app is installed: `url:"…"` in its list, quoted or not.
fn kept_files(worker: &str) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for rest in worker.replace("\"url\"", "url").split("url:").skip(1) {
        let mut characters = rest.trim_start().chars();
        let Some(quote @ ('"' | '\'' | '`')) = characters.next() else { continue };
        let name: String = characters.take_while(|c| *c != quote).collect();
        files.insert(name.trim_start_matches('/').to_owned());
    }
    files
}

/// As the server sends it: the compressed twin where there is one.
fn wire_size(path: &Path) -> Result<u64, Failure> {
    let twin = path.with_file_name(format!("{}.br", path.file_name().unwrap_or_default().to_string_lossy()));
    let found = fs::metadata(&twin).or_else(|_| fs::metadata(path));
    found.map(|file| file.len()).map_err(|error| Failure::File { path: path.to_owned(), error })
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::File { path: path.to_owned(), error })
}

fn table(rows: &[Row]) -> String {
    let line = |row: &Row| {
        let kib = |bytes: u64| bytes.div_ceil(KIB);
        let Budget { goal, limit } = row.budget;
        let verdict = match row.bytes {
            bytes if bytes > limit => "BEYOND",
            bytes if bytes > goal => "within the limit",
            _ => "within the goal",
        };
        format!(
            "{:>4} KiB (goal {}, limit {}), {verdict}: {}",
            kib(row.bytes),
            kib(goal),
            kib(limit),
            row.what
        )
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workers_list_is_read_however_it_is_quoted() {
        let worker = r#"e([{url:"index.html",revision:"1"},{"url":"/assets/a.js",revision:null},{url:'assets/b.wasm'}]);url:x"#;
        let files: Vec<String> = kept_files(worker).into_iter().collect();
        assert_eq!(files, ["assets/a.js", "assets/b.wasm", "index.html"]);
    }

    #[test]
    fn what_is_measured_is_the_compressed_twin_and_a_missing_core_is_told() {
        let dist = std::env::temp_dir().join(format!("zhibu-budgets-{}", std::process::id()));
        fs::create_dir_all(dist.join("assets")).unwrap();
        fs::write(dist.join("sw.js"), r#"[{url:"assets/a.js"}]"#).unwrap();
        fs::write(dist.join("assets/a.js"), [0; 900]).unwrap();
        fs::write(dist.join("assets/a.js.br"), [0; 30]).unwrap();
        assert!(measure(&dist).is_err(), "no core");
        fs::write(dist.join("sw.js"), r#"[{url:"assets/a.js"},{url:"c.wasm"},{url:"core-worker.js"}]"#)
            .unwrap();
        fs::write(dist.join("c.wasm"), [0; 500]).unwrap();
        fs::write(dist.join("core-worker.js"), [0; 7]).unwrap();
        let rows = measure(&dist).unwrap();
        let sizes: Vec<u64> = rows.iter().map(|row| row.bytes).collect();
        let worker = fs::metadata(dist.join("sw.js")).unwrap().len();
        assert_eq!(sizes, [30, 500, 537 + worker]);
        fs::remove_dir_all(dist).unwrap();
    }
}

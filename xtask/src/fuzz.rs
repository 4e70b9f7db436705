//! `cargo xtask fuzz`: random bodies for everything that reads what strangers send, from honest ones on.

use crate::run::{Failure, Run, root};
use crate::setup::CARGO_FUZZ;

/// What is fuzzed: the targets of `fuzz/`.
const TARGETS: [&str; 7] =
    ["envelope", "sync_body", "pack", "rule_book", "change", "kept_index", "carried_file"];
/// How long each is tried, in seconds, unless the words say so.
const SECONDS: u32 = 600;
/// The inputs that the bounds on memory and time are about.
const LONGEST_BYTES: u32 = 1 << 20;

/// Runs one target, or all, one after the other: `[--seconds S] [TARGET]`. What it finds is left in `fuzz/artifacts`.
pub(crate) fn fuzz(words: &[String]) -> Result<(), Failure> {
    let (seconds, targets) = read(words)?;
    CARGO_FUZZ.provide()?;
    // Everything is safe Rust: without a sanitizer the stable compiler does, and five times as much is tried.
    let folder = root().join("fuzz");
    let manifest = folder.join("Cargo.toml");
    Run::cargo(&["run", "--quiet", "--example", "seeds", "--manifest-path"]).arg(manifest).run()?;
    for target in targets {
        Run::new(CARGO_FUZZ.path()?)
            .args(&["run", "--sanitizer", "none", "--fuzz-dir"])
            .arg(&folder)
            .args(&[target, "--"])
            .args(&[
                &format!("-max_total_time={seconds}"),
                &format!("-max_len={LONGEST_BYTES}"),
                "-timeout=10",
            ])
            .run()?;
    }
    Ok(())
}

fn read(words: &[String]) -> Result<(u32, Vec<&'static str>), Failure> {
    let (mut seconds, mut targets) = (SECONDS, Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--seconds" {
            let number = words.next().and_then(|number| number.parse().ok());
            seconds = number.ok_or_else(|| Failure::Usage("--seconds N".to_owned()))?;
        } else {
            let target = TARGETS.into_iter().find(|target| target == word);
            let known =
                || Failure::Usage(format!("no such target: {word} (there are: {})", TARGETS.join(", ")));
            targets.push(target.ok_or_else(known)?);
        }
    }
    Ok((seconds, if targets.is_empty() { TARGETS.to_vec() } else { targets }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_of_the_folder_is_run() {
        let files = std::fs::read_dir(root().join("fuzz/targets")).unwrap();
        let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        files.sort_unstable();
        let mut targets = TARGETS;
        targets.sort_unstable();
        let names: Vec<_> = files.iter().map(|file| file.file_stem().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, targets);
    }

    #[test]
    fn words_name_targets_and_seconds() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(read(&words(&["--seconds", "9", "pack"])).unwrap(), (9, vec!["pack"]));
        assert_eq!(read(&[]).unwrap(), (SECONDS, TARGETS.to_vec()));
        for wrong in [&["--seconds"][..], &["workbook"]] {
            assert!(read(&words(wrong)).is_err(), "{wrong:?}");
        }
    }
}

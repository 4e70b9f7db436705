//! Hashed files of earlier builds stay reachable for a while. A phone that opened its page before an update, or that
//! keeps it in its service worker, asks for the parts of that page long after the server has another one.
//!
//! `current/` holds what this build has. A start with another build moves what it does not have into a folder that
//! is named by the last day it stays, `until-2026-12-22/`; a start after that day deletes it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use axum::body::Bytes;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use zhibu_domain::time::Millis;

/// How long the files of a build outlive it.
const DAYS: i64 = 30;
const CURRENT: &str = "current";
const UNTIL: &str = "until-";

/// Writes `ours` beside what earlier builds left in `folder`, sorts out what is past its day, and answers where the
/// files of earlier builds are. Paths are as in `ours`: relative, with `/`.
pub(super) fn keep(
    folder: &Path,
    ours: &BTreeMap<String, &Bytes>,
    now: Millis,
) -> io::Result<BTreeMap<String, PathBuf>> {
    let today = day(now)?;
    let current = folder.join(CURRENT);
    fs::create_dir_all(&current)?;
    drop_older(folder, today)?;
    let last_day = today.checked_add(DAYS.days()).map_err(io::Error::other)?;
    let retired = folder.join(format!("{UNTIL}{last_day}"));
    for path in list(&current)?.into_keys().filter(|path| !ours.contains_key(path)) {
        let place = retired.join(&path);
        place.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::rename(current.join(&path), place)?;
    }
    for (path, bytes) in ours {
        let place = current.join(path);
        // A name holds the hash of its content. A file that a power cut left half has another length.
        if fs::metadata(&place).is_ok_and(|found| found.len() == bytes.len() as u64) {
            continue;
        }
        place.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(&place, bytes)?;
    }
    let mut kept = BTreeMap::new();
    for retired in retired_folders(folder)? {
        kept.extend(list(&retired.1)?);
    }
    Ok(kept)
}

fn day(now: Millis) -> io::Result<Date> {
    let now = Timestamp::from_millisecond(now.0).map_err(io::Error::other)?;
    Ok(now.to_zoned(jiff::tz::TimeZone::UTC).date())
}

fn drop_older(folder: &Path, today: Date) -> io::Result<()> {
    retired_folders(folder)?
        .into_iter()
        .filter(|(until, _)| *until < today)
        .try_for_each(|(_, retired)| fs::remove_dir_all(retired))
}

/// The folders of retired files with their last days. What is not named like one is left alone.
fn retired_folders(folder: &Path) -> io::Result<Vec<(Date, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let until = name.to_str().and_then(|name| name.strip_prefix(UNTIL)?.parse().ok());
        found.extend(until.map(|until| (until, entry.path())));
    }
    found.sort();
    Ok(found)
}

/// Every file below the folder by its path from there.
fn list(top: &Path) -> io::Result<BTreeMap<String, PathBuf>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![(String::new(), top.to_owned())];
    while let Some((above, folder)) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = format!("{above}{name}");
            if entry.file_type()?.is_dir() {
                folders.push((format!("{path}/"), entry.path()));
            } else {
                files.insert(path, entry.path());
            }
        }
    }
    Ok(files)
}

//! A backup that was never restored is none. Here each is: taken while phones write, given back into a new folder, looked
//! through, and served again.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;

use crate::bucket::Bucket;
use crate::damage::{execute, open};
use crate::support::{Phone, Server};
use crate::{all_is_delivered, planned, run, server, shown};

fn back_up(server: &Server, place: &Path) -> String {
    server.admin(&["backup", place.to_str().unwrap()])
}

/// Backs up until there is nothing new: the projector writes down after the commit.
fn back_up_at_rest(server: &Server, place: &Path) {
    let is_at_rest = (0..300).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        back_up(server, place).contains("没有新内容")
    });
    assert!(is_at_rest, "nothing is written, and still there is something new");
}

/// Restores into a new folder, of which everything must be right.
fn restored(place: &Path, more: &[&str]) -> TempDir {
    let folder = TempDir::new().unwrap();
    let arguments = [&["restore", place.to_str().unwrap()], more, &["--data"]].concat();
    let (ok, said) = run(&arguments, folder.path());
    assert!(ok, "{said}");
    let (ok, said) = run(&["verify", "--deep", "--data"], folder.path());
    assert!(ok, "{said}");
    folder
}

fn export(folder: &Path, record: &str) -> Vec<u8> {
    let scratch = TempDir::new().unwrap();
    let file = scratch.path().join("record");
    let (ok, said) = run(&["export-record", record, "--out", file.to_str().unwrap(), "--data"], folder);
    assert!(ok, "{said}");
    std::fs::read(file).unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn size_bytes(folder: &Path) -> u64 {
    files(folder).iter().map(|file| file.metadata().unwrap().len()).sum()
}

/// The moments of a backup, oldest first: their times as `--at` takes them.
fn moments(place: &Path) -> Vec<String> {
    let mut names: Vec<_> = files(&place.join("moments"))
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap().split_once('_').unwrap().0.to_owned())
        .collect();
    names.sort();
    let time = |name: String| {
        let (date, time) = name.split_once('T').unwrap();
        format!("{date}T{}", time.replace('-', ":"))
    };
    names.into_iter().map(time).collect()
}

/// Puts what was restored in the place of a server's data; it starts again where phones find it.
fn serve(server: &mut Server, restored: &TempDir) {
    server.kill();
    for suffix in ["", "-wal", "-shm"] {
        std::fs::remove_file(server.folder().join(format!("zhibu.sqlite{suffix}"))).ok();
    }
    std::fs::copy(restored.path().join("zhibu.sqlite"), server.folder().join("zhibu.sqlite")).unwrap();
    server.start();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_taken_while_phones_write_is_whole_and_the_phones_bring_the_rest() {
    let mut server = server();
    let place = TempDir::new().unwrap();
    let phone = Phone::enrolled("书记的手机", &server.invite("secretary"));
    let activity = planned(&phone);
    back_up(&server, place.path());

    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for member in 1..=20 {
                phone.run(&["roll", &activity, "--mark", &format!("{member}=present")]);
                phone.run(&["sync"]);
            }
            done.store(true, Ordering::SeqCst);
        });
        // Each of these is taken in the middle of something.
        while !done.load(Ordering::SeqCst) {
            back_up(&server, place.path());
        }
    });
    let taken = moments(place.path());
    assert!(taken.len() >= 3, "{taken:?}");
    for at in [&taken[1], &taken[taken.len() / 2]] {
        restored(place.path(), &["--at", at]);
    }
    back_up_at_rest(&server, place.path());

    // Lost after the last backup, and known to the phone.
    phone.run(&["set", &activity, "theme", "学习党章"]);
    phone.run(&["sync"]);
    let (view, bytes) = (shown(&[&phone], &activity), {
        server.stop();
        export(server.folder(), &activity)
    });
    let folder = restored(place.path(), &[]);
    assert_ne!(export(folder.path(), &activity), bytes);
    serve(&mut server, &folder);
    assert_eq!(phone.run(&["sync"])["recovered"], 1);
    all_is_delivered(&phone);
    assert_eq!(shown(&[&phone], &activity), view);
    server.stop();
    assert_eq!(export(server.folder(), &activity), bytes, "to the byte");
    server.start();
    server.admin(&["verify", "--deep"]);
}

/// A commit touches a page in each of some twenty trees, whatever the size of the database.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_adds_to_a_backup_what_it_touched_and_not_what_lies_beside_it() {
    let server = server();
    let place = TempDir::new().unwrap();
    let phone = Phone::enrolled("书记的手机", &server.invite("secretary"));
    let activity = planned(&phone);
    let mut database = open(&server).await;
    execute(&mut database, format!("CREATE TABLE beside AS SELECT randomblob({}) AS bytes", 8 << 20)).await;
    back_up_at_rest(&server, place.path());
    let before = size_bytes(place.path());
    phone.run(&["set", &activity, "place", "村部会议室"]);
    phone.run(&["sync"]);
    back_up_at_rest(&server, place.path());
    let added = size_bytes(place.path()) - before;
    assert!(added < before / 10, "one commit adds {added} bytes, all of it takes {before}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_moment_is_given_back_as_it_was_with_its_pictures() {
    let server = server();
    let place = TempDir::new().unwrap();
    let phone = Phone::enrolled("书记的手机", &server.invite("secretary"));
    let activity = planned(&phone);
    let [picture, thumb] = [(1, 4000), (2, 600)].map(|(number, bytes)| {
        let file = place.path().join(format!("{number}.jpg"));
        std::fs::write(&file, crate::picture::picture(number, bytes)).unwrap();
        file.to_str().unwrap().to_owned()
    });
    let mut states = Vec::new();
    for (nth, text) in ["甲", "乙", "丙"].into_iter().enumerate() {
        phone.run(&["set", &activity, "place", text]);
        if nth == 1 {
            phone.run(&["photo", "add", &activity, &picture, "--thumb", &thumb]);
        }
        phone.run(&["sync"]);
        back_up(&server, place.path());
        let file = place.path().join(format!("{nth}.record"));
        server.admin(&["export-record", &activity, "--out", file.to_str().unwrap()]);
        states.push(std::fs::read(file).unwrap());
    }
    for (at, state) in moments(place.path()).iter().zip(&states) {
        let folder = restored(place.path(), &["--at", at]);
        assert_eq!(export(folder.path(), &activity), *state, "{at}");
        assert_eq!(files(&folder.path().join("blobs")).is_empty(), *state == states[0]);
    }
    let too_early = TempDir::new().unwrap();
    let place = place.path().to_str().unwrap();
    let (ok, said) = run(&["restore", place, "--at", "2020-01-01T00:00", "--data"], too_early.path());
    assert!(!ok && said.contains("没有那个时间的备份"), "{said}");
    let (ok, said) = run(&["restore", place, "--data"], server.folder());
    assert!(!ok && said.contains("不是空文件夹"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_in_a_bucket_takes_what_is_new_and_is_given_back_whole() {
    let Some(mut bucket) = Bucket::start() else { return };
    let mut server = server();
    let address = bucket.address("zhibu");
    let back_up = |folder: &Path| {
        let (ok, said) = run(&["backup", &address, "--data"], folder);
        assert!(ok, "{said}");
        bucket.objects().len()
    };
    let phone = Phone::enrolled("书记的手机", &server.invite("secretary"));
    let activity = planned(&phone);
    let folder = TempDir::new().unwrap();
    let [picture, thumb] = [(1, 4000), (2, 600)].map(|(number, bytes)| {
        let file = folder.path().join(format!("{number}.jpg"));
        std::fs::write(&file, crate::picture::picture(number, bytes)).unwrap();
        file.to_str().unwrap().to_owned()
    });
    phone.run(&["photo", "add", &activity, &picture, "--thumb", &thumb]);
    phone.run(&["sync"]);
    let first = back_up(server.folder());
    phone.run(&["set", &activity, "place", "村部会议室"]);
    phone.run(&["sync"]);
    // Nothing is written any more, not by the projector either.
    server.stop();
    let second = back_up(server.folder());
    assert!(
        second > first && second - first < first / 2,
        "one commit adds to {first} objects up to {second}"
    );
    assert_eq!(back_up(server.folder()), second, "nothing new");

    let folder = restored(Path::new(&address), &[]);
    assert_eq!(export(folder.path(), &activity), export(server.folder(), &activity), "to the byte");
    assert!(!files(&folder.path().join("blobs")).is_empty());
    // A bucket that does not answer is told of, and nothing is made.
    bucket.stop();
    let folder = TempDir::new().unwrap();
    let (ok, said) = run(&["restore", &address, "--data"], folder.path());
    assert!(!ok && !folder.path().join("zhibu.sqlite").exists(), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_gives_nothing_back_and_says_what_is_damaged() {
    let server = server();
    let place = TempDir::new().unwrap();
    back_up(&server, place.path());
    let chunks = files(&place.path().join("chunks"));
    let moment = files(&place.path().join("moments")).pop().unwrap();
    for damaged in [&chunks[0], &chunks[chunks.len() / 2], &moment] {
        let whole = std::fs::read(damaged).unwrap();
        let mut bytes = whole.clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(damaged, &bytes).unwrap();
        let folder = TempDir::new().unwrap();
        let (ok, said) = run(&["restore", place.path().to_str().unwrap(), "--data"], folder.path());
        let name = damaged.file_stem().unwrap().to_str().unwrap();
        assert!(!ok && said.contains("已损坏") && said.contains(name), "{name}: {said}");
        assert!(!folder.path().join("zhibu.sqlite").exists());
        std::fs::write(damaged, whole).unwrap();
    }
    restored(place.path(), &[]);
}

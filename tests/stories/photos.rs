//! A photo's way: saved without signal, sent in pieces through kills of both sides, seen at the console, removed.

use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use super::picture::picture;
use super::support::{Binaries, Console, Phone, Server};
use super::{planned, two_phones};

/// Just under the limit: sixteen pieces.
const PHOTO_BYTES: usize = 1_000_000;

/// Attaches a photo and answers its id.
fn take(phone: &Phone, activity: &str, number: u8) -> String {
    let (photo, thumb) = (phone.folder().join("photo.jpg"), phone.folder().join("thumb.jpg"));
    std::fs::write(&photo, picture(number, PHOTO_BYTES)).unwrap();
    std::fs::write(&thumb, picture(number, 9_000)).unwrap();
    let [photo, thumb] = [&photo, &thumb].map(|path| path.to_str().unwrap());
    let said = phone.run(&["photo", "add", activity, photo, "--thumb", thumb]);
    said["entry"].as_str().unwrap().to_owned()
}

fn waiting(phone: &Phone) -> u64 {
    phone.run(&["status"])["photo_bytes_waiting"].as_u64().unwrap()
}

/// Bytes of pictures that are on their way, as the server's disk says.
fn bytes_of_parts(server: &Server) -> u64 {
    fn bytes_in(folder: &Path) -> u64 {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let bytes = |entry: std::fs::DirEntry| match entry.metadata() {
            Ok(folder) if folder.is_dir() => bytes_in(&entry.path()),
            file => file.map_or(0, |file| file.len()),
        };
        entries.map(bytes).sum()
    }
    bytes_in(&server.folder().join("blobs/parts"))
}

/// Starts a synchronisation and kills the phone as soon as one more piece has come.
fn kill_while_uploading(phone: &Phone, server: &Server) {
    let before = bytes_of_parts(server);
    let mut sync = Binaries::get().phone();
    let sync = sync.arg("--data").arg(phone.folder()).arg("sync");
    let mut child = sync.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while child.try_wait().unwrap().is_none() && bytes_of_parts(server) <= before {
        sleep(Duration::from_micros(200));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

async fn photos(console: &Console, activity: &str) -> Vec<Value> {
    let record = console.get(&format!("/v1/console/records/{activity}")).await;
    record["photos"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_comes_through_kills_of_phone_and_server() {
    let mut server = Server::demo();
    let (secretary, recorder) = two_phones(&server);
    let activity = planned(&secretary);
    let entry = take(&secretary, &activity, 1);
    let all = waiting(&secretary);
    assert_eq!(all, (PHOTO_BYTES + 9_000) as u64);
    let mut half_way = 0;
    for round in 0..60 {
        kill_while_uploading(&secretary, &server);
        let left = waiting(&secretary);
        half_way += usize::from(left > 0 && left < all);
        if round % 4 == 3 {
            server.kill();
            server.start();
        }
        if left == 0 {
            break;
        }
    }
    assert!(half_way > 0, "no kill fell into the upload");
    secretary.run(&["sync"]);
    assert_eq!(waiting(&secretary), 0);

    let console = Console::login(&server, "reviewer").await;
    let listed = photos(&console, &activity).await;
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0]["thumb_arrived"], &listed[0]["photo_arrived"]), (&true.into(), &true.into()));
    let address = format!("/v1/console/records/{activity}/attachments/{entry}");
    let (headers, bytes) = console.picture(&format!("{address}/full")).await.unwrap();
    assert!(bytes == picture(1, PHOTO_BYTES), "not a byte is another");
    assert_eq!(headers["content-type"], "image/jpeg");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(console.picture(&format!("{address}/thumb")).await.unwrap().1, picture(1, 9_000));
    let strange = console.ask(Method::GET, &format!("{address}/huge"), None).await;
    assert_eq!(strange.0.as_u16(), 404);

    recorder.run(&["sync"]);
    let out = recorder.folder().join("seen.jpg");
    recorder.run(&["photo", "save", &activity, &entry, out.to_str().unwrap()]);
    assert!(std::fs::read(&out).unwrap() == picture(1, PHOTO_BYTES));
    let said = server.admin(&["verify"]);
    assert!(said.contains("2 个照片文件"), "{said}");

    recorder.run(&["photo", "remove", &activity, &entry]);
    recorder.run(&["sync"]);
    assert!(photos(&console, &activity).await.is_empty());
    assert!(console.picture(&format!("{address}/thumb")).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_four_photos_of_two_phones_three_stand_and_the_fourth_is_told_and_kept() {
    let server = Server::demo();
    let (secretary, recorder) = two_phones(&server);
    let activity = planned(&secretary);
    // Without signal, each sees room for two.
    (1..=2).for_each(|number| drop(take(&secretary, &activity, number)));
    (3..=4).for_each(|number| drop(take(&recorder, &activity, number)));
    secretary.run(&["sync"]);
    let report = recorder.run(&["sync"]);
    assert_eq!(report["refused"], 1, "{report}");
    let refused = recorder.run(&["refused"]);
    assert_eq!(refused[0]["code"], "too_many_photos");
    let status = recorder.run(&["status"]);
    assert_eq!((&status["refused"], &status["photos_waiting"]), (&1.into(), &0.into()));
    // One is removed, and what was refused goes up after all.
    let shown = recorder.run(&["show", &activity]);
    assert_eq!(shown["photos"].as_array().unwrap().len(), 3);
    recorder.run(&["photo", "remove", &activity, shown["photos"][0]["id"].as_str().unwrap()]);
    recorder.run(&["refused", "resend", &refused[0]["number"].to_string()]);
    recorder.run(&["sync"]);
    let console = Console::login(&server, "reviewer").await;
    let listed = photos(&console, &activity).await;
    let arrived: Vec<_> = listed.iter().map(|photo| photo["photo_arrived"].clone()).collect();
    assert_eq!(arrived, [true, true, true], "{listed:?}");
}

//! Files of every earlier version are opened by this one, and go on from where they stood.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use zhibu_domain::wire::{EnrolResponse, EnvelopeBody, SyncRequest, SyncResponse};
use zhibu_sync_client::store::sqlite::SqliteStore;
use zhibu_sync_client::store::{Act, DeviceState, LocalStore, Write};

use crate::run;
use crate::support::{Phone, Server};

/// Those of which there are databases.
const VERSIONS: [&str; 1] = ["v2"];
/// What the pages of today and of then must show alike: what is in records, or stands under signatures.
const FOR_EVER: [&str; 5] = ["genesis ", "reference ", "change", "entry ", "receipt "];
const MAX_FILE_BYTES: usize = 8 << 20;

fn fixture(version: &str, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(version).join(name)
}

fn text(version: &str, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(fixture(version, name)).unwrap()).unwrap()
}

fn unpack(version: &str, name: &str, to: PathBuf) {
    let packed = std::fs::read(fixture(version, name)).unwrap();
    std::fs::write(to, zstd::bulk::decompress(&packed, MAX_FILE_BYTES).unwrap()).unwrap();
}

fn server_folder(version: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    unpack(version, "server.sqlite.zst", folder.path().join("zhibu.sqlite"));
    folder
}

fn phone(version: &str) -> Phone {
    let phone = Phone::new("书记的电脑");
    unpack(version, "phone.sqlite.zst", phone.folder().join("phone.sqlite"));
    std::fs::copy(fixture(version, "device.key"), phone.folder().join("device.key")).unwrap();
    phone
}

/// The old server's address is somebody else's by now.
async fn move_to(phone: &Phone, url: &str) {
    let store = SqliteStore::open(&phone.folder().join("phone.sqlite")).await.unwrap();
    let state = store.state().await.unwrap().unwrap();
    let moved = DeviceState { server: url.to_owned(), ..state };
    let based_on = store.revision().await.unwrap();
    store.commit(Act { based_on, writes: vec![Write::State(moved)] }).await.unwrap();
    store.close().await;
}

/// Everything that was said then is said now; there may be more.
fn says_as_then(now: &Value, then: &Value, place: &str) {
    match (now, then) {
        (Value::Object(now), Value::Object(then)) => {
            for (key, then) in then {
                let now = now.get(key).unwrap_or_else(|| panic!("{place}/{key} is gone"));
                says_as_then(now, then, &format!("{place}/{key}"));
            }
        }
        (Value::Array(now), Value::Array(then)) => {
            assert_eq!(now.len(), then.len(), "{place}");
            now.iter().zip(then).enumerate().for_each(|(nth, (now, then))| {
                says_as_then(now, then, &format!("{place}/{nth}"));
            });
        }
        _ => assert_eq!(now, then, "{place}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_phone_shows_what_it_showed_and_delivers_what_waited_to_an_old_server() {
    for version in VERSIONS {
        let phone = phone(version);
        let then = text(version, "activity.json");
        let activity = then["id"].as_str().unwrap();
        says_as_then(&phone.run(&["show", activity]), &then, version);
        says_as_then(&phone.run(&["refused"]), &text(version, "refused.json"), version);
        let status = phone.run(&["status"]);
        assert_eq!((&status["pending"], &status["in_envelope"]), (&3.into(), &2.into()), "{status}");

        let mut server = Server::over(server_folder(version));
        move_to(&phone, &server.url).await;
        let report = phone.run(&["sync"]);
        assert_eq!((&report["stored"], &report["refused"]), (&3.into(), &0.into()), "{version}: {report}");
        says_as_then(&phone.run(&["show", activity])["about"], &then["about"], version);
        // And it goes on: what it was told now, it can bring back.
        assert_eq!(phone.run(&["sync"])["stored"], 0);
        assert!(
            !SqliteStore::open(&phone.folder().join("phone.sqlite"))
                .await
                .unwrap()
                .vouchers()
                .await
                .unwrap()
                .is_empty()
        );
        server.stop();
        let (ok, said) = run(&["verify", "--deep", "--data"], server.folder());
        assert!(ok, "{version}: {said}");
    }
}

#[test]
fn an_old_server_is_what_it_was_to_the_byte() {
    for version in VERSIONS {
        let folder = server_folder(version);
        let (ok, said) = run(&["verify", "--deep", "--data"], folder.path());
        assert!(ok, "{version}: {said}");
        let activity = text(version, "activity.json");
        let file = folder.path().join("exported");
        let arguments =
            ["export-record", activity["id"].as_str().unwrap(), "--out", file.to_str().unwrap(), "--data"];
        let (ok, said) = run(&arguments, folder.path());
        assert!(ok, "{version}: {said}");
        let then = std::fs::read(fixture(version, "activity.automerge")).unwrap();
        assert_eq!(std::fs::read(file).unwrap(), then, "{version}");
        // Packed or not, it can be packed.
        let (ok, said) = run(&["compact", "--after-days", "0", "--data"], folder.path());
        assert!(ok, "{version}: {said}");
        let (ok, said) = run(&["verify", "--deep", "--data"], folder.path());
        assert!(ok, "{version}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_file_of_unsent_work_is_carried() {
    let server = Server::over(server_folder("v2"));
    // Any device of the district may carry it; here the author's own of another time.
    let author = phone("v2");
    move_to(&author, &server.url).await;
    let carrier = author.run(&["status"])["device"].clone();
    let bytes = std::fs::read(fixture("v2", "unsent.envelopes")).unwrap();
    let kept = author.run(&["carry", fixture("v2", "unsent.envelopes").to_str().unwrap()]);
    assert!(!bytes.is_empty() && carrier.is_string(), "{kept}");
    assert_eq!(author.run(&["sync"])["stored"], 3, "its own, once");
}

fn bytes_of(examples: &Value, name: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(examples[name].as_str().unwrap().as_bytes()).unwrap()
}

/// The examples of protocol 1's own page: made then, read now.
#[test]
fn what_protocol_1_sent_is_read_and_what_it_wrote_into_records_is_written_so_still() {
    let then = text("v1", "examples.json");
    let body: EnvelopeBody = minicbor::decode(&bytes_of(&then, "envelope body")).unwrap();
    assert_eq!((body.protocol, body.counter, body.changes.len()), (1, 1, 1));
    let request: SyncRequest = minicbor::decode(&bytes_of(&then, "sync request")).unwrap();
    assert_eq!((request.protocol, request.marks.len(), request.recovery), (1, 2, None));
    let answer: SyncResponse = minicbor::decode(&bytes_of(&then, "sync answer")).unwrap();
    assert_eq!((answer.protocol, answer.pages[0].changes.len(), answer.voucher), (1, 1, None));
    let enrolled: EnrolResponse = minicbor::decode(&bytes_of(&then, "enrol answer")).unwrap();
    assert_eq!(enrolled.profile.posts.len(), 1);
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("domain/PROTOCOL.md")).unwrap();
    let now: String = page.lines().filter(|line| !line.starts_with('#')).collect();
    let kept = then.as_object().unwrap().iter();
    let kept = kept.filter(|(name, _)| FOR_EVER.iter().any(|kind| name.starts_with(kind)));
    let count = kept.inspect(|(name, hex)| assert!(now.contains(hex.as_str().unwrap()), "{name}")).count();
    assert!(count >= 14, "{count}");
}

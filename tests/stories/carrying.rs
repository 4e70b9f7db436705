//! A village without network: what a phone cannot send goes to the township as a file.

use serde_json::json;

use super::support::{Phone, Server};
use super::{planned, two_phones};

#[tokio::test(flavor = "multi_thread")]
async fn the_township_delivers_a_file_and_the_phone_learns_of_its_receipts_later() {
    let server = Server::demo();
    let (secretary, recorder) = two_phones(&server);
    let activity = planned(&secretary);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("白桦嘎查.zhibu");
    let file = file.to_str().unwrap();
    secretary.run(&["set", &activity, "place", "村部会议室"]);
    secretary.run(&["minutes", &activity, "--text", "学习党章。"]);
    assert!(secretary.run(&["unsent", file])["bytes"].as_u64().unwrap() > 0);
    assert!(!secretary.try_run(&["unsent", file]).ok, "a file that is there is not written over");

    let officer = Phone::enrolled("党建办的电脑", &server.invite("officer"));
    assert_eq!(officer.run(&["carry", file]), json!({ "kept": 1, "known": 0 }));
    assert_eq!(officer.run(&["carry", file]), json!({ "kept": 0, "known": 1 }));
    assert_eq!(officer.run(&["sync"])["delivered"], 1);
    recorder.run(&["sync"]);
    assert_eq!(recorder.run(&["show", &activity])["about"]["place"], "村部会议室");
    assert_eq!(secretary.run(&["status"])["pending"], 2, "no receipt has reached this phone");
    secretary.run(&["sync"]);
    assert_eq!(secretary.run(&["status"])["pending"], 0);
    assert_eq!(recorder.run(&["show", &activity])["minutes"], "学习党章。");
}

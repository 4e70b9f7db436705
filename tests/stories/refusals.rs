//! Point 7: a refused change drops out of the record, stays readable, can be corrected, and costs nothing else.

use serde_json::json;

use super::support::{Console, Phone, Server};
use super::{marks, planned, roll_of, two_phones};

#[tokio::test(flavor = "multi_thread")]
async fn a_late_edit_of_a_filed_record_is_kept_and_what_came_after_it_goes_through() {
    let server = Server::demo();
    let (secretary, recorder) = two_phones(&server);
    let activity = planned(&secretary);
    secretary.run(&["roll", &activity, "--mark", &marks(1..=31, "present")]);
    secretary.run(&["submit", &activity]);
    secretary.run(&["sync"]);
    let officer = Phone::enrolled("党建办的电脑", &server.invite("officer"));
    officer.run(&["file", &activity]);
    officer.run(&["sync"]);

    // The recorder was away all the time and writes on: into the filed record, and into another.
    recorder.run(&["set", &activity, "place", "文化广场"]);
    recorder.run(&["roll", &activity, "--mark", "3=leave_work"]);
    let other = recorder.run(&[
        "new-activity",
        "--kinds",
        "committee_meeting",
        "--title",
        "支委会",
        "--at",
        "2026-11-18T19:00",
    ]);
    let other = other["record"].as_str().unwrap().to_owned();
    let report = recorder.run(&["sync"]);
    assert!(report["refused"].as_u64().unwrap() >= 2, "{report}");
    assert!(report["stored"].as_u64().unwrap() >= 1, "the other record is not held up: {report}");
    let shown = recorder.run(&["show", &activity]);
    assert_eq!(shown["status"], "filed");
    assert!(shown["about"].get("place").is_none(), "the refused edit is out of the record");
    assert_eq!(roll_of(&shown)[2], (3, "present".into()));
    let refused = recorder.run(&["refused"]);
    let first = refused
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["slot"] == "about.place")
        .expect("kept with its slot");
    assert_eq!(first["code"], "record_filed");
    assert!(first["reason"].as_str().unwrap().contains("更正"), "a reason that says what to do");
    assert_eq!(first["written"], json!([{ "slot": "about.place", "value": "文化广场", "deleted": 0 }]));
    let late = recorder.run(&["set", &activity, "theme", "学习党章"]);
    assert_eq!(
        (&late["saved"], &late["hint"]),
        (&json!(1), &json!("record_filed")),
        "now the phone knows it"
    );

    let page = Console::login(&server, "reviewer").await.get("/v1/console/quarantine?open=true").await;
    assert!(page.to_string().contains("record_filed"), "an official sees it too: {page}");

    // The township opens the record again: the same work, sent again, goes through.
    officer.run(&["reopen", &activity]);
    officer.run(&["sync"]);
    recorder.run(&["sync"]);
    recorder.run(&["refused", "correct", &first["number"].to_string(), "村文化广场"]);
    recorder.run(&["roll", &activity, "--mark", "4=leave_illness"]);
    let report = recorder.run(&["sync"]);
    assert_eq!((&report["refused"], &report["stored"]), (&json!(0), &json!(2)), "{report}");
    secretary.run(&["sync"]);
    let shown = secretary.run(&["show", &activity]);
    assert_eq!(shown["about"]["place"], "村文化广场");
    assert_eq!(roll_of(&shown)[3], (4, "leave_illness".into()));
    assert_eq!(secretary.run(&["show", &other])["about"]["title"], "支委会");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_official_admits_what_a_former_secretary_brought_late() {
    let server = Server::demo();
    let (secretary, recorder) = two_phones(&server);
    let activity = planned(&secretary);
    recorder.run(&["set", &activity, "place", "文化广场"]);
    let admin = Console::login(&server, "admin").await;
    let accounts = admin.get("/v1/console/accounts?limit=500").await;
    let rows = accounts["items"].as_array().unwrap();
    let account = rows.iter().find(|account| account["name"] == "包文明").expect("the recorder's account");
    let id = account["id"].as_str().unwrap();
    admin.post(&format!("/v1/console/accounts/{id}/posts"), json!({ "posts": [] })).await;

    let report = recorder.run(&["sync"]);
    assert_eq!(report["refused"], 1, "{report}");
    let officer = Console::login(&server, "officer").await;
    let page = officer.get("/v1/console/quarantine?open=true").await;
    let items = page["items"].as_array().unwrap();
    let item = items.iter().find(|item| item["code"] == "no_right").expect("kept for the township");
    let item = item["id"].as_str().unwrap();
    officer.post(&format!("/v1/console/quarantine/{item}/admit"), json!({})).await;
    secretary.run(&["sync"]);
    assert_eq!(secretary.run(&["show", &activity])["about"]["place"], "文化广场");
}

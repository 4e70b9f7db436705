//! What staff decide.

use zhibu_domain::event::Verb;
use zhibu_domain::ids::EntryId;

use super::*;

async fn submitted(console: &Console) -> Record {
    let mut record = Record::new(activity(30));
    console.write(Who::Secretary, &mut record, &set(AboutField::Title, "党课")).await;
    let submit = Command::Review {
        event: EntryId::from_bytes([60; 16]),
        verb: Verb::Submitted,
        slot: None,
        comment: None,
        reason: None,
    };
    console.write(Who::Secretary, &mut record, &submit).await;
    record
}

#[tokio::test]
async fn a_return_carries_its_comment_and_only_the_next_step_is_taken() {
    let console = Console::open().await;
    submitted(&console).await;
    let path = format!("{}/review", path_of(&activity(30)));
    let returned = json!({ "verb": "returned", "slot": "about.place", "comment": "请补地点" });
    let reply = console.post(Who::Reviewer, &path, returned).await.ok();
    assert_eq!(reply["status"], json!("returned"));
    let record = console.get(Who::Officer, &path_of(&activity(30))).await.ok();
    let event = &record["events"][1];
    assert_eq!((&event["comment"], &event["slot"]), (&json!("请补地点"), &json!("about.place")));
    assert_eq!((&event["by"]["name"], &event["at"]), (&json!("Reviewer"), &json!(NOW.0)));
    console.post(Who::Reviewer, &path, json!({ "verb": "reopened" })).await.refused(409, "conflict");
    console.post(Who::Officer, &path, json!({ "verb": "submitted" })).await.refused(403, "forbidden");
    let long = json!({ "verb": "voided", "comment": "长".repeat(301) });
    let body = console.post(Who::Officer, &path, long).await.refused(422, "rule_broken");
    assert!(body["message"].as_str().unwrap().contains("可能太长"), "{body}");
    console.post(Who::Officer, &path, json!({ "verb": "praised" })).await.refused(400, "malformed");
    let audit = console.get(Who::Admin, "/audit").await.ok();
    let acts: Vec<_> =
        audit["items"].as_array().unwrap().iter().map(|entry| entry["act"].as_str().unwrap()).collect();
    assert_eq!(acts.iter().filter(|act| **act == "reviewed").count(), 1, "{acts:?}");
}

/// What a secretary wrote after her post had ended.
async fn departed(console: &Console) -> Value {
    let mut record = Record::new(activity(30));
    let sent = written(Who::Secretary, &mut record, &set(AboutField::Place, "村委会"));
    let without_post = Author { posts: vec![], ..Who::Secretary.author() };
    let receipt = console.app.ledger.submit_change(DISTRICT, &without_post, 2, sent.clone()).await.unwrap();
    assert!(matches!(receipt, Receipt::Refused(_)));
    let again = console.app.ledger.submit_change(DISTRICT, &Who::Secretary.author(), 2, sent).await.unwrap();
    assert!(matches!(again, Receipt::Refused(_)), "a refusal stands, whatever right came since");
    console.get(Who::Officer, "/quarantine?open=true").await.ok()["items"][0].clone()
}

#[tokio::test]
async fn a_departed_secretarys_work_is_admitted_with_the_townships_right() {
    let console = Console::open().await;
    let row = departed(&console).await;
    assert_eq!((&row["code"], &row["author"]["name"]), (&json!("no_right"), &json!("Secretary")));
    let path = format!("/quarantine/{}", row["id"].as_str().unwrap());
    let item = console.get(Who::Officer, &path).await.ok();
    let edits = json!([{ "edit": "set", "slot": "about.place", "value": "村委会" }]);
    assert_eq!((&item["content"]["changes"][0]["edits"], &item["may_resolve"]), (&edits, &json!(true)));
    console.get(Who::Neighbour, &path).await.refused(404, "not_found");
    console.post(Who::Neighbour, &format!("{path}/admit"), json!({})).await.refused(404, "not_found");
    let admitted = console.post(Who::Officer, &format!("{path}/admit"), json!({})).await.ok();
    let by = (&admitted["resolution"]["how"], &admitted["resolution"]["by"]);
    assert_eq!(by, (&json!("admitted"), &json!(Who::Officer.account())));
    let record = console.get(Who::Officer, &path_of(&activity(30))).await.ok();
    assert_eq!(record["about"]["place"], json!("村委会"));
    let history = console.get(Who::Officer, &format!("{}/history", path_of(&activity(30)))).await.ok();
    assert_eq!(history["slots"]["about.place"][0]["by"]["name"], json!("Secretary"), "it stays her work");
    console.post(Who::Officer, &format!("{path}/admit"), json!({})).await.refused(409, "conflict");
    console.post(Who::Officer, &format!("{path}/dismiss"), json!({})).await.refused(409, "conflict");
    let open = console.get(Who::Officer, "/quarantine?open=true").await.ok();
    assert_eq!(open["items"], json!([]));
}

#[tokio::test]
async fn a_dismissed_change_stays_readable_and_out_of_the_record() {
    let console = Console::open().await;
    let row = departed(&console).await;
    let path = format!("/quarantine/{}", row["id"].as_str().unwrap());
    let item = console.post(Who::Reviewer, &format!("{path}/dismiss"), json!({})).await.ok();
    assert_eq!((&item["resolution"]["how"], &item["may_resolve"]), (&json!("dismissed"), &json!(false)));
    assert_eq!(item["content"]["changes"].as_array().unwrap().len(), 1);
    console.get(Who::Officer, &path_of(&activity(30))).await.refused(404, "not_found");
}

#[tokio::test]
async fn nobody_admits_what_is_no_change() {
    let console = Console::open().await;
    let junk = SentChange { record: activity(30), change: vec![0xab; 100] };
    let author = Who::Secretary.author();
    console.app.ledger.submit_change(DISTRICT, &author, 2, junk).await.unwrap();
    // A change of one phone under another's name.
    let forged = written(Who::Recorder, &mut Record::new(activity(31)), &set(AboutField::Title, "党课"));
    console.app.ledger.submit_change(DISTRICT, &author, 2, forged).await.unwrap();
    let rows = console.get(Who::Admin, "/quarantine").await.ok();
    for row in rows["items"].as_array().unwrap() {
        let path = format!("/quarantine/{}/admit", row["id"].as_str().unwrap());
        let body = console.post(Who::Admin, &path, json!({})).await.refused(422, "rule_broken");
        assert!(body["message"].as_str().unwrap().contains("补收不了"), "{body}");
    }
    let codes: Vec<_> =
        rows["items"].as_array().unwrap().iter().map(|row| row["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"wrong_actor") && codes.len() == 2, "{codes:?}");
    let junk = rows["items"].as_array().unwrap().iter().find(|row| row["code"] != "wrong_actor").unwrap();
    let item = console.get(Who::Admin, &format!("/quarantine/{}", junk["id"].as_str().unwrap())).await.ok();
    assert_eq!((&item["content"]["hex"], &item["content"]["bytes"]), (&json!("ab".repeat(64)), &json!(100)));
}

#[tokio::test]
async fn a_rule_book_with_faults_is_refused_line_by_line() {
    let console = Console::open().await;
    let good = zhibu_domain::rule_book::EXAMPLE_TOML;
    console.adopt(Who::Officer, good).await.refused(403, "forbidden");
    let bad = good.replacen("cap = ", "cap = -", 1);
    let body = console.adopt(Who::Admin, &bad).await.refused(422, "rule_broken");
    let fault = &body["faults"][0];
    assert!(
        fault["line"].as_u64() > Some(1) && fault["code"].is_string() && fault["reason"].is_string(),
        "{body}"
    );
    assert_eq!(console.adopt(Who::Admin, good).await.ok()["version"], json!("QL-2026-V1"));
    console.adopt(Who::Admin, &"x".repeat(300_000)).await.refused(413, "too_large");
}

//! Points 1 to 4: two phones without signal, one record, the reviewer's comment, and the points of 31 members.

use serde_json::{Value, json};

use super::support::{Console, Phone, Server};
use super::{marks, planned, roll_of, two_phones};

/// The ledger lines that one activity gave, by member's roster number: (number, rule, state).
fn lines_of(ledgers: &Value, activity: &str) -> Vec<(u64, String, String)> {
    let mut lines = Vec::new();
    for ledger in ledgers.as_array().unwrap() {
        for line in ledger["lines"].as_array().unwrap() {
            if line["source"]["activity"] == activity {
                let text = |name: &str| line[name].as_str().unwrap().to_owned();
                lines.push((ledger["number"].as_u64().unwrap(), text("rule"), text("state")));
            }
        }
    }
    lines
}

/// What both phones write while the server is out of reach.
fn write_offline(secretary: &Phone, recorder: &Phone, activity: &str) {
    secretary.run(&["roll", activity, "--mark", &marks(1..=20, "present")]);
    secretary.run(&["minutes", activity, "--text", "学习党章。讨论修路。"]);
    secretary.run(&["set", activity, "place", "村部会议室"]);
    secretary.run(&["set", activity, "held_from", "2026-11-15T09:00"]);
    secretary.run(&[
        "resolution",
        activity,
        "--text",
        "同意修路。",
        "--decision",
        "general_vote",
        "--yes",
        "13",
        "--no",
        "2",
    ]);
    secretary.run(&["follow-up", activity, "--text", "备好砂石。", "--owner", "5", "--due", "2026-12-10"]);
    // The recorder marks some whom the secretary marked too.
    recorder.run(&["roll", activity, "--mark", &marks(15..=31, "present")]);
    recorder.run(&["minutes", activity, "--text", "会前清点人数。"]);
    recorder.run(&["set", activity, "place", "文化广场"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_evening_on_two_phones_comes_to_the_district_and_back() {
    let mut server = Server::demo();
    let (secretary, recorder) = two_phones(&server);
    let spent =
        Phone::new("第三部手机").try_run(&["enrol", &server.invite("secretary"), "--name", "再来一部"]);
    assert!(!spent.ok, "an invite is good for one device");
    let activity = planned(&secretary);
    server.kill();

    secretary.run(&["roll", &activity, "--mark", &marks((1..=7).chain(13..=17), "present")]);
    let quorum = secretary.run(&["quorum", &activity]);
    assert_eq!(
        (&quorum["on_roster"], &quorum["should_attend"]),
        (&json!(31), &json!(26)),
        "five are excluded"
    );
    assert_eq!((&quorum["vote_eligible"], &quorum["present_voters"]), (&json!(24), &json!(12)));
    assert_eq!(quorum["presence"][0]["presence"]["at_exactly_half"], true, "exactly half is flagged");
    write_offline(&secretary, &recorder, &activity);
    let away = secretary.try_run(&["sync"]);
    assert!(!away.ok);
    let status = secretary.run(&["status"]);
    assert!(
        status["pending"].as_u64().unwrap() >= 7 && status["receipted"] == 0,
        "nothing is called uploaded: {status}"
    );

    server.start();
    for phone in [&secretary, &recorder, &secretary] {
        phone.run(&["sync"]);
    }
    let (hers, his) = (secretary.run(&["show", &activity]), recorder.run(&["show", &activity]));
    assert_eq!(hers, his, "both phones show one record");
    assert_eq!(roll_of(&hers).len(), 31, "the roll is the union");
    let minutes = hers["minutes"].as_str().unwrap();
    assert!(minutes.contains("学习党章。讨论修路。") && minutes.contains("会前清点人数。"), "{minutes}");
    let cards = hers["merge_cards"].as_array().unwrap();
    assert_eq!(cards.len(), 1, "the place alone is a card: {cards:?}");
    assert_eq!(cards[0]["slot"], "about.place");
    let mut said: Vec<_> = cards[0]["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["value"].as_str().unwrap(),
                one["name"].as_str().unwrap(),
                one["device_name"].as_str().unwrap(),
            )
        })
        .collect();
    said.sort();
    assert_eq!(said, [("文化广场", "包文明", "记录人的手机"), ("村部会议室", "王秀兰", "书记的手机")]);
    recorder.run(&["resolve", &activity, "about.place", "村部会议室"]);
    recorder.run(&["sync"]);
    secretary.run(&["sync"]);
    assert_eq!(secretary.run(&["show", &activity])["merge_cards"], json!([]));
    let history = secretary.run(&["history", &activity, "about.place"]);
    let places: Vec<_> = history.as_array().unwrap().iter().filter_map(|one| one["value"].as_str()).collect();
    assert!(places.contains(&"文化广场"), "the loser stays in the history: {places:?}");

    let kinds = hers["kind_names"].as_array().unwrap();
    assert!(kinds.contains(&json!("支部党员大会")), "kinds by their names: {kinds:?}");

    let provisional = lines_of(&secretary.run(&["points"]), &activity);
    assert!(provisional.iter().all(|(_, _, state)| state == "provisional"), "{provisional:?}");
    secretary.run(&["submit", &activity]);
    secretary.run(&["sync"]);
    review_and_file(&server, &secretary, &activity).await;

    for phone in [&secretary, &recorder] {
        phone.run(&["sync"]);
        assert_eq!(phone.run(&["show", &activity])["status"], "filed");
        let mut confirmed = lines_of(&phone.run(&["points"]), &activity);
        assert!(confirmed.iter().all(|(_, _, state)| state == "confirmed"), "{confirmed:?}");
        let members: std::collections::BTreeSet<_> = confirmed.iter().map(|(number, ..)| *number).collect();
        assert_eq!(members.len(), 31);
        let lines = confirmed.len();
        confirmed.sort();
        confirmed.dedup();
        assert_eq!(confirmed.len(), lines, "once each, although both devices marked some of them");
    }
    server.admin(&["verify"]);
}

/// The district reads the merged record, sends it back with a comment on a field; the comment reaches the phone; it is
/// put right, submitted again, and filed by the township.
async fn review_and_file(server: &Server, secretary: &Phone, activity: &str) {
    let reviewer = Console::login(server, "reviewer").await;
    let record = reviewer.get(&format!("/v1/console/records/{activity}")).await;
    assert_eq!(record["status"], "submitted");
    assert_eq!(record["attendance"].as_array().unwrap().len(), 31);
    let history = reviewer.get(&format!("/v1/console/records/{activity}/history")).await;
    let places = history["slots"]["about.place"].as_array().unwrap();
    assert!(places.len() >= 3, "each field's history: {places:?}");
    let comment = json!({ "verb": "returned", "slot": "about.paper_ref", "comment": "请补记录本页码。" });
    let reply = reviewer.post(&format!("/v1/console/records/{activity}/review"), comment).await;
    assert_eq!(reply["status"], "returned");

    secretary.run(&["sync"]);
    let returned = secretary.run(&["show", activity]);
    assert_eq!(returned["status"], "returned");
    let event =
        returned["events"].as_array().unwrap().iter().find(|event| event["verb"] == "returned").unwrap();
    assert_eq!((&event["slot"], &event["comment"]), (&json!("about.paper_ref"), &json!("请补记录本页码。")));
    secretary.run(&["set", activity, "paper_ref", "第36页"]);
    secretary.run(&["submit", activity]);
    secretary.run(&["sync"]);

    let officer = Phone::enrolled("党建办的电脑", &server.invite("officer"));
    officer.run(&["file", activity]);
    officer.run(&["sync"]);
    assert_eq!(officer.run(&["show", activity])["status"], "filed");
}

//! Point 5: a claim's way, and a member who needs no phone.

use serde_json::{Value, json};

use super::support::{Console, Phone, Server};

fn total(phone: &Phone, member: &str) -> (i64, i64) {
    let ledger = &phone.run(&["points", "--member", member])[0];
    (ledger["confirmed"]["total"].as_i64().unwrap(), ledger["provisional"]["total"].as_i64().unwrap())
}

fn line<'a>(ledgers: &'a Value, entry: &str) -> &'a Value {
    let lines = ledgers[0]["lines"].as_array().unwrap().iter();
    lines.into_iter().find(|line| line["source"]["entry"] == entry).expect("a line of the claim")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_verified_approved_and_read_by_the_member_himself() {
    let server = Server::demo();
    let member = Phone::enrolled("党员的手机", &server.invite("member"));
    let leader = Phone::enrolled("组长的手机", &server.invite("leader2"));
    let secretary = Phone::enrolled("书记的手机", &server.invite("secretary"));
    let own = member.run(&["points", "--member", "赵小梅"]);
    let number = own[0]["number"].to_string();
    assert!(!own[0]["lines"].as_array().unwrap().is_empty(), "he reads his own ledger: {own}");
    let before = total(&member, &number);

    let claimed = member.run(&[
        "claim",
        "--rule",
        "C01",
        "--date",
        "2026-11-14",
        "--units",
        "2",
        "--matter",
        "清扫文化广场",
    ]);
    let entry = claimed["entry"].as_str().unwrap().to_owned();
    assert_eq!(total(&member, &number), (before.0, before.1 + 1), "provisional at once, without signal");
    let himself = member.run(&["verify", &entry]);
    assert_eq!((&himself["saved"], &himself["hint"]), (&json!(1), &json!("no_right")), "told, and saved");
    member.run(&["sync"]);
    let refused = member.run(&["refused"]);
    assert!(
        ["own_entry", "no_right"].contains(&refused[0]["code"].as_str().unwrap()),
        "nobody verifies himself: {refused}"
    );

    leader.run(&["sync"]);
    leader.run(&["verify", &entry]);
    leader.run(&["sync"]);
    secretary.run(&["sync"]);
    secretary.run(&["approve", &entry]);
    secretary.run(&["sync"]);
    member.run(&["sync"]);
    assert_eq!(total(&member, &number), (before.0 + 1, before.1 + 1));
    let ledger = member.run(&["points", "--member", &number]);
    let counted = line(&ledger, &entry);
    assert_eq!((&counted["rule_name"], &counted["counted"]), (&json!("志愿服务"), &json!(1)));
    assert_eq!(counted["state"], "confirmed");

    // Two more points in one month is the cap: the rest is shown with the cap that applied.
    let more = member.run(&[
        "claim",
        "--rule",
        "C01",
        "--date",
        "2026-11-20",
        "--units",
        "6",
        "--matter",
        "清雪除障",
    ]);
    let ledger = member.run(&["points", "--member", &number]);
    let capped = line(&ledger, more["entry"].as_str().unwrap());
    assert_eq!((&capped["raw"], &capped["counted"]), (&json!(3), &json!(1)), "{capped}");
    assert!(!capped["capped_by"].is_null());

    let reviewer = Console::login(&server, "reviewer").await;
    let branch = secretary.run(&["list"])[0]["org"].as_str().unwrap().to_owned();
    let notice = reviewer.get(&format!("/v1/console/branches/{branch}/points?year=2026")).await;
    let numbers: Vec<_> =
        notice["members"].as_array().unwrap().iter().map(|row| row["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=31).collect::<Vec<_>>(), "in roster order, never by points");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_without_an_account_is_served_through_the_secretary() {
    let server = Server::demo();
    let secretary = Phone::enrolled("书记的手机", &server.invite("secretary"));
    let leaders = [("一组组长的手机", "leader1"), ("二组组长的手机", "leader2")]
        .map(|(name, account)| Phone::enrolled(name, &server.invite(account)));
    let claimed = secretary.run(&[
        "claim",
        "--rule",
        "C01",
        "--date",
        "2026-11-14",
        "--units",
        "2",
        "--matter",
        "修水渠",
        "--member",
        "7",
    ]);
    let entry = claimed["entry"].as_str().unwrap().to_owned();
    secretary.run(&["sync"]);
    let refusals: Vec<_> = leaders
        .iter()
        .flat_map(|leader| {
            leader.run(&["sync"]);
            leader.run(&["verify", &entry]);
            leader.run(&["sync"]);
            leader.run(&["refused"]).as_array().unwrap().clone()
        })
        .collect();
    let codes: Vec<_> = refusals.iter().map(|refused| refused["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["no_right"], "the leader of his own group verifies, the other may not");
    secretary.run(&["sync"]);
    let before = total(&secretary, "7");
    secretary.run(&["approve", &entry]);
    secretary.run(&["sync"]);
    let after = total(&secretary, "7");
    assert_eq!(after, (before.0 + 1, before.1), "confirmed now");
}

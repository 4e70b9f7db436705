//! The lists that a reviewer begins with: what waits, how the year stands, who is who.

use zhibu_domain::event::Verb;
use zhibu_domain::ids::EntryId;
use zhibu_domain::rule_book::EXAMPLE_TOML;

use super::*;

const DAY_MS: i64 = 86_400_000;

/// An activity of the branch, held so many days ago.
async fn hold(console: &Console, id: u8, days_ago: i64, kind: &str) -> Record {
    let mut record = Record::new(activity(id));
    let about = Command::SetAbout(vec![
        (AboutField::Title, Some(format!("第{id}次活动").as_str().into())),
        (AboutField::HeldFrom, Some(Scalar::Int(NOW.0 - days_ago * DAY_MS))),
    ]);
    console.write(Who::Secretary, &mut record, &about).await;
    let kinds = Command::SetKinds { add: vec![kind.into()], remove: vec![] };
    console.write(Who::Secretary, &mut record, &kinds).await;
    record
}

async fn submit(console: &Console, record: &mut Record) {
    let event = EntryId::from_bytes([record.reference().key.0.as_bytes()[0]; 16]);
    let word = Command::Review { event, verb: Verb::Submitted, slot: None, comment: None, reason: None };
    console.write(Who::Secretary, record, &word).await;
}

/// Both phones name another place.
async fn disagree(console: &Console, record: &mut Record) {
    let mut his = record.clone();
    console.write(Who::Secretary, record, &set(AboutField::Place, "村委会")).await;
    console.write(Who::Recorder, &mut his, &set(AboutField::Place, "文化广场")).await;
    his.changes().for_each(|change| record.apply(change.raw_bytes()).unwrap());
}

fn column<'v>(page: &'v Value, name: &str) -> Vec<&'v str> {
    page["items"].as_array().unwrap().iter().map(|row| row[name].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_inbox_shows_first_where_somebody_must_look() {
    let console = Console::open().await;
    console.enter_roster().await;
    console.adopt(Who::Admin, EXAMPLE_TOML).await.ok();
    for (id, days_ago, is_odd) in [(30, 1, false), (31, 2, true), (32, 60, false), (33, 3, false)] {
        let mut record = hold(&console, id, days_ago, "theme_day").await;
        if is_odd {
            disagree(&console, &mut record).await;
        }
        if id != 33 {
            submit(&console, &mut record).await;
        }
    }
    console.project().await;
    let inbox = console.get(Who::Officer, "/inbox").await.ok();
    assert_eq!(column(&inbox, "title"), ["第31次活动", "第32次活动", "第30次活动"]);
    let counts = json!({ "waiting": 3, "cards": 1, "late": 1, "quorum": 0, "votes": 0 });
    assert_eq!(inbox["counts"], counts);
    let first = console.get(Who::Officer, "/inbox?limit=1").await.ok();
    let next = first["next"].as_str().unwrap();
    let rest = console.get(Who::Officer, &format!("/inbox?limit=5&after={next}")).await.ok();
    assert_eq!(column(&rest, "title"), ["第32次活动", "第30次活动"]);
    assert_eq!((&rest["counts"], &rest["next"]), (&Value::Null, &Value::Null));
    let other = console.get(Who::Neighbour, "/inbox").await.ok();
    assert_eq!((column(&other, "title"), &other["counts"]["waiting"]), (vec![], &json!(0)));

    let month = console.get(Who::Officer, "/inbox?month=2026-11").await.ok();
    assert_eq!(column(&month, "title"), ["第31次活动", "第30次活动"]);
    let late = console.get(Who::Officer, "/inbox?exception=late").await.ok();
    assert_eq!(column(&late, "title"), ["第32次活动"]);
    let held = console.get(Who::Officer, "/inbox?status=held").await.ok();
    assert_eq!(column(&held, "title"), ["第33次活动"]);
    let found = console.get(Who::Officer, "/activities?text=%E7%AC%AC33").await.ok();
    assert_eq!(column(&found, "title"), ["第33次活动"]);
    let of_branch = console.get(Who::Officer, "/activities?text=%E5%98%8E%E6%9F%A5").await.ok();
    assert_eq!(column(&of_branch, "org_name").len(), 4);
    for wrong in ["month=2026", "month=2026-13", "exception=odd", "after=1", "after=x.1.2"] {
        console.get(Who::Officer, &format!("/inbox?{wrong}")).await.refused(400, "malformed");
    }
}

#[tokio::test]
async fn the_overview_holds_each_branch_against_the_rule_book() {
    let console = Console::open().await;
    console.enter_roster().await;
    console.adopt(Who::Admin, EXAMPLE_TOML).await.ok();
    let mut filed = hold(&console, 30, 4, "theme_day").await;
    submit(&console, &mut filed).await;
    let path = format!("{}/review", path_of(&activity(30)));
    console.post(Who::Officer, &path, json!({ "verb": "filed" })).await.ok();
    hold(&console, 31, 35, "theme_day").await;
    console.project().await;
    let overview = console.get(Who::Officer, &format!("/orgs/{}/overview", org(2))).await.ok();
    let branches = overview["branches"].as_array().unwrap();
    assert_eq!((branches.len(), &branches[0]["name"]), (1, &json!("白桦嘎查党支部")));
    let kinds: Vec<_> =
        branches[0]["kinds"].as_array().unwrap().iter().map(|kind| kind["kind"].as_str().unwrap()).collect();
    assert!(!kinds.contains(&"committee_meeting"), "three members need no committee: {kinds:?}");
    assert!(!kinds.contains(&"study_group"), "a township's own: {kinds:?}");
    let spans = |kind: &str| {
        let found = branches[0]["kinds"].as_array().unwrap().iter().find(|row| row["kind"] == kind);
        found.unwrap()["spans"].as_array().unwrap().clone()
    };
    let theme_days = spans("theme_day");
    assert_eq!(theme_days.len(), 12);
    let november = json!({
        "from_month": 11, "to_month": 11, "required": 1,
        "filed": 1, "submitted": 0, "returned": 0, "open": 0, "missing": 0,
    });
    assert_eq!(theme_days[10], november);
    assert_eq!((&theme_days[9]["open"], &theme_days[9]["missing"]), (&json!(1), &json!(1)), "not submitted");
    assert_eq!(theme_days[11]["missing"], json!(0), "December is still to come");
    assert_eq!(spans("general_meeting").len(), 4);
    assert_eq!(spans("group_meeting")[0]["required"], json!(1), "once in its one group");
    assert_eq!(spans("org_life_meeting")[0]["from_month"], json!(10));

    console.get(Who::Neighbour, &format!("/orgs/{}/overview", org(2))).await.refused(404, "not_found");
    console
        .get(Who::Officer, &format!("/orgs/{}/overview?year=40000", org(2)))
        .await
        .refused(400, "malformed");
    let mut answers = vec![];
    for _ in 0..30 {
        answers.push(console.get(Who::Officer, &format!("/orgs/{}/overview?year=2025", org(2))).await.status);
    }
    assert_eq!((answers[28], answers[29]), (200, 429), "what costs much is asked for 30 times a minute");
}

#[tokio::test]
async fn the_district_tells_its_words_and_orgs_stand_in_its_own_order() {
    let console = Console::open().await;
    assert_eq!(console.get(Who::Officer, "/district").await.ok()["rule_book"], Value::Null);
    console.adopt(Who::Admin, EXAMPLE_TOML).await.ok();
    let district = console.get(Who::Officer, "/district").await.ok();
    assert_eq!((&district["name"], &district["naming"]), (&json!("青岭旗"), &json!("qi")));
    let book = &district["rule_book"];
    let name = |list: &str, code: &str| {
        let rows = book[list].as_array().unwrap().iter();
        rows.filter(|row| row["code"] == code).map(|row| row["name"].as_str().unwrap()).next().unwrap()
    };
    assert_eq!(
        (name("kinds", "theme_day"), book["labels"]["township"].as_str()),
        ("主题党日", Some("苏木乡镇"))
    );
    assert!(!name("exclusion_reasons", "1").is_empty() && !name("decisions", "general_vote").is_empty());

    let late = [(8u8, "白桦新支部"), (7, "白桦老支部")].map(|(id, name)| Org {
        id: org(id),
        parent: Some(org(2)),
        org_type: OrgType::Branch,
        name: name.into(),
    });
    console.app.store.put_orgs(DISTRICT, &late).await.unwrap();
    let orgs = console.get(Who::Officer, "/orgs").await.ok();
    let names = ["青岭旗", "白桦苏木", "白桦嘎查党支部", "第一党小组", "白桦新支部", "白桦老支部"];
    assert_eq!(column(&orgs, "name"), names);
    let path = format!("/orgs?limit=2&after={}", org(4));
    assert_eq!(column(&console.get(Who::Officer, &path).await.ok(), "name"), names[3..5]);
}

#[tokio::test]
async fn accounts_and_devices_are_found_by_name_and_a_device_shows_its_last_day() {
    let console = Console::open().await;
    let names = |page: &Value| column(page, "name").iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let all = console.get(Who::Admin, "/accounts").await.ok();
    assert_eq!(names(&all), ["Admin", "Reviewer", "Officer", "Neighbour", "Secretary", "Recorder"]);
    let some = console.get(Who::Admin, "/accounts?text=review").await.ok();
    assert_eq!(names(&some), ["Reviewer"], "by the login");
    let below = console.get(Who::Admin, &format!("/accounts?org={}&limit=2", org(2))).await.ok();
    assert_eq!(names(&below), ["Officer", "Secretary"]);
    let path = format!("/accounts?org={}&after={}", org(2), below["next"].as_str().unwrap());
    assert_eq!(names(&console.get(Who::Admin, &path).await.ok()), ["Recorder"]);

    let devices = console.get(Who::Officer, "/devices").await.ok();
    assert_eq!(column(&devices, "account_name"), ["Secretary", "Recorder"]);
    assert_eq!(devices["items"][0]["device"]["last_seen_on"], Value::Null);
    let sync = zhibu_domain::wire::SyncRequest {
        protocol: zhibu_domain::wire::PROTOCOL,
        profile_version: 0,
        marks: vec![],
        envelopes: vec![],
        page_bytes: 1 << 20,
        recovery: None,
    };
    let request = Request::post("/v1/sync")
        .header(header::AUTHORIZATION, format!("Bearer {}", console.token(Who::Secretary).await))
        .header(header::CONTENT_TYPE, "application/cbor");
    let request = request.body(minicbor::to_vec(sync).unwrap().into()).unwrap();
    assert_eq!(console.send(request).await.status, 200);
    let found = console.get(Who::Officer, "/devices?text=Secretary").await.ok();
    assert_eq!(found["items"][0]["device"]["last_seen_on"], json!("2026-11-18"));
    assert_eq!(
        column(&console.get(Who::Neighbour, "/devices").await.ok(), "account_name"),
        Vec::<&str>::new()
    );
    console.get(Who::Reviewer, "/devices").await.refused(403, "forbidden");
}

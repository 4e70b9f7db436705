//! What staff read.

use futures::StreamExt as _;
use zhibu_domain::rule_book::EXAMPLE_TOML;

use super::*;

/// A meeting that both phones wrote, the place in two ways; both copies are the same afterwards.
async fn hold_meeting(console: &Console, id: u8) -> Record {
    let mut hers = Record::new(activity(id));
    let about = Command::SetAbout(vec![
        (AboutField::Title, Some("十一月主题党日".into())),
        (AboutField::HeldFrom, Some(Scalar::Int(NOW.0 - 86_400_000))),
    ]);
    console.write(Who::Secretary, &mut hers, &about).await;
    let kinds = Command::SetKinds { add: vec!["general_meeting".into()], remove: vec![] };
    console.write(Who::Secretary, &mut hers, &kinds).await;
    let mut his = hers.clone();
    let marks = |states: &[(u8, &str)]| {
        let marks = states.iter().map(|(number, state)| (member(*number), Some((*state).to_owned())));
        Command::RecordAttendance(marks.collect())
    };
    console.write(Who::Secretary, &mut hers, &marks(&[(1, "present"), (2, "present")])).await;
    console.write(Who::Recorder, &mut his, &marks(&[(3, "leave_work")])).await;
    console.write(Who::Secretary, &mut hers, &set(AboutField::Place, "村委会")).await;
    console.write(Who::Recorder, &mut his, &set(AboutField::Place, "文化广场")).await;
    let edit = Command::EditMinutes { before: String::new(), after: "学习文件。".into() };
    console.write(Who::Recorder, &mut his, &edit).await;
    let vote = Command::SetResolution {
        entry: zhibu_domain::ids::EntryId::from_bytes([50; 16]),
        text: "修路".into(),
        decision: Some("general_vote".into()),
        ballot: Some(zhibu_domain::command::Ballot { yes: 2, no: 0, abstain: 0 }),
    };
    console.write(Who::Secretary, &mut hers, &vote).await;
    his.changes().for_each(|change| hers.apply(change.raw_bytes()).unwrap());
    hers
}

#[tokio::test]
async fn the_merged_record_holds_both_phones_work_and_a_card_where_they_differ() {
    let console = Console::open().await;
    console.enter_roster().await;
    console.adopt(Who::Admin, EXAMPLE_TOML).await.ok();
    hold_meeting(&console, 30).await;
    let record = console.get(Who::Reviewer, &path_of(&activity(30))).await.ok();
    assert_eq!((&record["status"], &record["org_name"]), (&json!("held"), &json!("白桦嘎查党支部")));
    assert_eq!(
        (&record["about"]["title"], &record["minutes"]),
        (&json!("十一月主题党日"), &json!("学习文件。"))
    );
    let roll = record["attendance"].as_array().unwrap().iter();
    let roll: Vec<_> = roll.map(|row| (row["number"].as_u64(), row["mark"].as_str())).collect();
    assert_eq!(roll, [(Some(1), Some("present")), (Some(2), Some("present")), (Some(3), Some("leave_work"))]);
    let heads = &record["head_count"];
    assert_eq!(
        (&heads["should_attend"], &heads["present"], &heads["leave"]),
        (&json!(3), &json!(2), &json!(1))
    );
    assert_eq!(record["resolutions"][0]["outcome"]["adopted"], json!(true));
    let cards = record["merge_cards"].as_array().unwrap();
    assert_eq!((cards.len(), &cards[0]["slot"]), (1, &json!("about.place")));
    let mut values: Vec<_> = cards[0]["values"].as_array().unwrap().iter().collect();
    assert_eq!(values[1]["value"], record["about"]["place"], "the one shown is the last");
    values.sort_by_key(|value| value["by"]["name"].to_string());
    assert_eq!(
        (&values[0]["value"], &values[0]["by"]["device_name"]),
        (&json!("文化广场"), &json!("Recorder的手机"))
    );
    assert_eq!((&values[1]["value"], &values[1]["by"]["name"]), (&json!("村委会"), &json!("Secretary")));

    let history = console.get(Who::Officer, &format!("{}/history", path_of(&activity(30)))).await.ok();
    assert_eq!(history["slots"]["about.place"].as_array().unwrap().len(), 2);
    assert_eq!(history["slots"]["about.title"][0]["received_at"], json!(NOW.0));
    assert_eq!(
        (&history["minutes"][0]["inserted"], &history["minutes"][0]["by"]["name"]),
        (&json!("学习文件。"), &json!("Recorder"))
    );
    let path = format!("{}/history?slot=about.place", path_of(&activity(30)));
    let slots = console.get(Who::Officer, &path).await.ok()["slots"].as_object().unwrap().len();
    assert_eq!(slots, 1);
}

#[tokio::test]
async fn what_lies_outside_the_scope_is_not_found() {
    let console = Console::open().await;
    console.enter_roster().await;
    console.adopt(Who::Admin, EXAMPLE_TOML).await.ok();
    hold_meeting(&console, 30).await;
    let record = path_of(&activity(30));
    let branch = format!("/branches/{}", org(4));
    let reads = [
        record.clone(),
        format!("{record}/history"),
        format!("{record}/export"),
        format!("{branch}/points"),
        format!("{branch}/roster"),
        format!("{branch}/members/{}/ledger", member(1)),
        format!("/activities?org={}", org(4)),
        format!("/quarantine?org={}", org(4)),
        format!("/accounts?org={}", org(4)),
    ];
    for path in &reads {
        console.get(Who::Officer, path).await.ok_or_file();
        console.get(Who::Neighbour, path).await.refused(404, "not_found");
    }
    let review = json!({ "verb": "filed" });
    console.post(Who::Neighbour, &format!("{record}/review"), review).await.refused(404, "not_found");
    let rows = console.get(Who::Neighbour, "/activities").await.ok();
    assert_eq!(rows["items"], json!([]));
    let orgs = console.get(Who::Neighbour, "/orgs").await.ok();
    let names: Vec<_> =
        orgs["items"].as_array().unwrap().iter().map(|org| org["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["青岭旗", "红柳镇", "红柳村党支部"]);
    assert_eq!(orgs["items"][0]["is_readable"], json!(false));
}

impl Answer {
    #[track_caller]
    fn ok_or_file(self) {
        assert_eq!(self.status, 200, "{}", self.body);
    }
}

#[tokio::test]
async fn activities_come_newest_first_page_by_page() {
    let console = Console::open().await;
    for (id, days) in [(30, 3), (31, 1), (32, 2)] {
        let mut record = Record::new(activity(id));
        let held = set(AboutField::HeldFrom, Scalar::Int(NOW.0 - days * 86_400_000));
        console.write(Who::Secretary, &mut record, &held).await;
    }
    console.project().await;
    let ids = |page: &Value| -> Vec<_> {
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["record"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = console.get(Who::Officer, "/activities?limit=2").await.ok();
    assert_eq!(ids(&first), [activity(31), activity(32)].map(|record| record.id().to_string()));
    let path = format!("/activities?limit=2&after={}", first["next"].as_str().unwrap());
    let rest = console.get(Who::Officer, &path).await.ok();
    assert_eq!((ids(&rest), &rest["next"]), (vec![activity(30).id().to_string()], &Value::Null));
    let none = console.get(Who::Officer, "/activities?status=filed").await.ok();
    assert_eq!(ids(&none), Vec::<String>::new());
}

#[tokio::test]
async fn points_turn_from_provisional_to_confirmed_and_stand_in_roster_order() {
    let console = Console::open().await;
    console.enter_roster().await;
    console.adopt(Who::Admin, EXAMPLE_TOML).await.ok();
    let mut record = hold_meeting(&console, 30).await;
    let points = format!("/branches/{}/points", org(4));
    let notice = console.get(Who::Officer, &points).await.ok();
    let of = |notice: &Value, key: &str| -> Vec<i64> {
        notice["members"].as_array().unwrap().iter().map(|row| row[key].as_i64().unwrap()).collect()
    };
    assert_eq!(of(&notice, "number"), [1, 2, 3]);
    assert_eq!(of(&notice, "confirmed"), [0, 0, 0]);
    let provisional = of(&notice, "provisional");
    assert!(provisional[0] > 0 && provisional[0] == provisional[1], "{provisional:?}");
    let submit = Command::Review {
        event: zhibu_domain::ids::EntryId::from_bytes([60; 16]),
        verb: zhibu_domain::event::Verb::Submitted,
        slot: None,
        comment: None,
        reason: None,
    };
    console.write(Who::Secretary, &mut record, &submit).await;
    let review = format!("{}/review", path_of(&activity(30)));
    console.post(Who::Officer, &review, json!({ "verb": "filed" })).await.ok();
    let notice = console.get(Who::Officer, &points).await.ok();
    assert_eq!(of(&notice, "confirmed"), provisional);
    let ledger = format!("/branches/{}/members/{}/ledger?year=2026", org(4), member(1));
    let ledger = console.get(Who::Officer, &ledger).await.ok();
    let line = &ledger["lines"][0];
    assert_eq!((&line["state"], &line["activity"]), (&json!("confirmed"), &json!(activity(30).id())));
    assert!(line["rule_name"].is_string() && line["counted"].as_i64() > Some(0), "{line}");
    assert_eq!(ledger["totals"]["confirmed"], json!(provisional[0]));
    let page = console.get(Who::Officer, &format!("{points}?limit=2")).await.ok();
    let path = format!("{points}?limit=2&after={}", page["next"].as_str().unwrap());
    assert_eq!(of(&console.get(Who::Officer, &path).await.ok(), "number"), [3]);
}

#[tokio::test]
async fn an_exported_record_opens_elsewhere_and_is_written_down() {
    let console = Console::open().await;
    hold_meeting(&console, 30).await;
    let file = console.get(Who::Officer, &format!("{}/export", path_of(&activity(30)))).await;
    assert_eq!(file.status, 200);
    let document = automerge::Automerge::load(&file.bytes).unwrap();
    assert!(document.get_changes(&[]).len() > 5);
    let audit = console.get(Who::Admin, "/audit").await.ok();
    let last = audit["items"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["act"], &last["subject"]), (&json!("exported"), &json!(activity(30).id())));
    assert_eq!(audit["chain"]["state"], json!("intact"));
    console.get(Who::Officer, "/audit").await.refused(403, "forbidden");
}

#[tokio::test]
async fn a_listener_hears_of_his_own_scope_only() {
    let console = Console::open().await;
    let listen = async |who| {
        let request = Request::get("/v1/events")
            .header(header::AUTHORIZATION, format!("Bearer {}", console.token(who).await));
        let response = console.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        response.into_body().into_data_stream()
    };
    let (mut secretary, mut neighbour) = (listen(Who::Secretary).await, listen(Who::Neighbour).await);
    let mut record = Record::new(activity(30));
    console.write(Who::Secretary, &mut record, &set(AboutField::Title, "党课")).await;
    let elsewhere = RecordRef::activity(org(5), 2026, RecordId::from_bytes([31; 16]));
    let author =
        Author { posts: vec![Post { role: Role::BranchSecretary, org: org(5) }], ..Who::Neighbour.author() };
    let title = set(AboutField::Title, "组织生活会");
    console.app.ledger.write(DISTRICT, &author, 2, elsewhere, &title).await.unwrap();
    let event = |org: OrgId| format!("data: {}\n\n", json!({ "org": org, "year": 2026, "position": 1 }));
    let text = |chunk: Option<Result<axum::body::Bytes, axum::Error>>| {
        let chunk = String::from_utf8(chunk.unwrap().unwrap().to_vec()).unwrap();
        let data: Value = serde_json::from_str(chunk.trim().strip_prefix("data:").unwrap()).unwrap();
        format!("data: {data}\n\n")
    };
    assert_eq!(text(secretary.next().await), event(org(4)));
    assert_eq!(text(neighbour.next().await), event(org(5)), "nothing of the branch next door came before");
}

//! What people read: names, the list, the merge card, the quorum, the ledger; all of it offline.

use zhibu_domain::attendance::Attendance;
use zhibu_domain::command::AboutField::{HeldFrom, Place, Title};
use zhibu_domain::command::{Ballot, Command, MemberField, Scalar};
use zhibu_domain::event::{Claim, PointsVerb, Status, Verb};
use zhibu_domain::ids::{EntryId, MemberId};
use zhibu_domain::record::{RecordKind, RecordRef};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::rule_book::{EXAMPLE_TOML, RuleBook};
use zhibu_sync_client::desk::{DeskError, RecordName, ShownValue, hint};

use crate::support::server::DISTRICT;
use crate::support::{BRANCH, GROUP, MORNING, Phone, Server, activity};

fn member(n: u8) -> MemberId {
    MemberId::from_bytes([n; 16])
}

fn entry(n: u8) -> EntryId {
    EntryId::from_bytes([n; 16])
}

async fn execute(phone: &Phone, record: &RecordRef, command: Command) {
    assert!(phone.client.execute(record, command).await.unwrap().is_some());
}

/// A branch of seven, the rule book, and an activity at which four of them were.
async fn branch_of_seven(phone: &Phone) {
    let names = ["王建国", "包·那仁", "李梅", "赵强", "孙丽", "周平", "王建国"];
    for (name, n) in names.into_iter().zip(1_u8..) {
        let fields = vec![
            (MemberField::Name, Some(name.into())),
            (MemberField::Number, Some(Scalar::Int(i64::from(n)))),
            (MemberField::Membership, Some("full".into())),
        ];
        execute(phone, &RecordRef::roster(BRANCH), Command::SetMember { member: member(n), fields }).await;
    }
    let book = RuleBook::from_toml(EXAMPLE_TOML).unwrap();
    for n in 1..=7 {
        let from = "2020-01-01".to_owned();
        let command = Command::AssignClass { member: member(n), class: "ORDINARY".into(), from };
        execute(phone, &RecordRef::roster(BRANCH), command).await;
    }
    let adopt = Command::AdoptRuleBook { version: book.id.clone(), book: minicbor::to_vec(&book).unwrap() };
    execute(phone, &RecordRef::rule_book(DISTRICT.into()), adopt).await;
    let about = vec![(Title, Some("支部党员大会".into())), (HeldFrom, Some(Scalar::Int(MORNING.0)))];
    execute(phone, &activity(1), Command::SetAbout(about)).await;
    let kinds = Command::SetKinds { add: vec!["general_meeting".into()], remove: Vec::new() };
    execute(phone, &activity(1), kinds).await;
    let present = |n| (member(n), Some(Attendance::Present.as_str().to_owned()));
    execute(phone, &activity(1), Command::RecordAttendance((1..=4).map(present).collect())).await;
}

#[tokio::test]
async fn a_person_is_found_by_number_or_by_a_name_that_only_he_has() {
    let server = Server::start();
    let phone = Phone::enrolled(&server, "王书记").await;
    branch_of_seven(&phone).await;
    let names = phone.client.names(BRANCH).await.unwrap();
    assert_eq!(names.find_member("2").unwrap(), member(2));
    assert_eq!(names.find_member("包·那仁").unwrap(), member(2));
    assert!(matches!(names.find_member("王建国"), Err(DeskError::Ambiguous { count: 2, .. })));
    assert!(matches!(names.find_member("没有此人"), Err(DeskError::NotFound { .. })));
    let roster = phone.client.list_roster(BRANCH).await.unwrap();
    assert_eq!(roster.iter().map(|line| line.card.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);

    let id = activity(1).id().to_string();
    let found = phone.client.find_record(&id[..8], RecordKind::Activity).await.unwrap();
    assert_eq!(found, activity(1));
    assert_eq!(phone.client.find_branch(None).await.unwrap().id, BRANCH);
    assert!(phone.client.find_branch(Some("别的支部")).await.is_err());
}

#[tokio::test]
async fn a_quorum_is_reckoned_without_a_signal() {
    let server = Server::start();
    let phone = Phone::enrolled(&server, "王书记").await;
    *phone.line.cut.lock().unwrap() = true;
    branch_of_seven(&phone).await;
    let ballot = Some(Ballot { yes: 4, no: 0, abstain: 0 });
    let decision = Some("general_vote".to_owned());
    let command = Command::SetResolution { entry: entry(1), text: "修路".into(), decision, ballot };
    execute(&phone, &activity(1), command).await;
    let sheet = phone.client.quorum(&activity(1)).await.unwrap();
    assert_eq!((sheet.should_attend, sheet.present, sheet.unmarked), (7, 4, 3));
    assert!(sheet.presence[0].presence.met);
    assert!(sheet.votes[0].outcome.as_ref().unwrap().adopted);
}

#[tokio::test]
async fn a_merge_card_names_both_hands_and_the_history_keeps_the_loser() {
    let server = Server::start();
    let wang = Phone::enrolled(&server, "王书记").await;
    let bao = Phone::enrolled(&server, "包·那仁").await;
    wang.set(&activity(1), Title, "主题党日").await;
    wang.client.sync().await.unwrap();
    bao.client.sync().await.unwrap();
    wang.set(&activity(1), Place, "村委会").await;
    bao.set(&activity(1), Place, "文化广场").await;
    wang.client.sync().await.unwrap();
    bao.client.sync().await.unwrap();

    let sheet = bao.client.show_activity(&activity(1)).await.unwrap();
    let hands: Vec<_> =
        sheet.merge_cards[0].values.iter().map(|v| (v.name.as_str(), v.value.clone())).collect();
    assert_eq!(sheet.merge_cards[0].slot, "about.place");
    assert!(hands.contains(&("王书记", ShownValue::Text("村委会".into()))));
    assert!(hands.contains(&("包·那仁", ShownValue::Text("文化广场".into()))));
    assert_eq!(bao.client.list_activities(Some(BRANCH), Some(2026)).await.unwrap()[0].merge_cards, 1);
    assert!(bao.client.list_activities(None, Some(2025)).await.unwrap().is_empty());

    let keep = Command::Resolve { slot: "about.place".into(), keep: "村委会".into() };
    execute(&bao, &activity(1), keep).await;
    assert!(bao.client.show_activity(&activity(1)).await.unwrap().merge_cards.is_empty());
    assert_eq!(bao.client.slot_history(&activity(1), "about.place").await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_comment_is_read_with_its_author_and_status_follows() {
    let server = Server::start();
    let wang = Phone::enrolled(&server, "王书记").await;
    let officer = Phone::enrolled(&server, "李干事").await;
    wang.set(&activity(1), Title, "主题党日").await;
    wang.client.sync().await.unwrap();
    officer.client.sync().await.unwrap();
    let (slot, comment) = (Some("about.place".to_owned()), Some("请补写地点".to_owned()));
    let review = Command::Review { event: entry(3), verb: Verb::Returned, slot, comment, reason: None };
    execute(&officer, &activity(1), review).await;
    officer.client.sync().await.unwrap();
    wang.client.sync().await.unwrap();
    let sheet = wang.client.show_activity(&activity(1)).await.unwrap();
    assert_eq!(sheet.status, Status::Returned);
    assert_eq!(
        (sheet.events[0].name.as_str(), sheet.events[0].event.comment.as_deref()),
        ("李干事", Some("请补写地点"))
    );
}

#[tokio::test]
async fn a_ledger_shows_each_entry_with_its_rule_and_what_was_said() {
    let server = Server::start();
    let phone = Phone::enrolled(&server, "王书记").await;
    branch_of_seven(&phone).await;
    let record = phone.client.points_record(BRANCH, member(2), MORNING).await.unwrap();
    let book = phone.client.rule_book(MORNING).await.unwrap();
    let rule = book.point_rule("C01").unwrap();
    let claim = Claim {
        rule: rule.code.clone(),
        date: MORNING.date(),
        units: rule.units_per_award,
        matter: "清扫村道".into(),
        points: rule.choices.first().map(|choice| choice.points),
    };
    execute(&phone, &record, Command::ClaimPoints { entry: entry(1), claim }).await;
    let verified =
        Command::JudgePoints { event: entry(2), entry: entry(1), verb: PointsVerb::Verified, reason: None };
    execute(&phone, &record, verified).await;

    let all = phone.client.ledgers(BRANCH, None, MORNING).await.unwrap();
    assert_eq!(
        all.iter().map(|sheet| sheet.number).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5, 6, 7],
        "roster order"
    );
    let own = phone.client.ledgers(BRANCH, Some(&[member(2)]), MORNING).await.unwrap();
    assert_eq!(own.len(), 1);
    let claimed = own[0].lines.iter().find(|line| line.matter == "清扫村道").unwrap();
    assert_eq!((claimed.line.rule.as_str(), &claimed.rule_name), (rule.code.as_str(), &rule.name));
    assert_eq!(own[0].entries[0].words[0].verb, PointsVerb::Verified);
    assert_eq!(own[0].entries[0].words[0].name, "王书记");
    let (found, id) = phone.client.find_entry(&entry(1).to_string()).await.unwrap();
    assert_eq!((found, id), (record, entry(1)));
}

#[tokio::test]
async fn a_screen_learns_who_holds_the_phone_and_what_it_may_offer() {
    let server = Server::start();
    let phone = Phone::enrolled(&server, "王书记").await;
    branch_of_seven(&phone).await;
    let me = phone.client.me().await.unwrap().unwrap();
    assert_eq!((me.name.as_str(), &me.branches[..]), ("王书记", &[BRANCH][..]));
    assert!(Phone::unenrolled(&server).await.client.me().await.unwrap().is_none());

    let book = phone.client.book(MORNING).await.unwrap();
    assert!(book.kinds.iter().any(|kind| kind.code == "general_meeting"));
    assert!(!book.claimable.is_empty() && book.claimable.iter().all(|rule| !rule.is_derived()));
    assert!(!book.labels["township"].is_empty());
}

#[tokio::test]
async fn the_roll_and_the_roster_name_the_party_groups() {
    let server = Server::start();
    let phone = Phone::enrolled(&server, "王书记").await;
    branch_of_seven(&phone).await;
    let fields = vec![(MemberField::Group, Some(Scalar::Text(GROUP.to_string())))];
    execute(&phone, &RecordRef::roster(BRANCH), Command::SetMember { member: member(2), fields }).await;
    let roster = phone.client.list_roster(BRANCH).await.unwrap();
    assert_eq!(
        (roster[0].group_name.as_deref(), roster[1].group_name.as_deref()),
        (None, Some("第一党小组"))
    );
    let roll = phone.client.show_activity(&activity(1)).await.unwrap().roll;
    assert_eq!((roll[1].group, roll[1].group_name.as_deref()), (Some(GROUP), Some("第一党小组")));
}

#[tokio::test]
async fn what_waits_is_listed_in_plain_sight_until_its_receipt() {
    let server = Server::start();
    let phone = Phone::enrolled(&server, "王书记").await;
    let key = phone.client.new_activity(BRANCH, MORNING).unwrap();
    assert!(phone.client.waiting().await.unwrap().is_empty(), "a key alone writes nothing");
    let title = Command::SetAbout(vec![(Title, Some("主题党日".into()))]);
    let executed = phone.client.execute_foreseen(&key.reference, title.clone()).await.unwrap();
    assert!(executed.saved.is_some(), "what is foreseen blocks nothing: {executed:?}");
    assert_eq!(executed.foreseen, Some(RefusalCode::NoRight), "he was given no post");
    assert_eq!(executed.hint, executed.foreseen.map(hint));
    let again = phone.client.execute_foreseen(&key.reference, title).await.unwrap();
    assert_eq!((again.saved, again.hint), (None, None), "nothing changes, so nothing is foreseen");

    let waiting = phone.client.waiting().await.unwrap();
    assert_eq!((waiting.len(), waiting[0].title.as_str(), waiting[0].in_envelope), (1, "主题党日", false));
    assert_eq!(waiting[0].written[0].slot, "about.title");
    let by_id = phone.client.resolve(RecordName::Id(key.id)).await.unwrap();
    assert_eq!(by_id, key.reference);
    assert!(phone.client.resolve(RecordName::Id(activity(9).id())).await.is_err());
    phone.client.sync().await.unwrap();
    assert!(phone.client.waiting().await.unwrap().is_empty());
}

//! A phone knows what the server would refuse, says so, and saves all the same.

use zhibu_domain::command::AboutField::{Place, Title};
use zhibu_domain::command::Command;
use zhibu_domain::event::Verb;
use zhibu_domain::ids::EntryId;
use zhibu_domain::org::Role;
use zhibu_domain::record::{Actor, Record, Stamp};
use zhibu_domain::refusal::RefusalCode;
use zhibu_sync_client::desk::{RefusedSheet, ShownValue, WrittenValue, hint};

use crate::support::{BRANCH, Phone, Server, TOWNSHIP, activity, set};

fn review(n: u8, verb: Verb) -> Command {
    Command::Review { event: EntryId::from_bytes([n; 16]), verb, slot: None, comment: None, reason: None }
}

/// A secretary, a recorder and an officer, each with a phone.
async fn three_phones(server: &Server) -> (Phone, Phone, Phone) {
    server.appoint("王书记", Role::BranchSecretary, BRANCH);
    server.appoint("包记录", Role::BranchRecorder, BRANCH);
    server.appoint("何干事", Role::TownshipOfficer, TOWNSHIP);
    (
        Phone::enrolled(server, "王书记").await,
        Phone::enrolled(server, "包记录").await,
        Phone::enrolled(server, "何干事").await,
    )
}

async fn foreseen(phone: &Phone, command: Command) -> Option<RefusalCode> {
    phone.client.foresee(&activity(1), &command).await.unwrap()
}

#[tokio::test]
async fn who_has_no_right_is_told_so_and_his_work_is_saved() {
    let server = Server::start();
    let (secretary, recorder, _) = three_phones(&server).await;
    assert_eq!(foreseen(&recorder, set(Title, "主题党日")).await, None, "recording is his work");
    recorder.set(&activity(1), Title, "主题党日").await;
    assert_eq!(foreseen(&recorder, review(1, Verb::Submitted)).await, Some(RefusalCode::NoRight));
    assert!(hint(RefusalCode::NoRight).contains("权限"));
    let saved = recorder.client.execute(&activity(1), review(1, Verb::Submitted)).await.unwrap();
    assert!(saved.is_some(), "his rights may have changed: nothing is blocked");

    recorder.client.sync().await.unwrap();
    secretary.client.sync().await.unwrap();
    assert_eq!(foreseen(&secretary, review(2, Verb::Submitted)).await, None);
    assert_eq!(foreseen(&secretary, review(2, Verb::Filed)).await, Some(RefusalCode::NoRight));
}

#[tokio::test]
async fn a_filed_record_is_known_to_be_filed() {
    let server = Server::start();
    let (secretary, _, officer) = three_phones(&server).await;
    secretary.set(&activity(1), Title, "主题党日").await;
    assert_eq!(foreseen(&officer, review(2, Verb::Filed)).await, Some(RefusalCode::WrongStep));
    secretary.client.execute(&activity(1), review(1, Verb::Submitted)).await.unwrap();
    secretary.client.sync().await.unwrap();
    officer.client.sync().await.unwrap();
    assert_eq!(foreseen(&officer, review(2, Verb::Filed)).await, None);
    officer.client.execute(&activity(1), review(2, Verb::Filed)).await.unwrap();
    officer.client.sync().await.unwrap();
    assert_eq!(foreseen(&secretary, set(Place, "村委会")).await, None, "she has not heard of it yet");
    secretary.client.sync().await.unwrap();
    assert_eq!(foreseen(&secretary, set(Place, "村委会")).await, Some(RefusalCode::RecordFiled));
    let (slot, text) = ("about.place".to_owned(), "村委会".to_owned());
    let amend = Command::Amend { entry: EntryId::from_bytes([3; 16]), slot, text };
    assert_eq!(foreseen(&secretary, amend).await, None, "a correction is the way");
}

#[tokio::test]
async fn what_was_refused_is_told_slot_by_slot() {
    let server = Server::start();
    server.refuse_word("禁地", RefusalCode::WrongValue);
    let phone = Phone::enrolled(&server, "王书记").await;
    let both = vec![(Title, Some("党课".into())), (Place, Some("禁地".into()))];
    phone.client.execute(&activity(1), Command::SetAbout(both)).await.unwrap();
    phone.client.sync().await.unwrap();
    let refused = phone.client.refused().await.unwrap();
    let sheet = RefusedSheet::from(refused[0].clone());
    let written: Vec<_> = sheet.written.iter().map(|line| (line.slot.as_str(), line.value.clone())).collect();
    let text = |text: &str| WrittenValue::Plain(ShownValue::Text(text.to_owned()));
    assert_eq!(written, [("about.title", text("党课")), ("about.place", text("禁地"))]);

    let mut judged = refused[0].clone();
    let mut record = Record::new(activity(2));
    let actor = Actor { device: phone.client.status().await.unwrap().device, epoch: 9 };
    let stamp = Stamp { actor, now: phone.client.now() };
    judged.change = record.execute(&review(4, Verb::Returned), stamp).unwrap().unwrap().bytes;
    let sheet = RefusedSheet::from(judged);
    assert!(matches!(&sheet.written[0].value, WrittenValue::Review(event) if event.verb == Verb::Returned));
}

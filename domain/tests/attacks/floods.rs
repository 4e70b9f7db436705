//! Many changes, or many operations, each of which could be honest: they must not stop the others' work.

use automerge::ScalarValue;
use automerge::legacy::{ElementId, OpId, OpType};
use zhibu_domain::event::{ReviewEvent, Verb};
use zhibu_domain::gate::{MAX_CHANGE_BYTES, MAX_RECORD_OPERATIONS};
use zhibu_domain::record::{CommandFault, Stamp};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::time::Millis;

use crate::cost::cost;
use crate::support::craft::{ATTENDANCE, EVENTS, blank, forge, insert, op, put};
use crate::support::{Cast, Phone, Server, entry, mark, member, minutes, review, title};
use crate::{LONGEST, activity, refused};

/// One member writes his own mark 9,000 times in one change: allowed, and judged in time.
#[test]
fn one_mark_written_over_and_over() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let phone = server.phone(cast.member(9));
    let (start, own) = (blank(&phone).start_op.get(), phone.actor().to_automerge());
    let key = member(9).to_string();
    let pred = |nth: u64| (nth > 0).then(|| OpId::new(start + nth - 1, &own)).into_iter().collect();
    let marks = (0..9_000).map(|nth| put(ATTENDANCE, &key, "present", pred(nth))).collect();
    let flood = forge(&phone, marks);
    let mut index = server.index.clone();
    let scene = zhibu_domain::access::Scene {
        record: &cast.activity(),
        status: zhibu_domain::event::Status::Draft,
        orgs: &cast.orgs,
        roster: None,
    };
    let (judged, cost) = cost(|| {
        let decoded = zhibu_domain::gate::decode(&flood).unwrap();
        zhibu_domain::gate::admit(&mut index, &decoded, &phone.author, &scene).map(drop)
    });
    judged.unwrap();
    assert!(cost.time < LONGEST, "judged in {:?}", cost.time);
    server.receive(&phone.author, &flood).unwrap();
    server.accept(&cast.secretary(), &mark(9, "visited"));
}

/// A change says at most one review word; thousands in one would be folded thousands of times.
#[test]
fn many_events_in_one_change() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let phone = server.phone(cast.secretary());
    let event = |supersedes| {
        let event =
            ReviewEvent { verb: Verb::Submitted, supersedes, slot: None, comment: None, reason: None };
        ScalarValue::Bytes(minicbor::to_vec(&event).unwrap())
    };
    let events = (1..2_000u64).map(|nth| {
        let supersedes = if nth > 1 { vec![entry(nth - 1)] } else { vec![] };
        put(EVENTS, &entry(nth).to_string(), event(supersedes), vec![])
    });
    let attack = forge(&phone, events.collect());
    refused(&mut server, &phone.author, &attack, RefusalCode::WrongStep);
}

/// A device that pretends to be new with every change: each epoch is one more head that every honest change must
/// name, and one more place in every clock.
#[test]
fn epochs_without_end() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let base = server.phone(cast.member(9));
    let mut code = None;
    for epoch in 1..1_000 {
        let mut phone = Phone { epoch, ..base.clone() };
        let change = phone.write(&mark(9, "present"));
        if let Err(refusal) = server.receive(&phone.author, &change) {
            code = Some(refusal.code);
            break;
        }
    }
    assert_eq!(code, Some(RefusalCode::RecordFull));
    assert!(server.record.heads().len() < 64);
    server.accept(&cast.secretary(), &title("党课"));
    server.accept(&cast.member(10), &mark(10, "present"));
}

/// The whole branch marks itself from one base, each on his own phone: as many heads as members, and the next
/// honest change names them all.
#[test]
fn a_hundred_phones_at_once_are_no_flood() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let base = server.clone();
    for number in 10..110 {
        let mut phone = base.phone(cast.member(number));
        server.receive(&phone.author.clone(), &phone.write(&mark(number, "present"))).unwrap();
    }
    assert_eq!(server.record.heads().len(), 100);
    server.accept(&cast.secretary(), &title("党课"));
    assert_eq!(server.record.heads().len(), 1);
}

/// The last right of the branch: events of one secretary never grow beyond what an officer's event can name.
#[test]
fn events_of_many_epochs_can_still_be_answered() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let base = server.phone(cast.secretary());
    for epoch in 2..1_000 {
        let mut phone = Phone { epoch, ..base.clone() };
        let change = phone.write(&review(u64::from(epoch), Verb::Submitted));
        if server.receive(&phone.author, &change).is_err() {
            break;
        }
    }
    server.accept(&cast.officer(), &review(1_000, Verb::Returned));
}

/// The recorder fills the minutes with letters, a byte each: the record is full long before the memory is.
#[test]
fn characters_without_end() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let mut phone = server.phone(cast.recorder());
    let mut stored = 0;
    let code = loop {
        let letters = (0..20_000).map(|_| insert(ElementId::Head, "a")).collect();
        let change = forge(&phone, letters);
        match server.receive(&phone.author, &change) {
            Ok(_) => stored += 20_000,
            Err(refusal) => break refusal.code,
        }
        phone.hear(&change);
    };
    assert_eq!(code, RefusalCode::RecordFull);
    assert!((100_000..=MAX_RECORD_OPERATIONS).contains(&stored));
    server.accept(&cast.secretary(), &title("党课"));
}

/// What is put and deleted again within one change leaves nothing behind.
#[test]
fn a_change_that_undoes_itself() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let phone = server.phone(cast.member(9));
    let own = OpId::new(blank(&phone).start_op.get(), &phone.actor().to_automerge());
    let key = member(9).to_string();
    let undone =
        vec![put(ATTENDANCE, &key, "present", vec![]), op(ATTENDANCE, &key, OpType::Delete, vec![own])];
    let change = forge(&phone, undone);
    server.receive(&phone.author, &change).unwrap();
    assert!(server.record.values("attendance").iter().all(|(known, _)| *known != key));
    server.accept(&cast.secretary(), &mark(9, "visited"));
    server.restart();
    server.record.save().unwrap();
}

/// The largest honest changes: the longest minutes at once, and half of them replaced by others. What the gate
/// would not take in one change, the phone says before it is sent.
#[test]
fn the_longest_minutes_pass_and_what_would_not_pass_is_not_written() {
    let cast = Cast::new();
    let mut server = Server::new(&cast, cast.activity());
    let (old, half) = ("旧".repeat(20_000), "新".repeat(9_999));
    let change = server.accept(&cast.secretary(), &minutes("", &old));
    assert!(change.len() < MAX_CHANGE_BYTES);
    let kept: String = old.chars().skip(10_000).collect();
    server.accept(&cast.secretary(), &minutes(&old, &format!("{half}{kept}")));
    let mut phone = server.phone(cast.secretary());
    let stamp = Stamp { actor: phone.actor(), now: Millis(0) };
    let other = minutes(&server.record.text("minutes"), &"换".repeat(20_000));
    let fault = phone.record.execute(&other, stamp).unwrap_err();
    assert_eq!(fault, CommandFault::WrongValue { slot: "minutes".into() });
}

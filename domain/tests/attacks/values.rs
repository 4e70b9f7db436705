//! Values that do not fit their place.

use automerge::ScalarValue;
use automerge::legacy::ElementId;
use zhibu_domain::refusal::RefusalCode;

use crate::support::craft::{ABOUT, AMENDMENTS, ATTENDANCE, encode, expand, forge, insert, put};
use crate::support::{Cast, Server, claim, entry, member};
use crate::{activity, refused, secretary, server_secretary};

fn wrong(container: u64, key: &str, value: impl Into<ScalarValue>) {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let attack = forge(&secretary(&server), vec![put(container, key, value, vec![])]);
    refused(&mut server, &server_secretary(), &attack, RefusalCode::WrongValue);
}

#[test]
fn a_number_with_a_fraction() {
    wrong(ABOUT, "hours", ScalarValue::F64(1.5));
}

#[test]
fn an_unsigned_number() {
    wrong(ABOUT, "hours", ScalarValue::Uint(2));
}

#[test]
fn a_timestamp() {
    wrong(ABOUT, "planned_at", ScalarValue::Timestamp(1_795_000_000_000));
}

#[test]
fn a_counter() {
    wrong(ABOUT, "hours", ScalarValue::counter(2));
}

#[test]
fn nothing() {
    wrong(ABOUT, "theme", ScalarValue::Null);
}

#[test]
fn a_type_of_the_future() {
    wrong(ABOUT, "theme", ScalarValue::Unknown { type_code: 12, bytes: vec![1, 2] });
}

#[test]
fn a_number_where_text_belongs() {
    wrong(ABOUT, "theme", 7);
    wrong(ABOUT, "hours", "7");
    wrong(ABOUT, "theme", ScalarValue::Bytes(b"x".to_vec()));
}

#[test]
fn numbers_out_of_range() {
    wrong(ABOUT, "hours", 1_001);
    wrong(ABOUT, "hours", -1);
    wrong(ABOUT, "planned_at", i64::MIN);
    wrong(ABOUT, "planned_at", i64::MAX);
}

#[test]
fn text_of_three_hundred_characters() {
    wrong(ABOUT, "theme", "字".repeat(300).as_str());
}

#[test]
fn text_with_control_characters() {
    wrong(ABOUT, "theme", "a\u{0}b");
    wrong(ABOUT, "theme", "a\u{1b}[31mb");
}

#[test]
fn an_attendance_state_that_is_none() {
    wrong(ATTENDANCE, &member(9).to_string(), "Present");
}

#[test]
fn a_host_who_is_no_id() {
    wrong(ABOUT, "host", "张三");
    wrong(ABOUT, "host", member(9).to_string().to_uppercase().as_str());
}

#[test]
fn an_amendment_with_a_tail() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let phone = secretary(&server);
    let amendment = zhibu_domain::event::Amendment { slot: "about.place".into(), text: "村委会".into() };
    let mut bytes = minicbor::to_vec(&amendment).unwrap();
    bytes.push(0);
    let attack =
        forge(&phone, vec![put(AMENDMENTS, &entry(8).to_string(), ScalarValue::Bytes(bytes), vec![])]);
    refused(&mut server, &phone.author, &attack, RefusalCode::WrongValue);
}

/// A reader skips what it does not know: free text about a person would lie in the record, seen by nobody.
#[test]
fn a_claim_with_a_hidden_field() {
    let cast = Cast::new();
    let mut server = Server::new(&cast, cast.ledger(9));
    let honest = server.phone(cast.member(9)).write(&claim(1));
    let mut change = expand(&honest);
    let automerge::legacy::OpType::Put(ScalarValue::Bytes(bytes)) = &mut change.operations[0].action else {
        panic!("a claim is bytes");
    };
    assert_eq!(bytes[0], 0xa4, "a map of four");
    bytes[0] = 0xa5;
    bytes.push(9);
    bytes.extend(minicbor::to_vec("他家的事").unwrap());
    refused(&mut server, &cast.member(9), &encode(&change), RefusalCode::WrongValue);
    server.receive(&cast.member(9), &honest).unwrap();
}

fn character(value: impl Into<ScalarValue>) {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let attack = forge(&secretary(&server), vec![insert(ElementId::Head, value)]);
    refused(&mut server, &server_secretary(), &attack, RefusalCode::WrongValue);
}

#[test]
fn several_characters_in_one_insertion() {
    character("学习");
}

#[test]
fn no_character_in_an_insertion() {
    character("");
}

#[test]
fn a_control_character_in_the_minutes() {
    character("\u{7}");
    character("\r");
}

#[test]
fn a_number_in_the_minutes() {
    character(7);
}

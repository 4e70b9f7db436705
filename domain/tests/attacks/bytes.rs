//! Bytes that contradict themselves.

use zhibu_domain::refusal::RefusalCode;

use crate::support::craft::{RawChange, column, run, signed, unsigned};
use crate::support::{Cast, title};
use crate::{activity, refused, secretary, server_secretary};

/// An honest change with something done to its fields.
fn bent(bend: impl FnOnce(&mut RawChange), code: RefusalCode) {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let honest = secretary(&server).write(&title("党课"));
    let mut raw = RawChange::of(&honest);
    assert_eq!(raw.bytes(), honest, "the kit writes what Automerge writes");
    bend(&mut raw);
    refused(&mut server, &server_secretary(), &raw.bytes(), code);
}

fn column_of(raw: &mut RawChange, specification: u64) -> &mut Vec<u8> {
    &mut raw.columns.iter_mut().find(|(known, _)| *known == specification).unwrap().1
}

fn broken(bend: impl FnOnce(&mut Vec<u8>), code: RefusalCode) {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let mut bytes = secretary(&server).write(&title("党课"));
    bend(&mut bytes);
    refused(&mut server, &server_secretary(), &bytes, code);
}

#[test]
fn nothing_at_all() {
    broken(Vec::clear, RefusalCode::MalformedChange);
}

#[test]
fn a_wrong_checksum() {
    broken(|bytes| bytes[5] ^= 1, RefusalCode::BadChecksum);
}

#[test]
fn a_wrong_magic() {
    broken(|bytes| bytes[0] ^= 1, RefusalCode::NotAChange);
}

#[test]
fn cut_short() {
    broken(|bytes| bytes.truncate(bytes.len() - 1), RefusalCode::MalformedChange);
}

#[test]
fn one_byte_behind_the_chunk() {
    broken(|bytes| bytes.push(0), RefusalCode::MalformedChange);
}

#[test]
fn an_author_footer() {
    bent(|raw| raw.extra = [unsigned(3), b"me!".to_vec()].concat(), RefusalCode::MalformedChange);
}

#[test]
fn a_message() {
    bent(|raw| raw.message = "你好".into(), RefusalCode::MalformedChange);
}

#[test]
fn a_short_actor() {
    bent(|raw| raw.actor.truncate(16), RefusalCode::MalformedChange);
}

#[test]
fn an_actor_named_twice() {
    bent(|raw| raw.others.push(raw.others[0].clone()), RefusalCode::NotCanonical);
}

#[test]
fn an_actor_that_nothing_needs() {
    bent(|raw| raw.others.push(vec![9; 20]), RefusalCode::NotCanonical);
}

#[test]
fn an_actor_index_out_of_range() {
    bent(|raw| *column_of(raw, column::OBJECT_ACTOR) = run(1, &unsigned(40)), RefusalCode::MalformedChange);
}

#[test]
fn an_object_counter_beyond_32_bits() {
    let counter = |raw: &mut RawChange| *column_of(raw, column::OBJECT_COUNTER) = run(1, &unsigned(1 << 40));
    bent(counter, RefusalCode::MalformedChange);
}

#[test]
fn a_first_operation_at_the_end_of_32_bits() {
    bent(|raw| raw.start = u64::from(u32::MAX), RefusalCode::MalformedChange);
}

#[test]
fn operation_nought() {
    bent(|raw| raw.start = 0, RefusalCode::MalformedChange);
}

#[test]
fn sequence_nought() {
    bent(|raw| raw.sequence = 0, RefusalCode::MalformedChange);
}

/// Times are kept as differences: the two ends of the numbers lie further apart than a number reaches.
#[test]
fn a_clock_at_the_end_of_time() {
    bent(|raw| raw.time = i64::MAX, RefusalCode::MalformedChange);
    bent(|raw| raw.time = i64::MIN, RefusalCode::MalformedChange);
}

#[test]
fn a_column_of_the_future() {
    bent(|raw| raw.columns.push((0x91, run(1, &[1]))), RefusalCode::MalformedChange);
}

#[test]
fn columns_out_of_order() {
    bent(|raw| raw.columns.swap(0, 1), RefusalCode::MalformedChange);
}

#[test]
fn a_column_twice() {
    bent(|raw| raw.columns.insert(0, raw.columns[0].clone()), RefusalCode::MalformedChange);
}

#[test]
fn a_run_of_one_where_a_literal_belongs() {
    bent(|raw| *column_of(raw, column::ACTION) = [signed(1), vec![1]].concat(), RefusalCode::NotCanonical);
}

#[test]
fn an_over_long_number() {
    let over_long = |raw: &mut RawChange| *column_of(raw, column::ACTION) = vec![0x7f, 0x81, 0x00];
    bent(over_long, RefusalCode::MalformedChange);
}

#[test]
fn more_keys_than_operations() {
    let keys = |raw: &mut RawChange| *column_of(raw, column::KEY_TEXT) = run(2, b"\x05title");
    bent(keys, RefusalCode::MalformedChange);
}

#[test]
fn no_operations() {
    bent(|raw| raw.columns.clear(), RefusalCode::MalformedChange);
}

#[test]
fn a_key_that_is_not_text() {
    let key = |raw: &mut RawChange| *column_of(raw, column::KEY_TEXT) = run(1, b"\x02\xff\xfe");
    bent(key, RefusalCode::NotCanonical);
}

#[test]
fn a_value_that_is_not_text() {
    bent(|raw| column_of(raw, column::VALUE).fill(0xff), RefusalCode::NotCanonical);
}

#[test]
fn value_bytes_that_nothing_announces() {
    bent(|raw| column_of(raw, column::VALUE).push(b'x'), RefusalCode::MalformedChange);
}

#[test]
fn predecessors_that_nothing_announces() {
    bent(
        |raw| *raw = raw.clone().with(column::PREDECESSOR_ACTOR, run(3, &[0])),
        RefusalCode::MalformedChange,
    );
}

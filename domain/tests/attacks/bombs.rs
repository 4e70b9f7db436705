//! Small inputs that grow (automerge.md 1.2), and the kinds of chunk that clients may not send.

use automerge::transaction::Transactable;
use automerge::{Automerge, ObjType, ROOT};
use zhibu_domain::gate::MAX_CHANGE_BYTES;
use zhibu_domain::refusal::RefusalCode;

use crate::support::Cast;
use crate::support::craft::{RawChange, body, chunk, column, expand, run, unsigned};
use crate::{activity, refused, secretary, server_secretary};

/// One put at `about.title`, `times` over.
fn repeated(base: RawChange, times: i64) -> RawChange {
    base.with(column::OBJECT_ACTOR, run(times, &[1]))
        .with(column::OBJECT_COUNTER, run(times, &[1]))
        .with(column::KEY_TEXT, run(times, b"\x05title"))
        .with(column::INSERT, unsigned(times as u64))
        .with(column::ACTION, run(times, &[1]))
        .with(column::VALUE_META, run(times, &[6]))
        .with(column::PREDECESSOR_COUNT, run(times, &[0]))
}

fn bomb(build: impl FnOnce(RawChange) -> Vec<u8>, code: RefusalCode) {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let attack = build(RawChange::upon(&secretary(&server)));
    refused(&mut server, &server_secretary(), &attack, code);
}

/// The bomb of the report: no dependency at all, as small as a change can be.
fn smallest(times: i64) {
    let build = |base: RawChange| {
        let attack = repeated(RawChange { dependencies: Vec::new(), ..base }, times).bytes();
        assert!(attack.len() < 160, "{} bytes", attack.len());
        attack
    };
    bomb(build, RefusalCode::TooLarge);
}

#[test]
fn a_million_operations_in_a_few_bytes() {
    smallest(1_000_000);
}

#[test]
fn ten_million_operations_in_a_few_bytes() {
    smallest(10_000_000);
}

#[test]
fn a_hundred_million_operations_in_a_few_bytes() {
    smallest(100_000_000);
}

#[test]
fn as_many_operations_as_fit_a_number() {
    smallest(i64::MAX);
}

#[test]
fn operations_in_many_runs() {
    bomb(
        |base| {
            let runs: Vec<u8> = (0..200).flat_map(|nth| run(5_000, &[1 + 2 * (nth % 2)])).collect();
            repeated(base, 20_000).with(column::ACTION, runs).bytes()
        },
        RefusalCode::TooLarge,
    );
}

fn predecessors(each: u64) {
    bomb(
        |base| {
            repeated(base, 1)
                .with(column::PREDECESSOR_COUNT, run(1, &unsigned(each)))
                .with(column::PREDECESSOR_ACTOR, run(each as i64, &[0]))
                .with(column::PREDECESSOR_COUNTER, run(each as i64, &[1]))
                .bytes()
        },
        RefusalCode::TooLarge,
    );
}

#[test]
fn a_hundred_million_predecessors() {
    predecessors(100_000_000);
}

#[test]
fn a_billion_predecessors() {
    predecessors(1_000_000_000);
}

#[test]
fn predecessors_announced_and_absent() {
    bomb(
        |base| repeated(base, 1).with(column::PREDECESSOR_COUNT, run(1, &unsigned(1_000_000_000))).bytes(),
        RefusalCode::TooLarge,
    );
}

/// One long key, repeated for each operation: 200 KB become 4 GB.
#[test]
fn a_long_key_repeated() {
    bomb(
        |base| {
            let key = [unsigned(200_000), vec![b'a'; 200_000]].concat();
            repeated(base, 20_000).with(column::KEY_TEXT, run(20_000, &key)).bytes()
        },
        RefusalCode::TooLarge,
    );
}

#[test]
fn a_long_value_repeated() {
    bomb(
        |base| {
            repeated(base, 20_000)
                .with(column::VALUE_META, run(20_000, &unsigned(100_000 << 4 | 6)))
                .with(column::VALUE, vec![b'a'; 100_000])
                .bytes()
        },
        RefusalCode::MalformedChange,
    );
}

#[test]
fn a_compressed_chunk() {
    let stored = |content: &[u8]| {
        let length = (content.len() as u16).to_le_bytes();
        [&[1, length[0], length[1], !length[0], !length[1]], content].concat()
    };
    bomb(|base| chunk(2, &stored(&repeated(base, 1).body())), RefusalCode::NotAChange);
}

/// 97 KB of deflate that become 95 MB: the chunk type alone refuses it.
#[test]
fn a_compressed_chunk_of_zeroes() {
    bomb(|_| chunk(2, &vec![0; 97 << 10]), RefusalCode::NotAChange);
}

#[test]
fn a_compressed_column() {
    bomb(
        |base| {
            let mut attack = repeated(base, 1);
            attack.columns.iter_mut().filter(|c| c.0 == column::KEY_TEXT).for_each(|c| c.0 |= 8);
            attack.bytes()
        },
        RefusalCode::MalformedChange,
    );
}

#[test]
fn a_whole_document() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let attack = server.record.save().unwrap();
    refused(&mut server, &server_secretary(), &attack, RefusalCode::NotAChange);
}

#[test]
fn a_bundle() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let attack = chunk(3, body(&server.log[0]));
    refused(&mut server, &server_secretary(), &attack, RefusalCode::NotAChange);
}

#[test]
fn two_changes_in_one() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let attack = [server.log[0].clone(), server.log[1].clone()].concat();
    refused(&mut server, &server_secretary(), &attack, RefusalCode::MalformedChange);
}

#[test]
fn five_thousand_maps_in_each_other() {
    bomb(
        |base| {
            let mut document = Automerge::new().with_actor(automerge::ActorId::from(&base.actor[..]));
            let mut transaction = document.transaction();
            let mut inside = ROOT;
            for _ in 0..5_000 {
                inside = transaction.put_object(&inside, "m", ObjType::Map).unwrap();
            }
            transaction.commit();
            let attack = document.get_changes(&[])[0].raw_bytes().to_vec();
            assert_eq!(expand(&attack).operations.len(), 5_000);
            attack
        },
        RefusalCode::ForbiddenAction,
    );
}

#[test]
fn a_change_beyond_the_size() {
    bomb(
        |base| RawChange { extra: vec![0; MAX_CHANGE_BYTES], ..repeated(base, 1) }.bytes(),
        RefusalCode::TooLarge,
    );
}

#[test]
fn dependencies_without_end() {
    bomb(
        |base| RawChange { dependencies: vec![vec![7; 32]; 4_000], ..repeated(base, 1) }.bytes(),
        RefusalCode::TooLarge,
    );
}

#[test]
fn actors_without_end() {
    bomb(
        |base| {
            let others = (0..4_000u32).map(|n| [&[0; 16], &n.to_be_bytes()[..]].concat()).collect();
            RawChange { others, ..repeated(base, 1) }.bytes()
        },
        RefusalCode::TooLarge,
    );
}

/// The most operations that pass the scan, in a few bytes: decoded, judged, refused, within the same bounds.
#[test]
fn as_many_operations_as_may_be() {
    bomb(|base| repeated(base, 20_000).bytes(), RefusalCode::WrongPredecessor);
}

//! Mutants of a change's decoded form: well encoded, with a right checksum.

use automerge::legacy::{ElementId, Key, ObjectId, Op, OpId, OpType, SortedVec};
use automerge::{ActorId, ChangeHash, ExpandedChange, ObjType, ScalarValue};
use rand::RngExt;
use rand::rngs::StdRng;
use zhibu_domain::record::Actor;

use crate::corpus::Station;
use crate::support::craft::{blank, encode, expand};
use crate::support::{Phone, entry, member, photo};

/// What a mutation may pick from: the record's own past, and another change.
struct Pool {
    past: Vec<ExpandedChange>,
    other: ExpandedChange,
}

fn pool(station: &Station<'_>, stations: &[Station<'_>], rng: &mut StdRng) -> Pool {
    let log = &station.before.log;
    let past = (0..8.min(log.len())).map(|_| expand(&log[rng.random_range(0..log.len())])).collect();
    Pool { past, other: expand(&stations[rng.random_range(0..stations.len())].change) }
}

/// The station's change with one to three things bent.
pub(crate) fn bend(station: &Station<'_>, stations: &[Station<'_>], rng: &mut StdRng) -> Vec<u8> {
    let mut change = expand(&station.change);
    let pool = pool(station, stations, rng);
    for _ in 0..rng.random_range(1..=3) {
        if rng.random_bool(0.2) {
            bend_header(&mut change, &pool, rng);
        } else {
            bend_operations(&mut change, &pool, rng);
        }
    }
    encode(&change)
}

/// The station's operations or another's, as they are or bent, as somebody else's own and well-headed change.
pub(crate) fn transplant(
    phone: &Phone,
    station: &Station<'_>,
    stations: &[Station<'_>],
    rng: &mut StdRng,
) -> Vec<u8> {
    let pool = pool(station, stations, rng);
    let own = rng.random_bool(0.5);
    let operations = if own { expand(&station.change).operations } else { pool.other.operations.clone() };
    let mut change = ExpandedChange { operations, ..blank(phone) };
    for _ in 0..rng.random_range(0..=2) {
        bend_operations(&mut change, &pool, rng);
    }
    encode(&change)
}

fn bend_header(change: &mut ExpandedChange, pool: &Pool, rng: &mut StdRng) {
    let step = rng.random_range(-3..=3i64);
    match rng.random_range(0..10) {
        0 => change.seq = change.seq.saturating_add_signed(step),
        1 => {
            let start = change.start_op.get().saturating_add_signed(step).max(1);
            change.start_op = start.try_into().unwrap();
        }
        2 => change.start_op = u64::from(u32::MAX).try_into().unwrap(),
        3 => change.deps.push(any_hash(pool, rng)),
        4 => {
            change.deps.pop();
        }
        5 => change.deps = vec![any_hash(pool, rng)],
        6 => change.actor_id = any_actor(change, pool, rng),
        7 => change.time = [i64::MIN, -1, 0, i64::MAX][rng.random_range(0..4)],
        8 => change.message = Some("话".into()),
        _ => change.extra_bytes = vec![3, 1, 2, 3],
    }
}

fn bend_operations(change: &mut ExpandedChange, pool: &Pool, rng: &mut StdRng) {
    let count = change.operations.len();
    if count == 0 {
        change.operations = pool.other.operations.clone();
        return;
    }
    let (at, to) = (rng.random_range(0..count), rng.random_range(0..count));
    match rng.random_range(0..14) {
        0 => change.operations.swap(at, to),
        1 => change.operations.push(change.operations[at].clone()),
        2 => {
            change.operations.remove(at);
        }
        3 => {
            let others = &pool.other.operations;
            change.operations[at] = others[rng.random_range(0..others.len())].clone();
        }
        4 => {
            let (from, target) = (change.operations[to].clone(), &mut change.operations[at]);
            match rng.random_range(0..4) {
                0 => target.key = from.key,
                1 => target.pred = from.pred,
                2 => target.obj = from.obj,
                _ => target.action = from.action,
            }
        }
        5 => change.operations[at].obj = any_object(change, pool, rng),
        6 | 7 => change.operations[at].key = any_key(change, pool, rng),
        8 => change.operations[at].insert ^= true,
        9 | 10 => change.operations[at].action = any_action(pool, rng),
        _ => {
            let mut pred: Vec<_> = change.operations[at].pred.iter().cloned().collect();
            match rng.random_range(0..3) {
                0 => pred.push(any_id(change, pool, rng)),
                1 => drop(pred.pop()),
                _ => pred = vec![any_id(change, pool, rng)],
            }
            change.operations[at].pred = SortedVec::from(pred);
        }
    }
}

fn any_hash(pool: &Pool, rng: &mut StdRng) -> ChangeHash {
    match pool.past.len() {
        0 => pool.other.hash.unwrap(),
        count if rng.random_bool(0.9) => pool.past[rng.random_range(0..count)].hash.unwrap(),
        _ => ChangeHash([rng.random(); 32]),
    }
}

fn any_actor(change: &ExpandedChange, pool: &Pool, rng: &mut StdRng) -> ActorId {
    match rng.random_range(0..6) {
        0 => ActorId::from(&[0u8; Actor::LEN][..]),
        1 => ActorId::from(&[0xee; Actor::LEN][..]),
        2 => ActorId::from(&[7u8; 3][..]),
        3 => change.actor_id.clone(),
        _ => any_past(pool, rng).actor_id.clone(),
    }
}

fn any_past<'p>(pool: &'p Pool, rng: &mut StdRng) -> &'p ExpandedChange {
    match pool.past.len() {
        0 => &pool.other,
        count => &pool.past[rng.random_range(0..count)],
    }
}

/// The id of an operation of the past or of this change, or of none.
fn any_id(change: &ExpandedChange, pool: &Pool, rng: &mut StdRng) -> OpId {
    let from = if rng.random_bool(0.3) { change } else { any_past(pool, rng) };
    let nth = rng.random_range(0..=from.operations.len() as u64);
    match rng.random_range(0..8) {
        0 => OpId::new(rng.random_range(0..1 << 33), &any_actor(change, pool, rng)),
        1 => OpId::new(from.start_op.get() + nth, &any_actor(change, pool, rng)),
        _ => OpId::new(from.start_op.get() + nth, &from.actor_id),
    }
}

fn any_object(change: &ExpandedChange, pool: &Pool, rng: &mut StdRng) -> ObjectId {
    match rng.random_range(0..8) {
        0 => ObjectId::Root,
        1 => ObjectId::Id(any_id(change, pool, rng)),
        _ => ObjectId::Id(OpId::new(rng.random_range(0..13), &ActorId::from(&[0u8; Actor::LEN][..]))),
    }
}

fn any_operation<'p>(pool: &'p Pool, rng: &mut StdRng) -> &'p Op {
    let operations = &any_past(pool, rng).operations;
    &operations[rng.random_range(0..operations.len())]
}

fn any_key(change: &ExpandedChange, pool: &Pool, rng: &mut StdRng) -> Key {
    match rng.random_range(0..8) {
        0 => Key::Seq(ElementId::Head),
        1 => Key::Seq(ElementId::Id(any_id(change, pool, rng))),
        2 => Key::Map(member(rng.random_range(1..32)).to_string().into()),
        3 => Key::Map(entry(rng.random_range(1..20)).to_string().into()),
        4 => Key::Map(["title", "place", "belief", ""][rng.random_range(0..4)].into()),
        _ => any_operation(pool, rng).key.clone(),
    }
}

fn any_action(pool: &Pool, rng: &mut StdRng) -> OpType {
    match rng.random_range(0..8) {
        0 => {
            OpType::Make([ObjType::Map, ObjType::List, ObjType::Text, ObjType::Table][rng.random_range(0..4)])
        }
        1 => OpType::Increment(1),
        2 => OpType::Delete,
        3 => OpType::MarkEnd(true),
        4 => any_operation(pool, rng).action.clone(),
        _ => OpType::Put(any_value(rng)),
    }
}

fn any_value(rng: &mut StdRng) -> ScalarValue {
    match rng.random_range(0..13) {
        0 => ScalarValue::Null,
        1 => ScalarValue::Boolean(rng.random()),
        2 => ScalarValue::Int(rng.random()),
        3 => ScalarValue::Uint(rng.random()),
        4 => ScalarValue::F64(f64::NAN),
        5 => ScalarValue::Timestamp(1),
        6 => ScalarValue::counter(1),
        7 => ScalarValue::Bytes(vec![0xa0]),
        8 => "present".into(),
        9 => "字".into(),
        10 => "村委会".into(),
        11 => ScalarValue::Bytes(minicbor::to_vec(photo(rng.random_range(0..9))).unwrap()),
        _ => ScalarValue::Int(7),
    }
}

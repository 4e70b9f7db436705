//! Changes that Automerge itself would trust: a right checksum over operations that no phone writes. The full set of
//! them is held against the gate alone (domain/tests/attacks); these come in through the door.

use automerge::legacy::{ObjectId, OpId, OpType};
use automerge::{Change, ExpandedChange};
use sha2::{Digest, Sha256};
use zhibu_domain::command::{AboutField, Command};
use zhibu_domain::record::Actor;
use zhibu_domain::refusal::RefusalCode::*;
use zhibu_domain::wire::SentChange;

use super::records::{Branch, mark};

/// The villain's honest mark, bent.
fn bent(branch: &mut Branch, bend: impl FnOnce(&mut ExpandedChange)) -> SentChange {
    let honest = branch.forge(&mark(9, "present"));
    let mut change = Change::from_bytes(honest.change).unwrap().decode();
    bend(&mut change);
    SentChange { change: Change::from(change).raw_bytes().to_vec(), ..honest }
}

/// The operation that wrote the secretary's place.
fn place_of(branch: &Branch) -> OpId {
    let wrote = |change: &Change| {
        let at = change
            .decode()
            .operations
            .iter()
            .position(|op| op.key == automerge::legacy::Key::Map("place".into()))?;
        Some(OpId::new(change.start_op().get() + at as u64, change.actor_id()))
    };
    branch.activity.changes().find_map(|change| wrote(&change)).expect("the place was written")
}

#[tokio::test]
async fn an_operation_on_an_unknown_object_is_refused() {
    let mut branch = Branch::with_activity().await;
    let forged = bent(&mut branch, |change| {
        let actor = change.actor_id.clone();
        change.operations[0].obj = ObjectId::Id(OpId::new(77, &actor));
    });
    branch.refuses(UnknownObject, forged).await;
}

#[tokio::test]
async fn an_allowed_key_cannot_carry_another_keys_predecessor() {
    let mut branch = Branch::with_activity().await;
    let place = place_of(&branch);
    let forged = bent(&mut branch, |change| change.operations[0].pred = vec![place.clone()].into());
    branch.refuses(WrongPredecessor, forged).await;
    let forged = bent(&mut branch, |change| {
        change.operations[0].action = OpType::Delete;
        change.operations[0].pred = vec![place].into();
    });
    branch.refuses(WrongPredecessor, forged).await;
}

#[tokio::test]
async fn a_compressed_chunk_is_refused_unopened() {
    let mut branch = Branch::with_activity().await;
    let long = Command::SetAbout(vec![(AboutField::Theme, Some("长".repeat(190).as_str().into()))]);
    let honest = branch.forge(&long);
    let compressed = Change::from_bytes(honest.change.clone()).unwrap().bytes().into_owned();
    assert_eq!(compressed[8], 2, "Automerge compressed it");
    branch.refuses(NotAChange, SentChange { change: compressed, ..honest }).await;
}

#[tokio::test]
async fn ten_million_operations_are_refused_in_no_time() {
    let mut branch = Branch::with_activity().await;
    let actor = Actor { device: branch.villain.device, epoch: 1 };
    let record = *branch.activity.reference();
    let bomb = SentChange { record, change: operations_bomb(actor, 10_000_000) };
    assert!(bomb.change.len() < 160);
    branch.refuses(TooLarge, bomb).await;
}

/// One put at `about.title`, `times` over, in a few bytes.
fn operations_bomb(actor: Actor, times: i64) -> Vec<u8> {
    let run = |value: &[u8]| [signed(times), value.to_vec()].concat();
    let columns: [(u8, Vec<u8>); 5] = [
        (0x01, run(&[1])),
        (0x02, run(&[1])),
        (0x15, run(b"\x05title")),
        (0x42, run(&[1])),
        (0x56, run(&[6])),
    ];
    let mut body = vec![0, 20];
    body.extend(actor.to_bytes());
    body.extend([1, 1, 0, 0, 1, 20]);
    body.extend([0; 20]);
    body.push(columns.len() as u8);
    columns.iter().for_each(|(specification, bytes)| body.extend([*specification, bytes.len() as u8]));
    columns.iter().for_each(|(_, bytes)| body.extend(bytes));
    let checked = [vec![1, body.len() as u8], body].concat();
    [&[0x85, 0x6f, 0x4a, 0x83][..], &Sha256::digest(&checked)[..4], &checked].concat()
}

/// A signed LEB128.
fn signed(mut value: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        let last = (value == 0 && byte & 0x40 == 0) || (value == -1 && byte & 0x40 != 0);
        bytes.push(if last { byte } else { byte | 0x80 });
        if last {
            return bytes;
        }
    }
}

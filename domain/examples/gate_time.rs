//! How long the gate takes for one honest attendance mark, in an activity of 31 members with 400 changes behind it:
//! decoding and judging, the signature apart. Prints one line of JSON.
//!
//! `cargo run --release -p zhibu-domain --example gate_time`

#![expect(clippy::print_stdout, reason = "a measurement prints its result")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use std::time::Instant;

use zhibu_domain::access::{Author, Scene};
use zhibu_domain::attendance::Attendance;
use zhibu_domain::command::Command;
use zhibu_domain::event::{Status, Verb};
use zhibu_domain::gate::{Index, admit, decode};
use zhibu_domain::ids::{AccountId, DeviceId, EntryId, MemberId, OrgId, RecordId, natural};
use zhibu_domain::org::{Org, OrgTree, OrgType, Post, Role};
use zhibu_domain::record::{Actor, Record, RecordRef, Stamp};
use zhibu_domain::time::Millis;

const MEMBERS: usize = 31;
const HISTORY: usize = 400;
const SAMPLES: usize = 4_000;

fn author(number: usize, role: Role, org: OrgId) -> Author {
    let number = [number as u8];
    Author {
        account: AccountId(natural(&[b"account", &number])),
        device: DeviceId(natural(&[b"device", &number])),
        member: Some(member(usize::from(number[0]))),
        posts: vec![Post { role, org }],
    }
}

fn member(number: usize) -> MemberId {
    MemberId(natural(&[b"member", &[number as u8]]))
}

fn mark(number: usize, round: usize) -> Command {
    let state = Attendance::ALL[round % Attendance::ALL.len()].to_string();
    Command::RecordAttendance(vec![(member(number), Some(state))])
}

/// The nth change of the year: marks above all, minutes, and every twentieth a review event.
fn command(nth: usize, text: &str) -> Command {
    match nth % 20 {
        0 => Command::Review {
            event: EntryId(natural(&[b"event", &nth.to_be_bytes()])),
            verb: if nth.is_multiple_of(40) { Verb::Submitted } else { Verb::Returned },
            slot: None,
            comment: Some("请补充地点。".into()),
            reason: None,
        },
        n if n % 4 == 1 => Command::EditMinutes {
            before: text.into(),
            after: format!("{text}第{nth}段：学习文件，讨论修路。\n"),
        },
        _ => mark(nth % MEMBERS, nth / MEMBERS),
    }
}

/// Decodes and judges; how many microseconds it took.
fn judge(index: &mut Index, change: &[u8], author: &Author, scene: &Scene<'_>) -> f64 {
    let began = Instant::now();
    let decoded = decode(change).unwrap();
    admit(index, &decoded, author, scene).unwrap();
    began.elapsed().as_secs_f64() * 1e6
}

fn main() {
    let (township, branch) = (OrgId(natural(&[b"township"])), OrgId(natural(&[b"branch"])));
    let node = |id, parent, org_type| Org { id, parent, org_type, name: String::new() };
    let orgs = OrgTree::new([
        node(township, None, OrgType::Township),
        node(branch, Some(township), OrgType::Branch),
    ]);
    let reference = RecordRef::activity(branch, 2026, RecordId(natural(&[b"activity"])));
    let scene = Scene { record: &reference, status: Status::Draft, orgs: &orgs, roster: None };
    let (mut index, mut record) = (Index::new(&reference), Record::new(reference));
    let write = |record: &mut Record, author: &Author, command: &Command| {
        let actor = Actor { device: author.device, epoch: 1 };
        record.execute(command, Stamp { actor, now: Millis(1_795_000_000_000) }).unwrap()
    };
    for nth in 0..HISTORY {
        let role = if nth % 40 == 20 { Role::TownshipOfficer } else { Role::BranchSecretary };
        let author = author(200 + nth % 3, role, if nth % 40 == 20 { township } else { branch });
        let command = command(nth, &record.text("minutes"));
        if let Some(change) = write(&mut record, &author, &command) {
            judge(&mut index, &change.bytes, &author, &scene);
        }
    }
    let mut times: Vec<f64> = (0..SAMPLES)
        .filter_map(|nth| {
            let author = author(nth % MEMBERS, Role::Member, branch);
            let change = write(&mut record.clone(), &author, &mark(nth % MEMBERS, nth / MEMBERS))?;
            Some(judge(&mut index.clone(), &change.bytes, &author, &scene))
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let at = |percent: usize| times[times.len() * percent / 100];
    println!(
        "{{\"gate_us_p50\":{:.1},\"gate_us_p95\":{:.1},\"gate_us_p99\":{:.1},\"samples\":{},\"changes_before\":{},\
         \"members\":{MEMBERS}}}",
        at(50),
        at(95),
        at(99),
        times.len(),
        index.change_count(),
    );
}

//! Each counter can count: a fault is planted, and must be found.

use std::collections::HashMap;

use zhibu_domain::command::Command;
use zhibu_domain::ids::natural;
use zhibu_domain::record::{RecordRef, Stamp, WrittenChange};
use zhibu_domain::time::Millis;
use zhibu_server::store::StoredChange;

use super::*;
use crate::past::people::{Person, branch, member};
use crate::past::words::note;

const NOW: Millis = Millis(1_795_262_400_000);

/// One phone's evening as an honest server keeps it: the activity, the ledger, and what the phone was told.
struct Evening {
    activity: StoredRecord,
    points: StoredRecord,
    told: Told,
}

fn stored(reference: RecordRef, written: &WrittenChange, author: DeviceId, position: u64) -> StoredRecord {
    let (hash, bytes) = (written.hash, written.bytes.clone());
    let change = StoredChange { position, hash, bytes, author, received_at: NOW };
    StoredRecord { reference, version: 1, packed: 0, changes: vec![change] }
}

fn stamp(person: Person) -> Stamp {
    Stamp { actor: Actor { device: person.device(), epoch: 1 }, now: NOW }
}

fn claim(entry: &[u8], matter: String) -> Command {
    let date = jiff::civil::date(2026, 11, 21);
    let claim = Claim { rule: "C01".to_owned(), date, units: 2, matter, points: None };
    Command::ClaimPoints { entry: EntryId(natural(&[entry])), claim }
}

fn evening() -> Evening {
    let (person, me) = (Person::Member(0, 3), member(0, 3));
    let activity = RecordRef::activity(branch(0), 2026, RecordId(natural(&[b"tonight"])));
    let mark = Command::RecordAttendance(vec![(me, Some("present".to_owned()))]);
    let marked = Record::new(activity).execute(&mark, stamp(person)).unwrap().unwrap();
    let points = RecordRef::points(branch(0), 2026, me);
    let command = claim(b"one", note(1));
    let claimed = Record::new(points).execute(&command, stamp(person)).unwrap().unwrap();
    let Command::ClaimPoints { entry, claim } = command else { unreachable!("it was just made") };
    let told = Told {
        device: person.device(),
        member: me,
        mark: (activity.id(), marked.hash),
        claim: (points.id(), claimed.hash),
        claimed: (entry, claim),
        positions: HashMap::from([(marked.hash, 7), (claimed.hash, 8)]),
    };
    Evening {
        activity: stored(activity, &marked, person.device(), 7),
        points: stored(points, &claimed, person.device(), 8),
        told,
    }
}

fn findings(told: &Told, records: &[&StoredRecord]) -> (u64, u64, u64) {
    let told = [told.clone()];
    let mut read_back = ReadBack::of(&told);
    records.iter().for_each(|record| read_back.examine(record));
    let Findings { lost, duplicated, unverified, .. } = read_back.finish();
    (lost, duplicated, unverified)
}

#[test]
fn an_honest_evening_is_clean() {
    let Evening { activity, points, told } = evening();
    assert_eq!(findings(&told, &[&activity, &points]), (0, 0, 0));
}

#[test]
fn a_receipted_change_that_is_gone_is_lost() {
    let Evening { activity, points, told } = evening();
    assert_eq!(findings(&told, &[&activity]), (1, 0, 0), "with its record");
    let emptied = StoredRecord { changes: Vec::new(), version: 0, ..activity.clone() };
    assert_eq!(findings(&told, &[&emptied, &points]), (1, 0, 0), "from its record");
    let refused = Told { positions: HashMap::new(), ..told };
    assert_eq!(findings(&refused, &[&emptied, &points]), (0, 0, 0), "nobody said that it counts");
}

#[test]
fn a_value_that_another_change_hides_is_lost() {
    let Evening { mut activity, points, told } = evening();
    let mut record = activity.document().unwrap();
    let back = Command::RecordAttendance(vec![(told.member, Some("leave_work".to_owned()))]);
    let secretary = Person::secretary(0);
    let written = record.execute(&back, stamp(secretary)).unwrap().unwrap();
    activity.changes.extend(stored(activity.reference, &written, secretary.device(), 9).changes);
    assert_eq!(findings(&told, &[&activity, &points]), (1, 0, 0));
    let other =
        Told { claimed: (told.claimed.0, Claim { units: 4, ..told.claimed.1.clone() }), ..evening().told };
    assert_eq!(findings(&other, &[&evening().activity, &points]), (1, 0, 0));
}

#[test]
fn a_change_or_a_claim_that_is_there_twice_is_duplicated() {
    let Evening { activity, mut points, told } = evening();
    let twice =
        StoredRecord { changes: [&activity.changes[..], &activity.changes].concat(), ..activity.clone() };
    assert_eq!(findings(&told, &[&twice, &points]), (0, 1, 0));
    let mut record = points.document().unwrap();
    let (person, again) = (Person::Member(0, 3), claim(b"another", note(1)));
    let written = record.execute(&again, stamp(person)).unwrap().unwrap();
    points.changes.extend(stored(points.reference, &written, person.device(), 9).changes);
    assert_eq!(findings(&told, &[&activity, &points]), (0, 1, 0));
}

#[test]
fn a_change_under_another_hand_or_position_is_unverified() {
    let Evening { activity, points, told } = evening();
    let mut stolen = activity.clone();
    stolen.changes[0].author = Person::secretary(0).device();
    assert_eq!(findings(&told, &[&stolen, &points]), (0, 0, 1), "signed by another than its actor");
    let mut moved = points.clone();
    moved.changes[0].position = 9;
    assert_eq!(findings(&told, &[&activity, &moved]), (0, 0, 1), "the receipt named another position");
}

//! What honest devices write passes the gate, in every order that respects what it depends on.

use zhibu_domain::access::{Author, Scene};
use zhibu_domain::command::{AboutField, Command};
use zhibu_domain::event::Status;
use zhibu_domain::gate::{Index, admit, decode, replay};
use zhibu_domain::ids::{AccountId, DeviceId, EntryId, MemberId, OrgId, RecordId, natural};
use zhibu_domain::org::{Org, OrgTree, OrgType, Post, Role};
use zhibu_domain::record::{Actor, Record, RecordRef, Stamp};
use zhibu_domain::time::Millis;

#[test]
fn a_meeting_written_by_two_phones_passes() {
    let branch = OrgId(natural(&[b"branch"]));
    let orgs =
        OrgTree::new([Org { id: branch, parent: None, org_type: OrgType::Branch, name: "支部".into() }]);
    let reference = RecordRef::activity(branch, 2026, RecordId(natural(&[b"activity"])));
    let author = |n: u8| Author {
        account: AccountId::from_bytes([n; 16]),
        device: DeviceId::from_bytes([n; 16]),
        member: None,
        posts: vec![Post { role: Role::BranchSecretary, org: branch }],
    };
    let stamp = |n: u8| Stamp {
        actor: Actor { device: DeviceId::from_bytes([n; 16]), epoch: 1 },
        now: Millis(1_795_000_000_000),
    };
    let scene = Scene { record: &reference, status: Status::Draft, orgs: &orgs, roster: None };
    let mut index = Index::new(&reference);
    let (mut one, mut two) = (Record::new(reference), Record::new(reference));
    let member = |n: u8| MemberId::from_bytes([n; 16]);
    let roll = |n: u8, state: &str| Command::RecordAttendance(vec![(member(n), Some(state.into()))]);
    let minutes =
        |before: &str, after: &str| Command::EditMinutes { before: before.into(), after: after.into() };
    let mut log = Vec::new();
    let mut text = String::new();
    for round in 0..20u8 {
        let longer = format!("{text}第{round}段，讨论修路的事。\n");
        let mut sent = Vec::new();
        let commands = [
            (1, roll(round, "present")),
            (2, roll(round, "leave_work")),
            (1, minutes(&text, &longer)),
            (2, Command::SetAbout(vec![(AboutField::Place, Some("文化广场".into()))])),
            (1, Command::SetAbout(vec![(AboutField::Place, Some("村委会".into()))])),
            (1, Command::RecordAttendance(vec![(member(round), None)])),
            (
                2,
                Command::SetAgendaItem {
                    entry: EntryId::from_bytes([round; 16]), text: Some("议题".into())
                },
            ),
        ];
        for (who, command) in &commands {
            let record = if *who == 1 { &mut one } else { &mut two };
            sent.extend(record.execute(command, stamp(*who)).unwrap().map(|change| (*who, change)));
        }
        for (who, change) in sent {
            let decoded = decode(&change.bytes).unwrap();
            assert_eq!(decoded.hash(), change.hash);
            admit(&mut index, &decoded, &author(who), &scene).unwrap();
            one.apply(&change.bytes).unwrap();
            two.apply(&change.bytes).unwrap();
            log.push(change.bytes);
        }
        text = one.text("minutes");
    }
    assert_eq!(one.save().unwrap(), two.save().unwrap());
    let mut again = Index::new(&reference);
    for bytes in &log {
        replay(&mut again, bytes).unwrap();
    }
    assert_eq!(again.change_count(), log.len() as u64);
    assert!(admit(&mut again, &decode(&log[3]).unwrap(), &author(1), &scene).is_err());
}

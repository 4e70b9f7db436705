use proptest::prelude::*;

use super::*;
use crate::command::{AboutField, Command};
use crate::ids::{OrgId, RecordId};
use crate::record::{Record, Stamp};
use crate::time::Millis;

fn reference() -> RecordRef {
    RecordRef::activity(OrgId::from_bytes([1; 16]), 2026, RecordId::from_bytes([2; 16]))
}

/// Two hands that write beside each other: minutes, fields, a choice between two values.
fn history(steps: &[(u8, u8, i64)]) -> Vec<Vec<u8>> {
    let mut phones = [Record::new(reference()), Record::new(reference())];
    let mut log = Vec::<Vec<u8>>::new();
    for (n, (hand, what, seconds)) in steps.iter().enumerate() {
        let device = DeviceId::from_bytes([hand % 2 + 7; 16]);
        let stamp = Stamp { actor: Actor { device, epoch: 1 }, now: Millis(seconds * 1000) };
        let phone = &mut phones[usize::from(hand % 2)];
        let command = match what % 4 {
            0 => Command::SetAbout(vec![(AboutField::Place, Some(format!("村委会{n}").as_str().into()))]),
            1 => Command::SetAbout(vec![(
                AboutField::Title,
                Some("主题党日".repeat(n % 10 + 1).as_str().into()),
            )]),
            2 => {
                let before = phone.text("minutes");
                Command::EditMinutes { after: format!("{before}学习第{n}条。"), before }
            }
            _ => {
                for change in &log {
                    phone.apply(change).unwrap();
                }
                continue;
            }
        };
        log.extend(phone.execute(&command, stamp).unwrap().map(|written| written.bytes));
    }
    log
}

proptest! {
    #[test]
    fn whatever_was_written_comes_back_to_the_byte(
        steps in prop::collection::vec((any::<u8>(), any::<u8>(), -2_000_000_000..4_000_000_000i64), 0..40),
    ) {
        let changes = history(&steps);
        let packed = pack(&reference(), &changes).unwrap();
        let back = unpack(&reference(), &packed).unwrap();
        prop_assert!(back.iter().all(|change| change_hash(&change.bytes) == Some(change.hash)));
        prop_assert_eq!(back.into_iter().map(|change| change.bytes).collect::<Vec<_>>(), changes);
    }

    #[test]
    fn no_bytes_break_the_unpacking(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let framed = [&[FORMAT, 0][..], &bytes].concat();
        for bytes in [&bytes, &framed] {
            unpack(&reference(), bytes).ok();
            pack_devices(bytes).ok();
        }
    }

    #[test]
    fn a_damaged_pack_gives_no_change_under_its_old_name(at in any::<prop::sample::Index>(), bit in 0..8u8) {
        let changes = history(&[(0, 0, 1), (1, 2, 2), (0, 3, 0), (0, 2, 3), (1, 3, 0), (1, 1, 4)]);
        let mut packed = pack(&reference(), &changes).unwrap();
        let at = at.index(packed.len());
        packed[at] ^= 1 << bit;
        if let Ok(damaged) = unpack(&reference(), &packed) {
            let names = history_digest(changes.iter().filter_map(|change| change_hash(change)));
            prop_assert_ne!(history_digest(damaged.iter().map(|change| change.hash)), names);
        }
    }
}

#[test]
fn a_pack_is_short_and_knows_who_wrote() {
    let steps: Vec<_> = (0..60).map(|n| (n, if n % 3 == 2 { 3 } else { 2 }, i64::from(n))).collect();
    let changes = history(&steps);
    let packed = pack(&reference(), &changes).unwrap();
    let raw: usize = changes.iter().map(Vec::len).sum();
    assert!(packed.len() * 3 < raw * 2, "{} of {raw} bytes", packed.len());
    assert_eq!(pack_devices(&packed).unwrap(), [7, 8].map(|n| DeviceId::from_bytes([n; 16])));
}

#[test]
fn what_is_no_history_of_the_record_is_not_packed() {
    let changes = history(&[(0, 0, 1), (0, 1, 2)]);
    assert_eq!(pack(&reference(), &changes[1..]), Err(PackFault::Incomplete));
    let elsewhere = RecordRef { year: 2025, ..RecordRef::roster(OrgId::from_bytes([1; 16])) };
    assert_eq!(pack(&elsewhere, &changes), Err(PackFault::Incomplete));
    assert_eq!(pack(&reference(), &[[0; 4]]), Err(PackFault::Malformed));
    let mut broken = changes[0].clone();
    broken[5] ^= 1;
    assert_eq!(pack(&reference(), &[broken]), Err(PackFault::Lossy), "a wrong checksum would be mended");
}

#[test]
fn numbers_of_either_sign_come_back() {
    for value in [0, 1, -1, 63, 64, -64, -65, 8191, -8192, i64::MAX, i64::MIN, 1_795_000_000] {
        let mut bytes = Vec::new();
        push_signed(&mut bytes, value);
        assert_eq!(Reader(&bytes).signed(), Ok(value));
        assert_eq!(unzigzag(zigzag(value)), value);
    }
}

use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::wire::Refusal;

use super::*;
use crate::clock::TestClock;

const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);
const OTHER: AccountId = AccountId::from_bytes([2; 16]);
const DEVICE: DeviceId = DeviceId::from_bytes([3; 16]);

fn door(limits: Limits) -> Arc<Admission> {
    door_by(limits, &Arc::default())
}

fn door_by(limits: Limits, clock: &Arc<TestClock>) -> Arc<Admission> {
    Admission::new(limits, clock.clone())
}

fn wait_s(answer: Result<impl Sized, ApiError>) -> u32 {
    answer.err().and_then(|error| error.retry_after_s()).expect("turned away, with a time to come again")
}

#[test]
fn beyond_its_room_the_door_turns_away_and_takes_in_again_when_somebody_leaves() {
    let door = door(Limits { requests_at_once: 2, ..Limits::default() });
    let (first, second) = (door.enter().unwrap(), door.enter().unwrap());
    let waits: Vec<_> = (0..12).map(|_| wait_s(door.enter())).collect();
    assert_eq!(door.under_way().requests, 2, "who was turned away takes no place");
    assert!(waits.iter().all(|wait| (2..8).contains(wait)) && waits.iter().any(|wait| *wait != waits[0]));
    drop(first);
    let third = door.enter().unwrap();
    assert!(door.enter().is_err());
    drop((second, third));
    assert_eq!(door.under_way(), UnderWay { requests: 0, body_bytes: 0 });
}

#[test]
fn bodies_are_bounded_together_and_an_answer_counts_until_it_is_sent() {
    let door = door(Limits { bodies_mib: 1, ..Limits::default() });
    let (one, two) = (door.enter().unwrap(), door.enter().unwrap());
    one.hold(700 << 10).unwrap();
    assert!(two.hold(700 << 10).is_err());
    drop(two);
    door.enter().unwrap().hold(200 << 10).unwrap();
    let unsent = one.answered(900 << 10);
    drop(one);
    assert_eq!(door.under_way(), UnderWay { requests: 0, body_bytes: 900 << 10 });
    let large = door.enter().unwrap().answered(200 << 10);
    assert!(door.enter().is_err(), "answers that nobody reads fill the memory too");
    drop((unsent, large));
    assert_eq!(door.under_way().body_bytes, 0);
}

#[test]
fn an_account_that_asks_too_much_leaves_the_others_alone() {
    let clock = Arc::default();
    let door = door_by(Limits { account_at_once: 2, account_a_minute: 5, ..Limits::default() }, &clock);
    let enter = |account| {
        let entry = door.enter().unwrap();
        entry.of_account(account).map(|()| entry)
    };
    let held = (enter(ACCOUNT).unwrap(), enter(ACCOUNT).unwrap());
    assert!(wait_s(enter(ACCOUNT)) < 10, "two at once");
    held.0.of_account(ACCOUNT).unwrap();
    drop(held);
    for _ in 0..3 {
        enter(ACCOUNT).unwrap();
    }
    assert_eq!(wait_s(enter(ACCOUNT)), 13, "five in a minute, one each twelve seconds");
    enter(OTHER).unwrap();
    clock.advance(12_000);
    enter(ACCOUNT).unwrap();
    assert_eq!(wait_s(enter(ACCOUNT)), 13);
    clock.advance(-3_600_000);
    assert_eq!(wait_s(enter(ACCOUNT)), 13, "a clock that was set back");
}

#[test]
fn a_day_has_room_for_so_much_and_a_device_for_less_that_is_refused() {
    let limits = Limits { account_day_mib: 2, refused_day_mib: 1, pictures_day_mib: 1, ..Limits::default() };
    let clock = Arc::default();
    let door = door_by(limits, &clock);
    door.deliver(ACCOUNT, DEVICE, 1 << 20).unwrap();
    assert_eq!(wait_s(door.deliver(ACCOUNT, DEVICE, (1 << 20) + 1)), 3600);
    door.deliver(ACCOUNT, DEVICE, 1 << 20).unwrap();
    door.deliver(ACCOUNT, DEVICE, 0).expect("who only reads is not counted");

    let refused = Receipt::Refused(Refusal::new(RefusalCode::NoRight, ""));
    let receipt = |changes: Vec<Receipt>| EnvelopeReceipt { refused: None, changes };
    door.note_refused(DEVICE, &[1 << 20], &[receipt(vec![Receipt::Stored(1)])]);
    door.deliver(OTHER, DEVICE, 1).unwrap();
    // Small ones count for what they leave on the disk.
    door.note_refused(DEVICE, &[600; 2], &[receipt(vec![refused.clone(); 512]), receipt(vec![refused; 512])]);
    assert_eq!(wait_s(door.deliver(OTHER, DEVICE, 1)), 3600);

    door.picture(ACCOUNT, 1 << 20).unwrap();
    assert_eq!(wait_s(door.picture(ACCOUNT, 1)), 3600);
    door.picture(OTHER, 1).unwrap();

    clock.advance(24 * 3_600_000);
    door.deliver(ACCOUNT, DEVICE, 2 << 20).expect("another day");
    door.picture(ACCOUNT, 1 << 20).unwrap();
}

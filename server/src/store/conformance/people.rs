//! What accounts, invites and devices promise.

use std::sync::Arc;

use super::*;

pub(crate) async fn districts_do_not_see_each_other<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    assert_eq!(store.list_districts().await.unwrap().len(), 2);
    assert!(store.find_device(OTHER_DISTRICT, PHONE).await.unwrap().is_none());
    let owner = store.locate_device(PHONE).await.unwrap().unwrap();
    assert_eq!(owner.device.district, DISTRICT);
    assert!(store.list_devices(OTHER_DISTRICT, SECRETARY).await.unwrap().is_empty());
    let tree = store.list_orgs(OTHER_DISTRICT).await.unwrap();
    assert_eq!(tree.iter().map(|org| org.id).collect::<Vec<_>>(), [OTHER_DISTRICT.into(), BRANCH]);
}

pub(crate) async fn a_login_belongs_to_one_account<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    let other = AccountId::from_bytes([0x44; 16]);
    assert!(!store.create_account(DISTRICT, &account(other, Some("shuji"))).await.unwrap());
    assert!(store.create_account(DISTRICT, &account(other, None)).await.unwrap());
    let third = AccountId::from_bytes([0x45; 16]);
    assert!(store.create_account(DISTRICT, &account(third, None)).await.unwrap(), "many have no login");
    assert!(store.set_password(DISTRICT, SECRETARY, "$argon2id$...", None).await.unwrap());
    let login = store.find_login(DISTRICT, "shuji").await.unwrap().unwrap();
    assert_eq!((login.account.id, login.password_hash.as_deref()), (SECRETARY, Some("$argon2id$...")));
    assert!(store.find_login(DISTRICT, "Shuji").await.unwrap().is_none());
    assert_eq!(store.list_accounts(DISTRICT, Some(BRANCH)).await.unwrap().len(), 3);
    assert!(store.list_accounts(DISTRICT, Some(DISTRICT.into())).await.unwrap().is_empty());
}

pub(crate) async fn a_change_of_posts_or_orgs_raises_its_version<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    let before = store.find_device(DISTRICT, PHONE).await.unwrap().unwrap();
    let posts = vec![
        Post { role: Role::BranchRecorder, org: BRANCH },
        Post { role: Role::TownshipOfficer, org: DISTRICT.into() },
    ];
    assert!(store.set_posts(DISTRICT, SECRETARY, &posts).await.unwrap());
    assert!(!store.set_posts(DISTRICT, AccountId::from_bytes([0; 16]), &posts).await.unwrap());
    let after = store.find_device(DISTRICT, PHONE).await.unwrap().unwrap();
    let mut sorted = posts;
    sorted.sort_unstable();
    assert_eq!(after.account.posts, sorted);
    assert!(after.account.profile_version > before.account.profile_version);
    assert_eq!(store.find_account(DISTRICT, SECRETARY).await.unwrap(), Some(after.account));
    let group = |id: u8| Org {
        id: OrgId::from_bytes([id; 16]),
        parent: Some(BRANCH),
        org_type: OrgType::Group,
        name: format!("第{id}党小组"),
    };
    store.put_orgs(DISTRICT, &[group(9), group(8)]).await.unwrap();
    store.put_orgs(DISTRICT, &[group(8), group(7)]).await.unwrap();
    let tree = store.list_orgs(DISTRICT).await.unwrap();
    let groups = tree.iter().filter(|org| org.org_type == OrgType::Group).map(|org| org.id.bytes()[0]);
    assert_eq!(groups.collect::<Vec<_>>(), [9, 8, 7], "the order in which they came stays");
    let root = store.list_orgs(DISTRICT).await.unwrap().remove(0);
    store.put_orgs(DISTRICT, &[Org { name: "青岭".into(), ..root }]).await.unwrap();
    let renamed = store.find_device(DISTRICT, PHONE).await.unwrap().unwrap();
    assert!(renamed.orgs_version > after.orgs_version);
}

pub(crate) async fn an_invite_makes_one_device<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    open: impl Fn() -> F,
) {
    let secret = [0x61; 32];
    assert!(store.create_invite(DISTRICT, &invite(2, secret)).await.unwrap());
    let stores = [store.clone(), open().await];
    let racers = (0..8u8).map(|racer| {
        let store = stores[usize::from(racer % 2)].clone();
        let device = DeviceId::from_bytes([0x70 + racer; 16]);
        tokio::spawn(async move { store.redeem_invite(&redemption(secret, device, racer)).await.unwrap() })
    });
    let mut enrolled = Vec::new();
    for racer in racers.collect::<Vec<_>>() {
        match racer.await.unwrap() {
            Redeemed::Enrolled(owner) => enrolled.push(owner.device),
            other => assert_eq!(other, Redeemed::Spent),
        }
    }
    assert_eq!(enrolled.len(), 1);
    let invites = store.list_invites(DISTRICT, SECRETARY).await.unwrap();
    let used = invites.iter().find(|invite| invite.id == InviteId::from_bytes([2; 16])).unwrap().used;
    assert_eq!(used, Some((NOW, enrolled[0].id)));
}

pub(crate) async fn a_lost_answer_to_an_enrolment_costs_nothing<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    let again =
        Redemption { at: NOW.plus(1_000_000), ..redemption(SECRET, DeviceId::from_bytes([0x71; 16]), 9) };
    let answer = store.redeem_invite(&again).await.unwrap();
    assert!(matches!(answer, Redeemed::Enrolled(owner) if owner.device.id == PHONE));
    let other_key = redemption(SECRET, DeviceId::from_bytes([0x72; 16]), 10);
    assert_eq!(store.redeem_invite(&other_key).await.unwrap(), Redeemed::Spent);
    assert!(store.revoke_device(DISTRICT, PHONE, NOW).await.unwrap());
    assert_eq!(store.redeem_invite(&again).await.unwrap(), Redeemed::Spent, "a revoked device stays revoked");
}

pub(crate) async fn invites_end<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    let (late, closed) = ([0x62; 32], [0x63; 32]);
    assert!(store.create_invite(DISTRICT, &invite(2, late)).await.unwrap());
    assert!(store.create_invite(DISTRICT, &invite(3, closed)).await.unwrap());
    assert!(!store.create_invite(DISTRICT, &invite(4, closed)).await.unwrap(), "a secret opens one door");
    let device = DeviceId::from_bytes([0x73; 16]);
    let expired = Redemption { at: NOW.plus(1000), ..redemption(late, device, 1) };
    assert_eq!(store.redeem_invite(&expired).await.unwrap(), Redeemed::Expired);
    assert_eq!(store.redeem_invite(&redemption([0; 32], device, 1)).await.unwrap(), Redeemed::Unknown);
    assert!(store.set_disabled(DISTRICT, SECRETARY, Some(NOW)).await.unwrap());
    assert_eq!(store.redeem_invite(&redemption(closed, device, 1)).await.unwrap(), Redeemed::Spent);
    assert!(store.find_device(DISTRICT, device).await.unwrap().is_none());
    assert!(!store.find_device(DISTRICT, PHONE).await.unwrap().unwrap().is_active());
}

pub(crate) async fn a_proof_is_good_once<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    let on = |day: i8| jiff::civil::date(2026, 11, day);
    let proof = |district, after_ms, day| Presence {
        district,
        device: PHONE,
        proof_at: Some(NOW.plus(after_ms)),
        on: on(day),
    };
    let visit = Presence { proof_at: None, ..proof(DISTRICT, 0, 19) };
    let together = [proof(DISTRICT, 0, 20), proof(DISTRICT, 0, 20), proof(OTHER_DISTRICT, 2, 20), visit];
    assert_eq!(store.note_presence(&together).await.unwrap(), [true, false, false, true]);
    let later = [proof(DISTRICT, -1, 21), proof(DISTRICT, 0, 21), proof(DISTRICT, 1, 21)];
    assert_eq!(store.note_presence(&later).await.unwrap(), [false, false, true]);
    assert_eq!(store.note_presence(&[visit]).await.unwrap(), [true], "a token needs no proof");
    let owner = store.find_device(DISTRICT, PHONE).await.unwrap().unwrap();
    assert_eq!(owner.device.last_seen_on, Some(on(21)), "the day never goes back");
}

pub(crate) async fn an_index_is_put_away_and_opened_with_what_came_after<
    F: Future<Output = Arc<dyn Store>>,
>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    let (record, other) = (activity(1), activity(2));
    let verdicts =
        vec![append(record, 1, 0), append(other, 2, 0), append(record, 3, 1), append(record, 4, 2)];
    store.commit(&[delivery(1, verdicts)]).await.unwrap();
    let ids = [record.id(), other.id(), activity(3).id()];
    let opened = store.open_records(DISTRICT, &ids).await.unwrap();
    assert_eq!(opened.len(), 2, "what does not exist is left out");
    let of =
        |opened: &[JudgedRecord], id| opened.iter().find(|open| open.reference.id() == id).cloned().unwrap();
    let whole = of(&opened, record.id());
    assert_eq!((whole.version, whole.kept, whole.changes.len()), (3, None, 3));
    let kept =
        |version, position, byte| KeptIndex { record: record.id(), version, position, bytes: vec![byte; 9] };
    store.keep_indexes(DISTRICT, &[kept(2, 3, 1)]).await.unwrap();
    store.keep_indexes(DISTRICT, &[kept(1, 1, 2)]).await.unwrap();
    let opened = store.open_records(DISTRICT, &ids).await.unwrap();
    let tail = of(&opened, record.id());
    assert_eq!(tail.kept, Some(kept(2, 3, 1)), "an older index does not replace a newer one");
    assert_eq!(tail.changes.iter().map(|change| change.position).collect::<Vec<_>>(), [4]);
    assert_eq!(of(&opened, other.id()).changes.len(), 1);
    assert!(store.open_records(OTHER_DISTRICT, &ids).await.unwrap().is_empty());
}

pub(crate) async fn a_revocation_stands<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    assert!(store.revoke_device(DISTRICT, PHONE, NOW).await.unwrap());
    assert!(!store.revoke_device(DISTRICT, PHONE, NOW.plus(5)).await.unwrap());
    let devices = store.list_devices(DISTRICT, SECRETARY).await.unwrap();
    assert_eq!(devices[0].revoked_at, Some(NOW));
    let cards = store.author_cards(DISTRICT, &[PHONE, DeviceId::from_bytes([0; 16])]).await.unwrap();
    assert_eq!(cards.len(), 1, "its earlier work keeps its name");
    assert_eq!((cards[0].name.as_str(), cards[0].device_name.as_str()), ("乌云其木格", "书记的手机"));
}

pub(crate) async fn an_account_has_one_console_device<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    let [first, second] = [0x31, 0x32].map(|id| DeviceId::from_bytes([id; 16]));
    let device = store.ensure_console_device(DISTRICT, SECRETARY, first, NOW).await.unwrap();
    assert!(device.is_console && device.key.is_none());
    let again = store.ensure_console_device(DISTRICT, SECRETARY, second, NOW.plus(1)).await.unwrap();
    assert_eq!(again, device);
}

pub(crate) async fn a_restored_store_has_another_name_and_its_consoles_another_epoch<
    F: Future<Output = Arc<dyn Store>>,
>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    let hand = DeviceId::from_bytes([0x31; 16]);
    store.ensure_console_device(DISTRICT, SECRETARY, hand, NOW).await.unwrap();
    for (generation, epoch, expected) in [([9; 16], 50, 50), ([10; 16], 50, 51), ([11; 16], 7, 52)] {
        store.renew_generation(DISTRICT, generation, epoch).await.unwrap();
        let owner = store.find_device(DISTRICT, hand).await.unwrap().unwrap();
        assert_eq!((owner.generation, owner.device.last_epoch), (generation, expected));
    }
    let phone = store.find_device(DISTRICT, PHONE).await.unwrap().unwrap();
    assert_eq!(phone.device.last_epoch, 0, "phones number their own");
    let other = store.find_district(OTHER_DISTRICT).await.unwrap().unwrap();
    assert_eq!(other.generation, [7; 16]);
}

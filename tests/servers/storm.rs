//! What phones are promised, whichever server they reach.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use zhibu_domain::record::Collection;
use zhibu_server::blobs::BlobPlace;

use super::databases::has_postgres;
use super::district::{district_id, org};
use super::province::{Phone, Province, common_activity, positions};

const PHONES: u32 = 9;
const PUSHES: u32 = 12;

/// An evening: each envelope goes out twice, as if the first answer was lost, and each time to another server. The
/// positions that were given out.
async fn evening(mut phone: Phone) -> Vec<u64> {
    let mut given = Vec::new();
    for push in 0..PUSHES {
        let envelope = phone.mark(if push % 2 == 0 { "present" } else { "leave_work" });
        let first = positions(&phone.deliver(&envelope).await);
        let again = positions(&phone.deliver(&envelope).await);
        let place =
            |answers: &[(u64, bool)]| answers.iter().map(|(position, _)| *position).collect::<Vec<_>>();
        assert_eq!(place(&first), place(&again), "a change has one position, whoever is asked");
        assert!(again.iter().all(|(_, is_new)| !is_new), "and is stored once");
        given.extend(place(&first));
    }
    given
}

/// Looks past the servers: everything that was receipted is there, once, in one row without gaps.
async fn check(province: &Province, given: &[u64], pushes: u64) {
    let collection = Collection { org: org("branch"), year: 2026 };
    assert_eq!(given.iter().copied().collect::<BTreeSet<_>>(), (1..=2 * pushes).collect(), "gapless");
    assert_eq!(given.len() as u64, 2 * pushes, "no position was given twice");
    let heads = province.store.list_collections(district_id()).await.unwrap();
    assert_eq!(heads, [(collection, 2 * pushes)]);
    let common = common_activity();
    let stored = province.store.load_record(district_id(), common.reference().id()).await.unwrap().unwrap();
    assert_eq!(stored.version, pushes);
    province.projected(*common.reference(), pushes).await;
    let nowhere = BlobPlace::folder(&province.servers[0].folder().join("blobs")).unwrap();
    let report = zhibu_server::admin::verify::verify(&*province.store, &nowhere).await.unwrap();
    assert_eq!(report.findings, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_servers_give_out_each_position_once() {
    if !has_postgres() {
        return;
    }
    let province = Province::open().await;
    let mut evenings = Vec::new();
    for number in 1..=PHONES {
        evenings.push(tokio::spawn(evening(province.phone(number).await)));
    }
    let mut given = Vec::new();
    for evening in evenings {
        given.extend(evening.await.unwrap());
    }
    check(&province, &given, u64::from(PHONES * PUSHES)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_are_replaced_one_by_one_under_load_and_nobody_waits_longer_than_one_retry() {
    if !has_postgres() {
        return;
    }
    let mut province = Province::open().await;
    let is_over = Arc::new(AtomicBool::new(false));
    let mut phones = Vec::new();
    for number in 1..=PHONES {
        let (mut phone, is_over) = (province.phone(number).await, is_over.clone());
        phones.push(tokio::spawn(async move {
            let mut given = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                let envelope = phone.mark(if given.len() % 4 == 0 { "present" } else { "leave_work" });
                // The first answer may be lost with its server: then the second one says that it was stored.
                given.extend(
                    positions(&phone.deliver(&envelope).await).into_iter().map(|(position, _)| position),
                );
            }
            given
        }));
    }
    // The servers are on threads of their own: the phones go on meanwhile.
    let province = tokio::task::spawn_blocking(move || {
        for server in &mut province.servers {
            server.stop();
            server.start();
        }
        province
    });
    let province = province.await.unwrap();
    is_over.store(true, Ordering::Relaxed);
    let mut given = Vec::new();
    for phone in phones {
        given.extend(phone.await.unwrap());
    }
    assert!(given.len() as u32 > 6 * PHONES, "only {} changes were under way", given.len());
    let pushes = given.len() as u64 / 2;
    check(&province, &given, pushes).await;
}

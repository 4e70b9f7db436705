//! What a commit promises.

use std::sync::Arc;

use zhibu_domain::record::Collection;
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::wire::{ReadMark, Receipt, Refusal};

use super::*;

/// Whether the phone's envelope number was free. It is taken now.
async fn is_free(store: &dyn Store, counter: u64) -> bool {
    let other = Delivery { digest: [0xdd; 32], ..delivery(counter, vec![]) };
    store.commit(&[other]).await.unwrap() == [Committed::Done(vec![])]
}

/// So many more phones of the secretary. The row of a phone is held for as long as its envelope is being committed, so
/// that only deliveries of different phones are ever written at the same time.
async fn enrol_phones(store: &dyn Store, count: u8) -> Vec<DeviceId> {
    let mut phones = Vec::new();
    for n in 100..100 + count {
        let phone = DeviceId::from_bytes([n; 16]);
        assert!(store.create_invite(DISTRICT, &invite(n, [n; 32])).await.unwrap());
        let redeemed = store.redeem_invite(&redemption([n; 32], phone, n)).await.unwrap();
        assert!(matches!(redeemed, Redeemed::Enrolled(_)));
        phones.push(phone);
    }
    phones
}

fn mark(collection: Collection, position: u64) -> ReadMark {
    ReadMark::at(collection, position)
}

pub(crate) async fn positions_have_no_gaps<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    let (first, second) = (activity(1), activity(2));
    let roster = RecordRef::roster(BRANCH);
    let batch = [
        delivery(1, vec![append(first, 1, 0), append(roster, 2, 0), append(first, 3, 1)]),
        delivery(2, vec![append(second, 4, 0), append(first, 5, 2)]),
    ];
    let committed = store.commit(&batch).await.unwrap();
    let stored = |positions: &[u64]| Committed::Done(positions.iter().map(|p| Receipt::Stored(*p)).collect());
    assert_eq!(committed, [stored(&[1, 1, 2]), stored(&[3, 4])]);
    let marks = [mark(first.collection(), 0), mark(roster.collection(), 0)];
    let news = store.read_news(DISTRICT, &marks, 1 << 20).await.unwrap();
    assert!(!news.more);
    let rows = &news.rows;
    assert_eq!(rows.iter().map(|row| row.position).collect::<Vec<_>>(), [1, 2, 3, 4, 1]);
    assert_eq!(rows.iter().map(|row| row.record).collect::<Vec<_>>(), [first, first, second, first, roster]);
    let other_way = store.read_news(DISTRICT, &[marks[1], marks[0]], 1 << 20).await.unwrap();
    assert_eq!(other_way.rows[0].record, roster, "in the order of the marks");
    assert_eq!(store.read_news(OTHER_DISTRICT, &marks, 1 << 20).await.unwrap(), LogNews::default());
    let record = store.load_record(DISTRICT, first.id()).await.unwrap().unwrap();
    assert_eq!((record.reference, record.version, record.changes.len()), (first, 3, 3));
    assert_eq!(store.load_record(OTHER_DISTRICT, first.id()).await.unwrap(), None);
    let dirty = store.dirty_records(DISTRICT, 10).await.unwrap();
    assert_eq!(dirty.len(), 3);
    assert!(dirty.contains(&DirtyRecord { reference: first, version: 3 }));
    let summary = RecordSummary { reference: first, version: 3, size_bytes: 300 };
    assert!(store.records_in(DISTRICT, first.collection()).await.unwrap().contains(&summary));
    assert_eq!(store.list_records(DISTRICT, None, 10).await.unwrap().len(), 3);
}

pub(crate) async fn reading_goes_on_where_a_page_ended<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    let record = activity(1);
    let verdicts = (0..7).map(|n| append(record, n, u64::from(n))).collect();
    store.commit(&[delivery(1, verdicts)]).await.unwrap();
    let (mut after, mut pages) = (0, Vec::new());
    loop {
        // Each change is 100 bytes: two fit.
        let news = store.read_news(DISTRICT, &[mark(record.collection(), after)], 250).await.unwrap();
        let Some(last) = news.rows.last() else { break };
        after = last.position;
        pages.push((news.rows.len(), news.more));
    }
    assert_eq!(pages, [(2, true), (2, true), (2, true), (1, false)]);
    let tiny = store.read_news(DISTRICT, &[mark(record.collection(), 3)], 1).await.unwrap();
    assert_eq!((tiny.rows.len(), tiny.more), (1, true), "at least one row, however small the page");
    // The page may end between two collections.
    let marks = [mark(RecordRef::roster(BRANCH).collection(), 0), mark(record.collection(), 5)];
    store.commit(&[delivery(2, vec![append(RecordRef::roster(BRANCH), 9, 0)])]).await.unwrap();
    let cut = store.read_news(DISTRICT, &marks, 100).await.unwrap();
    assert_eq!((cut.rows.len(), cut.more), (1, true));
}

pub(crate) async fn a_stale_delivery_leaves_nothing_and_holds_up_nobody<
    F: Future<Output = Arc<dyn Store>>,
>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    let (record, other, apart) = (activity(1), activity(2), activity(3));
    store.commit(&[delivery(1, vec![append(record, 1, 0)])]).await.unwrap();
    let batch = [
        delivery(2, vec![append(other, 2, 0), append(record, 3, 0)]),
        delivery(3, vec![append(apart, 4, 0)]),
        // Judged over what the second would have added. That another server added as much must not hide it.
        delivery(5, vec![append(record, 5, 1)]),
    ];
    let committed = store.commit(&batch).await.unwrap();
    let stale = Committed::Stale(record.id());
    assert_eq!(committed, [stale.clone(), Committed::Done(vec![Receipt::Stored(2)]), stale]);
    assert!(is_free(&*store, 2).await, "what was left out took no number");
    assert_eq!(store.load_record(DISTRICT, other.id()).await.unwrap(), None);
    let refuse = Decision::Refuse(Refusal::new(RefusalCode::MissingDependency, "x"));
    let late = store.commit(&[delivery(4, vec![verdict(record, 9, Some(0), refuse)])]).await.unwrap();
    assert_eq!(late, [Committed::Stale(record.id())], "a refusal over an old version is no judgement either");
}

pub(crate) async fn delivering_again_changes_nothing<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    let record = activity(1);
    let envelope = delivery(1, vec![append(record, 1, 0), append(record, 2, 1)]);
    let twice = store.commit(&[envelope.clone(), envelope.clone()]).await.unwrap();
    assert_eq!(twice[0], Committed::Done(vec![Receipt::Stored(1), Receipt::Stored(2)]));
    let again = Committed::Done(vec![Receipt::Duplicate(1), Receipt::Duplicate(2)]);
    assert_eq!(twice[1], again);
    assert_eq!(store.commit(&[envelope]).await.unwrap(), [again]);
    let same = delivery(2, vec![append(record, 3, 2), append(record, 3, 3), append(record, 4, 3)]);
    let receipts = vec![Receipt::Stored(3), Receipt::Duplicate(3), Receipt::Stored(4)];
    assert_eq!(store.commit(&[same]).await.unwrap(), [Committed::Done(receipts)]);
    assert_eq!(store.load_record(DISTRICT, record.id()).await.unwrap().unwrap().version, 4);
    assert_eq!(store.list_collections(DISTRICT).await.unwrap(), [(record.collection(), 4)]);
}

pub(crate) async fn an_envelope_number_stands_for_one_envelope<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    let first = delivery(7, vec![append(activity(1), 1, 0)]);
    let forged = Delivery { digest: [0xee; 32], ..delivery(7, vec![append(activity(2), 2, 0)]) };
    let committed = store.commit(&[first.clone(), forged]).await.unwrap();
    assert_eq!(committed, [Committed::Done(vec![Receipt::Stored(1)]), Committed::CounterReused]);
    assert_eq!(store.load_record(DISTRICT, activity(2).id()).await.unwrap(), None);
    assert!(!is_free(&*store, 7).await);
    let owner = store.find_device(DISTRICT, PHONE).await.unwrap().unwrap();
    assert_eq!((owner.device.last_counter, owner.device.last_epoch), (7, 1));
    let earlier = Delivery { epoch_seen: 3, ..delivery(5, vec![]) };
    store.commit(&[earlier]).await.unwrap();
    let owner = store.find_device(DISTRICT, PHONE).await.unwrap().unwrap();
    assert_eq!((owner.device.last_counter, owner.device.last_epoch), (7, 3), "numbers never go down");
}

pub(crate) async fn a_refused_envelope_takes_no_number<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    let refusal = Refusal::new(RefusalCode::WrongSignature, "does not fit the key");
    let forged = Delivery {
        refused_envelope: Some((refusal.clone(), b"the whole envelope".to_vec())),
        ..delivery(1, vec![])
    };
    for _ in 0..2 {
        let committed = store.commit(std::slice::from_ref(&forged)).await.unwrap();
        assert_eq!(committed, [Committed::Done(vec![])]);
    }
    let kept = store.list_quarantine(DISTRICT, &QuarantineFilter { limit: 10, ..Default::default() }).await;
    let kept = kept.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(
        (&kept[0].refusal, kept[0].record, &kept[0].content[..]),
        (&refusal, None, &b"the whole envelope"[..])
    );
    let honest = store.commit(&[delivery(1, vec![append(activity(1), 1, 0)])]).await.unwrap();
    assert_eq!(honest, [Committed::Done(vec![Receipt::Stored(1)])]);
}

pub(crate) async fn commits_at_the_same_time_never_share_a_position<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    open: impl Fn() -> F,
) {
    // Two openings of one database stand for two server processes.
    let stores = [store, open().await];
    let phones = enrol_phones(&*stores[0], 16).await;
    let writers = phones.into_iter().zip(0u16..).map(|(author, writer)| {
        let store = stores[usize::from(writer % 2)].clone();
        tokio::spawn(async move {
            for n in 0..5u16 {
                let record = activity(writer as u8);
                let one = append(record, writer * 100 + n, u64::from(n));
                let one = Delivery { author, ..delivery(u64::from(n) + 1, vec![one]) };
                let done = store.commit(&[one]).await.unwrap();
                assert!(matches!(&done[0], Committed::Done(receipts) if matches!(receipts[..], [Receipt::Stored(_)])));
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let news = stores[0].read_news(DISTRICT, &[mark(activity(1).collection(), 0)], 1 << 20).await.unwrap();
    assert_eq!(news.rows.iter().map(|row| row.position).collect::<Vec<_>>(), (1..=80).collect::<Vec<_>>());
}

pub(crate) async fn of_two_judges_of_one_version_one_is_stale<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    open: impl Fn() -> F,
) {
    let stores = [store, open().await];
    let phones = enrol_phones(&*stores[0], 2).await;
    let judges = phones.into_iter().zip(0u16..).map(|(author, judge)| {
        let store = stores[usize::from(judge)].clone();
        tokio::spawn(async move {
            let one = Delivery { author, ..delivery(1, vec![append(activity(1), judge, 0)]) };
            store.commit(&[one]).await.unwrap().remove(0)
        })
    });
    let mut outcomes = Vec::new();
    for judge in judges {
        outcomes.push(judge.await.unwrap());
    }
    assert!(outcomes.contains(&Committed::Stale(activity(1).id())), "{outcomes:?}");
    assert!(outcomes.contains(&Committed::Done(vec![Receipt::Stored(1)])), "{outcomes:?}");
}

pub(crate) async fn what_was_committed_survives_a_restart<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    open: impl Fn() -> F,
) {
    store.commit(&[delivery(1, vec![append(activity(1), 1, 0)])]).await.unwrap();
    let before = store.load_record(DISTRICT, activity(1).id()).await.unwrap();
    drop(store);
    let store = open().await;
    store.ping().await.unwrap();
    assert!(before.is_some());
    assert_eq!(store.load_record(DISTRICT, activity(1).id()).await.unwrap(), before);
    assert!(!is_free(&*store, 1).await);
}

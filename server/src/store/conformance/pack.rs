//! What packing promises.

use std::sync::Arc;

use zhibu_domain::command::{AboutField, Command};
use zhibu_domain::record::{Actor, Collection, Record, Stamp};
use zhibu_domain::wire::ReadMark;

use super::*;
use crate::store::pack::{OpenPack, open_dictionary, seal_dictionary};

/// So many changes of a record as the phone would write them.
pub(super) fn written(reference: RecordRef, count: u64) -> Vec<Verdict> {
    let mut record = Record::new(reference);
    let stamp = Stamp { actor: Actor { device: PHONE, epoch: 1 }, now: NOW };
    let mut verdict = |n: u64| {
        let place = Command::SetAbout(vec![(AboutField::Place, Some(format!("村委会{n}").as_str().into()))]);
        let written = record.execute(&place, stamp).unwrap().unwrap();
        let (hash, change, base_version) = (written.hash, written.bytes, Some(n));
        Verdict { hash, change, base_version, ..append(reference, 0, 0) }
    };
    (0..count).map(&mut verdict).collect()
}

/// Packs the first changes of a record as they are stored, without a dictionary.
pub(super) async fn sealed(store: &dyn Store, record: RecordRef, holds: usize) -> SealedPack {
    let stored = store.load_record(DISTRICT, record.id()).await.unwrap().unwrap();
    let rows = holds - stored.packed + usize::from(stored.packed > 0);
    OpenPack::of(record, &stored.changes[..holds], rows as u64).unwrap().seal(None).unwrap()
}

async fn news(store: &dyn Store, collection: Collection, position: u64) -> Vec<(u64, RecordRef, bool)> {
    let news = store.read_news(DISTRICT, &[ReadMark::at(collection, position)], 1 << 20).await.unwrap();
    let is_pack = |row: &LogRow| matches!(row.content, LogContent::Pack(_));
    news.rows.iter().map(|row| (row.position, row.record, is_pack(row))).collect()
}

pub(crate) async fn a_mark_is_borne_out_by_what_stands_there<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    let record = activity(1);
    let shelf = record.collection();
    store.commit(&[delivery(1, written(record, 4))]).await.unwrap();
    let rows = store.read_news(DISTRICT, &[ReadMark::at(shelf, 0)], 1 << 20).await.unwrap().rows;
    let mark = |position: u64, name: ChangeHash| ReadMark {
        name: Some(name.short()),
        ..ReadMark::at(shelf, position)
    };
    let wrong = async |marks: &[ReadMark]| store.contradicted(DISTRICT, marks).await.unwrap();
    for row in &rows {
        assert_eq!(wrong(&[mark(row.position, row.name)]).await, []);
    }
    assert_eq!(wrong(&[mark(2, rows[2].name)]).await, [shelf], "another change stands there");
    assert_eq!(wrong(&[mark(5, rows[2].name)]).await, [shelf], "the log never came so far");
    let elsewhere = ReadMark { collection: RecordRef::roster(BRANCH).collection(), ..mark(1, rows[0].name) };
    assert_eq!(wrong(&[mark(4, rows[3].name), elsewhere]).await, [elsewhere.collection], "nothing is there");
    assert_eq!(wrong(&[ReadMark::at(shelf, 2), ReadMark::at(elsewhere.collection, 0)]).await, []);
    assert_eq!(store.contradicted(OTHER_DISTRICT, &[mark(4, rows[3].name)]).await.unwrap(), [shelf]);
    // What a pack has taken in cannot be looked up any more, and is believed.
    let pack = sealed(&*store, record, 3).await;
    assert_eq!(store.compact(DISTRICT, &[pack]).await.unwrap(), [true]);
    for row in &rows {
        assert_eq!(wrong(&[mark(row.position, row.name)]).await, []);
    }
    let packed = store.read_news(DISTRICT, &[ReadMark::at(shelf, 0)], 1 << 20).await.unwrap().rows;
    assert_eq!(wrong(&[mark(3, packed[0].name)]).await, []);
    assert_eq!(wrong(&[mark(4, rows[2].name)]).await, [shelf]);
}

pub(crate) async fn a_pack_stands_for_what_it_holds<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    let (one, other) = (activity(1), activity(2));
    let (mut of_one, mut of_other) = (written(one, 7), written(other, 2));
    let behind = of_one.split_off(5);
    // One, other, one, one, one, one, other.
    let mut first = vec![of_one.remove(0), of_other.remove(0)];
    first.extend(of_one);
    first.append(&mut of_other);
    store.commit(&[delivery(1, first)]).await.unwrap();
    let before = store.load_record(DISTRICT, one.id()).await.unwrap().unwrap();
    let pack = sealed(&*store, one, 4).await;
    assert_eq!(store.compact(DISTRICT, std::slice::from_ref(&pack)).await.unwrap(), [true]);
    assert_eq!(store.compact(DISTRICT, &[pack]).await.unwrap(), [false], "the rows are not there any more");

    let after = store.load_record(DISTRICT, one.id()).await.unwrap().unwrap();
    assert_eq!((after.version, after.packed, &after.changes), (5, 4, &before.changes));
    let shelf = one.collection();
    let all = [(2, other, false), (5, one, true), (6, one, false), (7, other, false)];
    assert_eq!(news(&*store, shelf, 0).await, all);
    assert_eq!(news(&*store, shelf, 3).await, all[1..], "who lacks some of it gets all of it");
    assert_eq!(news(&*store, shelf, 5).await, all[2..], "who has it all gets nothing of it");
    assert_eq!(store.list_collections(DISTRICT).await.unwrap(), [(shelf, 7)]);

    // Writing goes on, and so does packing.
    let committed = store.commit(&[delivery(2, behind)]).await.unwrap();
    assert_eq!(committed, [Committed::Done([8, 9].map(zhibu_domain::wire::Receipt::Stored).to_vec())]);
    let again = sealed(&*store, one, 7).await;
    assert_eq!((again.replaces, again.position), (4, 9));
    let stale = SealedPack { replaces: 3, ..again.clone() };
    let untouched = sealed(&*store, other, 2).await;
    assert_eq!(store.compact(DISTRICT, &[stale, untouched]).await.unwrap(), [false, true]);
    assert_eq!(store.compact(DISTRICT, &[again]).await.unwrap(), [true]);
    let whole = store.load_record(DISTRICT, one.id()).await.unwrap().unwrap();
    assert_eq!((whole.version, whole.packed, whole.changes.len()), (7, 7, 7));
    assert_eq!(whole.changes[..5], before.changes);
    let judged = store.open_records(DISTRICT, &[one.id()]).await.unwrap();
    assert_eq!((judged[0].version, &judged[0].changes), (7, &whole.changes));
    assert_eq!(news(&*store, shelf, 0).await, [(7, other, true), (9, one, true)]);
}

pub(crate) async fn an_index_outlives_the_rows_that_it_was_made_of<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    let record = activity(1);
    store.commit(&[delivery(1, written(record, 6))]).await.unwrap();
    let index = KeptIndex { record: record.id(), version: 3, position: 3, bytes: vec![1, 2, 3] };
    store.keep_indexes(DISTRICT, std::slice::from_ref(&index)).await.unwrap();
    let pack = sealed(&*store, record, 5).await;
    assert_eq!(store.compact(DISTRICT, &[pack]).await.unwrap(), [true]);
    let opened = store.open_records(DISTRICT, &[record.id()]).await.unwrap().remove(0);
    assert_eq!(opened.kept.as_ref(), Some(&index));
    assert_eq!(opened.changes.iter().map(|change| change.position).collect::<Vec<_>>(), [4, 5, 6]);
    let whole = sealed(&*store, record, 6).await;
    assert_eq!(store.compact(DISTRICT, &[whole]).await.unwrap(), [true]);
    let opened = store.open_records(DISTRICT, &[record.id()]).await.unwrap().remove(0);
    assert_eq!((opened.kept, opened.changes.len()), (None, 6), "a quiet record keeps no index");
}

pub(crate) async fn what_is_loose_and_old_is_counted<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    let (one, other) = (activity(1), activity(2));
    let mut late = delivery(2, written(other, 2));
    late.received_at = NOW.plus(10);
    store.commit(&[delivery(1, written(one, 3)), late]).await.unwrap();
    let loose = |reference, version, packed, old| LooseRecord { reference, version, packed, old };
    let found = store.loose_records(DISTRICT, one.collection(), NOW.plus(1)).await.unwrap();
    assert_eq!(found, [loose(one, 3, 0, 3), loose(other, 2, 0, 0)]);
    let pack = sealed(&*store, one, 2).await;
    store.compact(DISTRICT, &[pack]).await.unwrap();
    let found = store.loose_records(DISTRICT, one.collection(), NOW.plus(11)).await.unwrap();
    assert_eq!(found, [loose(one, 3, 2, 1), loose(other, 2, 0, 2)]);
    let pack = sealed(&*store, one, 3).await;
    store.compact(DISTRICT, &[pack]).await.unwrap();
    let found = store.loose_records(DISTRICT, one.collection(), NOW.plus(11)).await.unwrap();
    assert_eq!(found, [loose(other, 2, 0, 2)]);
    assert_eq!(store.loose_records(OTHER_DISTRICT, one.collection(), NOW.plus(11)).await.unwrap(), []);
}

pub(crate) async fn a_dictionary_is_noted_once_and_needed_for_ever<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    open: impl Fn() -> F,
) {
    let record = activity(1);
    store.commit(&[delivery(1, written(record, 6))]).await.unwrap();
    let before = store.load_record(DISTRICT, record.id()).await.unwrap().unwrap();
    let first = seal_dictionary("村委会".repeat(50).as_bytes()).unwrap();
    let second = seal_dictionary(&[7; 500]).unwrap();
    for sealed in [&first, &second] {
        store.put_dictionary(DISTRICT, record.collection(), sealed).await.unwrap();
    }
    let found = store.find_dictionary(DISTRICT, record.collection()).await.unwrap().unwrap();
    assert_eq!(found, first);
    let dictionary = open_dictionary(&found).unwrap();
    let pack = OpenPack::of(record, &before.changes, 6).unwrap().seal(Some(&dictionary)).unwrap();
    assert_eq!(store.compact(DISTRICT, &[pack]).await.unwrap(), [true]);
    drop(store);
    let store = open().await;
    let after = store.load_record(DISTRICT, record.id()).await.unwrap().unwrap();
    assert_eq!(after.changes, before.changes);
    assert_eq!(news(&*store, record.collection(), 0).await, [(6, record, true)]);
}

pub(crate) async fn old_envelope_numbers_are_forgotten_and_stay_taken<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    let mut late = delivery(3, vec![append(activity(1), 3, 2)]);
    late.received_at = NOW.plus(10);
    let old = [1, 2].map(|n| delivery(n, vec![append(activity(1), n as u16, n - 1)]));
    store.commit(&[old[0].clone(), old[1].clone(), late.clone()]).await.unwrap();
    assert_eq!(store.forget_envelopes(OTHER_DISTRICT, NOW.plus(1), 10).await.unwrap(), 0);
    assert_eq!(store.forget_envelopes(DISTRICT, NOW.plus(1), 1).await.unwrap(), 1);
    assert_eq!(store.forget_envelopes(DISTRICT, NOW.plus(1), 10).await.unwrap(), 1);
    assert_eq!(store.forget_envelopes(DISTRICT, NOW.plus(1), 10).await.unwrap(), 0);
    let device = store.find_device(DISTRICT, PHONE).await.unwrap().unwrap().device;
    assert_eq!(device.last_counter, 3, "a phone from an old backup is still told");
    let forged = Delivery { digest: [0xee; 32], verdicts: Vec::new(), ..late };
    assert_eq!(store.commit(&[forged]).await.unwrap(), [Committed::CounterReused], "the young one is known");
}

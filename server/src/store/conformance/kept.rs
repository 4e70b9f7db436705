//! What quarantine, audit and projections promise.

use std::sync::Arc;

use uuid::Uuid;
use zhibu_domain::attachment::{BlobHash, PhotoFormat, PhotoSize};
use zhibu_domain::event::Status;
use zhibu_domain::ids::natural;
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::wire::{Receipt, Refusal};

use super::*;

pub(super) fn refused(content: u16) -> Verdict {
    let refusal = Refusal { code: RefusalCode::NoRight, slot: Some("about.place".into()), detail: None };
    verdict(activity(1), content, None, Decision::Refuse(refusal))
}

const ALL: QuarantineFilter =
    QuarantineFilter { orgs: None, author: None, open_only: false, after: None, limit: 100 };

/// The item that comes of the first one.
pub(super) fn refused_item() -> Uuid {
    natural(&[b"quarantine", PHONE.bytes(), &refused(1).hash.0, &[0]])
}

pub(crate) async fn a_refused_change_is_kept_once_for_its_author<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    store.commit(&[delivery(1, vec![refused(1)]), delivery(2, vec![refused(1), refused(2)])]).await.unwrap();
    let kept = store.list_quarantine(DISTRICT, &ALL).await.unwrap();
    assert_eq!(kept.len(), 2);
    let item = kept.iter().find(|item| item.hash == refused(1).hash.0).unwrap();
    assert_eq!((item.counter, item.record), (1, Some(activity(1))));
    assert_eq!(item.content, refused(1).change);
    assert_eq!(store.find_quarantined(DISTRICT, item.id).await.unwrap().as_ref(), Some(item));
    let stranger = DeviceId::from_bytes([0x55; 16]);
    let asked =
        [PHONE, stranger].map(|author| [(author, refused(1).hash), (author, refused(3).hash)]).concat();
    let known = store.known_changes(DISTRICT, &asked).await.unwrap();
    let refusal = KnownChange::Quarantined(item.refusal.clone());
    assert_eq!(known, [((PHONE, refused(1).hash), refusal)].into(), "a refusal counts for its author only");
    let elsewhere = QuarantineFilter { orgs: Some(vec![DISTRICT.into()]), ..ALL };
    assert!(store.list_quarantine(DISTRICT, &elsewhere).await.unwrap().is_empty());
    let next = QuarantineFilter { after: Some((kept[0].received_at, kept[0].id)), ..ALL };
    assert_eq!(store.list_quarantine(DISTRICT, &next).await.unwrap(), kept[1..]);
}

pub(crate) async fn a_change_that_arrives_after_all_leaves_quarantine<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    store.commit(&[delivery(1, vec![refused(1)])]).await.unwrap();
    store.commit(&[delivery(2, vec![append(activity(1), 1, 0)])]).await.unwrap();
    let kept = store.list_quarantine(DISTRICT, &ALL).await.unwrap();
    assert_eq!(kept[0].resolution, Some(Resolution { at: NOW, by: None, how: HowResolved::Arrived }));
    let asked = (PHONE, refused(1).hash);
    let known = store.known_changes(DISTRICT, &[asked]).await.unwrap();
    assert_eq!(known[&asked], KnownChange::Stored { position: 1 });
}

pub(crate) async fn an_admitted_change_leaves_quarantine_in_its_admitters_name<
    F: Future<Output = Arc<dyn Store>>,
>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    store.commit(&[delivery(1, vec![refused(1), refused(2)])]).await.unwrap();
    let admitted = Verdict { admitted_by: Some(SECRETARY), ..append(activity(1), 1, 0) };
    let by_hand = Delivery { counter: 0, ..delivery(2, vec![admitted]) };
    let committed = store.commit(&[by_hand]).await.unwrap();
    assert_eq!(committed, [Committed::Done(vec![Receipt::Stored(1)])]);
    let kept = store.list_quarantine(DISTRICT, &ALL).await.unwrap();
    let item = |content| kept.iter().find(|item| item.hash == refused(content).hash.0).unwrap();
    let resolution = Resolution { at: NOW, by: Some(SECRETARY), how: HowResolved::Admitted };
    assert_eq!(item(1).resolution, Some(resolution));
    assert_eq!(item(2).resolution, None, "nobody admitted the other");
}

pub(crate) async fn a_quarantined_item_is_resolved_once<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    store.commit(&[delivery(1, vec![refused(1)])]).await.unwrap();
    let open = QuarantineFilter { open_only: true, ..ALL };
    let item = store.list_quarantine(DISTRICT, &open).await.unwrap().remove(0);
    let dismissed = Resolution { at: NOW, by: Some(SECRETARY), how: HowResolved::Dismissed };
    let admitted = Resolution { how: HowResolved::Admitted, ..dismissed.clone() };
    assert!(!store.resolve_quarantine(OTHER_DISTRICT, item.id, &admitted).await.unwrap());
    assert!(store.resolve_quarantine(DISTRICT, item.id, &dismissed).await.unwrap());
    assert!(!store.resolve_quarantine(DISTRICT, item.id, &admitted).await.unwrap());
    assert!(store.list_quarantine(DISTRICT, &open).await.unwrap().is_empty());
    let kept = store.find_quarantined(DISTRICT, item.id).await.unwrap().unwrap();
    assert_eq!(kept.resolution, Some(dismissed));
}

pub(crate) async fn the_audit_chain_counts_and_holds<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    let entry = AuditEntry {
        at: NOW,
        account: Some(SECRETARY),
        device: None,
        act: AuditAct::LoggedIn,
        subject: "shuji".into(),
        detail: serde_json::json!({"from": "console"}),
    };
    assert_eq!(store.append_audit(DISTRICT, &entry).await.unwrap(), 1);
    store.commit(&[delivery(1, vec![refused(1)]), delivery(2, vec![refused(1)])]).await.unwrap();
    assert_eq!(store.append_audit(DISTRICT, &entry).await.unwrap(), 3, "a refusal is told once");
    assert_eq!(store.append_audit(OTHER_DISTRICT, &entry).await.unwrap(), 1, "each district has its chain");
    let rows = store.list_audit(DISTRICT, 1, 10).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [2, 3]);
    assert_eq!((rows[0].entry.act, rows[0].entry.device), (AuditAct::Refused, Some(PHONE)));
    assert_eq!(rows[1].entry, entry);
    let intact = ChainState::Intact { length: 3, last_hash: rows[1].hash };
    assert_eq!(store.verify_audit(DISTRICT).await.unwrap(), intact);
}

pub(super) fn projected(record: RecordRef, held_from: i64, cards: u32) -> ProjectedActivity {
    ProjectedActivity {
        record: record.id(),
        org: record.org,
        year: record.year,
        title: Some("主题党日".into()),
        kinds: vec!["theme_day".into(), "general_meeting".into()],
        planned_at: None,
        held_from: Some(Millis(held_from)),
        status: Status::Submitted,
        present: 28,
        should_attend: 31,
        cards,
        late: false,
        without_quorum: 0,
        vote_faults: 0,
        at_exactly_half: 0,
        facts: vec![1, 2, 3],
    }
}

pub(crate) async fn a_mark_is_lifted_only_by_who_saw_the_version<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    let record = activity(1);
    store.commit(&[delivery(1, vec![append(record, 1, 0)])]).await.unwrap();
    let seen = store.dirty_records(DISTRICT, 10).await.unwrap().remove(0);
    store.commit(&[delivery(2, vec![append(record, 2, 1)])]).await.unwrap();
    let projection = |version| Projection {
        record: record.id(),
        version,
        row: Projected::Activity(projected(record, 5, 1)),
    };
    store.project(DISTRICT, &[projection(seen.version)]).await.unwrap();
    let dirty = DirtyRecord { reference: record, version: 2 };
    assert_eq!(store.dirty_records(DISTRICT, 10).await.unwrap(), [dirty]);
    store.project(DISTRICT, &[projection(2)]).await.unwrap();
    assert!(store.dirty_records(DISTRICT, 10).await.unwrap().is_empty());
    let row = projected(record, 5, 1);
    assert_eq!(store.find_activity(DISTRICT, record.id()).await.unwrap(), Some(row));
    store.clear_projections(DISTRICT).await.unwrap();
    assert_eq!(store.find_activity(DISTRICT, record.id()).await.unwrap(), None);
    assert_eq!(store.dirty_records(DISTRICT, 10).await.unwrap(), [dirty], "all is to be computed again");
}

pub(crate) async fn lists_are_filtered_and_paged<F: Future<Output = Arc<dyn Store>>>(
    store: Arc<dyn Store>,
    _: impl Fn() -> F,
) {
    let records = [activity(1), activity(2), activity(3)];
    let verdicts = records.iter().zip(1..).map(|(record, n)| append(*record, n, 0)).collect();
    store.commit(&[delivery(1, verdicts)]).await.unwrap();
    let rows = [projected(records[0], 30, 0), projected(records[1], 10, 2), projected(records[2], 20, 0)];
    let projections =
        rows.clone().map(|row| Projection { record: row.record, version: 1, row: Projected::Activity(row) });
    store.project(DISTRICT, &projections).await.unwrap();
    let list = async |filter: ActivityFilter| store.list_activities(DISTRICT, &filter).await.unwrap();
    let all = ActivityFilter { limit: 2, ..Default::default() };
    let first = list(all.clone()).await;
    assert_eq!(first, [rows[0].clone(), rows[2].clone()]);
    let after = Some((0, first[1].sort_at(), first[1].record));
    assert_eq!(list(ActivityFilter { after, ..all.clone() }).await, [rows[1].clone()]);
    let odd = ActivityFilter { exception: Some(Exception::Cards), ..all.clone() };
    assert_eq!(list(odd).await, [rows[1].clone()]);
    for exception in [Exception::Late, Exception::Quorum, Exception::Votes] {
        assert!(list(ActivityFilter { exception: Some(exception), ..all.clone() }).await.is_empty());
    }
    let between = |from, to| Some((Millis(from), Millis(to)));
    assert_eq!(list(ActivityFilter { between: between(20, 30), ..all.clone() }).await, [rows[2].clone()]);
    let text = |title: &str, orgs| Some(SoughtText { title: title.into(), orgs });
    let sought = async |text| list(ActivityFilter { text, ..all.clone() }).await.len();
    assert_eq!(sought(text("党日", vec![])).await, 2);
    assert_eq!(sought(text("%", vec![])).await, 0, "nothing is a pattern");
    assert_eq!(sought(text("白桦", vec![BRANCH])).await, 2, "found by the branch's name");
    assert!(list(ActivityFilter { status: Some(Status::Filed), ..all.clone() }).await.is_empty());
    assert!(list(ActivityFilter { orgs: Some(vec![DISTRICT.into()]), ..all.clone() }).await.is_empty());
    assert_eq!(
        list(ActivityFilter { orgs: Some(vec![BRANCH]), year: Some(2026), ..all.clone() }).await.len(),
        2
    );

    let urgent = ActivityFilter { urgent_first: true, ..all };
    let first = list(urgent.clone()).await;
    assert_eq!(first, [rows[1].clone(), rows[0].clone()], "where phones disagree stands first");
    let after = Some((first[1].urgency(), first[1].sort_at(), first[1].record));
    assert_eq!(list(ActivityFilter { after, ..urgent }).await, [rows[2].clone()]);
    let counts = WaitingCounts { waiting: 3, cards: 1, ..Default::default() };
    assert_eq!(store.count_waiting(DISTRICT, None).await.unwrap(), counts);
    assert_eq!(store.count_waiting(DISTRICT, Some(&[BRANCH])).await.unwrap(), counts);
    assert_eq!(store.count_waiting(DISTRICT, Some(&[])).await.unwrap(), WaitingCounts::default());
    assert_eq!(store.count_waiting(OTHER_DISTRICT, None).await.unwrap(), WaitingCounts::default());
}

pub(crate) async fn a_picture_is_noted_once_for_each_record_and_forgotten<
    F: Future<Output = Arc<dyn Store>>,
>(
    store: Arc<dyn Store>,
    open: impl Fn() -> F,
) {
    let blob = |record: u8, hash: u8| StoredBlob {
        record: RecordId::from_bytes([record; 16]),
        hash: BlobHash([hash; 32]),
        size: PhotoSize::Thumb,
        mime: PhotoFormat::Webp,
        size_bytes: 9_000,
        arrived_at: NOW,
    };
    let all = [blob(1, 7), blob(1, 9), blob(2, 7)];
    for blob in [2, 0, 1, 0].map(|at| all[at]) {
        store.note_blob(DISTRICT, &blob).await.unwrap();
    }
    store.note_blob(DISTRICT, &StoredBlob { arrived_at: NOW.plus(5), ..all[0] }).await.unwrap();
    assert_eq!(store.blobs_of(DISTRICT, all[0].record).await.unwrap(), all[..2], "the first note stands");
    assert!(store.blobs_of(OTHER_DISTRICT, all[0].record).await.unwrap().is_empty());
    assert_eq!(store.list_blobs(DISTRICT, None, 2).await.unwrap(), all[..2]);
    let after = Some((all[0].record, all[0].hash));
    assert_eq!(store.list_blobs(DISTRICT, after, 9).await.unwrap(), all[1..]);
    let loose_at = NOW.plus(10);
    for (district, blob) in [(DISTRICT, all[0]), (DISTRICT, all[1]), (OTHER_DISTRICT, all[2])] {
        store.forget_blob(district, blob.record, blob.hash, loose_at).await.unwrap();
    }
    let store = open().await;
    assert_eq!(store.list_blobs(DISTRICT, None, 9).await.unwrap(), all[2..]);
    let claim =
        async |district, at| store.claim_loose_blobs(district, loose_at.plus(1), at, 9).await.unwrap();
    assert!(claim(OTHER_DISTRICT, NOW).await.is_empty(), "it never had it");
    assert_eq!(claim(DISTRICT, NOW).await, [all[1].hash], "another record has the other one");
}

pub(crate) async fn a_loose_picture_is_removed_by_one_server_or_put_again<
    F: Future<Output = Arc<dyn Store>>,
>(
    store: Arc<dyn Store>,
    open: impl Fn() -> F,
) {
    let hash = BlobHash([7; 32]);
    let blob = StoredBlob {
        record: RecordId::from_bytes([1; 16]),
        hash,
        size: PhotoSize::Full,
        mime: PhotoFormat::Jpeg,
        size_bytes: 9_000,
        arrived_at: NOW,
    };
    let other = open().await;
    let (soon, late) = (NOW.plus(1), NOW.plus(CLAIM_MS + 2));
    assert!(store.expect_blob(DISTRICT, hash, NOW).await.unwrap());
    assert!(store.claim_loose_blobs(DISTRICT, NOW, soon, 9).await.unwrap().is_empty(), "not for long enough");
    assert_eq!(store.claim_loose_blobs(DISTRICT, soon, soon, 9).await.unwrap(), [hash], "it was never noted");
    assert!(other.claim_loose_blobs(DISTRICT, soon, soon, 9).await.unwrap().is_empty(), "one claims it");
    assert!(!other.expect_blob(DISTRICT, hash, soon).await.unwrap(), "not while it is removed");
    store.drop_loose_blob(DISTRICT, hash).await.unwrap();
    assert!(other.expect_blob(DISTRICT, hash, soon).await.unwrap());
    other.note_blob(DISTRICT, &blob).await.unwrap();
    assert!(store.claim_loose_blobs(DISTRICT, late, late, 9).await.unwrap().is_empty(), "a record holds it");

    store.forget_blob(DISTRICT, blob.record, hash, soon).await.unwrap();
    assert_eq!(store.claim_loose_blobs(DISTRICT, late, NOW.plus(2), 9).await.unwrap(), [hash]);
    // The server that claimed it died.
    assert_eq!(other.claim_loose_blobs(DISTRICT, late, late.plus(1), 9).await.unwrap(), [hash]);
    assert!(!store.expect_blob(DISTRICT, hash, late.plus(2)).await.unwrap());
    let later = late.plus(CLAIM_MS + 2);
    assert!(store.expect_blob(DISTRICT, hash, later).await.unwrap(), "so did that one");
    assert!(store.claim_loose_blobs(DISTRICT, later, later, 9).await.unwrap().is_empty(), "expected anew");
}

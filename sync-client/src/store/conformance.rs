//! The contract of [`LocalStore`] as tests: plain async functions over any empty store, and a macro that stamps
//! them for a back end and its test attribute.
#![expect(clippy::unwrap_used, reason = "these are tests, compiled for the back ends of other targets too")]

use zhibu_domain::attachment::{BlobHash, PhotoFormat, PhotoSize};
use zhibu_domain::command::{AboutField, Command};
use zhibu_domain::ids::{AccountId, DeviceId, DistrictId, OrgId, RecordId};
use zhibu_domain::org::NamingScheme;
use zhibu_domain::record::{ChangeHash, Collection, RecordRef};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{AuthorCard, PackedNames, Profile, ReadMark, Refusal, Voucher};

use super::{
    AcceptedChange, Act, CarriedEnvelope, ClosedEnvelope, DeviceState, KeptBlob, LocalStore, PendingChange,
    RefusedChange, StoreError, Write,
};

/// Stamps every rule of the contract as a test.
///
/// `$test` is the test attribute, `$fresh` an async function that gives a guard and an empty store. Where there is no
/// such attribute, in a browser, `names` gives the rules and `run` one of them.
#[macro_export]
macro_rules! store_conformance {
    ($test:path, $fresh:path) => {
        $crate::store_conformance!(@rules each ($test, $fresh));
    };
    (names) => {
        $crate::store_conformance!(@rules names ())
    };
    (run $name:expr, $store:expr) => {
        $crate::store_conformance!(@rules run ($name, $store))
    };
    (@rules $what:ident $given:tt) => {
        $crate::store_conformance! { @$what $given
            a_new_store_is_empty,
            what_is_put_is_read_back,
            an_act_on_an_old_revision_is_refused_whole,
            accepted_changes_keep_their_order,
            an_accepted_change_is_held_once_and_waits_no_more,
            pending_changes_are_replaced_by_number,
            envelopes_and_refusals_come_in_order_and_go,
            a_forgotten_collection_leaves_the_others,
            unknown_names_are_told_from_known_ones,
            blobs_are_kept_for_each_record_and_go_whole,
            vouchers_are_kept_through_everything }
    };
    (@each ($test:path, $fresh:path) $($rule:ident),+) => {
        $(
            #[$test]
            async fn $rule() {
                let (_guard, store) = $fresh().await;
                $crate::store::conformance::$rule(&store).await;
            }
        )+
    };
    (@names () $($rule:ident),+) => {
        [$(stringify!($rule)),+]
    };
    (@run ($name:expr, $store:expr) $($rule:ident),+) => {
        match $name {
            $(stringify!($rule) => {
                $crate::store::conformance::$rule($store).await;
                true
            })+
            _ => false,
        }
    };
}

fn record(org: u8, n: u8) -> RecordRef {
    RecordRef::activity(OrgId::from_bytes([org; 16]), 2026, RecordId::from_bytes([n; 16]))
}

fn accepted(org: u8, n: u8, change: u8) -> AcceptedChange {
    AcceptedChange { record: record(org, n), hash: ChangeHash([change; 32]), change: vec![change] }
}

fn pending(number: u64, n: u8, change: u8) -> PendingChange {
    PendingChange {
        number,
        record: record(1, n),
        hash: ChangeHash([change; 32]),
        change: vec![change],
        command: Command::SetAbout(vec![(AboutField::Place, Some("村委会".into()))]),
        made_at: Millis(7),
        envelope: None,
    }
}

fn refused(number: u64, change: u8) -> RefusedChange {
    let PendingChange { number, record, hash, change, command, made_at, .. } = pending(number, 1, change);
    let refusal = Refusal::new(RefusalCode::NoRight, "no post");
    RefusedChange {
        number,
        record,
        hash,
        change,
        command,
        made_at,
        refused_at: Millis(9),
        refusal,
        seen: false,
    }
}

fn state() -> DeviceState {
    DeviceState {
        server: "https://zhibu.example".to_owned(),
        device: DeviceId::from_bytes([3; 16]),
        epoch: 1,
        last_counter: u64::from(u32::MAX) + 1,
        next_number: 5,
        token: None,
        last_proof_at: Millis(4),
        clock_offset_ms: -250,
        generation: vec![1, 2, 3],
        generation_changed_at: None,
        restored: false,
        last_sync: None,
        receipted_changes: 2,
        receipted_counter: 7,
    }
}

fn profile() -> Profile {
    Profile {
        version: 3,
        district: DistrictId::from_bytes([9; 16]),
        naming: NamingScheme::Qi,
        account: AccountId::from_bytes([8; 16]),
        name: "包·那仁".to_owned(),
        member: None,
        posts: Vec::new(),
        orgs: Vec::new(),
        collections: vec![Collection { org: OrgId::from_bytes([1; 16]), year: 2026 }],
    }
}

async fn commit(store: &impl LocalStore, writes: Vec<Write>) {
    let based_on = store.revision().await.unwrap();
    store.commit(Act { based_on, writes }).await.unwrap();
}

/// Absent is not an error.
pub async fn a_new_store_is_empty(store: &impl LocalStore) {
    assert_eq!(store.revision().await.unwrap(), 0);
    assert_eq!(store.state().await.unwrap(), None);
    assert_eq!(store.profile().await.unwrap(), None);
    assert_eq!(store.author(DeviceId::from_bytes([1; 16])).await.unwrap(), None);
    assert!(store.records().await.unwrap().is_empty());
    assert!(store.accepted(record(1, 1).id()).await.unwrap().is_empty());
    assert!(store.pending().await.unwrap().is_empty());
    assert!(store.marks().await.unwrap().is_empty());
    assert!(store.envelopes().await.unwrap().is_empty());
    assert!(store.refused().await.unwrap().is_empty());
    assert!(store.carried().await.unwrap().is_empty());
}

/// Every kind of row survives, and the second write of a row replaces the first.
pub async fn what_is_put_is_read_back(store: &impl LocalStore) {
    let card = AuthorCard {
        device: DeviceId::from_bytes([3; 16]),
        name: "王书记".to_owned(),
        device_name: "书记的手机".to_owned(),
        member: None,
    };
    let mark = ReadMark { name: Some([7; 8]), ..ReadMark::at(record(1, 1).collection(), 12) };
    let carried = CarriedEnvelope {
        id: ChangeHash([6; 32]),
        bytes: vec![1],
        device: DeviceId::from_bytes([4; 16]),
        counter: 1,
        receipt: None,
    };
    let older = ReadMark { position: 3, name: None, ..mark };
    let unnamed = AuthorCard { name: String::new(), ..card.clone() };
    commit(store, vec![Write::Mark(older), Write::Author(unnamed), Write::Profile(profile())]).await;
    let writes = vec![
        Write::State(state()),
        Write::Profile(Profile { version: 4, ..profile() }),
        Write::Author(card.clone()),
        Write::Mark(mark),
        Write::Carry(carried.clone()),
    ];
    commit(store, writes).await;
    assert_eq!(store.revision().await.unwrap(), 2);
    assert_eq!(store.state().await.unwrap(), Some(state()));
    assert_eq!(store.profile().await.unwrap().map(|p| p.version), Some(4));
    assert_eq!(store.author(card.device).await.unwrap(), Some(card.clone()));
    assert_eq!(store.authors().await.unwrap(), [card]);
    assert_eq!(store.marks().await.unwrap(), [mark]);
    assert_eq!(store.carried().await.unwrap(), [carried]);
}

/// The fence: the loser of a race writes nothing at all.
pub async fn an_act_on_an_old_revision_is_refused_whole(store: &impl LocalStore) {
    commit(store, vec![Write::State(state())]).await;
    let other = DeviceState { epoch: 9, ..state() };
    let late = Act { based_on: 0, writes: vec![Write::Pending(pending(1, 1, 1)), Write::State(other)] };
    assert!(matches!(store.commit(late).await, Err(StoreError::Raced)));
    assert_eq!(store.state().await.unwrap(), Some(state()));
    assert!(store.pending().await.unwrap().is_empty());
    assert_eq!(store.revision().await.unwrap(), 1);
}

/// Order of acceptance, not of names.
pub async fn accepted_changes_keep_their_order(store: &impl LocalStore) {
    let changes = [accepted(1, 1, 9), accepted(1, 2, 5), accepted(1, 1, 2), accepted(1, 1, 7)];
    commit(store, changes[..2].iter().cloned().map(Write::Accept).collect()).await;
    commit(store, changes[2..].iter().cloned().map(Write::Accept).collect()).await;
    let first = store.accepted(record(1, 1).id()).await.unwrap();
    assert_eq!(first, [changes[0].clone(), changes[2].clone(), changes[3].clone()]);
    assert_eq!(store.records().await.unwrap(), [record(1, 1), record(1, 2)]);
}

/// A receipt and a page may both bring it; a refused one may be admitted later.
pub async fn an_accepted_change_is_held_once_and_waits_no_more(store: &impl LocalStore) {
    let writes = vec![
        Write::Pending(pending(1, 1, 1)),
        Write::Pending(pending(2, 1, 2)),
        Write::Refuse(refused(3, 3)),
    ];
    commit(store, writes).await;
    let twice = vec![Write::Accept(accepted(1, 1, 1)), Write::Accept(accepted(1, 1, 1))];
    commit(store, twice).await;
    commit(store, vec![Write::Accept(accepted(1, 1, 1)), Write::Accept(accepted(1, 1, 3))]).await;
    assert_eq!(store.accepted(record(1, 1).id()).await.unwrap(), [accepted(1, 1, 1), accepted(1, 1, 3)]);
    assert_eq!(store.pending().await.unwrap(), [pending(2, 1, 2)]);
    assert!(store.refused().await.unwrap().is_empty());
}

/// A rewritten change keeps its place.
pub async fn pending_changes_are_replaced_by_number(store: &impl LocalStore) {
    let writes = [(2, 1, 2), (1, 1, 1), (3, 2, 3)].map(|(number, n, change)| pending(number, n, change));
    commit(store, writes.into_iter().map(Write::Pending).collect()).await;
    let rewritten = PendingChange { envelope: Some(4), ..pending(1, 1, 8) };
    commit(store, vec![Write::Pending(rewritten.clone()), Write::DropPending(3), Write::DropPending(77)])
        .await;
    assert_eq!(store.pending().await.unwrap(), [rewritten.clone(), pending(2, 1, 2)]);
    assert_eq!(store.pending_of(record(1, 1).id()).await.unwrap(), [rewritten, pending(2, 1, 2)]);
    assert!(store.pending_of(record(1, 2).id()).await.unwrap().is_empty());
}

/// Put, listed by number, taken away.
pub async fn envelopes_and_refusals_come_in_order_and_go(store: &impl LocalStore) {
    let envelope = |counter| ClosedEnvelope { counter, bytes: vec![1; 2000] };
    let writes = vec![
        Write::Envelope(envelope(10)),
        Write::Envelope(envelope(9)),
        Write::Refuse(refused(10, 1)),
        Write::Refuse(refused(9, 2)),
    ];
    commit(store, writes).await;
    assert_eq!(store.envelopes().await.unwrap(), [envelope(9), envelope(10)]);
    assert_eq!(store.refused().await.unwrap(), [refused(9, 2), refused(10, 1)]);
    let seen = RefusedChange { seen: true, ..refused(10, 1) };
    commit(store, vec![Write::DropEnvelope(9), Write::DropRefused(9), Write::Refuse(seen.clone())]).await;
    assert_eq!(store.envelopes().await.unwrap(), [envelope(10)]);
    assert_eq!(store.refused().await.unwrap(), [seen]);
}

/// Only what was named goes.
pub async fn a_forgotten_collection_leaves_the_others(store: &impl LocalStore) {
    let mark = |org| ReadMark::at(record(org, 1).collection(), 5);
    let writes = vec![
        Write::Accept(accepted(1, 1, 1)),
        Write::Accept(accepted(2, 2, 2)),
        Write::Mark(mark(1)),
        Write::Mark(mark(2)),
    ];
    commit(store, writes).await;
    commit(store, vec![Write::Forget(record(1, 1).collection())]).await;
    assert!(store.accepted(record(1, 1).id()).await.unwrap().is_empty());
    assert_eq!(store.accepted(record(2, 2).id()).await.unwrap().len(), 1);
    assert_eq!(store.records().await.unwrap(), [record(2, 2)]);
    assert_eq!(store.marks().await.unwrap(), [mark(2)]);
}

/// Accepted, pending and refused are known; nothing else is.
pub async fn unknown_names_are_told_from_known_ones(store: &impl LocalStore) {
    let writes = vec![
        Write::Accept(accepted(1, 1, 1)),
        Write::Pending(pending(1, 1, 2)),
        Write::Refuse(refused(2, 3)),
    ];
    commit(store, writes).await;
    let names = [1, 2, 3, 4].map(|n| ChangeHash([n; 32]));
    assert_eq!(store.unknown(&names).await.unwrap(), [names[3]]);
    assert!(store.unknown(&[]).await.unwrap().is_empty());
}

fn blob(n: u8, hash: u8, acknowledged: u64) -> KeptBlob {
    KeptBlob {
        record: record(1, n),
        hash: BlobHash([hash; 32]),
        size: PhotoSize::Thumb,
        mime: PhotoFormat::Webp,
        size_bytes: 70_000,
        kept_at: Millis(7),
        acknowledged,
        is_uploaded: false,
    }
}

/// The same picture in two records is two; progress leaves the bytes alone; forgetting a collection too.
pub async fn blobs_are_kept_for_each_record_and_go_whole(store: &impl LocalStore) {
    let (one, two) = (record(1, 1).id(), record(1, 2).id());
    let (hash, large) = (BlobHash([9; 32]), vec![0xff; 70_000]);
    let writes = vec![
        Write::Blob(blob(2, 9, 0)),
        Write::BlobBytes(two, hash, large.clone()),
        Write::Blob(blob(1, 9, 0)),
        Write::BlobBytes(one, hash, vec![1]),
        Write::Blob(blob(1, 3, 0)),
    ];
    commit(store, writes).await;
    assert_eq!(store.blobs().await.unwrap(), [blob(1, 3, 0), blob(1, 9, 0), blob(2, 9, 0)]);
    assert_eq!(store.blob_bytes(one, BlobHash([3; 32])).await.unwrap(), None);
    commit(store, vec![Write::Blob(blob(2, 9, 65_536)), Write::DropBlob(one, hash)]).await;
    assert_eq!(store.blobs().await.unwrap(), [blob(1, 3, 0), blob(2, 9, 65_536)]);
    assert_eq!(store.blob_bytes(one, hash).await.unwrap(), None);
    let gone = vec![Write::Forget(record(1, 2).collection()), Write::DropBlob(one, BlobHash([4; 32]))];
    commit(store, gone).await;
    assert_eq!(store.blob_bytes(two, hash).await.unwrap(), Some(large));
    assert!(store.records().await.unwrap().is_empty(), "a blob alone makes no record");
}

/// The server's word stays, whatever becomes of the changes that it speaks of.
pub async fn vouchers_are_kept_through_everything(store: &impl LocalStore) {
    let voucher = |n: u8| Voucher {
        generation: vec![n; 16],
        code: vec![7; 16],
        names: vec![n; 64],
        packs: vec![PackedNames(vec![3; 32])],
    };
    assert!(store.vouchers().await.unwrap().is_empty());
    commit(store, vec![Write::Accept(accepted(1, 1, 1)), Write::Voucher(voucher(1))]).await;
    commit(store, vec![Write::Voucher(voucher(2)), Write::Forget(record(1, 1).collection())]).await;
    let mut kept = store.vouchers().await.unwrap();
    kept.sort_by(|one, other| one.generation.cmp(&other.generation));
    assert_eq!(kept, [voucher(1), voucher(2)]);
}

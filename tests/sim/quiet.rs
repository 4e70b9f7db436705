//! The end of a run: everybody is online and synchronises until nobody has anything to say; then all must agree.

use std::collections::{BTreeMap, BTreeSet};

use zhibu_domain::ids::{DeviceId, RecordId};
use zhibu_domain::record::{ChangeHash, Collection, Record, RecordRef, STANDING};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::wire::Receipt;
use zhibu_server::console::points::PointsQuery;
use zhibu_server::projection;
use zhibu_server::store::{ChainState, HowResolved, QuarantineFilter, QuarantinedItem, Store, StoredRecord};
use zhibu_sync_client::client::{SyncReport, UploadReport};
use zhibu_sync_client::error::SyncError;
use zhibu_sync_client::store::LocalStore as _;

use super::console::staff;
use super::oracle::{Told, may_see};
use super::people::{branch, district};
use super::phone::Phone;
use super::world::{REVIEWER, World};

/// Rounds after which it must be quiet: work is made again at most a few times, and a profile follows a round later.
const MOST_ROUNDS: usize = 12;
/// So much passes between two phones: a proof that was taken ahead of its time is in the past after some of them.
const BETWEEN_MS: i64 = 60_000;

/// What the server holds.
struct Held {
    records: BTreeMap<RecordId, StoredRecord>,
    changes: BTreeMap<ChangeHash, (RecordRef, u64)>,
    quarantine: Vec<QuarantinedItem>,
}

impl World {
    /// Everybody comes online until all is said.
    pub(crate) async fn come_to_rest(&mut self) {
        self.be_rough(false);
        self.net.servers.calm().await;
        self.net.late.borrow_mut().clear();
        for phone in &mut self.phones {
            phone.disk.be_full(false);
            phone.reboot();
        }
        self.is_recovering = false;
        for round in 0.. {
            assert!(round < MOST_ROUNDS, "it never gets quiet");
            let mut is_quiet = true;
            for place in 0..self.phones.len() {
                self.net.servers.clock.advance(BETWEEN_MS);
                if self.phones[place].is_gone {
                    continue;
                }
                is_quiet &= self.rest(place).await;
            }
            self.trace.tell(format!("round {round}: {}", if is_quiet { "quiet" } else { "news" }));
            if is_quiet {
                break;
            }
        }
        projection::catch_up(&*self.net.servers.store(), district()).await.unwrap();
    }

    /// One phone synchronises in peace. Whether it had nothing to say or to hear.
    async fn rest(&mut self, place: usize) -> bool {
        let phone = &mut self.phones[place];
        match phone.sync().await {
            Ok(SyncReport { stored: 0, refused: 0, rewritten: 0, received: 0, delivered: 0, .. }) => {
                // Pictures of a record that he may not read any more are declined for ever.
                let UploadReport { thumbs, photos, .. } = phone.upload().await.unwrap();
                if thumbs + photos > 0 {
                    self.trace.tell(format!("{}: {thumbs} thumbnails, {photos} photos", phone.name));
                }
                thumbs + photos == 0
            }
            Ok(news) => {
                self.trace.tell(format!("{}: {news:?}", phone.name));
                false
            }
            // A revoked one keeps what it has and says so; its owner has another.
            Err(SyncError::DeviceRevoked) => {
                phone.is_gone = true;
                true
            }
            // Nobody enrolled with it while its invite was good: it holds nothing.
            Err(SyncError::InviteSpent) => {
                phone.is_gone = true;
                true
            }
            // A proof that was taken ahead of its time: later it is not.
            Err(error @ SyncError::Refused(_)) => {
                self.trace.tell(format!("{}: {error}", phone.name));
                false
            }
            Err(error) => panic!("{} cannot synchronise in peace: {error:?}", phone.name),
        }
    }

    /// Holds everything against everything.
    pub(crate) async fn check(&self) {
        let store = self.net.servers.store();
        let store = &*store;
        let held = Held::read(store).await;
        let told = self.net.oracle.told();
        held.check_positions(store).await;
        held.check_promises(&told);
        held.check_refusals(&told);
        let mut checked = BTreeSet::new();
        for phone in self.phones.iter().filter(|phone| !phone.is_gone) {
            self.check_phone(phone, &held, &mut checked).await;
        }
        let chain = store.verify_audit(district()).await.unwrap();
        assert!(matches!(chain, ChainState::Intact { .. }), "the audit chain: {chain:?}");
        let different = projection::differences(store, district()).await.unwrap();
        assert_eq!(different, [], "projected otherwise than computed");
        self.check_points().await;
        self.check_pictures().await;
    }

    async fn check_phone(
        &self,
        phone: &Phone,
        held: &Held,
        checked: &mut BTreeSet<(RecordId, Vec<ChangeHash>)>,
    ) {
        let name = &phone.name;
        let person = self.net.people.borrow()[phone.person].clone();
        let disk = &phone.disk;
        assert_eq!(disk.pending().await.unwrap(), [], "{name} still has work waiting");
        assert_eq!(disk.envelopes().await.unwrap(), [], "{name} still has envelopes waiting");
        let refused = disk.refused().await.unwrap();
        for change in &refused {
            let code = change.refusal.code;
            // What hangs on a change that is refused itself.
            let hangs = code == RefusalCode::MissingDependency
                && refused.iter().any(|other| change.refusal.detail == Some(other.hash.to_string()));
            assert!(
                is_honest(code) || hangs,
                "honest work of {name} was refused: {:?} {:?}",
                change.refusal,
                change.command
            );
        }
        let marks = disk.marks().await.unwrap();
        let mut seen = BTreeSet::new();
        for record in disk.records().await.unwrap() {
            let collection = record.collection();
            let is_kept =
                refused.iter().any(|change| !change.seen && change.record.collection() == collection);
            assert!(
                may_see(&person, collection, &self.net.tree) || is_kept,
                "{name} holds {record:?}, which is outside of {:?}",
                person.posts
            );
            if !may_see(&person, collection, &self.net.tree) {
                continue;
            }
            seen.insert(record.id());
            let changes = disk.accepted(record.id()).await.unwrap();
            let hashes: Vec<ChangeHash> = changes.iter().map(|change| change.hash).collect();
            let here: BTreeMap<_, _> = changes.iter().map(|change| (change.hash, &change.change)).collect();
            let stored = held.records.get(&record.id()).map(|stored| &stored.changes[..]).unwrap_or_default();
            let there: BTreeMap<_, _> = stored.iter().map(|change| (change.hash, &change.bytes)).collect();
            assert!(
                here == there,
                "{name} holds {} changes of {record:?}, the server {}",
                here.len(),
                there.len()
            );
            // The same changes in the same order give the same document: each order is tried once.
            if checked.insert((record.id(), hashes)) && !stored.is_empty() {
                let at_phone =
                    Record::from_changes(record, changes.iter().map(|change| &change.change)).unwrap();
                let at_server = held.records[&record.id()].document().unwrap();
                assert_eq!(at_phone.heads(), at_server.heads(), "{name} reads {record:?} otherwise");
                if checked.len().is_multiple_of(7) {
                    let (one, other) = (at_phone.save().unwrap(), at_server.save().unwrap());
                    assert!(one == other, "{name} saves {record:?} to other bytes");
                }
            }
        }
        self.check_nothing_missing(phone, held, &seen, &marks.iter().map(|mark| mark.collection).collect())
            .await;
        for envelope in phone.client.carried().await.unwrap() {
            let receipt =
                envelope.receipt.unwrap_or_else(|| panic!("{name} has no receipt for what it carried"));
            for receipt in receipt.changes {
                if let Receipt::Stored(position) = receipt {
                    assert!(position > 0);
                }
            }
        }
    }

    /// Everything of his scope is there.
    async fn check_nothing_missing(
        &self,
        phone: &Phone,
        held: &Held,
        seen: &BTreeSet<RecordId>,
        marked: &BTreeSet<Collection>,
    ) {
        let profile = phone.client.profile().await.unwrap();
        for (id, stored) in &held.records {
            let collection = stored.reference.collection();
            let comes = profile.collections.contains(&collection) || marked.contains(&collection);
            let belongs =
                comes && may_see(&self.net.people.borrow()[phone.person], collection, &self.net.tree);
            assert!(!belongs || seen.contains(id), "{} lacks {:?}", phone.name, stored.reference);
        }
        let person = self.net.people.borrow()[phone.person].clone();
        for at in (0..self.size.branches).map(branch) {
            let roster = Collection { org: at, year: STANDING };
            let named = profile.collections.contains(&roster);
            assert_eq!(
                named,
                may_see(&person, roster, &self.net.tree),
                "{} and the scope of {at}",
                phone.name
            );
        }
    }

    /// Phones and the console reckon the same points.
    async fn check_points(&self) {
        let app = self.net.servers.any().unwrap().app;
        let reviewer = self.net.people.borrow()[REVIEWER].clone();
        let reviewer = staff(&app, &reviewer).await.unwrap();
        for at in 0..self.size.branches {
            let notice = reviewer
                .read_points(branch(at), &PointsQuery { limit: Some(500), ..Default::default() })
                .await
                .unwrap();
            let at_server: Vec<_> =
                notice.members.iter().map(|row| (row.member, row.confirmed, row.provisional)).collect();
            let sees = |phone: &&Phone| {
                let collection = Collection { org: branch(at), year: STANDING };
                !phone.is_gone && may_see(&self.net.people.borrow()[phone.person], collection, &self.net.tree)
            };
            let readers: Vec<&Phone> = self.phones.iter().filter(sees).collect();
            let Some(phone) = self.chance.pick_some(&readers) else { continue };
            phone.set_clock_off(0);
            let sheets = phone.client.ledgers(branch(at), None, phone.client.now()).await.unwrap();
            let at_phone: Vec<_> = sheets
                .iter()
                .map(|sheet| (sheet.member, sheet.confirmed.total, sheet.provisional.total))
                .collect();
            assert_eq!(at_phone, at_server, "points of branch {at}, {} and the console", phone.name);
        }
    }
}

/// Refusals that an honest person can earn: his rights or the record's state changed, or he used what he has not.
fn is_honest(code: RefusalCode) -> bool {
    use RefusalCode::*;
    matches!(
        code,
        NoRight
            | RecordFiled
            | RecordVoid
            | WrongStep
            | OwnEntry
            | AlreadyWritten
            | DeviceRevoked
            | WrongValue
            | TooManyPhotos
    )
}

impl Held {
    async fn read(store: &dyn Store) -> Self {
        let (mut records, mut changes) = (BTreeMap::new(), BTreeMap::new());
        for summary in store.list_records(district(), None, u32::MAX >> 1).await.unwrap() {
            let stored = store.load_record(district(), summary.reference.id()).await.unwrap().unwrap();
            assert_eq!(stored.version, summary.version);
            for change in &stored.changes {
                let twice = changes.insert(change.hash, (stored.reference, change.position));
                assert!(twice.is_none(), "{} stands in two places", change.hash);
            }
            records.insert(summary.reference.id(), stored);
        }
        let all = QuarantineFilter { limit: u32::MAX >> 1, ..Default::default() };
        let quarantine = store.list_quarantine(district(), &all).await.unwrap();
        Self { records, changes, quarantine }
    }

    /// From 1 to the head, without gaps, each once.
    async fn check_positions(&self, store: &dyn Store) {
        let mut positions = BTreeMap::<Collection, Vec<u64>>::new();
        for (reference, position) in self.changes.values() {
            positions.entry(reference.collection()).or_default().push(*position);
        }
        for (collection, head) in store.list_collections(district()).await.unwrap() {
            let mut found = positions.remove(&collection).unwrap_or_default();
            found.sort_unstable();
            assert!(
                found.iter().copied().eq(1..=head),
                "{collection:?} has gaps or doubles: {found:?} of {head}"
            );
        }
        assert!(positions.is_empty(), "changes without a collection");
    }

    /// What was receipted is there, where it was said to be.
    fn check_promises(&self, told: &Told) {
        for (hash, place) in &told.stored {
            let found = self.changes.get(hash).map(|(record, position)| (record.collection(), *position));
            let (expected, found) = (*place, found);
            let is_kept = expected.is_none() && self.has_lost_its_place(hash);
            assert!(found.is_some() || is_kept, "{hash} was receipted and is gone");
            assert!(
                expected.is_none() || expected == found,
                "{hash} was receipted at {expected:?} and stands at {found:?}"
            );
        }
    }

    /// A phone and the server both went back, and the phone was first to write on: what stood under the number that it
    /// used again, and what stands upon that, is only in quarantine.
    fn has_lost_its_place(&self, hash: &ChangeHash) -> bool {
        let is_cause = |code| matches!(code, RefusalCode::SequenceConflict | RefusalCode::AlreadyWritten);
        let causes: BTreeSet<_> = self
            .quarantine
            .iter()
            .filter(|item| is_cause(item.refusal.code))
            .map(|item| item.record)
            .collect();
        self.quarantine.iter().any(|item| item.hash == hash.0 && causes.contains(&item.record))
    }

    /// What was refused is kept and not seen, unless somebody let it in or it came again.
    fn check_refusals(&self, told: &Told) {
        let by_name: BTreeMap<(DeviceId, [u8; 32]), &QuarantinedItem> =
            self.quarantine.iter().map(|item| ((item.author, item.hash), item)).collect();
        let was_let_in = |hash: &ChangeHash| {
            let items = self.quarantine.iter().filter(|item| item.hash == hash.0);
            items.filter_map(|item| item.resolution.as_ref()).any(|end| end.how != HowResolved::Dismissed)
        };
        for ((author, hash), code) in &told.refused {
            assert!(
                by_name.contains_key(&(*author, hash.0)),
                "{hash} was refused ({code}) and is not in quarantine"
            );
            // What only came too early may come again, also after staff have dismissed it.
            let may_come_again = *code == RefusalCode::MissingDependency;
            assert!(
                !self.changes.contains_key(hash) || was_let_in(hash) || may_come_again,
                "{hash} was refused ({code}) and is seen"
            );
        }
        for digest in &told.refused_envelopes {
            let is_kept = self.quarantine.iter().any(|item| item.record.is_none() && item.hash == *digest);
            assert!(is_kept, "an envelope was refused and is not in quarantine");
        }
        for hash in told.evil.iter().chain(&told.late) {
            assert!(!self.changes.contains_key(hash) || was_let_in(hash), "{hash} was forged and is seen");
        }
    }
}

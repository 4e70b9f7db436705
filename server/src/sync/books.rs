//! What the judge keeps open: gate indexes of records, rosters, org trees. All of it can be read again. What a batch
//! needs is fetched for the whole batch before anything is judged, so the cost of opening is shared.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use lru::LruCache;
use zhibu_domain::gate::{self, Index};
use zhibu_domain::ids::{DeviceId, DistrictId, OrgId, RecordId};
use zhibu_domain::org::OrgTree;
use zhibu_domain::record::{ChangeHash, Record, RecordKind, RecordRef};
use zhibu_domain::view::RosterView;

use super::Trees;
use super::prepare::{Content, Prepared};
use crate::store::{JudgedRecord, KeptIndex, KnownChange, Store, StoreError};

/// Memory for open indexes, about: some ten thousand records, so everything that one evening touches.
const OPEN_BYTES: usize = 32 << 20;
/// Branches whose roster stays open.
const OPEN_ROSTERS: std::num::NonZeroUsize = std::num::NonZeroUsize::MIN.saturating_add(1023);
/// An index is put away when the one that lies there misses so many changes: fewer are replayed faster than written.
const KEEP_FROM_CHANGES: u64 = 8;
/// So many indexes that left memory are written at once.
const KEEP_AT_ONCE: usize = 64;

/// A record as the judge holds it.
pub(super) struct OpenRecord {
    pub(super) reference: RecordRef,
    /// Changes in the log plus those judged in the batch at hand.
    pub(super) version: u64,
    pub(super) index: Index,
    /// Of the last change in the log.
    position: u64,
    /// The version of the index that lies in the store.
    kept_version: u64,
    weight_bytes: usize,
}

/// What the store said about a batch.
#[derive(Default)]
pub(super) struct Fetched {
    known: HashMap<(DistrictId, DeviceId, ChangeHash), KnownChange>,
    trees: HashMap<DistrictId, Arc<OrgTree>>,
    /// Records that could not be opened, and why. The others are judged all the same.
    broken: HashMap<(DistrictId, RecordId), String>,
}

/// The open books.
pub(super) struct Books {
    store: Arc<dyn Store>,
    trees: Arc<Trees>,
    records: LruCache<(DistrictId, RecordId), OpenRecord>,
    weight_bytes: usize,
    rosters: LruCache<(DistrictId, OrgId), Option<Arc<RosterView>>>,
    leaving: BTreeMap<DistrictId, Vec<KeptIndex>>,
}

impl Books {
    /// Nothing open yet.
    pub(super) fn new(store: Arc<dyn Store>, trees: Arc<Trees>) -> Self {
        Self {
            store,
            trees,
            records: LruCache::unbounded(),
            weight_bytes: 0,
            rosters: LruCache::new(OPEN_ROSTERS),
            leaving: BTreeMap::new(),
        }
    }

    /// Opens what these envelopes need: one question of each sort to the store, however many they are.
    pub(super) async fn fetch(&mut self, envelopes: &[&Prepared]) -> Result<Fetched, StoreError> {
        let mut fetched = Fetched::default();
        let mut versions = BTreeMap::<DistrictId, u64>::new();
        let mut asked = BTreeMap::<DistrictId, Vec<(DeviceId, ChangeHash)>>::new();
        let mut references = BTreeMap::<DistrictId, BTreeSet<RecordRef>>::new();
        for envelope in envelopes {
            let Content::Signed { orgs_version, changes, .. } = &envelope.content else { continue };
            let district = envelope.carrier.district;
            let version = versions.entry(district).or_default();
            *version = (*version).max(*orgs_version);
            let hashes = changes.iter().map(|change| (envelope.author, change.hash));
            asked.entry(district).or_default().extend(hashes);
            let decodable = changes.iter().filter(|change| change.decoded.is_ok());
            references.entry(district).or_default().extend(decodable.map(|change| change.record));
        }
        self.ask(&mut fetched, versions, asked, references).await?;
        Ok(fetched)
    }

    async fn ask(
        &mut self,
        fetched: &mut Fetched,
        versions: BTreeMap<DistrictId, u64>,
        asked: BTreeMap<DistrictId, Vec<(DeviceId, ChangeHash)>>,
        references: BTreeMap<DistrictId, BTreeSet<RecordRef>>,
    ) -> Result<(), StoreError> {
        for (district, version) in versions {
            fetched.trees.insert(district, self.trees.get(&*self.store, district, version).await?);
        }
        for (district, wanted) in asked {
            let known = self.store.known_changes(district, &wanted).await?;
            fetched.known.extend(known.into_iter().map(|((by, hash), known)| ((district, by, hash), known)));
        }
        for (district, references) in references {
            self.open_records(district, &references, fetched).await?;
            for reference in references {
                if reference.kind == RecordKind::Points {
                    self.open_roster(district, reference.org).await?;
                }
            }
        }
        Ok(())
    }

    async fn open_records(
        &mut self,
        district: DistrictId,
        references: &BTreeSet<RecordRef>,
        fetched: &mut Fetched,
    ) -> Result<(), StoreError> {
        let closed = |id: &RecordId| !self.records.contains(&(district, *id));
        let ids: Vec<RecordId> = references.iter().map(RecordRef::id).filter(closed).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let mut judged = Vec::with_capacity(ids.len());
        match self.store.open_records(district, &ids).await {
            Ok(records) => judged = records,
            // One bad record must not stop the others: each is asked for by itself.
            Err(StoreError::Corrupt { .. }) => {
                for id in &ids {
                    match self.store.open_records(district, &[*id]).await {
                        Ok(records) => judged.extend(records),
                        Err(error @ StoreError::Corrupt { .. }) => {
                            fetched.broken.insert((district, *id), error.to_string());
                        }
                        Err(error) => return Err(error),
                    }
                }
            }
            Err(error) => return Err(error),
        }
        for record in judged {
            let id = record.reference.id();
            match self.open(district, record).await {
                Ok(open) => self.put(district, open),
                Err(error @ StoreError::Corrupt { .. }) => {
                    fetched.broken.insert((district, id), error.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        for reference in references {
            let key = (district, reference.id());
            if !self.records.contains(&key) && !fetched.broken.contains_key(&key) {
                self.put(district, OpenRecord::new(*reference));
            }
        }
        Ok(())
    }

    /// The index as it was put away and the changes behind it; where that cannot be read, the whole history.
    async fn open(&self, district: DistrictId, record: JudgedRecord) -> Result<OpenRecord, StoreError> {
        let JudgedRecord { reference, version, kept, changes } = record;
        let mut kept_version = 0;
        let (mut index, changes, position) = match kept {
            None => (Index::new(&reference), changes, 0),
            Some(kept) => match Index::reopen(&reference, &kept.bytes) {
                Some(index) => {
                    kept_version = kept.version;
                    (index, changes, kept.position)
                }
                None => {
                    let whole = self.store.load_record(district, reference.id()).await?;
                    (Index::new(&reference), whole.map(|whole| whole.changes).unwrap_or_default(), 0)
                }
            },
        };
        for change in &changes {
            gate::replay(&mut index, &change.bytes).map_err(|refusal| StoreError::Corrupt {
                table: "changes",
                row: format!("{} at {}: {}", reference.id(), change.position, refusal.code),
            })?;
        }
        let position = changes.last().map_or(position, |change| change.position);
        let weight_bytes = index.weight_bytes();
        Ok(OpenRecord { reference, version, index, position, kept_version, weight_bytes })
    }

    async fn open_roster(&mut self, district: DistrictId, org: OrgId) -> Result<(), StoreError> {
        if !self.rosters.contains(&(district, org)) {
            let roster = read_record(&*self.store, district, RecordRef::roster(org)).await?;
            self.rosters.put((district, org), roster.map(|record| Arc::new(RosterView::of(&record))));
        }
        Ok(())
    }

    /// A record that was fetched for the batch at hand.
    pub(super) fn record(
        &mut self,
        fetched: &Fetched,
        district: DistrictId,
        reference: &RecordRef,
    ) -> Result<&mut OpenRecord, StoreError> {
        let key = (district, reference.id());
        if let Some(why) = fetched.broken.get(&key) {
            return Err(StoreError::Corrupt { table: "changes", row: why.clone() });
        }
        let open = self.records.get_mut(&key).ok_or(StoreError::Busy)?;
        if open.version == 0 && open.reference != *reference {
            // It does not exist: whoever named it first, and was refused, must not keep its place.
            *open = OpenRecord { weight_bytes: open.weight_bytes, ..OpenRecord::new(*reference) };
        }
        Ok(open)
    }

    /// The roster of the branch that a points record belongs to; other kinds need none.
    pub(super) fn roster(&mut self, district: DistrictId, reference: &RecordRef) -> Option<Arc<RosterView>> {
        match reference.kind {
            RecordKind::Points => self.rosters.get(&(district, reference.org))?.clone(),
            _ => None,
        }
    }

    /// Notes where the last change of a record lies now.
    pub(super) fn note_position(&mut self, district: DistrictId, record: RecordId, position: u64) {
        if let Some(open) = self.records.peek_mut(&(district, record)) {
            open.position = open.position.max(position);
            let weight = open.index.weight_bytes();
            self.weight_bytes = self.weight_bytes - open.weight_bytes + weight;
            open.weight_bytes = weight;
        }
    }

    /// Closes everything: after the judge broke, nothing that it held is to be trusted.
    pub(super) fn forget(&mut self) {
        self.records.clear();
        self.rosters.clear();
        self.leaving.clear();
        self.weight_bytes = 0;
    }

    /// Closes a record, so that it is read again: after a commit that did not go through.
    pub(super) fn close(&mut self, district: DistrictId, record: RecordId) {
        if let Some(open) = self.records.pop(&(district, record)) {
            self.weight_bytes -= open.weight_bytes;
        }
    }

    /// Closes a roster that a committed change altered.
    pub(super) fn close_roster(&mut self, district: DistrictId, org: OrgId) {
        self.rosters.pop(&(district, org));
    }

    /// Closes all rosters: nobody knows which of them are still true.
    pub(super) fn close_rosters(&mut self) {
        self.rosters.clear();
    }

    /// Lets go of what was not used for long until memory is within its bounds, and puts the indexes away in the store.
    pub(super) async fn shrink(&mut self) -> Result<(), StoreError> {
        self.let_go(OPEN_BYTES);
        let leaving: usize = self.leaving.values().map(Vec::len).sum();
        if leaving < KEEP_AT_ONCE { Ok(()) } else { self.put_away().await }
    }

    /// Puts everything away, at the end.
    pub(super) async fn shut(&mut self) -> Result<(), StoreError> {
        self.let_go(0);
        self.put_away().await
    }

    fn let_go(&mut self, most_bytes: usize) {
        while self.weight_bytes > most_bytes {
            let Some(((district, record), open)) = self.records.pop_lru() else { break };
            self.weight_bytes -= open.weight_bytes;
            if open.version >= open.kept_version + KEEP_FROM_CHANGES {
                let OpenRecord { version, position, index, .. } = open;
                let kept = KeptIndex { record, version, position, bytes: index.keep() };
                self.leaving.entry(district).or_default().push(kept);
            }
        }
    }

    async fn put_away(&mut self) -> Result<(), StoreError> {
        while let Some((district, indexes)) = self.leaving.pop_first() {
            for some in indexes.chunks(KEEP_AT_ONCE) {
                self.store.keep_indexes(district, some).await?;
            }
        }
        Ok(())
    }

    fn put(&mut self, district: DistrictId, open: OpenRecord) {
        self.weight_bytes += open.weight_bytes;
        let key = (district, open.reference.id());
        if let Some(before) = self.records.put(key, open) {
            self.weight_bytes -= before.weight_bytes;
        }
    }
}

impl OpenRecord {
    fn new(reference: RecordRef) -> Self {
        let index = Index::new(&reference);
        let weight_bytes = index.weight_bytes();
        Self { reference, version: 0, index, position: 0, kept_version: 0, weight_bytes }
    }
}

impl Fetched {
    /// What became of a change when this author delivered it before.
    pub(super) fn known(
        &self,
        district: DistrictId,
        author: DeviceId,
        hash: ChangeHash,
    ) -> Option<&KnownChange> {
        self.known.get(&(district, author, hash))
    }

    /// The district's org tree; an empty one if nothing of the district was fetched.
    pub(super) fn tree(&self, district: DistrictId) -> Arc<OrgTree> {
        self.trees.get(&district).cloned().unwrap_or_else(|| Arc::new(OrgTree::new(Vec::new())))
    }
}

/// Reads a record's document from its log.
pub async fn read_record(
    store: &dyn Store,
    district: DistrictId,
    reference: RecordRef,
) -> Result<Option<Record>, StoreError> {
    let stored = store.load_record(district, reference.id()).await?;
    stored.map(|stored| stored.document()).transpose()
}

//! Decides about changes in the state that their records have now.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;
use zhibu_domain::access::{Author, Scene};
use zhibu_domain::event::Status;
use zhibu_domain::gate::{self, Decoded, Index};
use zhibu_domain::ids::{DistrictId, OrgId, RecordId};
use zhibu_domain::org::{OrgTree, OrgType};
use zhibu_domain::record::{Actor, ChangeHash, Record, RecordKind, RecordRef};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::view::RosterView;
use zhibu_domain::wire::Refusal;

use super::Trees;
use super::prepare::{Content, OpenedChange, Prepared};
use crate::metrics::Stage;
use crate::store::{Decision, Delivery, KnownChange, Store, StoreError, Verdict};
use zhibu_domain::time::Millis;

/// Records whose index stays in memory, and branches whose roster does.
const OPEN_RECORDS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4095);
const OPEN_ROSTERS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1023);

/// A record as the judge holds it.
struct OpenRecord {
    reference: RecordRef,
    /// Changes in the log plus those judged in the batch at hand.
    version: u64,
    index: Index,
}

/// What the judge keeps open: indexes of records and rosters. All of it can be read again.
pub(super) struct Books {
    store: Arc<dyn Store>,
    records: LruCache<(DistrictId, RecordId), OpenRecord>,
    rosters: LruCache<(DistrictId, OrgId), Option<Arc<RosterView>>>,
    trees: Arc<Trees>,
}

impl Books {
    /// Nothing open yet.
    pub(super) fn new(store: Arc<dyn Store>, trees: Arc<Trees>) -> Self {
        Self { store, records: LruCache::new(OPEN_RECORDS), rosters: LruCache::new(OPEN_ROSTERS), trees }
    }

    /// Judges an envelope. `refused` gathers what was refused in the batch at hand.
    pub(super) async fn judge(
        &mut self,
        envelope: &Prepared,
        refused: &mut HashSet<ChangeHash>,
        received_at: Millis,
    ) -> Result<Delivery, StoreError> {
        let mut delivery = Delivery {
            district: envelope.carrier.district,
            carrier: envelope.carrier.device,
            author: envelope.author,
            counter: envelope.counter,
            digest: envelope.digest,
            refused_envelope: None,
            verdicts: Vec::new(),
            epoch_seen: 0,
            received_at,
        };
        match &envelope.content {
            Content::Refused(refusal) => {
                let bytes = minicbor::to_vec(&envelope.envelope).unwrap_or_default();
                delivery.refused_envelope = Some((refusal.clone(), bytes));
            }
            Content::Signed { author, orgs_version, changes } => {
                let orgs = self.trees.get(&*self.store, delivery.district, *orgs_version).await?;
                let hashes: Vec<_> = changes.iter().map(|change| change.hash).collect();
                let known = self.store.known_changes(delivery.district, envelope.author, &hashes).await?;
                for change in changes {
                    let verdict =
                        self.verdict(delivery.district, author, &orgs, change, &known, refused).await?;
                    if let Decision::Refuse(_) = verdict.decision {
                        refused.insert(verdict.hash);
                    }
                    delivery.verdicts.push(verdict);
                }
                delivery.epoch_seen = epoch_seen(changes, author);
            }
        }
        Ok(delivery)
    }

    async fn verdict(
        &mut self,
        district: DistrictId,
        author: &Author,
        orgs: &OrgTree,
        change: &OpenedChange,
        known: &HashMap<ChangeHash, KnownChange>,
        refused: &HashSet<ChangeHash>,
    ) -> Result<Verdict, StoreError> {
        let verdict = |decision, base_version| Verdict {
            record: change.record,
            hash: change.hash,
            change: change.bytes.clone(),
            decision,
            base_version,
            admitted_by: change.admitted_by,
        };
        match known.get(&change.hash) {
            Some(KnownChange::Stored { position }) => {
                return Ok(verdict(Decision::Duplicate { position: *position }, None));
            }
            // A refusal stands: its author may have written the work anew by now. Only a change that came before
            // what it depends on is looked at again, and one that somebody with the right admits.
            Some(KnownChange::Quarantined(refusal))
                if refusal.code != RefusalCode::MissingDependency && change.admitted_by.is_none() =>
            {
                return Ok(verdict(Decision::Refuse(refusal.clone()), None));
            }
            _ => {}
        }
        let decoded = match &change.decoded {
            Ok(decoded) => decoded,
            Err(refusal) => return Ok(verdict(Decision::Refuse(refusal.clone()), None)),
        };
        if let Err(refusal) = place(&change.record, orgs) {
            return Ok(verdict(Decision::Refuse(refusal), None));
        }
        let roster = self.roster(district, change.record).await?;
        let open = self.open(district, change.record).await?;
        let base = Some(open.version);
        if open.reference != change.record {
            let refusal = Refusal::new(RefusalCode::WrongRecord, "the record belongs elsewhere");
            return Ok(verdict(Decision::Refuse(refusal), base));
        }
        if open.index.holds(change.hash) {
            // Appended a moment ago by another carrier: the store answers with its position.
            return Ok(verdict(Decision::Append, base));
        }
        let scene = Scene { record: &change.record, status: Status::Draft, orgs, roster: roster.as_deref() };
        let at_the_gate = Stage::Gate.begin();
        let admitted = gate::admit(&mut open.index, decoded, author, &scene);
        at_the_gate.end();
        match admitted {
            Ok(()) => {
                open.version += 1;
                Ok(verdict(Decision::Append, base))
            }
            Err(refusal) => {
                let refusal = self.trace(district, author, decoded, refusal, refused).await?;
                Ok(verdict(Decision::Refuse(refusal), base))
            }
        }
    }

    /// A missing dependency that was itself refused is another matter than one that has not come yet.
    async fn trace(
        &self,
        district: DistrictId,
        author: &Author,
        change: &Decoded,
        refusal: Refusal,
        refused: &HashSet<ChangeHash>,
    ) -> Result<Refusal, StoreError> {
        if refusal.code != RefusalCode::MissingDependency {
            return Ok(refusal);
        }
        let dependencies: Vec<_> = change.dependencies().collect();
        let known = self.store.known_changes(district, author.device, &dependencies).await?;
        let was_refused = |hash: &ChangeHash| match known.get(hash) {
            Some(KnownChange::Quarantined(earlier)) => earlier.code != RefusalCode::MissingDependency,
            Some(KnownChange::Stored { .. }) => false,
            None => refused.contains(hash),
        };
        Ok(match dependencies.iter().any(was_refused) {
            true => Refusal { code: RefusalCode::DependsOnRefused, ..refusal },
            false => refusal,
        })
    }

    /// Closes everything: after the judge broke, nothing that it held is to be trusted.
    pub(super) fn forget(&mut self) {
        self.records.clear();
        self.rosters.clear();
    }

    /// Closes records, so that they are read again: after a commit that did not go through.
    pub(super) fn close(&mut self, delivery: &Delivery) {
        for verdict in &delivery.verdicts {
            self.records.pop(&(delivery.district, verdict.record.id()));
        }
    }

    /// Closes the rosters that a committed delivery changed.
    pub(super) fn settle(&mut self, delivery: &Delivery) {
        for verdict in delivery.verdicts.iter().filter(|v| v.record.kind == RecordKind::Roster) {
            self.rosters.pop(&(delivery.district, verdict.record.org));
        }
    }

    async fn open(
        &mut self,
        district: DistrictId,
        reference: RecordRef,
    ) -> Result<&mut OpenRecord, StoreError> {
        let key = (district, reference.id());
        if !self.records.contains(&key) {
            let open = match self.store.load_record(district, key.1).await? {
                None => OpenRecord { reference, version: 0, index: Index::new(&reference) },
                Some(stored) => {
                    let mut index = Index::new(&stored.reference);
                    for change in &stored.changes {
                        gate::replay(&mut index, &change.bytes).map_err(|refusal| StoreError::Corrupt {
                            table: "changes",
                            row: format!("{} at {}: {}", key.1, change.position, refusal.code),
                        })?;
                    }
                    OpenRecord { reference: stored.reference, version: stored.version, index }
                }
            };
            self.records.put(key, open);
        }
        self.records.get_mut(&key).ok_or(StoreError::Busy)
    }

    /// The roster of the branch that a points record belongs to; other kinds need none.
    async fn roster(
        &mut self,
        district: DistrictId,
        reference: RecordRef,
    ) -> Result<Option<Arc<RosterView>>, StoreError> {
        if reference.kind != RecordKind::Points {
            return Ok(None);
        }
        let key = (district, reference.org);
        if let Some(roster) = self.rosters.get(&key) {
            return Ok(roster.clone());
        }
        let roster = read_record(&*self.store, district, RecordRef::roster(reference.org)).await?;
        let roster = roster.map(|record| Arc::new(RosterView::of(&record)));
        self.rosters.put(key, roster.clone());
        Ok(roster)
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

/// Whether a record of that kind may stand at that org at all.
fn place(reference: &RecordRef, orgs: &OrgTree) -> Result<(), Refusal> {
    let Some(org) = orgs.get(reference.org) else {
        return Err(Refusal::new(RefusalCode::UnknownOrg, "org"));
    };
    let fits = match reference.kind {
        RecordKind::Activity => org.org_type != OrgType::Group,
        RecordKind::Points | RecordKind::Roster => org.org_type.is_branch(),
        RecordKind::RuleBook => org.org_type == OrgType::District,
    };
    match fits && reference.is_well_formed() {
        true => Ok(()),
        false => Err(Refusal::new(RefusalCode::WrongRecord, "a record of this kind cannot stand here")),
    }
}

/// The highest epoch of the author's device among these changes.
fn epoch_seen(changes: &[OpenedChange], author: &Author) -> u32 {
    let actors = changes.iter().filter_map(|change| change.decoded.as_ref().ok()?.actor());
    actors.filter(|actor: &Actor| actor.device == author.device).map(|actor| actor.epoch).max().unwrap_or(0)
}

//! What a commit decides, whatever the database: which deliveries still stand, which positions are given out, which
//! rows grow. A back end asks its tables once for all that a commit names ([`Asked`]), hands over what stands there
//! ([`Standing`]), and writes what comes of it ([`Outcome`]): a few statements for each commit, however many deliveries
//! share it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use uuid::Uuid;
use zhibu_domain::ids::{DeviceId, DistrictId, RecordId, natural};
use zhibu_domain::record::{ChangeHash, Collection, RecordRef};
use zhibu_domain::wire::{Receipt, Refusal};

use super::projection::is_projected;
use super::{AuditAct, AuditEntry, Committed, Decision, Delivery, Verdict};

/// What the tables must be asked before anything is decided. Of one district, sorted, each once.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) envelopes: BTreeSet<(DeviceId, u64)>,
    pub(super) hashes: BTreeSet<ChangeHash>,
    pub(super) records: BTreeSet<RecordId>,
    pub(super) collections: BTreeSet<Collection>,
}

/// What stands in the tables of what was asked; what is missing here is not there.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Digests by device and counter.
    pub(super) digests: HashMap<(DeviceId, u64), [u8; 32]>,
    /// Positions of changes in the log.
    pub(super) positions: HashMap<ChangeHash, u64>,
    /// Version and size in bytes of records.
    pub(super) records: HashMap<RecordId, Growth>,
    /// Last positions.
    pub(super) heads: HashMap<Collection, u64>,
}

/// How far a record has grown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Growth {
    pub(super) version: u64,
    pub(super) size_bytes: u64,
}

/// What is to be written.
#[derive(Debug, Default)]
pub(super) struct Outcome<'a> {
    /// One for each delivery, in their order.
    pub(super) committed: Vec<Committed>,
    /// New last positions.
    pub(super) heads: BTreeMap<Collection, u64>,
    /// Records that grew, new ones among them.
    pub(super) records: BTreeMap<RecordId, (RecordRef, Growth)>,
    /// Rows of the log.
    pub(super) changes: Vec<Appended<'a>>,
    /// Deliveries whose envelope number is taken now.
    pub(super) envelopes: Vec<&'a Delivery>,
    /// The highest counter and epoch of each author.
    pub(super) numbers: BTreeMap<DeviceId, (u64, u32)>,
    /// What goes to quarantine.
    pub(super) kept: Vec<Kept<'a>>,
}

impl Outcome<'_> {
    /// What the projector has not seen, with its version.
    pub(super) fn marks(&self) -> impl Iterator<Item = (RecordId, u64)> {
        let marked = self.records.iter().filter(|(_, (reference, _))| is_projected(reference.kind));
        marked.map(|(record, (_, growth))| (*record, growth.version))
    }
}

/// A change that gets a position.
#[derive(Debug, Clone, Copy)]
pub(super) struct Appended<'a> {
    pub(super) delivery: &'a Delivery,
    pub(super) verdict: &'a Verdict,
    pub(super) position: u64,
}

/// Something refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept<'a> {
    pub(super) delivery: &'a Delivery,
    /// The record as the delivery names it; none for a whole envelope.
    pub(super) record: Option<&'a RecordRef>,
    pub(super) hash: [u8; 32],
    pub(super) content: &'a [u8],
    pub(super) refusal: &'a Refusal,
}

impl Kept<'_> {
    /// The item's id. Follows from author and hash, so that a second delivery is the same item.
    pub(super) fn item(&self) -> Uuid {
        let is_envelope = self.record.is_none();
        natural(&[b"quarantine", self.delivery.author.bytes(), &self.hash, &[u8::from(is_envelope)]])
    }

    /// What the audit log is told of it, the first time.
    pub(super) fn audit_entry(&self) -> AuditEntry {
        let Kept { delivery, refusal, .. } = self;
        AuditEntry {
            at: delivery.received_at,
            account: None,
            device: Some(delivery.carrier),
            act: AuditAct::Refused,
            subject: self.item().to_string(),
            detail: serde_json::json!({
                "author": delivery.author, "code": refusal.code, "slot": refusal.slot
            }),
        }
    }
}

/// The deliveries by district, with their places in the commit.
pub(super) fn by_district(deliveries: &[Delivery]) -> BTreeMap<DistrictId, Vec<(usize, &Delivery)>> {
    let mut groups = BTreeMap::<_, Vec<_>>::new();
    for (place, delivery) in deliveries.iter().enumerate() {
        groups.entry(delivery.district).or_default().push((place, delivery));
    }
    groups
}

impl Asked {
    /// What these deliveries of one district name.
    pub(super) fn of<'a>(deliveries: impl IntoIterator<Item = &'a Delivery>) -> Self {
        let mut asked = Self::default();
        for delivery in deliveries.into_iter().filter(|delivery| delivery.refused_envelope.is_none()) {
            if delivery.counter > 0 {
                asked.envelopes.insert((delivery.author, delivery.counter));
            }
            for verdict in &delivery.verdicts {
                if verdict.base_version.is_some() {
                    asked.records.insert(verdict.record.id());
                }
                if verdict.decision == Decision::Append {
                    asked.hashes.insert(verdict.hash);
                    asked.records.insert(verdict.record.id());
                    asked.collections.insert(verdict.record.collection());
                }
            }
        }
        asked
    }
}

/// Decides about deliveries of one district, in their order.
pub(super) fn decide<'a>(
    deliveries: impl IntoIterator<Item = &'a Delivery>,
    standing: Standing,
) -> Outcome<'a> {
    let mut deciding = Deciding { standing, outcome: Outcome::default(), left_out: HashSet::new() };
    for delivery in deliveries {
        let committed = deciding.delivery(delivery);
        deciding.outcome.committed.push(committed);
    }
    deciding.outcome
}

/// The tables as they will be, so far.
struct Deciding<'a> {
    standing: Standing,
    outcome: Outcome<'a>,
    /// Records of deliveries that were left out. Whoever was judged after them counted on what they would have added,
    /// and the version cannot tell: another server may have added as much of something else.
    left_out: HashSet<RecordId>,
}

impl<'a> Deciding<'a> {
    fn delivery(&mut self, delivery: &'a Delivery) -> Committed {
        if let Some((refusal, bytes)) = &delivery.refused_envelope {
            let hash = delivery.digest;
            self.outcome.kept.push(Kept { delivery, record: None, hash, content: bytes, refusal });
            return Committed::Done(Vec::new());
        }
        let number = (delivery.author, delivery.counter);
        if self.standing.digests.get(&number).is_some_and(|digest| *digest != delivery.digest) {
            self.leave_out(delivery);
            return Committed::CounterReused;
        }
        if let Some(stale) = self.find_stale(delivery) {
            self.leave_out(delivery);
            return Committed::Stale(stale);
        }
        self.note_numbers(delivery);
        Committed::Done(delivery.verdicts.iter().map(|verdict| self.verdict(delivery, verdict)).collect())
    }

    /// The first record that moved on since a verdict was reached over it. Nothing is written before all verdicts of a
    /// delivery were looked at, so leaving it out costs nothing.
    fn find_stale(&self, delivery: &Delivery) -> Option<RecordId> {
        // What this delivery would add to each record, were it written.
        let mut added = HashMap::<RecordId, u64>::new();
        let mut seen = HashSet::new();
        for verdict in &delivery.verdicts {
            let appends = verdict.decision == Decision::Append;
            let is_there = appends && self.standing.positions.contains_key(&verdict.hash);
            if is_there || (appends && !seen.insert(verdict.hash)) {
                continue;
            }
            let record = verdict.record.id();
            let so_far = added.entry(record).or_default();
            let version = self.standing.records.get(&record).map_or(0, |growth| growth.version);
            let has_moved = |base| version + *so_far != base || self.left_out.contains(&record);
            if verdict.base_version.is_some_and(has_moved) {
                return Some(record);
            }
            *so_far += u64::from(appends);
        }
        None
    }

    fn leave_out(&mut self, delivery: &Delivery) {
        let appends = delivery.verdicts.iter().filter(|verdict| verdict.decision == Decision::Append);
        self.left_out.extend(appends.map(|verdict| verdict.record.id()));
    }

    fn note_numbers(&mut self, delivery: &'a Delivery) {
        let (counter, epoch) = self.outcome.numbers.entry(delivery.author).or_default();
        *counter = (*counter).max(delivery.counter);
        *epoch = (*epoch).max(delivery.epoch_seen);
        let number = (delivery.author, delivery.counter);
        if delivery.counter > 0 && self.standing.digests.insert(number, delivery.digest).is_none() {
            self.outcome.envelopes.push(delivery);
        }
    }

    fn verdict(&mut self, delivery: &'a Delivery, verdict: &'a Verdict) -> Receipt {
        match &verdict.decision {
            Decision::Duplicate { position } => Receipt::Duplicate(*position),
            Decision::Refuse(refusal) => {
                let (record, hash) = (Some(&verdict.record), verdict.hash.0);
                let content = &verdict.change[..];
                self.outcome.kept.push(Kept { delivery, record, hash, content, refusal });
                Receipt::Refused(refusal.clone())
            }
            Decision::Append => match self.standing.positions.get(&verdict.hash) {
                Some(position) => Receipt::Duplicate(*position),
                None => Receipt::Stored(self.append(delivery, verdict)),
            },
        }
    }

    fn append(&mut self, delivery: &'a Delivery, verdict: &'a Verdict) -> u64 {
        let (record, collection) = (verdict.record.id(), verdict.record.collection());
        let head = self.standing.heads.entry(collection).or_default();
        *head += 1;
        let position = *head;
        let growth = self.standing.records.entry(record).or_default();
        growth.version += 1;
        growth.size_bytes += verdict.change.len() as u64;
        self.standing.positions.insert(verdict.hash, position);
        self.outcome.heads.insert(collection, position);
        self.outcome.records.insert(record, (verdict.record, *growth));
        self.outcome.changes.push(Appended { delivery, verdict, position });
        position
    }
}

//! What the server really holds: every record of its log is read back and held against what the phones were told.

use std::collections::{HashMap, HashSet};

use zhibu_domain::attendance::Attendance;
use zhibu_domain::event::Claim;
use zhibu_domain::ids::{DeviceId, DistrictId, EntryId, MemberId, RecordId};
use zhibu_domain::record::{Actor, ChangeHash, Record, RecordKind};
use zhibu_domain::view::{ActivityView, PointsView};
use zhibu_server::store::{Store, StoredRecord};

/// The device in the actor of a record's first change, which follows from its reference and is nobody's.
const GENESIS: DeviceId = DeviceId::from_bytes([0; 16]);

/// What one phone wrote that evening, and what it was told about it.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    /// The phone.
    pub(crate) device: DeviceId,
    /// Whose it is.
    pub(crate) member: MemberId,
    /// The mark's record and change.
    pub(crate) mark: (RecordId, ChangeHash),
    /// The claim's record and change.
    pub(crate) claim: (RecordId, ChangeHash),
    /// The claim.
    pub(crate) claimed: (EntryId, Claim),
    /// The positions in the receipts that reached the phone.
    pub(crate) positions: HashMap<ChangeHash, u64>,
}

/// What was found wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Receipted, but the change is not in the log, or what it says is not in the document.
    pub(crate) lost: u64,
    /// A change, or a claim, that is there more than once.
    pub(crate) duplicated: u64,
    /// A change under another device than the one that signed it, or at another position than its receipt says.
    pub(crate) unverified: u64,
    /// Changes read.
    pub(crate) changes: u64,
    /// Records read.
    pub(crate) records: u64,
}

/// Gathers findings record by record.
pub(crate) struct ReadBack<'a> {
    told: HashMap<RecordId, Vec<&'a Told>>,
    seen: HashSet<ChangeHash>,
    found: Findings,
}

impl<'a> ReadBack<'a> {
    /// For what these phones were told.
    pub(crate) fn of(told: &'a [Told]) -> Self {
        let mut by_record: HashMap<RecordId, Vec<&Told>> = HashMap::new();
        for one in told {
            by_record.entry(one.mark.0).or_default().push(one);
            by_record.entry(one.claim.0).or_default().push(one);
        }
        Self { told: by_record, seen: HashSet::new(), found: Findings::default() }
    }

    /// Reads every record of a district, and says what is wrong.
    pub(crate) async fn read(mut self, store: &dyn Store, district: DistrictId) -> Findings {
        let mut after = None;
        loop {
            let page = store.list_records(district, after, 1000).await.unwrap();
            let Some(last) = page.last() else { return self.finish() };
            after = Some(last.reference.id());
            for summary in page {
                let stored = store.load_record(district, summary.reference.id()).await.unwrap();
                self.examine(&stored.unwrap());
            }
        }
    }

    /// Looks at one record.
    fn examine(&mut self, stored: &StoredRecord) {
        self.found.records += 1;
        let mut positions = HashMap::new();
        for change in &stored.changes {
            self.found.changes += 1;
            if !self.seen.insert(change.hash) {
                self.found.duplicated += 1;
            }
            positions.insert(change.hash, change.position);
        }
        let authors: HashMap<_, _> =
            stored.changes.iter().map(|change| (change.hash, change.author)).collect();
        let document = stored.document().unwrap();
        self.check_authors(&document, &authors);
        let told = self.told.remove(&stored.reference.id()).unwrap_or_default();
        for one in told {
            match stored.reference.kind {
                RecordKind::Activity => self.check_mark(one, &document, &positions),
                _ => self.check_claim(one, &document, &positions),
            }
        }
    }

    /// The device in a change's actor is the one under whose signature it came.
    fn check_authors(&mut self, document: &Record, authors: &HashMap<ChangeHash, DeviceId>) {
        for change in document.changes() {
            let actor = Actor::from_bytes(change.actor_id().to_bytes()).map(|actor| actor.device);
            let author = authors.get(&ChangeHash::from(change.hash())).copied();
            if actor != Some(GENESIS) && actor != author {
                self.found.unverified += 1;
            }
        }
    }

    fn check_mark(&mut self, told: &Told, document: &Record, positions: &HashMap<ChangeHash, u64>) {
        let mark = ActivityView::of(document).attendance.get(&told.member).copied();
        self.check_change(told, told.mark.1, document, positions, mark == Some(Attendance::Present));
    }

    fn check_claim(&mut self, told: &Told, document: &Record, positions: &HashMap<ChangeHash, u64>) {
        let view = PointsView::of(document);
        let (entry, claim) = &told.claimed;
        let same =
            view.entries.values().filter(|held| held.matter == claim.matter && held.date == claim.date);
        self.found.duplicated += (same.count() as u64).saturating_sub(1);
        let is_there = view.entries.get(entry) == Some(claim);
        self.check_change(told, told.claim.1, document, positions, is_there);
    }

    fn check_change(
        &mut self,
        told: &Told,
        hash: ChangeHash,
        document: &Record,
        positions: &HashMap<ChangeHash, u64>,
        is_visible: bool,
    ) {
        let Some(receipted) = told.positions.get(&hash) else { return };
        if !document.holds(hash) || !is_visible {
            self.found.lost += 1;
            return;
        }
        let by = document.changes().find(|change| ChangeHash::from(change.hash()) == hash);
        let by = by.and_then(|change| Actor::from_bytes(change.actor_id().to_bytes()));
        if positions.get(&hash) != Some(receipted) || by.map(|actor| actor.device) != Some(told.device) {
            self.found.unverified += 1;
        }
    }

    /// Whatever was told about a record that the log does not have is lost.
    fn finish(mut self) -> Findings {
        for (record, told) in &self.told {
            for one in told {
                let change = if one.mark.0 == *record { one.mark.1 } else { one.claim.1 };
                self.found.lost += u64::from(one.positions.contains_key(&change));
            }
        }
        self.found
    }
}

#[cfg(test)]
#[path = "readback_tests.rs"]
mod tests;

//! The records that were opened last, so that a list or an autosave need not load them again.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zhibu_domain::ids::RecordId;
use zhibu_domain::record::Record;

use crate::store::Write;

/// A record takes some 25 KB in memory, and a browser never gives memory back.
const MAX_RECORDS: usize = 50;

/// At most [`MAX_RECORDS`] records as they were at one revision of the store.
#[derive(Default)]
pub(super) struct Memory {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    revision: u64,
    /// The one used last stands last.
    records: Vec<(RecordId, Arc<Record>)>,
}

impl Memory {
    /// The record as it was at this revision, if it is kept.
    pub(super) fn find(&self, revision: u64, id: RecordId) -> Option<Arc<Record>> {
        let mut kept = self.at(revision);
        let place = kept.records.iter().position(|(one, _)| *one == id)?;
        let found = kept.records.remove(place);
        let record = found.1.clone();
        kept.records.push(found);
        Some(record)
    }

    /// Keeps a record that was read, or written, at this revision.
    pub(super) fn keep(&self, revision: u64, record: Arc<Record>) {
        let mut kept = self.at(revision);
        let id = record.reference().id();
        kept.records.retain(|(one, _)| *one != id);
        if kept.records.len() >= MAX_RECORDS {
            kept.records.remove(0);
        }
        kept.records.push((id, record));
    }

    /// These writes were committed on top of a revision: what they did not touch is as it was.
    pub(super) fn committed(&self, based_on: u64, touched: &Touched) {
        let mut kept = self.lock();
        if kept.revision != based_on {
            return;
        }
        kept.revision += 1;
        match touched {
            Touched::Any => kept.records.clear(),
            Touched::These(records) => kept.records.retain(|(id, _)| !records.contains(id)),
        }
    }

    /// What is kept, emptied if it is of another revision: another process or window wrote.
    fn at(&self, revision: u64) -> MutexGuard<'_, Kept> {
        let mut kept = self.lock();
        if kept.revision != revision {
            *kept = Kept { revision, records: Vec::new() };
        }
        kept
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which records an act changes.
pub(super) enum Touched {
    /// It does not say.
    Any,
    /// These at most.
    These(BTreeSet<RecordId>),
}

impl Touched {
    /// What these writes touch.
    pub(super) fn by(writes: &[Write]) -> Self {
        let mut records = BTreeSet::new();
        for write in writes {
            match write {
                Write::Pending(change) => records.insert(change.record.id()),
                Write::Accept(change) => records.insert(change.record.id()),
                // Neither says which records it takes changes from.
                Write::DropPending(_) | Write::Forget(_) => return Touched::Any,
                _ => false,
            };
        }
        Touched::These(records)
    }
}

#[cfg(test)]
mod tests {
    use zhibu_domain::ids::OrgId;
    use zhibu_domain::record::{Collection, RecordRef};

    use super::*;

    fn record(n: u8) -> Arc<Record> {
        let id = RecordId::from_bytes([n; 16]);
        Arc::new(Record::new(RecordRef::activity(OrgId::from_bytes([1; 16]), 2026, id)))
    }

    fn id(n: u8) -> RecordId {
        RecordId::from_bytes([n; 16])
    }

    #[test]
    fn only_so_many_are_kept_and_the_one_not_used_longest_goes() {
        let memory = Memory::default();
        for n in 0..50 {
            memory.keep(1, record(n));
        }
        assert!(memory.find(1, id(0)).is_some());
        memory.keep(1, record(50));
        assert!(memory.find(1, id(0)).is_some() && memory.find(1, id(1)).is_none());
        assert_eq!(memory.lock().records.len(), MAX_RECORDS);
    }

    #[test]
    fn a_revision_that_somebody_else_wrote_empties_it() {
        let memory = Memory::default();
        memory.keep(1, record(1));
        assert!(memory.find(2, id(1)).is_none());
        assert!(memory.find(1, id(1)).is_none(), "what was dropped does not come back");
    }

    #[test]
    fn an_own_commit_keeps_what_it_did_not_touch() {
        let memory = Memory::default();
        memory.keep(4, record(1));
        memory.committed(4, &Touched::by(&[Write::DropRefused(1)]));
        assert!(memory.find(5, id(1)).is_some());
        memory.committed(3, &Touched::by(&[Write::DropRefused(1)]));
        assert!(memory.find(5, id(1)).is_some(), "a commit on another revision says nothing");
        let collection = Collection { org: OrgId::from_bytes([1; 16]), year: 2026 };
        memory.committed(5, &Touched::by(&[Write::Forget(collection)]));
        assert!(memory.find(6, id(1)).is_none());
    }
}

//! Reading the log in memory. Writing it is in [`commit`](super::commit).

use std::collections::HashMap;
use std::ops::Bound;

use async_trait::async_trait;
use zhibu_domain::ids::{DeviceId, DistrictId, RecordId};
use zhibu_domain::record::{ChangeHash, Collection};
use zhibu_domain::wire::ReadMark;

use super::tables::{ChangeRow, RecordRow, Tables};
use super::{MemoryStore, commit};
use crate::store::pack::open_for_sending;
use crate::store::{
    Committed, Delivery, HowResolved, JudgedRecord, KeptIndex, KnownChange, LogContent, LogNews, LogRow,
    LogStore, RecordSummary, StoreError, StoredRecord,
};

#[async_trait]
impl LogStore for MemoryStore {
    async fn commit(&self, deliveries: &[Delivery]) -> Result<Vec<Committed>, StoreError> {
        commit::write(&mut *self.open()?, deliveries)
    }

    async fn known_changes(
        &self,
        district: DistrictId,
        wanted: &[(DeviceId, ChangeHash)],
    ) -> Result<HashMap<(DeviceId, ChangeHash), KnownChange>, StoreError> {
        self.read(district, |tables| {
            wanted.iter().filter_map(|asked| Some((*asked, tables.known(asked)?))).collect()
        })
    }

    async fn open_records(
        &self,
        district: DistrictId,
        ids: &[RecordId],
    ) -> Result<Vec<JudgedRecord>, StoreError> {
        self.read(district, |tables| {
            let records = ids.iter().filter_map(|id| tables.records.get(id));
            records.map(|record| tables.judged(record)).collect()
        })?
    }

    async fn keep_indexes(&self, district: DistrictId, indexes: &[KeptIndex]) -> Result<(), StoreError> {
        self.write(district, |tables| {
            for index in indexes {
                let kept = tables.indexes.get(&index.record);
                if kept.is_none_or(|kept| kept.version < index.version) {
                    tables.indexes.insert(index.record, index.clone());
                }
            }
        })
    }

    async fn load_record(
        &self,
        district: DistrictId,
        id: RecordId,
    ) -> Result<Option<StoredRecord>, StoreError> {
        self.read(district, |tables| {
            let Some(record) = tables.records.get(&id) else { return Ok(None) };
            let (changes, packed) = tables.changes_of(record)?;
            let RecordRow { reference, growth, .. } = *record;
            Ok(Some(StoredRecord { reference, version: growth.version, packed, changes }))
        })?
    }

    async fn read_news(
        &self,
        district: DistrictId,
        marks: &[ReadMark],
        max_bytes: usize,
    ) -> Result<LogNews, StoreError> {
        self.read(district, |tables| {
            let (mut news, mut bytes) = (LogNews::default(), 0);
            for ((collection, position), row) in marks.iter().flat_map(|mark| tables.behind(mark)) {
                let content = tables.content((*collection, *position), row)?;
                bytes += content.size_bytes();
                if bytes > max_bytes && !news.rows.is_empty() {
                    news.more = true;
                    break;
                }
                news.rows.push(LogRow { position: *position, record: row.record, name: row.hash, content });
            }
            Ok(news)
        })?
    }

    async fn contradicted(
        &self,
        district: DistrictId,
        marks: &[ReadMark],
    ) -> Result<Vec<Collection>, StoreError> {
        self.read(district, |tables| {
            let is_wrong = |mark: &&ReadMark| {
                let is_beyond = tables.heads.get(&mark.collection).copied().unwrap_or(0) < mark.position;
                let standing = tables.log.get(&(mark.collection, mark.position));
                let change = standing.filter(|row| row.holds.is_none());
                let is_another =
                    change.is_some_and(|row| mark.name.is_some_and(|name| name != row.hash.short()));
                is_beyond || is_another
            };
            marks.iter().filter(is_wrong).map(|mark| mark.collection).collect()
        })
    }

    async fn list_collections(&self, district: DistrictId) -> Result<Vec<(Collection, u64)>, StoreError> {
        self.read(district, |tables| tables.heads.iter().map(|(of, head)| (*of, *head)).collect())
    }

    async fn list_records(
        &self,
        district: DistrictId,
        after: Option<RecordId>,
        limit: u32,
    ) -> Result<Vec<RecordSummary>, StoreError> {
        self.read(district, |tables| {
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let records = tables.records.range((from, Bound::Unbounded)).map(|(_, record)| record.summary());
            records.take(limit as usize).collect()
        })
    }

    async fn records_in(
        &self,
        district: DistrictId,
        collection: Collection,
    ) -> Result<Vec<RecordSummary>, StoreError> {
        self.read(district, |tables| {
            let records = tables.records.values();
            let inside = records.filter(|record| record.reference.collection() == collection);
            inside.map(RecordRow::summary).collect()
        })
    }
}

impl RecordRow {
    fn summary(&self) -> RecordSummary {
        let RecordRow { reference, growth, .. } = *self;
        RecordSummary { reference, version: growth.version, size_bytes: growth.size_bytes }
    }
}

impl Tables {
    fn known(&self, (author, hash): &(DeviceId, ChangeHash)) -> Option<KnownChange> {
        if let Some(position) = self.positions.get(hash) {
            return Some(KnownChange::Stored { position: *position });
        }
        let stands = |how: HowResolved| matches!(how, HowResolved::Dismissed);
        let refused = self.quarantine.values().find(|item| {
            item.record.is_some()
                && (item.author, item.hash) == (*author, hash.0)
                && item.resolution.as_ref().is_none_or(|resolution| stands(resolution.how))
        });
        refused.map(|item| KnownChange::Quarantined(item.refusal.clone()))
    }

    fn judged(&self, record: &RecordRow) -> Result<JudgedRecord, StoreError> {
        let RecordRow { reference, growth, .. } = *record;
        let kept = self.indexes.get(&reference.id()).cloned();
        let (mut changes, _) = self.changes_of(record)?;
        let (seen, covered) = kept.as_ref().map_or((0, 0), |kept| (kept.position, kept.version));
        changes.retain(|change| change.position > seen);
        if growth.version != covered + changes.len() as u64 {
            let row = format!("{}: version {}, {covered} kept", reference.id(), growth.version);
            return Err(StoreError::Corrupt { table: "record_indexes", row });
        }
        Ok(JudgedRecord { reference, version: growth.version, kept, changes })
    }

    /// The rows behind a mark.
    fn behind(&self, mark: &ReadMark) -> impl Iterator<Item = (&(Collection, u64), &ChangeRow)> {
        let (from, to) = ((mark.collection, mark.position), (mark.collection, u64::MAX));
        self.log.range((Bound::Excluded(from), Bound::Included(to)))
    }

    fn content(&self, place: (Collection, u64), row: &ChangeRow) -> Result<LogContent, StoreError> {
        if row.holds.is_none() {
            return Ok(LogContent::Change(row.bytes.clone(), row.author));
        }
        let (collection, position) = place;
        let dictionary = self.dictionary(collection)?;
        open_for_sending(&row.record, position, &row.bytes, dictionary.as_deref()).map(LogContent::Pack)
    }
}

//! Packing the log in memory.

use async_trait::async_trait;
use zhibu_domain::ids::DistrictId;
use zhibu_domain::record::Collection;
use zhibu_domain::time::Millis;

use super::MemoryStore;
use super::tables::{ChangeRow, RecordRow, Tables};
use crate::store::{LooseRecord, PackStore, SealedPack, StoreError};

#[async_trait]
impl PackStore for MemoryStore {
    async fn loose_records(
        &self,
        district: DistrictId,
        collection: Collection,
        before: Millis,
    ) -> Result<Vec<LooseRecord>, StoreError> {
        self.read(district, |tables| {
            let loose = |record: &&RecordRow| {
                record.reference.collection() == collection && record.growth.version > record.packed
            };
            let records = tables.records.values().filter(loose);
            records.map(|record| tables.loose(record, before)).collect()
        })
    }

    async fn find_dictionary(
        &self,
        district: DistrictId,
        collection: Collection,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(district, |tables| tables.dictionaries.get(&collection).cloned())
    }

    async fn put_dictionary(
        &self,
        district: DistrictId,
        collection: Collection,
        sealed: &[u8],
    ) -> Result<(), StoreError> {
        self.write(district, |tables| {
            tables.dictionaries.entry(collection).or_insert_with(|| sealed.to_vec());
        })
    }

    async fn compact(&self, district: DistrictId, packs: &[SealedPack]) -> Result<Vec<bool>, StoreError> {
        self.write(district, |tables| packs.iter().map(|pack| tables.compact(pack)).collect())
    }

    async fn forget_envelopes(
        &self,
        district: DistrictId,
        before: Millis,
        limit: u32,
    ) -> Result<u64, StoreError> {
        self.change(district, |tables| {
            let old = tables.envelopes.iter().filter(|(_, (_, received_at))| *received_at < before);
            let old: Vec<_> = old.map(|(number, _)| *number).take(limit as usize).collect();
            for number in &old {
                tables.envelopes.remove(number);
            }
            old.len() as u64
        })
    }
}

impl Tables {
    fn loose(&self, record: &RecordRow, before: Millis) -> LooseRecord {
        let RecordRow { reference, growth, packed } = *record;
        let positions = self.rows_of.get(&reference.id()).into_iter().flatten();
        let rows = positions.filter_map(|position| self.log.get(&(reference.collection(), *position)));
        let old = rows.filter(|row| row.holds.is_none() && row.received_at < before).count() as u64;
        LooseRecord { reference, version: growth.version, packed, old }
    }

    /// Looks before it removes.
    fn compact(&mut self, pack: &SealedPack) -> bool {
        let (id, collection) = (pack.record.id(), pack.record.collection());
        let Some(positions) = self.rows_of.get_mut(&id) else { return false };
        let replaced: Vec<_> = positions.range(..=pack.position).copied().collect();
        if replaced.len() as u64 != pack.replaces {
            return false;
        }
        for position in replaced {
            positions.remove(&position);
            if let Some(row) = self.log.remove(&(collection, position)) {
                self.positions.remove(&row.hash);
            }
        }
        positions.insert(pack.position);
        let SealedPack { record, holds, position, author, received_at, hash, .. } = *pack;
        let bytes = pack.bytes.clone();
        self.log.insert(
            (collection, position),
            ChangeRow { record, holds: Some(holds), hash, bytes, author, received_at },
        );
        self.positions.insert(hash, position);
        if let Some(record) = self.records.get_mut(&id) {
            record.packed = holds;
            if record.growth.version == holds {
                // Nobody writes to it any more: the index would only lie there.
                self.indexes.remove(&id);
            }
        }
        true
    }
}

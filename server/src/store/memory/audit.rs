//! The audit log in memory.

use async_trait::async_trait;
use zhibu_domain::ids::DistrictId;

use super::MemoryStore;
use super::tables::Tables;
use crate::store::audit::CHAIN_START;
use crate::store::{AuditEntry, AuditRow, AuditStore, ChainState, StoreError};

#[async_trait]
impl AuditStore for MemoryStore {
    async fn append_audit(&self, district: DistrictId, entry: &AuditEntry) -> Result<u64, StoreError> {
        self.write(district, |tables| tables.append_audit(entry.clone()))
    }

    async fn list_audit(
        &self,
        district: DistrictId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        self.read(district, |tables| {
            let rows = tables.audit.iter().filter(|row| row.seq > after);
            rows.take(limit as usize).cloned().collect()
        })
    }

    async fn verify_audit(&self, district: DistrictId) -> Result<ChainState, StoreError> {
        self.read(district, |tables| {
            let (mut length, mut last_hash) = (0, CHAIN_START);
            for row in &tables.audit {
                let seq = length + 1;
                if row.seq != seq || row.entry.chain_hash(&last_hash, seq) != row.hash {
                    return ChainState::Broken { seq };
                }
                (length, last_hash) = (seq, row.hash);
            }
            ChainState::Intact { length, last_hash }
        })
    }
}

impl Tables {
    /// Adds an entry to the chain and answers its number.
    pub(super) fn append_audit(&mut self, entry: AuditEntry) -> u64 {
        let (last, previous) = self.audit.last().map_or((0, CHAIN_START), |row| (row.seq, row.hash));
        let seq = last + 1;
        let hash = entry.chain_hash(&previous, seq);
        self.audit.push(AuditRow { seq, entry, hash });
        seq
    }
}

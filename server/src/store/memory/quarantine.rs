//! Quarantine in memory.

use async_trait::async_trait;
use uuid::Uuid;
use zhibu_domain::ids::DistrictId;

use super::MemoryStore;
use super::tables::Tables;
use crate::store::decide::{Appended, Kept};
use crate::store::{HowResolved, QuarantineFilter, QuarantineStore, QuarantinedItem, Resolution, StoreError};

#[async_trait]
impl QuarantineStore for MemoryStore {
    async fn list_quarantine(
        &self,
        district: DistrictId,
        filter: &QuarantineFilter,
    ) -> Result<Vec<QuarantinedItem>, StoreError> {
        let QuarantineFilter { orgs, author, open_only, after, limit } = filter;
        let lies_at = |orgs: &Vec<_>, item: &QuarantinedItem| {
            item.record.is_some_and(|record| orgs.contains(&record.org))
        };
        let is_wanted = |item: &&QuarantinedItem| {
            orgs.as_ref().is_none_or(|orgs| lies_at(orgs, item))
                && author.is_none_or(|author| item.author == author)
                && (!open_only || item.resolution.is_none())
                && after.is_none_or(|after| (item.received_at, item.id) > after)
        };
        self.read(district, |tables| {
            let mut items: Vec<_> = tables.quarantine.values().filter(is_wanted).cloned().collect();
            items.sort_by_key(|item| (item.received_at, item.id));
            items.truncate(*limit as usize);
            items
        })
    }

    async fn find_quarantined(
        &self,
        district: DistrictId,
        item: Uuid,
    ) -> Result<Option<QuarantinedItem>, StoreError> {
        self.read(district, |tables| tables.quarantine.get(&item).cloned())
    }

    async fn resolve_quarantine(
        &self,
        district: DistrictId,
        item: Uuid,
        resolution: &Resolution,
    ) -> Result<bool, StoreError> {
        self.change(district, |tables| {
            let item = tables.quarantine.get_mut(&item).filter(|item| item.resolution.is_none());
            item.map(|item| item.resolution = Some(resolution.clone())).is_some()
        })
    }
}

impl Tables {
    /// Keeps what was refused, once for each author and hash, and tells the audit log the first time.
    pub(super) fn keep(&mut self, kept: &Kept<'_>) {
        let Kept { delivery, record, hash, content, refusal } = *kept;
        let id = kept.item();
        if self.quarantine.contains_key(&id) {
            return;
        }
        let item = QuarantinedItem {
            id,
            hash,
            record: record.copied(),
            author: delivery.author,
            carrier: delivery.carrier,
            counter: delivery.counter,
            content: content.to_vec(),
            refusal: refusal.clone(),
            received_at: delivery.received_at,
            resolution: None,
        };
        self.quarantine.insert(id, item);
        self.append_audit(kept.audit_entry());
    }

    /// Closes what waits under the hashes of these changes, whoever its author was: the very change is in the log now.
    pub(super) fn close_appended(&mut self, changes: &[Appended<'_>]) {
        for Appended { delivery, verdict, .. } in changes {
            let by = verdict.admitted_by;
            let how = if by.is_some() { HowResolved::Admitted } else { HowResolved::Arrived };
            let waits = |item: &&mut QuarantinedItem| {
                item.hash == verdict.hash.0 && item.record.is_some() && item.resolution.is_none()
            };
            for item in self.quarantine.values_mut().filter(waits) {
                item.resolution = Some(Resolution { at: delivery.received_at, by, how });
            }
        }
    }
}

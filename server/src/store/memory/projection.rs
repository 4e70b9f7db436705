//! Projections in memory.

use std::cmp::Reverse;

use async_trait::async_trait;
use zhibu_domain::event::Status;
use zhibu_domain::ids::{DistrictId, OrgId, RecordId};

use super::MemoryStore;
use crate::store::{
    ActivityFilter, DirtyRecord, Exception, Projected, ProjectedActivity, Projection, ProjectionStore,
    StoreError, WaitingCounts,
};

#[async_trait]
impl ProjectionStore for MemoryStore {
    async fn dirty_records(&self, district: DistrictId, limit: u32) -> Result<Vec<DirtyRecord>, StoreError> {
        self.read(district, |tables| {
            let marked = tables.dirty.iter().filter_map(|(id, version)| {
                let reference = tables.records.get(id)?.reference;
                Some(DirtyRecord { reference, version: *version })
            });
            marked.take(limit as usize).collect()
        })
    }

    async fn project(&self, district: DistrictId, projections: &[Projection]) -> Result<(), StoreError> {
        self.write(district, |tables| {
            for Projection { record, version, row } in projections {
                if let Projected::Activity(activity) = row {
                    tables.projected.insert(activity.record, activity.clone());
                }
                if tables.dirty.get(record) == Some(version) {
                    tables.dirty.remove(record);
                }
            }
        })
    }

    async fn clear_projections(&self, district: DistrictId) -> Result<(), StoreError> {
        self.change(district, |tables| {
            tables.projected.clear();
            tables.dirty = tables.records.iter().map(|(id, row)| (*id, row.growth.version)).collect();
        })
    }

    async fn claim_projection(&self, districts: &[DistrictId]) -> Result<Vec<DistrictId>, StoreError> {
        drop(self.open()?);
        Ok(districts.to_vec())
    }

    async fn find_activity(
        &self,
        district: DistrictId,
        record: RecordId,
    ) -> Result<Option<ProjectedActivity>, StoreError> {
        self.read(district, |tables| tables.projected.get(&record).cloned())
    }

    async fn count_waiting(
        &self,
        district: DistrictId,
        orgs: Option<&[OrgId]>,
    ) -> Result<WaitingCounts, StoreError> {
        self.read(district, |tables| {
            let waits = |activity: &&ProjectedActivity| {
                activity.status == Status::Submitted && orgs.is_none_or(|orgs| orgs.contains(&activity.org))
            };
            let mut counts = WaitingCounts::default();
            for activity in tables.projected.values().filter(waits) {
                let shows = |exception| u32::from(shows(activity, exception));
                counts.waiting += 1;
                counts.cards += shows(Exception::Cards);
                counts.late += shows(Exception::Late);
                counts.quorum += shows(Exception::Quorum);
                counts.votes += shows(Exception::Votes);
            }
            counts
        })
    }

    async fn list_activities(
        &self,
        district: DistrictId,
        filter: &ActivityFilter,
    ) -> Result<Vec<ProjectedActivity>, StoreError> {
        let place = |activity: &ProjectedActivity| {
            let urgency = if filter.urgent_first { activity.urgency() } else { 0 };
            (urgency, activity.sort_at(), activity.record)
        };
        let after = filter.after.map(|(urgency, at, record)| match filter.urgent_first {
            true => (urgency, at, record),
            false => (0, at, record),
        });
        self.read(district, |tables| {
            let wanted = |activity: &&ProjectedActivity| {
                is_wanted(filter, activity) && after.is_none_or(|after| place(activity) < after)
            };
            let mut activities: Vec<_> = tables.projected.values().filter(wanted).cloned().collect();
            activities.sort_by_key(|activity| Reverse(place(activity)));
            activities.truncate(filter.limit as usize);
            activities
        })
    }
}

fn shows(activity: &ProjectedActivity, exception: Exception) -> bool {
    match exception {
        Exception::Cards => activity.cards > 0,
        Exception::Late => activity.late,
        Exception::Quorum => activity.without_quorum + activity.at_exactly_half > 0,
        Exception::Votes => activity.vote_faults > 0,
    }
}

/// Whether an activity fits, its place in the list apart.
fn is_wanted(filter: &ActivityFilter, activity: &ProjectedActivity) -> bool {
    let ActivityFilter { orgs, year, status, exception, text, between, .. } = filter;
    let has_title = |sought: &str| activity.title.as_ref().is_some_and(|title| title.contains(sought));
    let at = activity.sort_at();
    orgs.as_ref().is_none_or(|orgs| orgs.contains(&activity.org))
        && year.is_none_or(|year| activity.year == year)
        && status.is_none_or(|status| activity.status == status)
        && exception.is_none_or(|exception| shows(activity, exception))
        && text.as_ref().is_none_or(|text| has_title(&text.title) || text.orgs.contains(&activity.org))
        && between.is_none_or(|(from, to)| at >= from && at < to)
}

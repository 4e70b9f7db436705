//! The nouns of the projection: rows for lists and reports, computed from the log and never the truth itself. Points
//! have none: they are reckoned when they are read, by the same function as on a phone.

use async_trait::async_trait;
use zhibu_domain::event::Status;
use zhibu_domain::ids::{DistrictId, OrgId, RecordId};
use zhibu_domain::record::{RecordKind, RecordRef};
use zhibu_domain::time::Millis;
use zhibu_domain::words;

use super::StoreError;

/// A record that waits for the projector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirtyRecord {
    /// The record.
    pub reference: RecordRef,
    /// Its version when it was last marked.
    pub version: u64,
}

/// Whether a record of this kind has a row, or has a say in the rows of others: only then its growth is marked.
pub(super) fn is_projected(kind: RecordKind) -> bool {
    match kind {
        RecordKind::Activity | RecordKind::Roster | RecordKind::RuleBook => true,
        RecordKind::Points => false,
    }
}

/// What a record projects to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    /// The record.
    pub record: RecordId,
    /// The version that was read: the mark is lifted only if it is still this one.
    pub version: u64,
    /// The row.
    pub row: Projected,
}

/// The row of a record, by its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Projected {
    /// An activity.
    Activity(ProjectedActivity),
    /// Kinds that have no list of their own.
    Nothing,
}

/// An activity in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectedActivity {
    /// The record.
    pub record: RecordId,
    /// The branch.
    pub org: OrgId,
    /// The year.
    pub year: u16,
    /// 标题.
    pub title: Option<String>,
    /// Kind codes of the rule book.
    pub kinds: Vec<String>,
    /// 计划时间.
    pub planned_at: Option<Millis>,
    /// 开始时间.
    pub held_from: Option<Millis>,
    /// Where it stands.
    pub status: Status,
    /// How many were present.
    pub present: u32,
    /// How many should have been.
    pub should_attend: u32,
    /// Open merge cards.
    pub cards: u32,
    /// Whether it was entered late.
    pub late: bool,
    /// Resolutions whose quorum was not met.
    pub without_quorum: u32,
    /// Resolutions whose votes do not add up.
    pub vote_faults: u32,
    /// Resolutions that stand at exactly half.
    pub at_exactly_half: u32,
    /// Whatever else the console shows, in the projector's own encoding.
    pub facts: Vec<u8>,
}

impl ProjectedActivity {
    /// What lists are ordered by: held, else planned, else the beginning of time.
    pub fn sort_at(&self) -> Millis {
        self.held_from.or(self.planned_at).unwrap_or(Millis(0))
    }

    /// 2 where somebody must look: phones disagree, or a vote or its quorum cannot stand as it is; 1 where it was
    /// only entered late; 0 where there is nothing to say.
    pub fn urgency(&self) -> u8 {
        let is_odd = self.cards + self.without_quorum + self.vote_faults + self.at_exactly_half > 0;
        if is_odd { 2 } else { u8::from(self.late) }
    }
}

words! {
    /// Why a reviewer looks at an activity first.
    Exception {
        /// Phones disagree.
        Cards = "cards",
        /// Entered late.
        Late = "late",
        /// A resolution without its quorum, or at exactly half.
        Quorum = "quorum",
        /// Votes that do not add up.
        Votes = "votes",
    }
}

/// How many activities wait, and how many of them show each exception.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WaitingCounts {
    /// Submitted and not reviewed.
    pub waiting: u32,
    /// Of these: phones disagree.
    pub cards: u32,
    /// Of these: entered late.
    pub late: u32,
    /// Of these: without quorum or at exactly half.
    pub quorum: u32,
    /// Of these: votes that do not add up.
    pub votes: u32,
}

/// Words to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoughtText {
    /// Part of a title, as typed.
    pub title: String,
    /// Orgs that are found by their own name.
    pub orgs: Vec<OrgId>,
}

/// Where a list goes on: urgency (0 where a list is not ordered by it), `sort_at` and id.
pub type ActivityPlace = (u8, Millis, RecordId);

/// Which activities to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActivityFilter {
    /// Only of these branches.
    pub orgs: Option<Vec<OrgId>>,
    /// Only of this year.
    pub year: Option<u16>,
    /// Only with this status.
    pub status: Option<Status>,
    /// Only with this exception.
    pub exception: Option<Exception>,
    /// Only with these words.
    pub text: Option<SoughtText>,
    /// Only those whose `sort_at` is not before the first and before the second.
    pub between: Option<(Millis, Millis)>,
    /// The urgent ones first.
    pub urgent_first: bool,
    /// Only those after this one in the list.
    pub after: Option<ActivityPlace>,
    /// At most so many.
    pub limit: u32,
}

/// Projections. Part of the contract of [`Store`](super::Store).
#[async_trait]
pub trait ProjectionStore: Send + Sync {
    /// Records that wait for the projector, at most `limit`. They stay marked until [`ProjectionStore::project`].
    async fn dirty_records(&self, district: DistrictId, limit: u32) -> Result<Vec<DirtyRecord>, StoreError>;

    /// Replaces what these records project to, and lifts the marks of those that are still at the version that was
    /// projected; a record that moved on meanwhile stays marked.
    async fn project(&self, district: DistrictId, projections: &[Projection]) -> Result<(), StoreError>;

    /// Forgets every projection and marks every record, so that all is computed again from the log.
    async fn clear_projections(&self, district: DistrictId) -> Result<(), StoreError>;

    /// Which of these districts this server is to project: claims those that no other server has, and keeps those that
    /// it has. A claim ends with the server, however it ends, and when its line to the database breaks.
    async fn claim_projection(&self, districts: &[DistrictId]) -> Result<Vec<DistrictId>, StoreError>;

    /// What one activity projects to.
    async fn find_activity(
        &self,
        district: DistrictId,
        record: RecordId,
    ) -> Result<Option<ProjectedActivity>, StoreError>;

    /// How many activities of these branches (or of all) wait for a review.
    async fn count_waiting(
        &self,
        district: DistrictId,
        orgs: Option<&[OrgId]>,
    ) -> Result<WaitingCounts, StoreError>;

    /// Activities, newest first, or the urgent ones first and then the newest.
    async fn list_activities(
        &self,
        district: DistrictId,
        filter: &ActivityFilter,
    ) -> Result<Vec<ProjectedActivity>, StoreError>;
}

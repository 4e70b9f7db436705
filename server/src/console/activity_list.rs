//! Activities in a list, out of the projection.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhibu_domain::event::Status;
use zhibu_domain::ids::{OrgId, RecordId};
use zhibu_domain::time::Millis;

use super::paging::{Page, cursor, read_cursor, rows};
use super::{StaffCaller, schema};
use crate::error::ApiError;
use crate::projection::ActivityFacts;
use crate::store::{ActivityFilter, ProjectedActivity};

/// Which activities.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ActivityQuery {
    /// Only of this org and below.
    #[param(value_type = Option<String>, format = "uuid")]
    pub org: Option<OrgId>,
    /// Only of this calendar year.
    pub year: Option<u16>,
    /// Only those that stand there.
    #[param(schema_with = schema::status)]
    pub status: Option<Status>,
    /// Only where phones disagree.
    #[serde(default)]
    pub cards: bool,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Rows of the page, at most 500.
    pub limit: Option<u32>,
}

/// An activity in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ActivityRow {
    /// The record.
    #[schema(value_type = String, format = "uuid")]
    pub record: RecordId,
    /// The branch.
    #[schema(value_type = String, format = "uuid")]
    pub org: OrgId,
    /// Its name.
    pub org_name: String,
    /// The year.
    pub year: u16,
    /// 标题.
    pub title: Option<String>,
    /// Kind codes of the rule book.
    pub kinds: Vec<String>,
    /// 计划时间, in milliseconds since 1970.
    #[schema(value_type = Option<i64>)]
    pub planned_at: Option<Millis>,
    /// 开始时间, in milliseconds since 1970.
    #[schema(value_type = Option<i64>)]
    pub held_from: Option<Millis>,
    /// Where it stands.
    #[schema(schema_with = schema::status)]
    pub status: Status,
    /// How many were present.
    pub present: u32,
    /// How many should have been.
    pub should_attend: u32,
    /// Open merge cards.
    pub cards: u32,
    /// Whether it was entered late: a label, without consequence.
    pub late: bool,
    /// When it was first submitted, by the secretary's clock, in milliseconds since 1970.
    #[schema(value_type = Option<i64>)]
    pub submitted_at: Option<Millis>,
    /// Resolutions whose quorum was not met.
    pub without_quorum: u32,
    /// Resolutions whose votes do not add up.
    pub vote_faults: u32,
    /// Resolutions that stand at exactly half.
    pub at_exactly_half: u32,
}

impl StaffCaller {
    /// Activities in the caller's scope, newest first.
    pub async fn list_activities(&self, query: &ActivityQuery) -> Result<Page<ActivityRow>, ApiError> {
        let limit = rows(query.limit);
        let filter = ActivityFilter {
            orgs: self.readable_orgs(query.org)?,
            year: query.year,
            status: query.status,
            with_cards: query.cards,
            after: read_cursor(query.after.as_deref())?.map(|(at, id)| (at, RecordId(id))),
            limit: limit + 1,
        };
        let found = self.store().list_activities(self.district(), &filter).await?;
        let page = Page::cut(found, limit, |row| cursor(row.sort_at(), row.record.0));
        Ok(page.map(|row| self.activity_row(row)))
    }

    fn activity_row(&self, row: ProjectedActivity) -> ActivityRow {
        // Rows of an older projector lack the newer facts until they are projected again.
        let facts: ActivityFacts = minicbor::decode(&row.facts).unwrap_or_default();
        ActivityRow {
            record: row.record,
            org: row.org,
            org_name: self.org_name(row.org),
            year: row.year,
            title: row.title,
            kinds: row.kinds,
            planned_at: row.planned_at,
            held_from: row.held_from,
            status: row.status,
            present: row.present,
            should_attend: row.should_attend,
            cards: row.cards,
            late: row.late,
            submitted_at: facts.submitted_at,
            without_quorum: facts.without_quorum,
            vote_faults: facts.vote_faults,
            at_exactly_half: facts.at_exactly_half,
        }
    }
}

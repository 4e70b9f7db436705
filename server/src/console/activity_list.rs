//! Activities in lists, out of the projection: all of them, and those that wait for a review.

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhibu_domain::event::Status;
use zhibu_domain::ids::{OrgId, RecordId};
use zhibu_domain::time::Millis;

use super::account::sought_text;
use super::paging::{Page, cursor, read_cursor, rows};
use super::{StaffCaller, schema};
use crate::error::ApiError;
use crate::projection::ActivityFacts;
use crate::store::{ActivityFilter, Exception, ProjectedActivity, SoughtText, WaitingCounts};

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
    /// Only with this exception.
    #[param(schema_with = schema::exception)]
    pub exception: Option<Exception>,
    /// Only held, or planned, in this month: `YYYY-MM`.
    pub month: Option<String>,
    /// Only with this in the title or in the branch's name, at most 40 characters.
    pub text: Option<String>,
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

/// A page of what waits for a review.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InboxPage {
    /// The activities: where somebody must look first, then those that were entered late, then the rest; each
    /// newest first.
    pub items: Vec<ActivityRow>,
    /// Where the next page begins: to be sent as `after`. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How many wait in this org and below, whatever else was asked for; on the first page only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<InboxCounts>,
}

/// How many activities wait for a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct InboxCounts {
    /// All that were submitted and not reviewed.
    pub waiting: u32,
    /// Of these: phones disagree.
    pub cards: u32,
    /// Of these: entered late.
    pub late: u32,
    /// Of these: a resolution without its quorum, or at exactly half.
    pub quorum: u32,
    /// Of these: votes that do not add up.
    pub votes: u32,
}

impl From<WaitingCounts> for InboxCounts {
    fn from(counts: WaitingCounts) -> Self {
        let WaitingCounts { waiting, cards, late, quorum, votes } = counts;
        Self { waiting, cards, late, quorum, votes }
    }
}

impl StaffCaller {
    /// What waits for a review in the caller's scope, the exceptions first.
    pub async fn read_inbox(&self, query: &ActivityQuery) -> Result<InboxPage, ApiError> {
        let limit = rows(query.limit);
        let mut filter = self.filter(query, limit)?;
        filter.status = query.status.or(Some(Status::Submitted));
        filter.urgent_first = true;
        let (urgency, rest) = match query.after.as_deref() {
            None => (0, None),
            Some(after) => {
                let parts =
                    after.split_once('.').and_then(|(urgency, rest)| Some((urgency.parse().ok()?, rest)));
                let (urgency, rest) = parts.ok_or_else(|| ApiError::Malformed("after".into()))?;
                (urgency, Some(rest))
            }
        };
        filter.after = read_cursor(rest)?.map(|(at, id)| (urgency, at, RecordId(id)));
        let counts = match query.after {
            None => Some(self.store().count_waiting(self.district(), filter.orgs.as_deref()).await?.into()),
            Some(_) => None,
        };
        let found = self.store().list_activities(self.district(), &filter).await?;
        let place =
            |row: &ProjectedActivity| format!("{}.{}", row.urgency(), cursor(row.sort_at(), row.record.0));
        let page = Page::cut(found, limit, place).map(|row| self.activity_row(row));
        Ok(InboxPage { items: page.items, next: page.next, counts })
    }

    /// Activities in the caller's scope, newest first.
    pub async fn list_activities(&self, query: &ActivityQuery) -> Result<Page<ActivityRow>, ApiError> {
        let limit = rows(query.limit);
        let mut filter = self.filter(query, limit)?;
        filter.after = read_cursor(query.after.as_deref())?.map(|(at, id)| (0, at, RecordId(id)));
        let found = self.store().list_activities(self.district(), &filter).await?;
        let page = Page::cut(found, limit, |row| cursor(row.sort_at(), row.record.0));
        Ok(page.map(|row| self.activity_row(row)))
    }

    /// What was asked for, without where to go on.
    fn filter(&self, query: &ActivityQuery, limit: u32) -> Result<ActivityFilter, ApiError> {
        Ok(ActivityFilter {
            orgs: self.readable_orgs(query.org)?,
            year: query.year,
            status: query.status,
            exception: query.exception,
            between: query.month.as_deref().map(read_month).transpose()?,
            text: query.text.as_deref().map(|text| self.sought(text)).transpose()?.flatten(),
            urgent_first: false,
            after: None,
            limit: limit + 1,
        })
    }

    /// Words to look for; none if nothing but blanks was typed.
    fn sought(&self, text: &str) -> Result<Option<SoughtText>, ApiError> {
        let text = sought_text(Some(text))?;
        let named = self.tree.iter().filter(|org| org.name.contains(text)).map(|org| org.id);
        let orgs = named.filter(|org| self.may_read(*org)).collect();
        Ok((!text.is_empty()).then(|| SoughtText { title: text.to_owned(), orgs }))
    }

    fn activity_row(&self, row: ProjectedActivity) -> ActivityRow {
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
            without_quorum: row.without_quorum,
            vote_faults: row.vote_faults,
            at_exactly_half: row.at_exactly_half,
        }
    }
}

/// From the first moment of a month to the first of the next, in China.
fn read_month(text: &str) -> Result<(Millis, Millis), ApiError> {
    let malformed = || ApiError::Malformed("month".into());
    let first: Date = format!("{text}-01").parse().map_err(|_| malformed())?;
    let next = first.checked_add(1.month()).map_err(|_| malformed())?;
    Ok((Millis::start_of(first), Millis::start_of(next)))
}

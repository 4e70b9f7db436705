//! Points, reckoned when they are read: by the same function as on a phone, over the records as they are.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use utoipa::{IntoParams, ToSchema};
use zhibu_domain::ids::{EntryId, MemberId, OrgId, RecordId};
use zhibu_domain::points::{Ledger, LineSource, LineState};
use zhibu_domain::reckoning::member_ledger;
use zhibu_domain::record::{Collection, RecordKind, RecordRef};
use zhibu_domain::rule_book::{Cycle, RuleBook};
use zhibu_domain::view::{ActivityView, MemberCard, PointsView, RosterView};

use super::StaffCaller;
use super::paging::{Page, rows};
use super::roster::{read_roster_cursor, roster_cursor};
use crate::error::ApiError;
use crate::store::StoredRecord;

/// Which cycle.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PointsQuery {
    /// The cycle's first year; the present cycle if absent.
    pub year: Option<u16>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Rows of the page, at most 500.
    pub limit: Option<u32>,
}

/// Which cycle of a ledger, which has no pages.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CycleQuery {
    /// The cycle's first year; the present cycle if absent.
    pub year: Option<u16>,
}

/// The notice list (公示) of a branch: in roster order, never by points.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PointsNotice {
    /// The rule book it was reckoned by.
    pub rule_book: String,
    /// First day of the cycle.
    #[schema(value_type = String, format = "date")]
    pub from: Date,
    /// Last day of the cycle, included.
    #[schema(value_type = String, format = "date")]
    pub to: Date,
    /// The members.
    pub members: Vec<PointsRow>,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One member's totals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PointsRow {
    /// The member.
    #[schema(value_type = String, format = "uuid")]
    pub member: MemberId,
    /// 名册序号.
    pub number: u32,
    /// 姓名.
    pub name: String,
    /// What counts.
    pub confirmed: i32,
    /// What would count if all that is open were filed and approved.
    pub provisional: i32,
    /// Confirmed points by category code.
    pub by_category: BTreeMap<String, i32>,
}

/// A member's ledger of a cycle.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MemberLedger {
    /// The rule book it was reckoned by.
    pub rule_book: String,
    /// First day of the cycle.
    #[schema(value_type = String, format = "date")]
    pub from: Date,
    /// Last day of the cycle, included.
    #[schema(value_type = String, format = "date")]
    pub to: Date,
    /// The totals.
    pub totals: PointsRow,
    /// The grade of the confirmed total, for reference only.
    pub grade: Option<String>,
    /// Each entry, by date.
    pub lines: Vec<LedgerRow>,
}

/// One entry of a ledger.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LedgerRow {
    /// The day of the fact.
    #[schema(value_type = String, format = "date")]
    pub date: Date,
    /// Code of the rule.
    pub rule: String,
    /// Its name; absent for a rule that the book does not have.
    pub rule_name: Option<String>,
    /// The activity that it is derived from.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub activity: Option<RecordId>,
    /// The entry of the points record that it stands for.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub entry: Option<EntryId>,
    /// Points before any cap.
    pub raw: i32,
    /// Points that count.
    pub counted: i32,
    /// Why fewer count, e.g. `{"rule": {"period": "month"}}` or `"same_matter"`.
    pub capped_by: Option<Value>,
    /// `confirmed`, `provisional`, `declined` or `reversed`.
    #[schema(value_type = String)]
    pub state: LineState,
}

/// What a branch's points of a cycle are reckoned from.
struct BranchCycle {
    book: RuleBook,
    cycle: Cycle,
    /// The day whose roster stands in the list: today, or the last day of a cycle that is over.
    day: Date,
    roster: RosterView,
    activities: Vec<StoredRecord>,
    points: Vec<StoredRecord>,
}

impl StaffCaller {
    /// The notice list of a branch.
    pub async fn read_points(&self, branch: OrgId, query: &PointsQuery) -> Result<PointsNotice, ApiError> {
        let after = read_roster_cursor(query.after.as_deref())?;
        let limit = rows(query.limit);
        let branch = self.branch_cycle(branch, query.year).await?;
        in_background(move || branch.notice(after, limit)).await
    }

    /// A member's ledger in a branch.
    pub async fn read_member_ledger(
        &self,
        branch: OrgId,
        member: MemberId,
        year: Option<u16>,
    ) -> Result<MemberLedger, ApiError> {
        let branch = self.branch_cycle(branch, year).await?;
        in_background(move || branch.ledger_of(member)).await
    }

    async fn branch_cycle(&self, branch: OrgId, year: Option<u16>) -> Result<BranchCycle, ApiError> {
        let branch = self.readable_branch(branch)?.id;
        let today = self.now().date();
        // Whatever month a cycle begins in, the last of December lies in the one of that year.
        let asked = match year {
            None => today,
            Some(year) => {
                let year = i16::try_from(year).map_err(|_| ApiError::Malformed("year".into()))?;
                Date::new(year, 12, 31).map_err(|_| ApiError::Malformed("year".into()))?
            }
        };
        let book = self.rule_book_on(asked).await?.ok_or(ApiError::NotFound)?;
        let cycle = book.cycle_of(asked);
        let records = self.records_of_cycle(branch, cycle).await?;
        let (activities, points) =
            records.into_iter().partition(|stored| stored.reference.kind == RecordKind::Activity);
        let day = today.clamp(cycle.start, cycle.end);
        Ok(BranchCycle { roster: self.roster_of(branch).await?, book, cycle, day, activities, points })
    }

    /// The activities of every calendar year that the cycle touches, and the points records of the cycle.
    async fn records_of_cycle(&self, branch: OrgId, cycle: Cycle) -> Result<Vec<StoredRecord>, ApiError> {
        let mut records = Vec::new();
        for year in cycle.start.year()..=cycle.end.year() {
            let year = u16::try_from(year).map_err(ApiError::internal)?;
            let collection = Collection { org: branch, year };
            for summary in self.store().records_in(self.district(), collection).await? {
                let RecordRef { kind, year, .. } = summary.reference;
                let is_of_cycle =
                    kind == RecordKind::Activity || i16::try_from(year) == Ok(cycle.start.year());
                if is_of_cycle {
                    records.extend(self.store().load_record(self.district(), summary.reference.id()).await?);
                }
            }
        }
        Ok(records)
    }
}

/// Reckoning a branch costs tens of milliseconds of computing, which must not hold up other requests.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    spawn_blocking(work).await.map_err(ApiError::internal)?
}

impl BranchCycle {
    fn activities(&self) -> Result<BTreeMap<RecordId, ActivityView>, ApiError> {
        let views = self.activities.iter().map(|stored| {
            let view = ActivityView::of(&stored.document()?);
            Ok((stored.reference.id(), view))
        });
        views.collect()
    }

    fn ledger(
        &self,
        member: MemberId,
        card: &MemberCard,
        activities: &BTreeMap<RecordId, ActivityView>,
    ) -> Result<Ledger, ApiError> {
        let stored = self.points.iter().find(|stored| stored.reference.subject() == Some(member));
        let points = match stored {
            Some(stored) => PointsView::of(&stored.document()?),
            None => PointsView::default(),
        };
        Ok(member_ledger(&self.book, member, card, activities, &points, self.cycle.start))
    }

    fn notice(&self, after: Option<(u32, MemberId)>, limit: u32) -> Result<PointsNotice, ApiError> {
        let activities = self.activities()?;
        let people = self.roster.on(self.day).into_iter();
        let people = people.filter(|(member, card)| after.is_none_or(|after| (card.number, *member) > after));
        let people: Vec<_> = people.take(limit as usize + 1).collect();
        let page = Page::cut(people, limit, |(member, card)| roster_cursor(card.number, *member));
        let rows = page.items.into_iter().map(|(member, card)| {
            let ledger = self.ledger(member, card, &activities)?;
            Ok(points_row(member, card, &ledger))
        });
        Ok(PointsNotice {
            rule_book: self.book.id.clone(),
            from: self.cycle.start,
            to: self.cycle.end,
            members: rows.collect::<Result<_, ApiError>>()?,
            next: page.next,
        })
    }

    fn ledger_of(&self, member: MemberId) -> Result<MemberLedger, ApiError> {
        let card = self.roster.members.get(&member).ok_or(ApiError::NotFound)?;
        let ledger = self.ledger(member, card, &self.activities()?)?;
        let totals = points_row(member, card, &ledger);
        let lines = ledger.lines.into_iter().map(|line| {
            let (activity, entry) = match line.source {
                LineSource::Activity(id) => (Some(id), None),
                LineSource::Entry(id) => (None, Some(id)),
            };
            LedgerRow {
                date: line.date,
                rule_name: self.book.point_rule(&line.rule).map(|rule| rule.name.clone()),
                rule: line.rule,
                activity,
                entry,
                raw: line.raw,
                counted: line.counted,
                capped_by: line.capped_by.map(|cap| json!(cap)),
                state: line.state,
            }
        });
        Ok(MemberLedger {
            rule_book: self.book.id.clone(),
            from: self.cycle.start,
            to: self.cycle.end,
            totals,
            grade: ledger.grade.map(|band| band.name),
            lines: lines.collect(),
        })
    }
}

fn points_row(member: MemberId, card: &MemberCard, ledger: &Ledger) -> PointsRow {
    PointsRow {
        member,
        number: card.number,
        name: card.name.clone(),
        confirmed: ledger.confirmed.total,
        provisional: ledger.provisional.total,
        by_category: ledger.confirmed.by_category.clone(),
    }
}

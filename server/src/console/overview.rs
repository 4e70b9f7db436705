//! What the branches of one township have filed, submitted and not submitted, against what the rule book asks for.
//! Branches stand in the district's own order and are never compared with each other.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhibu_domain::event::Status;
use zhibu_domain::ids::OrgId;
use zhibu_domain::org::{Org, OrgType};
use zhibu_domain::rule_book::words::{Level, Period};
use zhibu_domain::rule_book::{ActivityKind, Frequency};
use zhibu_domain::time::Millis;
use zhibu_domain::view::RosterView;

use super::StaffCaller;
use super::district::CodeName;
use crate::error::ApiError;
use crate::store::{ActivityFilter, ProjectedActivity};

/// Most branches of one overview: a large township has fewer.
const MAX_BRANCHES: usize = 200;
/// Most activities of one overview: so many branches with one each working day.
const MAX_ACTIVITIES: u32 = 50_000;

/// Which year.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OverviewQuery {
    /// The calendar year; this year if it is left out.
    pub year: Option<u16>,
}

/// The branches of an org in one year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Overview)]
pub struct OverviewReply {
    /// The org.
    #[schema(value_type = String, format = "uuid")]
    pub org: OrgId,
    /// Its name.
    pub org_name: String,
    /// The calendar year.
    pub year: u16,
    /// The kinds of activities that are due at branches, in the rule book's order.
    pub kinds: Vec<CodeName>,
    /// The branches, in the district's order.
    pub branches: Vec<BranchOverview>,
}

/// A branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BranchOverview {
    /// The branch.
    #[schema(value_type = String, format = "uuid")]
    pub org: OrgId,
    /// Its name.
    pub name: String,
    /// One for each kind that is due here.
    pub kinds: Vec<KindOverview>,
}

/// A kind of activity at a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KindOverview {
    /// Its code.
    pub kind: String,
    /// The months, quarters, halves or the year that it is due in, in order.
    pub spans: Vec<SpanRow>,
}

/// One span of a frequency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct SpanRow {
    /// First month, 1 to 12.
    pub from_month: u8,
    /// Last month, 1 to 12.
    pub to_month: u8,
    /// How many are due.
    pub required: u32,
    /// 已备案.
    pub filed: u32,
    /// Submitted, not reviewed.
    pub submitted: u32,
    /// Returned, to be held again, or opened again.
    pub returned: u32,
    /// Written down and not submitted.
    pub open: u32,
    /// Due and not submitted although the span is over.
    pub missing: u32,
}

impl StaffCaller {
    /// The branches at an org and below in one year.
    pub async fn read_overview(&self, org: OrgId, query: &OverviewQuery) -> Result<OverviewReply, ApiError> {
        let top = self.readable_org(org)?;
        let today = self.now().date();
        let year = query.year.unwrap_or_else(|| u16::try_from(today.year()).unwrap_or_default());
        let [first, next] = [year, year.saturating_add(1)].map(new_year);
        let (first, next) = first.zip(next).ok_or_else(|| ApiError::Malformed("year".into()))?;
        let mut branches: Vec<&Org> =
            self.tree.subtree(org).filter(|org| org.org_type.is_branch() && self.may_read(org.id)).collect();
        if branches.len() > MAX_BRANCHES {
            return Err(ApiError::RuleBroken("支部太多，请先选一个乡镇再看。".into()));
        }
        self.pay()?;
        branches.sort_by_key(|branch| (self.tree.place(branch.id), branch.id));
        let book = self.rule_book_on(today.min(next.yesterday().unwrap_or(today))).await?;
        let kinds: Vec<ActivityKind> = book
            .map(|book| book.activity_kinds.into_iter().filter(is_due_at_branches).collect())
            .unwrap_or_default();
        let filter = ActivityFilter {
            orgs: Some(branches.iter().map(|branch| branch.id).collect()),
            between: Some((Millis::start_of(first), Millis::start_of(next))),
            limit: MAX_ACTIVITIES,
            ..Default::default()
        };
        let mut held = BTreeMap::<OrgId, Vec<ProjectedActivity>>::new();
        for activity in self.store().list_activities(self.district(), &filter).await? {
            held.entry(activity.org).or_default().push(activity);
        }
        let mut rows = Vec::with_capacity(branches.len());
        for branch in branches {
            let roster = self.roster_of(branch.id).await?;
            let groups = self
                .tree
                .iter()
                .filter(|org| org.org_type == OrgType::Group && org.parent == Some(branch.id));
            let scene = Scene {
                today,
                year,
                roster: &roster,
                groups: groups.count() as u32,
                held: held.get(&branch.id).map(Vec::as_slice).unwrap_or_default(),
            };
            let kinds = kinds.iter().filter_map(|kind| scene.kind(kind)).collect();
            rows.push(BranchOverview { org: branch.id, name: branch.name.clone(), kinds });
        }
        let kinds = kinds.into_iter().map(|kind| CodeName { code: kind.code, name: kind.name }).collect();
        Ok(OverviewReply { org, org_name: top.name.clone(), year, kinds, branches: rows })
    }
}

fn new_year(year: u16) -> Option<Date> {
    Date::new(i16::try_from(year).ok()?, 1, 1).ok()
}

fn is_due_at_branches(kind: &ActivityKind) -> bool {
    let is_of_branches = kind.levels.is_empty()
        || kind.levels.iter().any(|level| matches!(level, Level::Branch | Level::Group));
    is_of_branches && kind.frequency.is_some_and(|frequency| frequency.period != Period::Term)
}

/// What is known of one branch.
struct Scene<'a> {
    today: Date,
    year: u16,
    roster: &'a RosterView,
    groups: u32,
    held: &'a [ProjectedActivity],
}

impl Scene<'_> {
    /// One kind here; none where it is never due.
    fn kind(&self, kind: &ActivityKind) -> Option<KindOverview> {
        let frequency = kind.frequency?;
        let spans: Vec<_> =
            months_of(frequency).into_iter().map(|span| self.span(kind, frequency, span)).collect();
        let is_due = spans.iter().any(|span| span.required > 0);
        is_due.then(|| KindOverview { kind: kind.code.clone(), spans })
    }

    fn span(&self, kind: &ActivityKind, frequency: Frequency, (from, to): (i8, i8)) -> SpanRow {
        let last_day = Date::new(i16::try_from(self.year).unwrap_or_default(), to, 1)
            .map_or(self.today, Date::last_of_month);
        let mut row = SpanRow {
            from_month: from.unsigned_abs(),
            to_month: to.unsigned_abs(),
            required: self.required(kind, frequency, last_day.min(self.today)),
            filed: 0,
            submitted: 0,
            returned: 0,
            open: 0,
            missing: 0,
        };
        let of_kind = self.held.iter().filter(|activity| activity.kinds.contains(&kind.code));
        for activity in of_kind.filter(|activity| (from..=to).contains(&activity.sort_at().date().month())) {
            match activity.status {
                Status::Filed => row.filed += 1,
                Status::Submitted => row.submitted += 1,
                Status::Returned | Status::RedoRequired | Status::Reopened => row.returned += 1,
                Status::Voided => {}
                Status::Draft | Status::Planned | Status::Held => row.open += 1,
            }
        }
        if last_day < self.today {
            row.missing = row.required.saturating_sub(row.filed + row.submitted + row.returned);
        }
        row
    }

    fn required(&self, kind: &ActivityKind, frequency: Frequency, day: Date) -> u32 {
        let full = self.roster.on(day).iter().filter(|(_, card)| card.is_full).count() as u32;
        if kind.min_full_members.is_some_and(|least| full < least) {
            return 0;
        }
        // What only groups hold is due in each of them.
        let is_of_groups = kind.levels.contains(&Level::Group) && !kind.levels.contains(&Level::Branch);
        if is_of_groups { frequency.count * self.groups } else { frequency.count }
    }
}

/// First and last month of each span.
fn months_of(frequency: Frequency) -> Vec<(i8, i8)> {
    let every =
        |months: i8| (0..12 / months).map(|span| (span * months + 1, span * months + months)).collect();
    match (frequency.period, frequency.quarter) {
        (Period::Year, Some(quarter)) => {
            let last = i8::try_from(quarter).unwrap_or(4) * 3;
            vec![(last - 2, last)]
        }
        (Period::Month, _) => every(1),
        (Period::Quarter, _) => every(3),
        (Period::HalfYear, _) => every(6),
        (Period::Year | Period::Term, _) => every(12),
    }
}

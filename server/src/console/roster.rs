//! A branch's roster, in roster order.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhibu_domain::ids::{MemberId, OrgId};
use zhibu_domain::view::{MemberCard, RosterView};

use super::StaffCaller;
use super::paging::{Page, rows};
use crate::error::ApiError;

/// Where to go on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RosterQuery {
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Rows of the page, at most 500.
    pub limit: Option<u32>,
}

/// A person on the roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MemberRow {
    /// The member.
    #[schema(value_type = String, format = "uuid")]
    pub member: MemberId,
    /// 名册序号.
    pub number: u32,
    /// 姓名.
    pub name: String,
    /// `f` or `m`.
    pub sex: Option<String>,
    /// Whether a full member.
    pub is_full: bool,
    /// 入党时间, `YYYY-MM-DD`.
    #[schema(value_type = Option<String>, format = "date")]
    pub joined_on: Option<Date>,
    /// 党小组.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub group: Option<OrgId>,
    /// Class codes by the date from which they hold.
    #[schema(value_type = BTreeMap<String, String>)]
    pub classes: BTreeMap<Date, String>,
    /// Posts on the committee, since when.
    #[schema(value_type = BTreeMap<String, String>)]
    pub posts: BTreeMap<String, Date>,
    /// The approved exclusion from should-attend that holds today.
    pub exclusion: Option<ExclusionRow>,
}

/// An approved exclusion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExclusionRow {
    /// The approved reason, 1 to 5.
    pub reason: u8,
    /// To this day, included.
    #[schema(value_type = Option<String>, format = "date")]
    pub to: Option<Date>,
    /// Number of the approving document.
    pub approval_doc: String,
}

/// Where a list in roster order goes on: number and id.
pub(super) fn roster_cursor(number: u32, member: MemberId) -> String {
    format!("{number}.{member}")
}

/// Reads a [`roster_cursor`].
pub(super) fn read_roster_cursor(text: Option<&str>) -> Result<Option<(u32, MemberId)>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let parts = text.split_once('.').and_then(|(n, id)| Some((n.parse().ok()?, id.parse().ok()?)));
    parts.map(Some).ok_or_else(|| ApiError::Malformed("after".into()))
}

impl StaffCaller {
    /// Everybody on a branch's roster today, in roster order.
    pub async fn read_roster(&self, branch: OrgId, query: &RosterQuery) -> Result<Page<MemberRow>, ApiError> {
        let branch = self.readable_branch(branch)?.id;
        let after = read_roster_cursor(query.after.as_deref())?;
        let limit = rows(query.limit);
        let roster = self.roster_of(branch).await?;
        let today = self.now().date();
        let people = roster.on(today).into_iter();
        let people = people.filter(|(member, card)| after.is_none_or(|after| (card.number, *member) > after));
        let found: Vec<_> = people.take(limit as usize + 1).collect();
        let page = Page::cut(found, limit, |(member, card)| roster_cursor(card.number, *member));
        Ok(page.map(|(member, card)| member_row(member, card, &roster, today)))
    }
}

fn member_row(member: MemberId, card: &MemberCard, roster: &RosterView, today: Date) -> MemberRow {
    let exclusion = roster.exclusion_of(member, today).map(|exclusion| ExclusionRow {
        reason: exclusion.reason,
        to: exclusion.to,
        approval_doc: exclusion.approval_doc.clone(),
    });
    MemberRow {
        member,
        number: card.number,
        name: card.name.clone(),
        sex: card.sex.clone(),
        is_full: card.is_full,
        joined_on: card.joined_on,
        group: card.group,
        classes: card.classes.clone(),
        posts: card.posts.clone(),
        exclusion,
    }
}

//! The roll and what it adds up to.

use serde::Serialize;
use utoipa::ToSchema;
use zhibu_domain::attendance::Attendance;
use zhibu_domain::ids::{MemberId, OrgId};
use zhibu_domain::reckoning;

use super::Context;
use crate::console::schema;

/// One member of the roll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RollRow {
    /// The member.
    #[schema(value_type = String, format = "uuid")]
    pub member: MemberId,
    /// 名册序号; absent for somebody who was marked and is not on the roster of that day.
    pub number: Option<u32>,
    /// The name on the roster; absent for a stranger.
    pub name: Option<String>,
    /// 党小组 as the roster has it today; absent for a stranger or one without.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub group: Option<OrgId>,
    /// The mark; absent while there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::attendance)]
    pub mark: Option<Attendance>,
    /// The approved reason for which he is not counted in should-attend, 1 to 5.
    pub exclusion: Option<u8>,
}

/// Heads of a meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HeadRow {
    /// Everyone on the roster of that day.
    pub on_roster: u32,
    /// 应到会.
    pub should_attend: u32,
    /// 应到会有表决权.
    pub vote_eligible: u32,
    /// 实到会.
    pub present: u32,
    /// There, with a vote.
    pub present_voters: u32,
    /// On leave.
    pub leave: u32,
    /// Absent without leave.
    pub absent: u32,
    /// Served elsewhere or at home.
    pub served_elsewhere: u32,
    /// No mark yet.
    pub unmarked: u32,
    /// Not counted, with approval.
    pub excluded: Vec<ExcludedRow>,
    /// Came although excluded.
    #[schema(value_type = Vec<String>)]
    pub came_although_excluded: Vec<MemberId>,
    /// Marked as not counted without an approval: they are counted.
    #[schema(value_type = Vec<String>)]
    pub unapproved: Vec<MemberId>,
}

/// A member who is not counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExcludedRow {
    /// The member.
    #[schema(value_type = String, format = "uuid")]
    pub member: MemberId,
    /// The approved reason, 1 to 5.
    pub reason: u8,
}

pub(super) fn rows(context: &Context) -> Vec<RollRow> {
    let day = context.view.when().unwrap_or_default().date();
    let marks = &context.view.attendance;
    let people = context.roster.on(day);
    let of_roster = people.iter().map(|(member, card)| RollRow {
        member: *member,
        number: Some(card.number),
        name: Some(card.name.clone()),
        group: card.group,
        mark: marks.get(member).copied(),
        exclusion: context.roster.exclusion_of(*member, day).map(|exclusion| exclusion.reason),
    });
    let strangers = marks.iter().filter(|(member, _)| people.iter().all(|(known, _)| known != *member));
    let strangers = strangers.map(|(member, mark)| RollRow {
        member: *member,
        number: None,
        name: context.roster.members.get(member).map(|card| card.name.clone()),
        group: None,
        mark: Some(*mark),
        exclusion: None,
    });
    of_roster.chain(strangers).collect()
}

pub(super) fn head_count(context: &Context) -> HeadRow {
    let count = reckoning::head_count(&context.view, &context.roster);
    HeadRow {
        on_roster: count.on_roster,
        should_attend: count.should_attend,
        vote_eligible: count.vote_eligible,
        present: count.present,
        present_voters: count.present_voters,
        leave: count.leave,
        absent: count.absent,
        served_elsewhere: count.served_elsewhere,
        unmarked: count.unmarked,
        excluded: count
            .excluded
            .iter()
            .map(|(member, reason)| ExcludedRow { member: *member, reason: *reason })
            .collect(),
        came_although_excluded: count.came_although_excluded,
        unapproved: count.unapproved,
    }
}

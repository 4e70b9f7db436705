//! The list of activities, and the roster.

use serde::Serialize;
use zhibu_domain::command::AboutField;
use zhibu_domain::event::Status;
use zhibu_domain::ids::{MemberId, OrgId, RecordId};
use zhibu_domain::record::{RecordKind, merge_cards};
use zhibu_domain::time::Millis;
use zhibu_domain::view::{ActivityView, MemberCard};

use super::DeskError;
use super::names::kind_names;
use crate::client::Client;
use crate::keys::DeviceKey;
use crate::store::LocalStore;
use crate::transport::Transport;

/// One activity in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ActivityLine {
    /// The record.
    pub id: RecordId,
    /// The branch.
    pub org: OrgId,
    /// Its title.
    pub title: String,
    /// Codes of its kinds.
    pub kinds: Vec<String>,
    /// Their names by the rule book of its day; the code where there is none.
    pub kind_names: Vec<String>,
    /// When it was held, or is planned.
    pub when: Option<Millis>,
    /// Where it stands.
    pub status: Status,
    /// How many members came.
    pub present: usize,
    /// How many slots are in dispute.
    pub merge_cards: usize,
    /// How many changes of it are not uploaded.
    pub waiting: usize,
    /// How many changes of it were refused.
    pub refused: usize,
}

/// One person of the roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct RosterLine {
    /// The member.
    pub member: MemberId,
    /// His card.
    #[serde(flatten)]
    pub card: MemberCard,
    /// Name of his party group (党小组), where this phone knows it.
    pub group_name: Option<String>,
    /// The reason code of an exclusion that holds today.
    pub excluded: Option<u8>,
}

impl<S: LocalStore, T: Transport, K: DeviceKey> Client<S, T, K> {
    /// The activities held, of one branch or of all, of a year or of all, latest first.
    pub async fn list_activities(
        &self,
        org: Option<OrgId>,
        year: Option<u16>,
    ) -> Result<Vec<ActivityLine>, DeskError> {
        let refused = self.refused().await?;
        let books = self.rule_books().await?;
        let mut lines = Vec::new();
        for reference in self.records().await? {
            if reference.kind != RecordKind::Activity
                || year.is_some_and(|year| year != reference.year)
                || org.is_some_and(|org| org != reference.org)
            {
                continue;
            }
            let record = self.open(&reference).await?;
            let view = ActivityView::of(&record);
            lines.push(ActivityLine {
                id: reference.id(),
                org: reference.org,
                title: view.text(AboutField::Title).unwrap_or_default().to_owned(),
                when: view.when(),
                status: view.status(),
                present: view.attendance.values().filter(|mark| mark.is_present()).count(),
                kind_names: kind_names(&books, view.when().unwrap_or_else(|| self.now()), &view.kinds),
                kinds: view.kinds.into_iter().collect(),
                merge_cards: merge_cards(&record).len(),
                waiting: self.store().pending_of(reference.id()).await?.len(),
                refused: refused.iter().filter(|change| change.record == reference).count(),
            });
        }
        lines.sort_by_key(|line| (std::cmp::Reverse(line.when), line.id));
        Ok(lines)
    }

    /// Everybody on a branch's roster today, in roster order.
    pub async fn list_roster(&self, branch: OrgId) -> Result<Vec<RosterLine>, DeskError> {
        let today = self.now().date();
        let names = self.names(branch).await?;
        let roster = &names.roster;
        let line = |(member, card): (MemberId, &MemberCard)| RosterLine {
            member,
            card: card.clone(),
            group_name: card.group.and_then(|group| names.group(group)),
            excluded: roster.exclusion_of(member, today).map(|exclusion| exclusion.reason),
        };
        Ok(roster.on(today).into_iter().map(line).collect())
    }
}

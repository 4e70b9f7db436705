//! A member's ledger, and the claims on the way to it.

use std::collections::BTreeMap;

use serde::Serialize;
use zhibu_domain::event::{Claim, PointsReason, PointsVerb};
use zhibu_domain::ids::{EntryId, MemberId, OrgId};
use zhibu_domain::points::{LedgerLine, LineSource, Totals};
use zhibu_domain::reckoning::member_ledger;
use zhibu_domain::record::{Record, RecordKind, RecordRef, field_history};
use zhibu_domain::rule_book::{Cycle, GradeBand};
use zhibu_domain::time::Millis;
use zhibu_domain::view::{ActivityView, PointsView};

use super::{DeskError, Names};
use crate::client::Client;
use crate::keys::DeviceKey;
use crate::store::LocalStore;
use crate::transport::Transport;

/// One member's points of a cycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct LedgerSheet {
    /// The member.
    pub member: MemberId,
    /// His number on the roster.
    pub number: u32,
    /// His name.
    pub name: String,
    /// The rule book that was reckoned by.
    pub book: String,
    /// The cycle.
    pub cycle: Cycle,
    /// Every entry with its rule, and the cap that applied.
    pub lines: Vec<LedgerSheetLine>,
    /// What counts.
    pub confirmed: Totals,
    /// What would count if everything open were filed and approved.
    pub provisional: Totals,
    /// For reference only.
    pub grade: Option<GradeBand>,
    /// The claims and what was said about them.
    pub entries: Vec<EntrySheet>,
}

/// One line of the ledger with its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct LedgerSheetLine {
    /// The arithmetic.
    #[serde(flatten)]
    pub line: LedgerLine,
    /// The rule's name.
    pub rule_name: String,
    /// The activity's title, or the claim's matter.
    pub matter: String,
}

/// One claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct EntrySheet {
    /// The entry.
    pub entry: EntryId,
    /// What is claimed.
    #[serde(flatten)]
    pub claim: Claim,
    /// What was said about it, oldest first.
    pub words: Vec<WordLine>,
}

/// One word about a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct WordLine {
    /// The word.
    pub verb: PointsVerb,
    /// Why, where a reason belongs.
    pub reason: Option<PointsReason>,
    /// Who said it.
    pub name: String,
    /// When, by that device's clock.
    pub at: Option<Millis>,
}

impl<S: LocalStore, T: Transport, K: DeviceKey> Client<S, T, K> {
    /// The record that holds a member's points of the cycle in which a day lies.
    pub async fn points_record(
        &self,
        branch: OrgId,
        member: MemberId,
        day: Millis,
    ) -> Result<RecordRef, DeskError> {
        let start = self.rule_book(day).await?.cycle_of(day.date()).start;
        Ok(RecordRef::points(branch, u16::try_from(start.year()).unwrap_or_default(), member))
    }

    /// The ledgers of these members, or of everybody on the roster, always in roster order.
    pub async fn ledgers(
        &self,
        branch: OrgId,
        members: Option<&[MemberId]>,
        day: Millis,
    ) -> Result<Vec<LedgerSheet>, DeskError> {
        let names = self.names(branch).await?;
        let book = self.rule_book(day).await?;
        let cycle = book.cycle_of(day.date());
        let mut activities = BTreeMap::new();
        for record in self.records().await? {
            let in_cycle = (cycle.start.year()..=cycle.end.year()).contains(&(record.year as i16));
            if record.kind == RecordKind::Activity && record.org == branch && in_cycle {
                activities.insert(record.id(), ActivityView::of(&*self.open(&record).await?));
            }
        }
        let mut sheets = Vec::new();
        for (member, card) in names.roster.on(day.date()) {
            if members.is_some_and(|wanted| !wanted.contains(&member)) {
                continue;
            }
            let record = self.open(&self.points_record(branch, member, day).await?).await?;
            let points = PointsView::of(&record);
            let ledger = member_ledger(&book, member, card, &activities, &points, day.date());
            let matter = |line: &LedgerLine| match line.source {
                LineSource::Activity(id) => activities
                    .get(&id)
                    .and_then(|a| a.text(zhibu_domain::command::AboutField::Title).map(str::to_owned)),
                LineSource::Entry(id) => points.entries.get(&id).map(|claim| claim.matter.clone()),
            };
            let line = |line: LedgerLine| LedgerSheetLine {
                rule_name: book.point_rule(&line.rule).map(|rule| rule.name.clone()).unwrap_or_default(),
                matter: matter(&line).unwrap_or_default(),
                line,
            };
            sheets.push(LedgerSheet {
                member,
                number: card.number,
                name: card.name.clone(),
                book: book.id.clone(),
                cycle,
                lines: ledger.lines.into_iter().map(line).collect(),
                confirmed: ledger.confirmed,
                provisional: ledger.provisional,
                grade: ledger.grade,
                entries: entry_sheets(&record, &points, &names),
            });
        }
        Ok(sheets)
    }
}

fn entry_sheets(record: &Record, points: &PointsView, names: &Names) -> Vec<EntrySheet> {
    let sheet = |(entry, claim): (&EntryId, &Claim)| {
        let about = points.events.iter().filter(|(_, event)| event.entry == *entry);
        let mut words: Vec<_> = about
            .map(|(id, event)| {
                let touch = field_history(record, &format!("events.{id}")).pop();
                let author = touch.as_ref().map(|touch| names.author(touch.by.device).name);
                let at = touch.map(|touch| touch.at);
                WordLine { verb: event.verb, reason: event.reason, name: author.unwrap_or_default(), at }
            })
            .collect();
        words.sort_by_key(|word| (word.at, word.verb));
        EntrySheet { entry: *entry, claim: claim.clone(), words }
    };
    points.entries.iter().map(sheet).collect()
}

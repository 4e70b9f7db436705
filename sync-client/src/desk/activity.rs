//! One activity as it is read: everything in it, where phones disagree, and who wrote what.

use std::collections::BTreeMap;

use serde::Serialize;
use zhibu_domain::attendance::Attendance;
use zhibu_domain::command::{AboutField, Scalar};
use zhibu_domain::event::{Amendment, ReviewEvent, Status};
use zhibu_domain::ids::{EntryId, MemberId, OrgId, RecordId};
use zhibu_domain::record::{Record, RecordRef, Touch, field_history, merge_cards, text_history};
use zhibu_domain::time::Millis;
use zhibu_domain::view::{ActivityView, FollowUpView, ResolutionView};

use super::names::kind_names;
use super::photo::PhotoLine;
use super::{DeskError, Names};
use crate::client::Client;
use crate::keys::DeviceKey;
use crate::store::LocalStore;
use crate::transport::Transport;

/// A single value, as JSON shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(untagged)]
pub enum ShownValue {
    /// Text.
    Text(String),
    /// A whole number; times are milliseconds.
    Int(i64),
    /// Yes or no.
    Flag(bool),
    /// An entry, or a deletion.
    Nothing,
}

impl From<Option<&Scalar>> for ShownValue {
    fn from(value: Option<&Scalar>) -> Self {
        match value {
            Some(Scalar::Text(text)) => ShownValue::Text(text.clone()),
            Some(Scalar::Int(number)) => ShownValue::Int(*number),
            Some(Scalar::Flag(flag)) => ShownValue::Flag(*flag),
            Some(Scalar::Bytes(_)) | None => ShownValue::Nothing,
        }
    }
}

/// One hand on one slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct HistoryLine {
    /// What was written; for a text, what was put in.
    pub value: ShownValue,
    /// For a text, how many characters were taken out.
    pub deleted: usize,
    /// Who.
    pub name: String,
    /// With which device.
    pub device_name: String,
    /// When, by that device's clock.
    pub at: Millis,
}

/// A slot in dispute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct CardSheet {
    /// The slot.
    pub slot: String,
    /// Its values, the one shown at present last.
    pub values: Vec<HistoryLine>,
}

/// One member on the roll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct RollLine {
    /// The member.
    pub member: MemberId,
    /// His number on the roster.
    pub number: u32,
    /// His name.
    pub name: String,
    /// His party group (党小组), if he is in one.
    pub group: Option<OrgId>,
    /// Its name, where this phone knows it.
    pub group_name: Option<String>,
    /// His mark, if he has one.
    pub state: Option<Attendance>,
}

/// A review event and who said it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct EventLine {
    /// The event's id.
    pub id: EntryId,
    /// What was said.
    #[serde(flatten)]
    pub event: ReviewEvent,
    /// By whom.
    pub name: String,
    /// When, by that device's clock.
    pub at: Option<Millis>,
}

/// One activity, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ActivitySheet {
    /// The record.
    pub id: RecordId,
    /// The branch.
    pub org: OrgId,
    /// Where it stands.
    pub status: Status,
    /// Codes of its kinds.
    pub kinds: Vec<String>,
    /// Their names by the rule book of its day; the code where there is none.
    pub kind_names: Vec<String>,
    /// The single-valued fields.
    pub about: BTreeMap<AboutField, ShownValue>,
    /// Everybody on the roster that day, and everybody marked, in roster order.
    pub roll: Vec<RollLine>,
    /// The minutes.
    pub minutes: String,
    /// 议题.
    pub agenda: BTreeMap<EntryId, String>,
    /// 决议.
    pub resolutions: BTreeMap<EntryId, ResolutionView>,
    /// 后续事项.
    pub follow_ups: BTreeMap<EntryId, FollowUpView>,
    /// 列席.
    pub observers: BTreeMap<EntryId, String>,
    /// Review events, oldest first.
    pub events: Vec<EventLine>,
    /// Corrections after filing.
    pub amendments: BTreeMap<EntryId, Amendment>,
    /// 照片, at most three, in the order of their making.
    pub photos: Vec<PhotoLine>,
    /// Slots in dispute.
    pub merge_cards: Vec<CardSheet>,
    /// How many changes of it are not uploaded.
    pub waiting: usize,
}

impl<S: LocalStore, T: Transport, K: DeviceKey> Client<S, T, K> {
    /// An activity, whole.
    pub async fn show_activity(&self, reference: &RecordRef) -> Result<ActivitySheet, DeskError> {
        let record = self.open(reference).await?;
        let names = self.names(reference.org).await?;
        let view = ActivityView::of(&record);
        let day = view.when().unwrap_or_else(|| self.now());
        let cards = merge_cards(&record).into_iter().map(|card| CardSheet {
            slot: card.slot,
            values: card.values.iter().map(|touch| history_line(touch, &names)).collect(),
        });
        Ok(ActivitySheet {
            id: reference.id(),
            org: reference.org,
            status: view.status(),
            kinds: view.kinds.iter().cloned().collect(),
            kind_names: kind_names(&self.rule_books().await?, day, &view.kinds),
            about: view.about.iter().map(|(field, value)| (*field, Some(value).into())).collect(),
            roll: roll(&view, &names),
            events: events(&record, &view, &names),
            merge_cards: cards.collect(),
            photos: self.photo_lines(reference, &view).await?,
            waiting: self.store().pending_of(reference.id()).await?.len(),
            minutes: view.minutes,
            agenda: view.agenda,
            resolutions: view.resolutions,
            follow_ups: view.follow_ups,
            observers: view.observers,
            amendments: view.amendments,
        })
    }

    /// Everything that was ever written at a slot, or in the text of that name, oldest first.
    pub async fn slot_history(
        &self,
        reference: &RecordRef,
        slot: &str,
    ) -> Result<Vec<HistoryLine>, DeskError> {
        let record = self.open(reference).await?;
        let names = self.names(reference.org).await?;
        let texts = text_history(&record, slot).into_iter().map(|touch| {
            let author = names.author(touch.device);
            HistoryLine {
                value: ShownValue::Text(touch.inserted),
                deleted: touch.deleted,
                name: author.name,
                device_name: author.device_name,
                at: touch.at,
            }
        });
        let values = field_history(&record, slot);
        Ok(values.iter().map(|touch| history_line(touch, &names)).chain(texts).collect())
    }
}

fn history_line(touch: &Touch, names: &Names) -> HistoryLine {
    let author = names.author(touch.by.device);
    HistoryLine {
        value: touch.value.as_ref().into(),
        deleted: 0,
        name: author.name,
        device_name: author.device_name,
        at: touch.at,
    }
}

fn roll(view: &ActivityView, names: &Names) -> Vec<RollLine> {
    let day = view.when().unwrap_or_default().date();
    let on_roster = names.roster.on(day).into_iter().map(|(member, _)| member);
    let mut members: Vec<MemberId> = on_roster.chain(view.attendance.keys().copied()).collect();
    let number = |member: &MemberId| names.roster.members.get(member).map_or(u32::MAX, |card| card.number);
    members.sort_by_key(|member| (number(member), *member));
    members.dedup();
    let group = |member: &MemberId| names.roster.members.get(member)?.group;
    let line = |member: MemberId| RollLine {
        member,
        number: number(&member),
        name: names.member(member),
        group: group(&member),
        group_name: group(&member).and_then(|group| names.group(group)),
        state: view.attendance.get(&member).copied(),
    };
    members.into_iter().map(line).collect()
}

fn events(record: &Record, view: &ActivityView, names: &Names) -> Vec<EventLine> {
    let mut lines: Vec<EventLine> = view
        .events
        .iter()
        .map(|(id, event)| {
            let touch = field_history(record, &format!("events.{id}")).pop();
            EventLine {
                id: *id,
                event: event.clone(),
                name: touch.as_ref().map(|touch| names.author(touch.by.device).name).unwrap_or_default(),
                at: touch.map(|touch| touch.at),
            }
        })
        .collect();
    lines.sort_by_key(|line| (line.at, line.id));
    lines
}

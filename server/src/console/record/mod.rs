//! The merged record of one activity, as a reviewer reads it.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use zhibu_domain::command::AboutField;
use zhibu_domain::event::Status;
use zhibu_domain::ids::{EntryId, MemberId, OrgId, RecordId};
use zhibu_domain::record::{ChangeHash, Record, RecordKind, RecordRef, Touch, full_history};
use zhibu_domain::rule_book::RuleBook;
use zhibu_domain::view::{ActivityView, RosterView, RuleBookView};

use super::shown::shown;
use super::writer::Writers;
use super::{StaffCaller, schema};
use crate::error::ApiError;
use crate::store::{AuditAct, StoredRecord};
use crate::sync::read_record;

mod card;
mod photo;
mod roll;
mod said;
mod vote;

pub use card::{CardRow, StandingValue};
pub use photo::PhotoRow;
pub use roll::{ExcludedRow, HeadRow, RollRow};
pub use said::{AmendmentRow, EventRow, FollowUpRow, NoteRow};
pub use vote::{BallotRow, OutcomeRow, ResolutionRow, ThresholdRow};

/// An activity with everything that phones and staff wrote.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ActivityRecord {
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
    /// Where it stands.
    #[schema(schema_with = schema::status)]
    pub status: Status,
    /// Whether it was entered late, as last projected.
    pub late: bool,
    /// The single-valued fields by name; times are milliseconds since 1970, people are member ids.
    pub about: BTreeMap<&'static str, Value>,
    /// Kind codes of the rule book.
    pub kinds: Vec<String>,
    /// The roll in roster order.
    pub attendance: Vec<RollRow>,
    /// What the roll adds up to.
    pub head_count: HeadRow,
    /// The minutes.
    pub minutes: String,
    /// 议题.
    pub agenda: Vec<NoteRow>,
    /// 列席, by post.
    pub observers: Vec<NoteRow>,
    /// 决议 with their votes.
    pub resolutions: Vec<ResolutionRow>,
    /// 后续事项.
    pub follow_ups: Vec<FollowUpRow>,
    /// Review events in the order of the log.
    pub events: Vec<EventRow>,
    /// Corrections after filing, in the order of the log.
    pub amendments: Vec<AmendmentRow>,
    /// Photos in the order of the log, at most three. An activity without any is complete.
    pub photos: Vec<PhotoRow>,
    /// Where phones disagree.
    pub merge_cards: Vec<CardRow>,
    /// Names of the people named above by id, also of those who left the roster.
    pub people: BTreeMap<String, String>,
}

/// What an activity is read with.
pub(super) struct Context {
    pub(super) record: Record,
    pub(super) view: ActivityView,
    pub(super) roster: RosterView,
    pub(super) book: Option<RuleBook>,
    pub(super) writers: Writers,
    pub(super) history: BTreeMap<String, Vec<Touch>>,
    /// Where each change stands in the log.
    positions: HashMap<ChangeHash, u64>,
}

impl Context {
    /// The hand that first wrote a slot.
    fn first_touch(&self, container: &str, entry: EntryId) -> Option<&Touch> {
        self.history.get(&format!("{container}.{entry}"))?.first()
    }

    /// Entries of an append-only container in the order of the log; phones' clocks are not trusted with it.
    fn in_log_order<T>(&self, container: &str, mut rows: Vec<(EntryId, T)>) -> Vec<(EntryId, T)> {
        rows.sort_by_key(|(entry, _)| {
            let touch = self.first_touch(container, *entry);
            (touch.and_then(|touch| self.positions.get(&touch.change)).copied(), *entry)
        });
        rows
    }
}

impl StaffCaller {
    /// The merged record of an activity.
    pub async fn read_activity(&self, id: RecordId) -> Result<ActivityRecord, ApiError> {
        let stored = self.readable_record(id).await?;
        if stored.reference.kind != RecordKind::Activity {
            return Err(ApiError::NotFound);
        }
        let late = self.store().find_activity(self.district(), id).await?.is_some_and(|row| row.late);
        let context = self.context(&stored).await?;
        let blobs = self.store().blobs_of(self.district(), id).await?;
        Ok(ActivityRecord {
            photos: photo::rows(&context, &blobs),
            ..self.activity_record(&stored.reference, &context, late)
        })
    }

    /// A record as a plain Automerge file that any Automerge implementation opens.
    pub async fn export_record(&self, id: RecordId) -> Result<Vec<u8>, ApiError> {
        self.pay()?;
        let stored = self.readable_record(id).await?;
        let file = stored.document()?.save().map_err(ApiError::internal)?;
        let detail = serde_json::json!({ "kind": stored.reference.kind, "org": stored.reference.org });
        self.note(AuditAct::Exported, id, detail).await?;
        Ok(file)
    }

    async fn context(&self, stored: &StoredRecord) -> Result<Context, ApiError> {
        let record = stored.document()?;
        let view = ActivityView::of(&record);
        let roster = self.roster_of(stored.reference.org).await?;
        let book = self.rule_book_on(view.when().unwrap_or_default().date()).await?;
        let writers = self.writers(stored.changes.iter().map(|change| change.author)).await?;
        let history = full_history(&record);
        let positions = stored.changes.iter().map(|change| (change.hash, change.position)).collect();
        Ok(Context { record, view, roster, book, writers, history, positions })
    }

    /// The roster of a branch; empty where there is none yet.
    pub(super) async fn roster_of(&self, org: OrgId) -> Result<RosterView, ApiError> {
        let record = read_record(self.store(), self.district(), RecordRef::roster(org)).await?;
        Ok(record.map(|record| RosterView::of(&record)).unwrap_or_default())
    }

    /// The rule book that a day is reckoned by.
    pub(super) async fn rule_book_on(&self, day: jiff::civil::Date) -> Result<Option<RuleBook>, ApiError> {
        let reference = RecordRef::rule_book(self.district().into());
        let record = read_record(self.store(), self.district(), reference).await?;
        Ok(record.and_then(|record| RuleBookView::of(&record).for_day(day).cloned()))
    }

    fn activity_record(&self, reference: &RecordRef, context: &Context, late: bool) -> ActivityRecord {
        let view = &context.view;
        let slot = |field: &AboutField| format!("about.{field}");
        let about = view
            .about
            .iter()
            .map(|(field, value)| (field.as_str(), shown(RecordKind::Activity, &slot(field), value)));
        ActivityRecord {
            record: reference.id(),
            org: reference.org,
            org_name: self.org_name(reference.org),
            year: reference.year,
            status: view.status(),
            late,
            about: about.collect(),
            kinds: view.kinds.iter().cloned().collect(),
            attendance: roll::rows(context),
            head_count: roll::head_count(context),
            minutes: view.minutes.clone(),
            agenda: said::notes(&view.agenda),
            observers: said::notes(&view.observers),
            resolutions: vote::rows(context),
            follow_ups: said::follow_ups(context),
            events: said::events(context),
            amendments: said::amendments(context),
            photos: Vec::new(),
            merge_cards: card::rows(context),
            people: people(context),
        }
    }
}

fn people(context: &Context) -> BTreeMap<String, String> {
    let view = &context.view;
    let fields = [AboutField::Host, AboutField::Recorder, AboutField::Lecturer];
    let in_fields = fields.into_iter().filter_map(|field| view.member(field));
    let owners = view.follow_ups.values().filter_map(|follow_up| follow_up.owner);
    let named: Vec<MemberId> = view.attendance.keys().copied().chain(in_fields).chain(owners).collect();
    let name = |member: &MemberId| context.roster.members.get(member).map(|card| card.name.clone());
    named.iter().filter_map(|member| Some((member.to_string(), name(member)?))).collect()
}

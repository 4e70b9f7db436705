//! Records as people read them: typed, with the winner where several values stand.
//!
//! A view never fails: what it does not understand (a newer phone's field) it leaves where it is.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;

use crate::attachment::Attachment;
use crate::attendance::Attendance;
use crate::command::{AboutField, Ballot, Scalar};
use crate::event::{Amendment, Claim, PointsEvent, PointsVerb, ReviewEvent, Status, fold};
use crate::ids::{EntryId, MemberId, OrgId};
use crate::record::Record;
use crate::record::shape::read_entry;
use crate::rule_book::RuleBook;
use crate::time::Millis;

/// An activity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActivityView {
    /// The single-valued fields.
    pub about: BTreeMap<AboutField, Scalar>,
    /// Codes of the rule book's activity kinds.
    pub kinds: BTreeSet<String>,
    /// One mark per member.
    pub attendance: BTreeMap<MemberId, Attendance>,
    /// The minutes.
    pub minutes: String,
    /// 决议.
    pub resolutions: BTreeMap<EntryId, ResolutionView>,
    /// 后续事项.
    pub follow_ups: BTreeMap<EntryId, FollowUpView>,
    /// 列席, by post.
    pub observers: BTreeMap<EntryId, String>,
    /// 议题.
    pub agenda: BTreeMap<EntryId, String>,
    /// Review events.
    pub events: BTreeMap<EntryId, ReviewEvent>,
    /// Corrections after filing.
    pub amendments: BTreeMap<EntryId, Amendment>,
    /// 照片, in the order of their ids, which is that of their making.
    pub attachments: BTreeMap<EntryId, Attachment>,
}

/// A resolution and its vote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ResolutionView {
    /// Its text.
    pub text: String,
    /// The decision rule it stands under.
    pub decision: Option<String>,
    /// Votes for.
    pub yes: Option<i64>,
    /// Votes against.
    pub no: Option<i64>,
    /// Abstentions.
    pub abstain: Option<i64>,
}

impl ResolutionView {
    /// The count, if it was voted on.
    pub fn ballot(&self) -> Option<Ballot> {
        let count = |n: Option<i64>| u32::try_from(n.unwrap_or(0)).unwrap_or(0);
        let voted = self.yes.is_some() || self.no.is_some() || self.abstain.is_some();
        voted.then(|| Ballot { yes: count(self.yes), no: count(self.no), abstain: count(self.abstain) })
    }
}

/// Something to be done after an activity.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct FollowUpView {
    /// What.
    pub text: String,
    /// By whom.
    pub owner: Option<MemberId>,
    /// Until when.
    #[cfg_attr(feature = "typescript", ts(type = "string | null"))]
    pub due: Option<Date>,
    /// Whether it is done.
    pub done: bool,
}

impl ActivityView {
    /// Reads an activity record.
    pub fn of(record: &Record) -> Self {
        let mut view = Self { minutes: record.text("minutes"), ..Self::default() };
        for (key, value) in record.values("about") {
            view.about.extend(key.parse().ok().map(|field: AboutField| (field, value)));
        }
        view.kinds.extend(record.values("kinds").into_iter().map(|(code, _)| code));
        for (key, value) in record.values("attendance") {
            let state = text(&value).and_then(|state| state.parse::<Attendance>().ok());
            view.attendance.extend(key.parse::<MemberId>().ok().zip(state));
        }
        view.observers.extend(texts_by_entry(record, "observers"));
        view.agenda.extend(texts_by_entry(record, "agenda"));
        for (entry, name, value) in fields_by_entry(record, "resolutions") {
            view.resolutions.entry(entry).or_default().take(&name, &value);
        }
        for (entry, name, value) in fields_by_entry(record, "follow_ups") {
            view.follow_ups.entry(entry).or_default().take(&name, &value);
        }
        view.events.extend(entries(record, "events"));
        view.amendments.extend(entries(record, "amendments"));
        view.attachments.extend(entries(record, "attachments"));
        view
    }

    /// Where it stands: folded from the events, else from what is filled in.
    pub fn status(&self) -> Status {
        fold(&self.events).unwrap_or_else(|| {
            if self.about.contains_key(&AboutField::HeldFrom) || !self.attendance.is_empty() {
                Status::Held
            } else if self.about.contains_key(&AboutField::PlannedAt) {
                Status::Planned
            } else {
                Status::Draft
            }
        })
    }

    /// A text field.
    pub fn text(&self, field: AboutField) -> Option<&str> {
        self.about.get(&field).and_then(text)
    }

    /// A time or number field.
    pub fn number(&self, field: AboutField) -> Option<i64> {
        match self.about.get(&field)? {
            Scalar::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// When it was held, or else is planned.
    pub fn when(&self) -> Option<Millis> {
        self.number(AboutField::HeldFrom).or_else(|| self.number(AboutField::PlannedAt)).map(Millis)
    }

    /// A member field.
    pub fn member(&self, field: AboutField) -> Option<MemberId> {
        self.text(field)?.parse().ok()
    }
}

impl ResolutionView {
    fn take(&mut self, name: &str, value: &Scalar) {
        match name {
            "text" => self.text = text(value).unwrap_or_default().to_owned(),
            "decision" => self.decision = text(value).map(str::to_owned),
            "yes" => self.yes = number(value),
            "no" => self.no = number(value),
            "abstain" => self.abstain = number(value),
            _ => {}
        }
    }
}

impl FollowUpView {
    fn take(&mut self, name: &str, value: &Scalar) {
        match name {
            "text" => self.text = text(value).unwrap_or_default().to_owned(),
            "owner" => self.owner = text(value).and_then(|t| t.parse().ok()),
            "due" => self.due = text(value).and_then(|t| t.parse().ok()),
            "done" => self.done = *value == Scalar::Flag(true),
            _ => {}
        }
    }
}

/// A member's points of a cycle in one branch: what was claimed and what was said about it. What the
/// attendance gives is derived elsewhere and never stored here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PointsView {
    /// Claims.
    pub entries: BTreeMap<EntryId, Claim>,
    /// What was said about them.
    pub events: BTreeMap<EntryId, PointsEvent>,
}

impl PointsView {
    /// Reads a points record.
    pub fn of(record: &Record) -> Self {
        Self { entries: entries(record, "entries").collect(), events: entries(record, "events").collect() }
    }

    /// The words said about one entry: a set, so that the order of arrival cannot matter.
    pub fn verbs(&self, entry: EntryId) -> BTreeSet<PointsVerb> {
        self.events.values().filter(|event| event.entry == entry).map(|event| event.verb).collect()
    }
}

/// A district's rule books.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleBookView {
    /// The adopted versions by their id. One that this app is too old to read is left out: to reckon with half
    /// of a rule book would be worse than to ask for an update.
    pub versions: BTreeMap<String, RuleBook>,
}

impl RuleBookView {
    /// Reads a rule book record.
    pub fn of(record: &Record) -> Self {
        let versions = record.values("versions").into_iter().filter_map(|(version, value)| match value {
            Scalar::Bytes(bytes) => Some((version, minicbor::decode(&bytes).ok()?)),
            _ => None,
        });
        Self { versions: versions.collect() }
    }

    /// The version that a day's cycle is reckoned by: the newest that was in force when the cycle began, or else
    /// the oldest there is. It stays for the whole cycle (domain report 5.1).
    pub fn for_day(&self, day: Date) -> Option<&RuleBook> {
        let in_force = |book: &&RuleBook| book.effective_from <= book.cycle_of(day).start;
        let by_age = |book: &&RuleBook| (book.effective_from, book.id.clone());
        self.versions
            .values()
            .filter(in_force)
            .max_by_key(by_age)
            .or_else(|| self.versions.values().min_by_key(by_age))
    }
}

/// A branch's roster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RosterView {
    /// The people.
    pub members: BTreeMap<MemberId, MemberCard>,
    /// Approved exclusions from the should-attend count.
    pub exclusions: BTreeMap<EntryId, ExclusionCard>,
}

/// A person on a roster. The fields are all there are (DESIGN, the ban list).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct MemberCard {
    /// 姓名.
    pub name: String,
    /// 名册序号: the order of every list.
    pub number: u32,
    /// `f` or `m`.
    pub sex: Option<String>,
    /// Whether a full member: has a vote.
    pub is_full: bool,
    /// 入党时间.
    #[cfg_attr(feature = "typescript", ts(type = "string | null"))]
    pub joined_on: Option<Date>,
    /// 党小组.
    pub group: Option<OrgId>,
    /// 转出日期.
    #[cfg_attr(feature = "typescript", ts(type = "string | null"))]
    pub left_on: Option<Date>,
    /// Class codes by the date from which they hold.
    #[cfg_attr(feature = "typescript", ts(type = "Record<string, string>"))]
    pub classes: BTreeMap<Date, String>,
    /// Posts on the committee, since when.
    #[cfg_attr(feature = "typescript", ts(type = "Record<string, string>"))]
    pub posts: BTreeMap<String, Date>,
}

impl MemberCard {
    /// Whether on the roster on a day.
    pub fn is_on_roster(&self, on: Date) -> bool {
        !self.name.is_empty() && self.left_on.is_none_or(|left| on < left)
    }

    /// The class that holds on a day.
    pub fn class_on(&self, on: Date) -> Option<&str> {
        self.classes.range(..=on).next_back().map(|(_, class)| class.as_str())
    }
}

/// An approved exclusion (不计入应到会).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ExclusionCard {
    /// Who.
    pub member: Option<MemberId>,
    /// The approved reason, 1 to 5.
    pub reason: u8,
    /// From this day.
    pub from: Option<Date>,
    /// To this day, included.
    pub to: Option<Date>,
    /// Number of the approving document.
    pub approval_doc: String,
}

impl RosterView {
    /// Reads a roster record.
    pub fn of(record: &Record) -> Self {
        let mut view = Self::default();
        for (member, name, value) in fields_by_entry(record, "members") {
            view.members.entry(MemberId(member.0)).or_default().take(&name, &value);
        }
        for (member, from, value) in fields_by_entry(record, "classes") {
            let class = from.parse().ok().zip(text(&value).map(str::to_owned));
            view.members.entry(MemberId(member.0)).or_default().classes.extend(class);
        }
        for (member, post, value) in fields_by_entry(record, "posts") {
            let since = text(&value).and_then(|t| t.parse().ok());
            view.members
                .entry(MemberId(member.0))
                .or_default()
                .posts
                .extend(since.map(|since| (post, since)));
        }
        for (entry, name, value) in fields_by_entry(record, "exclusions") {
            view.exclusions.entry(entry).or_default().take(&name, &value);
        }
        view
    }

    /// Everybody on the roster on a day, in roster order.
    pub fn on(&self, day: Date) -> Vec<(MemberId, &MemberCard)> {
        let mut people: Vec<_> = self
            .members
            .iter()
            .filter(|(_, card)| card.is_on_roster(day))
            .map(|(id, card)| (*id, card))
            .collect();
        people.sort_by_key(|(id, card)| (card.number, *id));
        people
    }

    /// The exclusion that holds for a member on a day.
    pub fn exclusion_of(&self, member: MemberId, on: Date) -> Option<&ExclusionCard> {
        self.exclusions.values().find(|exclusion| {
            exclusion.member == Some(member)
                && exclusion.from.is_some_and(|from| from <= on)
                && exclusion.to.is_none_or(|to| on <= to)
        })
    }
}

impl MemberCard {
    fn take(&mut self, name: &str, value: &Scalar) {
        let date = || text(value).and_then(|t| t.parse().ok());
        match name {
            "name" => self.name = text(value).unwrap_or_default().to_owned(),
            "number" => self.number = number(value).and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
            "sex" => self.sex = text(value).map(str::to_owned),
            "membership" => self.is_full = text(value) == Some("full"),
            "joined_on" => self.joined_on = date(),
            "group" => self.group = text(value).and_then(|t| t.parse().ok()),
            "left_on" => self.left_on = date(),
            _ => {}
        }
    }
}

impl ExclusionCard {
    fn take(&mut self, name: &str, value: &Scalar) {
        let date = || text(value).and_then(|t| t.parse().ok());
        match name {
            "member" => self.member = text(value).and_then(|t| t.parse().ok()),
            "reason" => self.reason = number(value).and_then(|n| u8::try_from(n).ok()).unwrap_or(0),
            "from" => self.from = date(),
            "to" => self.to = date(),
            "approval_doc" => self.approval_doc = text(value).unwrap_or_default().to_owned(),
            _ => {}
        }
    }
}

fn text(value: &Scalar) -> Option<&str> {
    match value {
        Scalar::Text(text) => Some(text),
        _ => None,
    }
}

fn number(value: &Scalar) -> Option<i64> {
    match value {
        Scalar::Int(number) => Some(*number),
        _ => None,
    }
}

fn texts_by_entry(record: &Record, container: &str) -> impl Iterator<Item = (EntryId, String)> {
    let values = record.values(container).into_iter();
    values.filter_map(|(key, value)| Some((key.parse().ok()?, text(&value)?.to_owned())))
}

/// The values of a container keyed `<id>.<name>`.
fn fields_by_entry(record: &Record, container: &str) -> impl Iterator<Item = (EntryId, String, Scalar)> {
    record.values(container).into_iter().filter_map(|(key, value)| {
        let (entry, name) = key.split_once('.')?;
        Some((entry.parse().ok()?, name.to_owned(), value))
    })
}

/// The entries of a container that are written once.
fn entries<T: for<'b> minicbor::Decode<'b, ()>>(
    record: &Record,
    container: &str,
) -> impl Iterator<Item = (EntryId, T)> {
    record.values(container).into_iter().filter_map(|(key, value)| match value {
        Scalar::Bytes(bytes) => Some((key.parse().ok()?, read_entry(&bytes)?)),
        _ => None,
    })
}

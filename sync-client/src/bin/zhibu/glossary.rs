//! From slots and codes to what a villager calls them: by the roster, the rule book, and the words of this program.

use zhibu_domain::command::AboutField;
use zhibu_domain::event::{Claim, PointsEvent, ReviewEvent};
use zhibu_domain::ids::{MemberId, OrgId};
use zhibu_domain::points::Cap;
use zhibu_domain::record::{Record, RecordKind, SlotPath};
use zhibu_domain::rule_book::RuleBook;
use zhibu_domain::rule_book::words::Period;
use zhibu_domain::time::Millis;
use zhibu_domain::view::ActivityView;
use zhibu_sync_client::desk::{DeskError, Names, ShownValue, WrittenLine, WrittenValue};

use crate::fault::Fault;
use crate::session::Session;
use crate::words;

/// The names around one branch, and the rule book of a day; a phone may hold none yet.
pub(crate) struct Glossary {
    names: Names,
    book: Option<RuleBook>,
}

impl Glossary {
    pub(crate) async fn of(session: &Session, org: OrgId, day: Millis) -> Result<Self, Fault> {
        let book = match session.client.rule_book(day).await {
            Ok(book) => Some(book),
            Err(DeskError::NoRuleBook) => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Self { names: session.client.names(org).await?, book })
    }

    pub(crate) fn member(&self, member: MemberId) -> String {
        self.names.member(member)
    }

    fn member_of(&self, id: &str) -> String {
        id.parse().map_or_else(|_| id.to_owned(), |member| self.member(member))
    }

    fn kind(&self, code: &str) -> String {
        let kind = self.book.as_ref().and_then(|book| book.activity_kind(code));
        kind.map_or_else(|| code.to_owned(), |kind| kind.name.clone())
    }

    fn rule(&self, code: &str) -> String {
        let rule = self.book.as_ref().and_then(|book| book.point_rule(code));
        rule.map_or_else(|| code.to_owned(), |rule| format!("{code} {}", rule.name))
    }

    fn class(&self, code: &str) -> String {
        let class = self.book.as_ref().and_then(|book| book.class(code));
        class.map_or_else(|| code.to_owned(), |class| class.name.clone())
    }

    fn category(&self, code: &str) -> String {
        let category = self.book.as_ref().and_then(|book| book.category(code));
        category.map_or_else(|| code.to_owned(), |category| category.name.clone())
    }

    /// What a record is called: an activity by its title.
    pub(crate) fn title(&self, record: &Record) -> String {
        let reference = record.reference();
        match (reference.kind, reference.subject()) {
            (RecordKind::Activity, _) => {
                let view = ActivityView::of(record);
                view.text(AboutField::Title).unwrap_or("没有标题的活动").to_owned()
            }
            (_, Some(member)) => format!("{}的积分", self.member(member)),
            (RecordKind::Roster, _) => "名册".to_owned(),
            _ => "积分办法和活动规则".to_owned(),
        }
    }

    /// What a slot is called. One that this program does not know keeps its own name.
    pub(crate) fn slot(&self, slot: &str) -> String {
        let path = SlotPath::parse(slot);
        let (id, name) = path.key.split_once('.').unwrap_or((path.key, ""));
        let fixed = match (path.container, name) {
            ("about", _) => path.key.parse().map(words::field).unwrap_or(slot),
            ("kinds", _) => return format!("活动类型“{}”", self.kind(path.key)),
            ("attendance", _) => return format!("{}的签到", self.member_of(path.key)),
            ("minutes", _) => "会议记录",
            ("agenda", _) => "议题",
            ("observers", _) => "列席",
            ("resolutions", "text") => "决议",
            ("resolutions", "decision") => "决议的表决规则",
            ("resolutions", "yes") => "赞成票",
            ("resolutions", "no") => "反对票",
            ("resolutions", "abstain") => "弃权票",
            ("follow_ups", "text") => "后续事项",
            ("follow_ups", "owner") => "后续事项负责人",
            ("follow_ups", "due") => "后续事项期限",
            ("follow_ups", "done") => "后续事项已完成",
            ("events", _) => "审核意见",
            ("amendments", _) => "更正说明",
            ("attachments", _) => "照片",
            ("entries", _) => "积分申报",
            ("members", _) => return format!("{}的名册信息", self.member_of(id)),
            ("classes", _) => return format!("{}的党员类别", self.member_of(id)),
            ("posts", _) => return format!("{}的支委职务", self.member_of(id)),
            ("exclusions", _) => "不计入应到会",
            ("versions", _) => "积分办法和活动规则",
            _ => slot,
        };
        fixed.to_owned()
    }

    /// A single value at a slot.
    pub(crate) fn value(&self, slot: &str, value: &ShownValue) -> String {
        let path = SlotPath::parse(slot);
        match (path.container, value) {
            ("about", value) => match path.key.parse() {
                Ok(field) => self.field_value(field, value),
                Err(_) => words::value(value),
            },
            ("attendance", ShownValue::Text(state)) => state
                .parse()
                .map_or_else(|_| state.clone(), |state| words::attendance(Some(state)).to_owned()),
            ("attendance", ShownValue::Nothing) => words::attendance(None).to_owned(),
            ("follow_ups", ShownValue::Text(id)) if path.key.ends_with(".owner") => self.member_of(id),
            ("resolutions", ShownValue::Text(code)) if path.key.ends_with(".decision") => {
                let rule = self.book.as_ref().and_then(|book| book.decision_rule(code));
                rule.map_or_else(|| code.clone(), |rule| rule.name.clone())
            }
            ("classes", ShownValue::Text(code)) => self.class(code),
            (_, value) => words::value(value),
        }
    }

    /// The value of a field of an activity.
    pub(crate) fn field_value(&self, field: AboutField, value: &ShownValue) -> String {
        match (field, value) {
            (AboutField::PlannedAt | AboutField::HeldFrom | AboutField::HeldTo, ShownValue::Int(at)) => {
                words::time(Millis(*at))
            }
            (AboutField::Host | AboutField::Recorder | AboutField::Lecturer, ShownValue::Text(id)) => {
                self.member_of(id)
            }
            _ => words::value(value),
        }
    }

    /// One thing that a person wrote.
    pub(crate) fn written(&self, line: &WrittenLine) -> String {
        let slot = self.slot(&line.slot);
        let deleted =
            if line.deleted > 0 { format!("，删去 {} 字", line.deleted) } else { String::new() };
        let value = match &line.value {
            WrittenValue::Plain(ShownValue::Text(text)) if text.is_empty() => "没有加字".to_owned(),
            WrittenValue::Plain(value) => self.value(&line.slot, value),
            WrittenValue::Review(event) => self.review(event),
            WrittenValue::Amendment(amendment) => {
                format!("{}应为“{}”", self.slot(&amendment.slot), amendment.text)
            }
            WrittenValue::Photo(photo) => format!("{} 字节", photo.size_bytes),
            WrittenValue::Claim(claim) => self.claim(claim),
            WrittenValue::Judgement(event) => judgement(event),
        };
        format!("{slot}：{value}{deleted}")
    }

    /// A review word with its slot, reason and comment.
    pub(crate) fn review(&self, event: &ReviewEvent) -> String {
        let slot = event.slot.as_deref().map_or(String::new(), |slot| format!("（{}）", self.slot(slot)));
        let reason = event.reason.map_or(String::new(), |why| format!("，{}", words::redo_reason(why)));
        let comment = event.comment.as_deref().map_or(String::new(), |text| format!("：{text}"));
        format!("{}{slot}{reason}{comment}", words::verb(event.verb))
    }

    fn claim(&self, claim: &Claim) -> String {
        let points = claim.points.map_or(String::new(), |points| format!("，选 {points} 分"));
        format!("{} {}，{}，数量 {}{points}", claim.date, self.rule(&claim.rule), claim.matter, claim.units)
    }

    /// Why a line of the ledger counts less than its points.
    pub(crate) fn cap(&self, cap: &Cap) -> String {
        match cap {
            Cap::Rule { period } => format!("这一条{}已到上限", span(*period)),
            Cap::Group { category } => format!("“{}”类已到上限", self.category(category)),
            Cap::SameMatter => "同一件事只计最高的一项".to_owned(),
            Cap::DeductionsOff => "本办法不扣分".to_owned(),
            Cap::NotForClass { class: Some(class) } => format!("“{}”不适用这一条", self.class(class)),
            Cap::NotForClass { class: None } => "当日还没有党员类别，不能计分".to_owned(),
            Cap::ReplacedBy { rule } => format!("改按 {} 计分", self.rule(rule)),
            Cap::RuleOff => "这一条没有启用".to_owned(),
            Cap::UnknownRule => "办法里没有这一条".to_owned(),
            Cap::DerivedRule => "这一条按活动记录自动计分，不用申报".to_owned(),
            Cap::OutsideRange => "没有选分值，或分值不在范围内".to_owned(),
            Cap::PartUnits => "数量还不够计一次，留到以后累计".to_owned(),
            Cap::NoNotice => "没有事先通知到本人，不扣分".to_owned(),
            Cap::ObjectionUpheld => "本人异议成立，不扣分".to_owned(),
            Cap::Declined => "没有认可".to_owned(),
            Cap::Reversed { .. } => "已经冲销".to_owned(),
            Cap::Reversing { .. } => "这一条只用来冲销另一条".to_owned(),
            Cap::NothingReversed => "没有找到要冲销的那一条".to_owned(),
        }
    }
}

fn span(period: Period) -> &'static str {
    match period {
        Period::Month => "当月",
        Period::Quarter => "当季度",
        Period::HalfYear => "半年内",
        Period::Year => "本年度",
        Period::Term => "本届",
    }
}

fn judgement(event: &PointsEvent) -> String {
    let reason = event.reason.map_or(String::new(), |why| format!("（{}）", words::points_reason(why)));
    format!("{}{reason}", words::points_verb(event.verb))
}

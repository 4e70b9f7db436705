//! Writing an activity down.

use std::collections::BTreeSet;

use zhibu_domain::attendance::Attendance;
use zhibu_domain::command::{AboutField, Ballot, Command, Scalar};
use zhibu_domain::ids::{EntryId, MemberId, RecordId};
use zhibu_domain::record::{RecordRef, merge_cards};
use zhibu_domain::view::ActivityView;

use crate::arguments::{FollowUp, Minutes, NewActivity, Resolution, Roll};
use crate::fault::Fault;
use crate::session::{Session, read_time};

pub(crate) async fn create(session: &Session, new: NewActivity) -> Result<(), Fault> {
    let branch = session.client.find_branch(new.branch.as_deref()).await?;
    let at = read_time(&new.at)?;
    check_kinds(session, &new.kinds).await?;
    let id = session.client.new_id()?;
    let year = u16::try_from(at.date().year()).unwrap_or_default();
    let record = RecordRef::activity(branch.id, year, RecordId(id.0));
    if !record.is_well_formed() {
        return Err(Fault::Typed("活动时间的年份不对，请检查 --at。".to_owned()));
    }
    let texts = [(AboutField::Place, new.place), (AboutField::Theme, new.theme)];
    let mut fields = vec![
        (AboutField::Title, Some(Scalar::Text(new.title))),
        (AboutField::PlannedAt, Some(Scalar::Int(at.0))),
    ];
    fields.extend(texts.into_iter().filter_map(|(field, text)| Some((field, Some(Scalar::Text(text?))))));
    let kinds = Command::SetKinds { add: new.kinds, remove: Vec::new() };
    session.execute(&record, [Command::SetAbout(fields), kinds]).await
}

/// A typing error in a kind would only show at the reckoning of points, months later.
async fn check_kinds(session: &Session, kinds: &[String]) -> Result<(), Fault> {
    let book = session.client.rule_book(session.client.now()).await?;
    match kinds.iter().find(|code| book.activity_kind(code).is_none()) {
        None => Ok(()),
        Some(unknown) => {
            let known: Vec<_> =
                book.activity_kinds.iter().map(|kind| format!("{}（{}）", kind.code, kind.name)).collect();
            Err(Fault::Typed(format!("没有“{unknown}”这种活动。可以选：{}。", known.join("、"))))
        }
    }
}

pub(crate) async fn roll(session: &Session, roll: Roll) -> Result<(), Fault> {
    let record = session.activity(&roll.record).await?;
    let names = session.client.names(record.org).await?;
    let except: BTreeSet<MemberId> =
        roll.except.iter().map(|text| names.find_member(text)).collect::<Result<_, _>>()?;
    let mut marks: Vec<(MemberId, Option<String>)> = Vec::new();
    if roll.all_present {
        let view = ActivityView::of(&*session.client.open(&record).await?);
        let day = view.when().unwrap_or_else(|| session.client.now()).date();
        let present = Some(Attendance::Present.as_str().to_owned());
        let everybody = names.roster.on(day).into_iter().map(|(member, _)| member);
        marks.extend(
            everybody.filter(|member| !except.contains(member)).map(|member| (member, present.clone())),
        );
    } else if !except.is_empty() {
        return Err(Fault::Typed("--except 要和 --all-present 一起用。".to_owned()));
    }
    for mark in &roll.mark {
        let (member, state) = read_mark(mark)?;
        let member = names.find_member(member)?;
        marks.retain(|(marked, _)| *marked != member);
        marks.push((member, state.map(|state| state.as_str().to_owned())));
    }
    if marks.is_empty() {
        return Err(Fault::Typed("请写明标记谁：--all-present，或 --mark 序号=present。".to_owned()));
    }
    session.execute(&record, [Command::RecordAttendance(marks)]).await
}

fn read_mark(text: &str) -> Result<(&str, Option<Attendance>), Fault> {
    let known = Attendance::ALL.iter().map(|state| state.as_str()).collect::<Vec<_>>().join("、");
    let wrong = || Fault::Typed(format!("“{text}”看不懂，请写成 序号=状态，状态可以是：{known}。"));
    let (member, state) = text.split_once('=').ok_or_else(wrong)?;
    match state {
        "" => Ok((member, None)),
        state => Ok((member, Some(state.parse().map_err(|_| wrong())?))),
    }
}

pub(crate) async fn minutes(session: &Session, minutes: Minutes) -> Result<(), Fault> {
    let record = session.activity(&minutes.record).await?;
    let before = ActivityView::of(&*session.client.open(&record).await?).minutes;
    let words = minutes.words;
    let after = match (words.text, words.file, words.append) {
        (Some(text), ..) => text,
        (_, Some(file), _) => std::fs::read_to_string(file)?,
        (.., append) => format!("{before}{}", append.unwrap_or_default()),
    };
    session.execute(&record, [Command::EditMinutes { before, after }]).await
}

pub(crate) async fn set(session: &Session, record: &str, field: &str, value: &str) -> Result<(), Fault> {
    let record = session.activity(record).await?;
    let known = AboutField::ALL.iter().map(|field| field.as_str()).collect::<Vec<_>>().join("、");
    let name = field.strip_prefix("about.").unwrap_or(field);
    let field: AboutField =
        name.parse().map_err(|_| Fault::Typed(format!("没有“{name}”这一栏。可以选：{known}。")))?;
    let value = match value {
        "" => None,
        value => Some(read_value(session, &record, field, value).await?),
    };
    session.execute(&record, [Command::SetAbout(vec![(field, value)])]).await
}

async fn read_value(
    session: &Session,
    record: &RecordRef,
    field: AboutField,
    text: &str,
) -> Result<Scalar, Fault> {
    Ok(match field {
        AboutField::PlannedAt | AboutField::HeldFrom | AboutField::HeldTo => Scalar::Int(read_time(text)?.0),
        AboutField::Hours | AboutField::AudienceCount => {
            Scalar::Int(text.parse().map_err(|_| Fault::Typed(format!("“{text}”不是整数。")))?)
        }
        AboutField::Host | AboutField::Recorder | AboutField::Lecturer => {
            Scalar::Text(session.client.names(record.org).await?.find_member(text)?.to_string())
        }
        _ => Scalar::Text(text.to_owned()),
    })
}

pub(crate) async fn agenda(session: &Session, record: &str, text: String) -> Result<(), Fault> {
    let record = session.activity(record).await?;
    let entry = session.client.new_id()?;
    let command = Command::SetAgendaItem { entry, text: Some(text) };
    session.execute_naming(&record, [command], Some(entry)).await
}

pub(crate) async fn resolution(session: &Session, resolution: Resolution) -> Result<(), Fault> {
    let record = session.activity(&resolution.record).await?;
    let Resolution { text, decision, yes, no, abstain, entry, .. } = resolution;
    let entry = entry_or_new(session, entry.as_deref())?;
    let ballot = yes.map(|yes| Ballot { yes, no, abstain });
    let command = Command::SetResolution { entry, text, decision, ballot };
    session.execute_naming(&record, [command], Some(entry)).await
}

pub(crate) async fn follow_up(session: &Session, follow_up: FollowUp) -> Result<(), Fault> {
    let record = session.activity(&follow_up.record).await?;
    let FollowUp { text, owner, due, done, entry, .. } = follow_up;
    let entry = entry_or_new(session, entry.as_deref())?;
    let owner = match owner {
        Some(text) => Some(session.client.names(record.org).await?.find_member(&text)?),
        None => None,
    };
    let due = due.map(|due| due.to_string());
    let command = Command::SetFollowUp { entry, text, owner, due, done };
    session.execute_naming(&record, [command], Some(entry)).await
}

fn entry_or_new(session: &Session, entry: Option<&str>) -> Result<EntryId, Fault> {
    match entry {
        Some(text) => text.parse().map_err(|_| Fault::Typed(format!("“{text}”不是完整的编号。"))),
        None => Ok(session.client.new_id()?),
    }
}

pub(crate) async fn resolve(session: &Session, record: &str, slot: &str, choice: &str) -> Result<(), Fault> {
    let record = session.activity(record).await?;
    let cards = merge_cards(&*session.client.open(&record).await?);
    let card = cards.into_iter().find(|card| card.slot == slot);
    let card = card.ok_or_else(|| Fault::Typed(format!("{slot} 没有不一致，不用选。")))?;
    let values: Vec<Scalar> = card.values.into_iter().filter_map(|touch| touch.value).collect();
    let is_chosen = |value: &&Scalar| match value {
        Scalar::Text(text) => text == choice,
        Scalar::Int(number) => choice.parse() == Ok(*number),
        Scalar::Flag(flag) => choice.parse() == Ok(*flag),
        Scalar::Bytes(_) => false,
    };
    let by_number = || values.get(choice.parse::<usize>().ok()?.checked_sub(1)?);
    let keep = values.iter().find(is_chosen).or_else(by_number).cloned();
    let keep =
        keep.ok_or_else(|| Fault::Typed(format!("“{choice}”不在可选的值里，请用 zhibu show 查看。")))?;
    session.execute(&record, [Command::Resolve { slot: slot.to_owned(), keep }]).await
}

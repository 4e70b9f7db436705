//! 支委会 and 党小组会: small rolls, short minutes.

use zhibu_domain::command::{AboutField, Command};

use super::activity::{kinds, members, minutes, numbers, open, texts};
use super::calendar::{Month, on};
use super::{HistoryFault, Stage, matters, review, roll};
use crate::demo::cast::Group;
use crate::demo::people::Person;
use crate::demo::random::Stream;

/// One small meeting.
struct Meeting<'a> {
    label: String,
    kind: &'static str,
    title: String,
    day: usize,
    hour: i64,
    attendees: Vec<&'a Person>,
    host: Option<zhibu_domain::ids::MemberId>,
    topic: matters::Topic,
}

/// The month's committee meeting, in branches that have a committee.
pub(super) async fn committee(stage: &Stage<'_>, month: &Month) -> Result<(), HistoryFault> {
    let attendees: Vec<_> = stage.branch.members.iter().filter(|person| person.post.is_some()).collect();
    if attendees.len() < 2 {
        return Ok(());
    }
    let label = format!("committee {}", month.label);
    let mut dice = stage.dice(&label);
    let meeting = Meeting {
        label,
        kind: "committee_meeting",
        title: format!("{}支委会", month.title),
        day: dice.between(3, 9),
        hour: 15,
        attendees,
        host: stage.hands.secretary.member,
        topic: matters::of_committee(&mut dice),
    };
    hold(stage, month, &meeting, &mut dice).await
}

/// The month's meeting of a party group.
pub(super) async fn group(stage: &Stage<'_>, month: &Month, group: &Group) -> Result<(), HistoryFault> {
    let org = stage.cast.orgs.iter().find(|coded| coded.org.id == group.org);
    let org = org.ok_or(HistoryFault::Missing("party group"))?;
    let label = format!("{} {}", org.code, month.label);
    let mut dice = stage.dice(&label);
    let in_group = |person: &&Person| person.group == Some(group.org);
    let meeting = Meeting {
        label,
        kind: "group_meeting",
        title: format!("{}{}会", month.title, org.org.name),
        day: dice.between(20, 25),
        hour: 19,
        attendees: stage.branch.members.iter().filter(in_group).collect(),
        host: Some(group.leader),
        topic: matters::of_group(stage.is_village(), &mut dice),
    };
    hold(stage, month, &meeting, &mut dice).await
}

async fn hold(
    stage: &Stage<'_>,
    month: &Month,
    meeting: &Meeting<'_>,
    dice: &mut Stream,
) -> Result<(), HistoryFault> {
    let day = month.day(meeting.day);
    let begins = on(day, meeting.hour, 0);
    let mut record = open(stage, begins, &meeting.label);
    let recorder = &stage.hands.recorder;
    let marks = roll::draw(meeting.attendees.iter().copied(), dice);
    let held = [
        texts(&[
            (AboutField::Title, &meeting.title),
            (AboutField::Place, matters::place(stage.is_village(), dice)),
        ]),
        numbers(&[(AboutField::HeldFrom, begins.0), (AboutField::HeldTo, begins.plus(3_600_000).0)]),
        members(&[(AboutField::Host, meeting.host), (AboutField::Recorder, recorder.member)]),
        kinds(&[meeting.kind]),
        roll::record(&marks),
    ];
    stage.pen.write(&mut record, recorder, on(day, meeting.hour, 5), &held).await?;
    let written = [
        minutes(&record, meeting.topic.minutes),
        Command::SetAgendaItem {
            entry: stage.entry(&format!("agenda {}", meeting.label)),
            text: Some(meeting.topic.agenda.to_owned()),
        },
    ];
    stage.pen.write(&mut record, recorder, on(day, meeting.hour + 1, 10), &written).await?;
    review::pass(stage, month, &mut record, day, dice).await.map(drop)
}

//! 主题党日: planned by the secretary, held and written down by the recorder, finished and submitted by the secretary.

use zhibu_domain::access::Author;
use zhibu_domain::command::{AboutField, Command};
use zhibu_domain::event::Status;
use zhibu_domain::record::Record;
use zhibu_domain::time::Millis;

use super::activity::{kinds, members, minutes, numbers, open, texts};
use super::calendar::{Month, later, on};
use super::matters::{self, Matter};
use super::{HistoryFault, Stage, review, roll};
use crate::demo::cast::Branch;
use crate::demo::random::Stream;

/// What the month's day is beside a themed day.
struct Shape {
    is_general_meeting: bool,
    is_lecture: bool,
}

/// Plans the month's themed day, which may be of other kinds as well.
pub(super) async fn plan(
    stage: &Stage<'_>,
    month: &Month,
    now: Millis,
    codes: &[&str],
) -> Result<Record, HistoryFault> {
    let matter = matter(stage, month);
    let mut record = open(stage, now, &format!("theme day {}", month.label));
    let title = format!("{}主题党日", month.title);
    let planned = on(day(stage, month), 9, 0);
    let commands = [
        texts(&[(AboutField::Title, &title), (AboutField::Theme, matter.theme)]),
        numbers(&[(AboutField::PlannedAt, planned.0)]),
        kinds(codes),
    ];
    stage.pen.write(&mut record, &stage.hands.secretary, now, &commands).await?;
    Ok(record)
}

/// Plans it, holds it, writes it down and has it reviewed.
pub(super) async fn hold(stage: &Stage<'_>, month: &Month) -> Result<(), HistoryFault> {
    let day = day(stage, month);
    let mut dice = stage.dice(&format!("theme day {}", month.label));
    let shape = Shape::draw(stage, month, &mut dice);
    let mut record = plan(stage, month, on(month.day(3), 8, 40), &["theme_day"]).await?;

    let people = &stage.branch.members;
    let mut marks = roll::draw(people, &mut dice);
    // One branch in forty meets without a quorum all the same: that is for the township to see.
    if shape.is_general_meeting && (stage.is_story() || !dice.per_mille(25)) {
        roll::reach_quorum(&mut marks, people);
    }
    let held = held(stage, month, &shape, &mut dice);
    let hands = &stage.hands;
    stage.pen.write(&mut record, &hands.recorder, on(day, 9, 5), &held).await?;
    stage.pen.write(&mut record, &hands.recorder, on(day, 9, 20), &[roll::record(&marks)]).await?;

    let matter = matter(stage, month);
    let written = [vec![minutes(&record, matter.minutes)], agenda(stage, month, &matter)].concat();
    stage.pen.write(&mut record, &hands.recorder, on(day, 11, 10), &written).await?;
    let mut outcome = vec![minutes(&record, &[matter.closing]), follow_up(stage, month, &matter)];
    if shape.is_general_meeting {
        outcome.push(Command::SetResolution {
            entry: stage.entry(&format!("resolution {}", month.label)),
            text: matter.resolution.to_owned(),
            decision: Some("general_vote".to_owned()),
            ballot: Some(roll::vote(&marks, people, &mut dice)),
        });
    }
    stage.pen.write(&mut record, &hands.secretary, on(day, 15, 30), &outcome).await?;
    let status = review::pass(stage, month, &mut record, day, &mut dice).await?;
    match status == Status::Filed && month.is_settled && dice.per_mille(80) {
        true => amend(stage, month, &mut record, &hands.secretary, later(day, 12)).await,
        false => Ok(()),
    }
}

impl Shape {
    /// The story's branch holds meeting and lecture in September, so that November's are its first of the quarter.
    fn draw(stage: &Stage<'_>, month: &Month, dice: &mut Stream) -> Self {
        let drawn = (dice.per_mille(month.general_meeting), dice.per_mille(month.lecture));
        let (is_general_meeting, is_lecture) =
            if stage.is_story() { (month.is_settled, month.is_settled) } else { drawn };
        Self { is_general_meeting, is_lecture }
    }
}

/// The fixed day, or one beside it.
fn day(stage: &Stage<'_>, month: &Month) -> jiff::civil::Date {
    let shift = stage.dice("day").below(5);
    month.day(if stage.is_story() { 15 } else { 13 + shift })
}

fn matter(stage: &Stage<'_>, month: &Month) -> Matter {
    let mut dice = stage.dice(&format!("matter {}", month.label));
    matters::of_theme_day(stage.is_village(), month.number, &mut dice)
}

fn held(stage: &Stage<'_>, month: &Month, shape: &Shape, dice: &mut Stream) -> Vec<Command> {
    let day = day(stage, month);
    let Branch { members: people, .. } = stage.branch;
    let (secretary, recorder) = (stage.hands.secretary.member, stage.hands.recorder.member);
    let mut also = Vec::new();
    also.extend(shape.is_general_meeting.then_some("党员大会"));
    also.extend(shape.is_lecture.then_some("党课"));
    let mut commands = vec![
        texts(&[(AboutField::Place, matters::place(stage.is_village(), dice))]),
        numbers(&[(AboutField::HeldFrom, on(day, 9, 0).0), (AboutField::HeldTo, on(day, 11, 0).0)]),
        members(&[(AboutField::Host, secretary), (AboutField::Recorder, recorder)]),
    ];
    if !also.is_empty() {
        let title = format!("{}主题党日（{}）", month.title, also.join("、"));
        commands.push(texts(&[(AboutField::Title, &title)]));
    }
    if shape.is_general_meeting {
        commands.push(kinds(&["general_meeting"]));
    }
    if shape.is_lecture {
        let lecturers = people.iter().filter(|person| person.post.is_some()).count();
        let lecturer = people.get(dice.below(lecturers)).map(|person| person.id).or(secretary);
        commands.push(kinds(&["party_lecture"]));
        commands.push(members(&[(AboutField::Lecturer, lecturer)]));
        commands.push(texts(&[(AboutField::LectureTitle, matters::lecture(dice))]));
        commands.push(numbers(&[(AboutField::Hours, 2)]));
    }
    commands
}

fn agenda(stage: &Stage<'_>, month: &Month, matter: &Matter) -> Vec<Command> {
    let item = |(number, text): (usize, &&str)| Command::SetAgendaItem {
        entry: stage.entry(&format!("agenda {} {number}", month.label)),
        text: Some((*text).to_owned()),
    };
    matter.agenda.iter().enumerate().map(item).collect()
}

fn follow_up(stage: &Stage<'_>, month: &Month, matter: &Matter) -> Command {
    let led = stage.branch.groups.first().map(|group| group.leader);
    Command::SetFollowUp {
        entry: stage.entry(&format!("follow-up {}", month.label)),
        text: matter.follow_up.to_owned(),
        owner: led.or(stage.hands.secretary.member),
        due: Some(later(day(stage, month), 20).to_string()),
        done: month.is_settled,
    }
}

/// A correction that was noticed after filing.
async fn amend(
    stage: &Stage<'_>,
    month: &Month,
    record: &mut Record,
    author: &Author,
    day: jiff::civil::Date,
) -> Result<(), HistoryFault> {
    let amendment = Command::Amend {
        entry: stage.entry(&format!("amendment {}", month.label)),
        slot: "about.held_to".to_owned(),
        text: "结束时间应为上午11时30分，比记录的晚半小时。".to_owned(),
    };
    stage.pen.write(record, author, on(day, 16, 0), &[amendment]).await
}

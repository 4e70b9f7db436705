//! Submitted by the secretary; filed by the township officer, or returned, mended and filed.

use jiff::civil::Date;
use zhibu_domain::command::{AboutField, Command};
use zhibu_domain::event::{Status, Verb};
use zhibu_domain::record::Record;

use super::activity::texts;
use super::calendar::{Month, later, on};
use super::{HistoryFault, Stage};
use crate::demo::random::Stream;

/// How the review of one activity goes.
struct Course {
    /// Days from the activity to its submission; from ten on it is late by the rule book.
    submitted_after: usize,
    is_returned: bool,
    /// Whether the branch has mended what was returned.
    is_mended: bool,
    /// Whether the officer has come to it.
    is_answered: bool,
}

impl Course {
    fn draw(stage: &Stage<'_>, month: &Month, dice: &mut Stream) -> Self {
        let is_late = dice.per_mille(80);
        let (returned, mended, answered) = (dice.per_mille(90), dice.per_mille(500), dice.per_mille(850));
        Self {
            submitted_after: if is_late && !stage.is_story() { 10 } else { 1 },
            is_returned: returned && !stage.is_story(),
            is_mended: mended || month.is_settled,
            is_answered: answered || month.is_settled || stage.is_story(),
        }
    }
}

/// Takes an activity held on that day through its review, and says where it ends.
pub(super) async fn pass(
    stage: &Stage<'_>,
    month: &Month,
    record: &mut Record,
    held: Date,
    dice: &mut Stream,
) -> Result<Status, HistoryFault> {
    let course = Course::draw(stage, month, dice);
    let (pen, hands) = (stage.pen, &stage.hands);
    let submitted = later(held, course.submitted_after);
    let submit = say(stage, record, "submitted", Verb::Submitted, None);
    pen.write(record, &hands.secretary, on(submitted, 17, 10), &[submit]).await?;
    if !course.is_answered {
        return Ok(Status::Submitted);
    }
    if course.is_returned {
        let comment = Some(("about.paper_ref", "请补记录本页码，便于和纸质记录核对。"));
        let give_back = say(stage, record, "returned", Verb::Returned, comment);
        pen.write(record, &hands.officer, on(later(submitted, 2), 10, 15), &[give_back]).await?;
        if !course.is_mended {
            return Ok(Status::Returned);
        }
        let page = format!("2026年第{}页", dice.between(12, 88));
        let mended = on(later(submitted, 3), 16, 20);
        let mend = [
            texts(&[(AboutField::PaperRef, &page)]),
            say(stage, record, "submitted again", Verb::Submitted, None),
        ];
        pen.write(record, &hands.secretary, mended, &mend).await?;
    }
    let file = say(stage, record, "filed", Verb::Filed, None);
    pen.write(record, &hands.officer, on(later(submitted, 4), 9, 30), &[file]).await?;
    Ok(Status::Filed)
}

fn say(stage: &Stage<'_>, record: &Record, step: &str, verb: Verb, comment: Option<(&str, &str)>) -> Command {
    Command::Review {
        event: stage.entry(&format!("{} {step}", record.reference().id())),
        verb,
        slot: comment.map(|(slot, _)| slot.to_owned()),
        comment: comment.map(|(_, text)| text.to_owned()),
        reason: None,
    }
}

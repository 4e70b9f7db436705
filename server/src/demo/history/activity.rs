//! An activity's record and the commands that fill it.

use zhibu_domain::command::{AboutField, Command, Scalar};
use zhibu_domain::ids::{MemberId, RecordId, natural, new_v7};
use zhibu_domain::record::{Record, RecordRef};
use zhibu_domain::time::Millis;

use super::Stage;

/// An empty activity whose id says when it was made; the rest of the id follows from seed, branch and label.
pub(super) fn open(stage: &Stage<'_>, made: Millis, label: &str) -> Record {
    let parts: [&[u8]; 4] =
        [b"demo-activity", &stage.seed.to_be_bytes(), stage.code.as_bytes(), label.as_bytes()];
    let mut tail = [0; 10];
    tail.copy_from_slice(&natural(&parts).as_bytes()[..10]);
    let id = RecordId(new_v7(made, tail));
    Record::new(RecordRef::activity(stage.branch.org, 2026, id))
}

/// Sets text fields.
pub(super) fn texts(fields: &[(AboutField, &str)]) -> Command {
    Command::SetAbout(fields.iter().map(|(field, text)| (*field, Some(Scalar::from(*text)))).collect())
}

/// Sets times and numbers.
pub(super) fn numbers(fields: &[(AboutField, i64)]) -> Command {
    Command::SetAbout(fields.iter().map(|(field, number)| (*field, Some(Scalar::Int(*number)))).collect())
}

/// Sets members.
pub(super) fn members(fields: &[(AboutField, Option<MemberId>)]) -> Command {
    let value = |member: MemberId| Scalar::Text(member.to_string());
    let set = fields.iter().filter_map(|(field, member)| Some((*field, Some(value((*member)?)))));
    Command::SetAbout(set.collect())
}

/// Says of which kinds it is.
pub(super) fn kinds(codes: &[&str]) -> Command {
    Command::SetKinds { add: codes.iter().map(|code| (*code).to_owned()).collect(), remove: Vec::new() }
}

/// Writes behind what the minutes say already.
pub(super) fn minutes(record: &Record, sentences: &[&str]) -> Command {
    let before = record.text("minutes");
    let after = format!("{before}{}", sentences.concat());
    Command::EditMinutes { before, after }
}

//! A branch's roster, entered by its secretary from the paper roster on the first of September.

use zhibu_domain::command::{Command, MemberField, Scalar};
use zhibu_domain::record::{Record, RecordRef};

use super::calendar::on;
use super::{HistoryFault, Stage};
use crate::demo::cast::{AS_OF, Branch};
use crate::demo::people::{Person, Sex};

/// Three changes: the people with their classes, the committee, the approved exclusions.
pub(super) async fn write(stage: &Stage<'_>) -> Result<(), HistoryFault> {
    let Stage { branch, hands, pen, .. } = stage;
    let mut record = Record::new(RecordRef::roster(branch.org));
    let people: Vec<_> = branch.members.iter().flat_map(|person| [enter(person), class(person)]).collect();
    pen.write(&mut record, &hands.secretary, on(AS_OF, 9, 10), &people).await?;
    pen.write(&mut record, &hands.secretary, on(AS_OF, 9, 40), &posts(branch)).await?;
    pen.write(&mut record, &hands.secretary, on(AS_OF, 9, 55), &exclusions(stage)).await
}

fn enter(person: &Person) -> Command {
    let text = |text: String| Some(Scalar::Text(text));
    let sex = match person.sex {
        Sex::Female => "f",
        Sex::Male => "m",
    };
    let mut fields = vec![
        (MemberField::Name, text(person.name.clone())),
        (MemberField::Number, Some(Scalar::Int(i64::from(person.roster_number)))),
        (MemberField::Sex, Some(sex.into())),
        (MemberField::Membership, Some(if person.is_full() { "full" } else { "probationary" }.into())),
        (MemberField::JoinedOn, text(person.joined_on.to_string())),
    ];
    fields.extend(person.confirmed_on.map(|day| (MemberField::ConfirmedOn, text(day.to_string()))));
    fields.extend(person.group.map(|group| (MemberField::Group, text(group.to_string()))));
    Command::SetMember { member: person.id, fields }
}

/// Classes hold from the beginning of the points cycle, or from the day somebody went away.
fn class(person: &Person) -> Command {
    let cycle = jiff::civil::date(2026, 1, 1);
    let from = person.outflow.as_ref().map_or(cycle, |outflow| outflow.since.max(person.joined_on));
    Command::AssignClass {
        member: person.id,
        class: person.class.code().to_owned(),
        from: from.max(person.joined_on).to_string(),
    }
}

fn posts(branch: &Branch) -> Vec<Command> {
    let assign = |person: &Person| {
        let post = person.post?.code().to_owned();
        Some(Command::AssignPost { member: person.id, post, since: Some(branch.term_from.to_string()) })
    };
    branch.members.iter().filter_map(assign).collect()
}

fn exclusions(stage: &Stage<'_>) -> Vec<Command> {
    let exclude = |person: &Person| {
        let exclusion = person.exclusion.as_ref()?;
        Some(Command::ExcludeFromQuorum {
            entry: stage.entry(&format!("exclusion {}", person.roster_number)),
            member: person.id,
            reason: exclusion.reason.code(),
            from: exclusion.valid_from.to_string(),
            to: None,
            approval_doc: exclusion.approval_doc.clone(),
        })
    };
    stage.branch.members.iter().filter_map(exclude).collect()
}

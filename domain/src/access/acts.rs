//! Which acts a command comes to, so that a phone can ask for the right before there is a change to judge.

use super::Act;
use crate::command::Command;
use crate::record::shape::container;
use crate::record::{RecordKind, SlotPath};

impl Command {
    /// What the gate will ask a right for when this command arrives as a change of a record of this kind; each
    /// act once. A command that writes nothing asks for nothing.
    pub fn acts(&self, kind: RecordKind) -> Vec<Act> {
        match self {
            Command::SetAbout(fields) => write_if("about", !fields.is_empty()),
            Command::SetKinds { add, remove } => write_if("kinds", !add.is_empty() || !remove.is_empty()),
            Command::RecordAttendance(marks) => {
                marks.iter().map(|(member, _)| Act::Write("attendance", Some(*member))).collect()
            }
            Command::EditMinutes { .. } => write("minutes"),
            Command::SetResolution { .. } => write("resolutions"),
            Command::SetFollowUp { .. } => write("follow_ups"),
            Command::SetObserver { .. } => write("observers"),
            Command::SetAgendaItem { .. } => write("agenda"),
            Command::Review { verb, .. } => vec![Act::Review(*verb)],
            Command::Amend { .. } => write("amendments"),
            Command::Resolve { slot, .. } => settle(kind, slot).into_iter().collect(),
            Command::ClaimPoints { .. } => write("entries"),
            Command::JudgePoints { verb, .. } => vec![Act::Judge(*verb)],
            Command::SetMember { member, fields } => {
                fields.first().map(|_| Act::Write("members", Some(*member))).into_iter().collect()
            }
            Command::AssignClass { member, .. } => vec![Act::Write("classes", Some(*member))],
            Command::ExcludeFromQuorum { .. } => write("exclusions"),
            Command::AssignPost { member, .. } => vec![Act::Write("posts", Some(*member))],
            Command::AdoptRuleBook { .. } => write("versions"),
            Command::AttachPhoto { .. } | Command::RemovePhoto { .. } => write("attachments"),
        }
    }
}

fn write(container: &'static str) -> Vec<Act> {
    vec![Act::Write(container, None)]
}

fn write_if(container: &'static str, any: bool) -> Vec<Act> {
    if any { write(container) } else { Vec::new() }
}

/// Settling a merge card writes the slot again. A slot that the kind does not have is no question of rights: the
/// record refuses the command itself.
fn settle(kind: RecordKind, slot: &str) -> Option<Act> {
    let path = SlotPath::parse(slot);
    let container = container(kind, path.container)?;
    Some(Act::Write(container.name, container.key(path.key)?.member))
}

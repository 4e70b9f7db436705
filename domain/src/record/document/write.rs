//! How each command becomes operations.

use automerge::transaction::{Transactable, Transaction};
use automerge::{Automerge, AutomergeError, ObjType, ROOT, ReadDoc, ScalarValue, TextEncoding};

use super::super::genesis::object_of;
use super::super::shape::container;
use super::super::{RecordKind, SlotPath};
use super::scalar_of;
use crate::command::{Ballot, Command, Scalar};
use crate::event::{Amendment, PointsEvent, ReviewEvent, standing_events};
use crate::gate::MAX_OPERATIONS;
use crate::ids::EntryId;
use crate::record::shape::{Edit, Holds, read_entry};

/// Why a command cannot become a change. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandFault {
    /// The record is of another kind.
    #[error("a {kind} record has no place {slot}")]
    NoSuchSlot {
        /// The record's kind.
        kind: RecordKind,
        /// The slot that was asked.
        slot: String,
    },
    /// The value does not fit its place.
    #[error("the value does not fit {slot}")]
    WrongValue {
        /// The slot.
        slot: String,
    },
    /// The entry was written before.
    #[error("{slot} is written once and stands already")]
    AlreadyWritten {
        /// The slot.
        slot: String,
    },
    /// As many stand there as may.
    #[error("{slot}: {most} stand there, and no more may")]
    TooMany {
        /// The slot.
        slot: String,
        /// How many may.
        most: usize,
    },
    /// Nothing disagrees at that slot, or not with that value.
    #[error("{slot} holds no such value to choose")]
    NothingToResolve {
        /// The slot.
        slot: String,
    },
    /// The document refused: our mistake.
    #[error("the document refused: {0}")]
    Document(String),
}

impl From<AutomergeError> for CommandFault {
    fn from(error: AutomergeError) -> Self {
        CommandFault::Document(error.to_string())
    }
}

type Written = Result<(), CommandFault>;

/// One command on one open transaction.
struct Pen<'a, 'd> {
    transaction: &'a mut Transaction<'d>,
    kind: RecordKind,
}

pub(super) fn execute(transaction: &mut Transaction<'_>, kind: RecordKind, command: &Command) -> Written {
    let mut pen = Pen { transaction, kind };
    let pen = &mut pen;
    match command {
        Command::SetAbout(fields) => {
            fields.iter().try_for_each(|(field, value)| pen.set("about", field.as_str(), value.clone()))
        }
        Command::SetKinds { add, remove } => {
            add.iter().try_for_each(|code| pen.put("kinds", code, Scalar::Flag(true)))?;
            remove.iter().try_for_each(|code| pen.set("kinds", code, None))
        }
        Command::RecordAttendance(marks) => marks.iter().try_for_each(|(member, state)| {
            pen.set("attendance", &member.to_string(), state.clone().map(Scalar::Text))
        }),
        Command::EditMinutes { before, after } => pen.edit_text("minutes", before, after),
        Command::SetResolution { entry, text, decision, ballot } => {
            pen.resolution(*entry, text, decision.as_deref(), *ballot)
        }
        Command::SetFollowUp { entry, text, owner, due, done } => {
            pen.entry_field("follow_ups", *entry, "text", Some(Scalar::Text(text.clone())))?;
            pen.entry_field("follow_ups", *entry, "owner", owner.map(|m| Scalar::Text(m.to_string())))?;
            pen.entry_field("follow_ups", *entry, "due", due.clone().map(Scalar::Text))?;
            pen.entry_field("follow_ups", *entry, "done", done.then_some(Scalar::Flag(true)))
        }
        Command::SetObserver { entry, post } => {
            pen.set("observers", &entry.to_string(), post.clone().map(Scalar::Text))
        }
        Command::SetAgendaItem { entry, text } => {
            pen.set("agenda", &entry.to_string(), text.clone().map(Scalar::Text))
        }
        Command::Review { event, verb, slot, comment, reason } => {
            let review = ReviewEvent {
                verb: *verb,
                supersedes: pen.standing_events(),
                slot: slot.clone(),
                comment: comment.clone(),
                reason: *reason,
            };
            pen.once("events", *event, &review)
        }
        Command::Amend { entry, slot, text } => {
            pen.once("amendments", *entry, &Amendment { slot: slot.clone(), text: text.clone() })
        }
        Command::Resolve { slot, keep } => pen.resolve(slot, keep),
        Command::ClaimPoints { entry, claim } => pen.once("entries", *entry, claim),
        Command::JudgePoints { event, entry, verb, reason } => {
            pen.once("events", *event, &PointsEvent { entry: *entry, verb: *verb, reason: *reason })
        }
        Command::SetMember { member, fields } => fields
            .iter()
            .try_for_each(|(field, value)| pen.set("members", &format!("{member}.{field}"), value.clone())),
        Command::AssignClass { member, class, from } => {
            pen.put("classes", &format!("{member}.{from}"), Scalar::Text(class.clone()))
        }
        Command::ExcludeFromQuorum { entry, member, reason, from, to, approval_doc } => {
            let mut field = |name, value| pen.entry_field("exclusions", *entry, name, value);
            field("member", Some(Scalar::Text(member.to_string())))?;
            field("reason", Some(Scalar::Int(i64::from(*reason))))?;
            field("from", Some(Scalar::Text(from.clone())))?;
            field("to", to.clone().map(Scalar::Text))?;
            field("approval_doc", Some(Scalar::Text(approval_doc.clone())))
        }
        Command::AssignPost { member, post, since } => {
            pen.set("posts", &format!("{member}.{post}"), since.clone().map(Scalar::Text))
        }
        Command::AdoptRuleBook { version, book } => pen.put("versions", version, Scalar::Bytes(book.clone())),
        Command::AttachPhoto { entry, photo } => pen.once("attachments", *entry, photo),
        Command::RemovePhoto { entry } => pen.set("attachments", &entry.to_string(), None),
    }
}

impl Pen<'_, '_> {
    fn object(&self, name: &str) -> Result<automerge::ObjId, CommandFault> {
        let container = container(self.kind, name);
        let fault = || CommandFault::NoSuchSlot { kind: self.kind, slot: name.to_owned() };
        container.map(|c| object_of(self.kind, c)).ok_or_else(fault)
    }

    fn set(&mut self, name: &str, key: &str, value: Option<Scalar>) -> Written {
        match value {
            Some(value) => self.put(name, key, value),
            None => {
                let object = self.object(name)?;
                if self.transaction.get(&object, key)?.is_some() {
                    self.transaction.delete(&object, key)?;
                }
                Ok(())
            }
        }
    }

    fn put(&mut self, name: &str, key: &str, value: Scalar) -> Written {
        let object = self.object(name)?;
        let slot = SlotPath { container: name, key }.to_string();
        let container = container(self.kind, name);
        let meaning = container.and_then(|c| c.key(key));
        let meaning =
            meaning.ok_or_else(|| CommandFault::NoSuchSlot { kind: self.kind, slot: slot.clone() })?;
        if !meaning.value.fits(&value) {
            return Err(CommandFault::WrongValue { slot });
        }
        let standing = self.transaction.get_all(&object, key)?;
        match container.map(|c| c.edit) {
            Some(Edit::Once | Edit::Few(_)) if !standing.is_empty() => {
                return Err(CommandFault::AlreadyWritten { slot });
            }
            Some(Edit::Few(most)) if self.transaction.length(&object) >= most => {
                return Err(CommandFault::TooMany { slot, most });
            }
            _ => {}
        }
        // What stands there alone and equal needs no operation; Automerge would write one over a conflict.
        if standing.iter().any(|(old, _)| scalar_of(old).as_ref() != Some(&value)) || standing.is_empty() {
            self.transaction.put(&object, key, into_automerge(value))?;
        }
        Ok(())
    }

    fn entry_field(&mut self, name: &str, entry: EntryId, field: &str, value: Option<Scalar>) -> Written {
        self.set(name, &format!("{entry}.{field}"), value)
    }

    fn once<T: minicbor::Encode<()>>(&mut self, name: &str, entry: EntryId, value: &T) -> Written {
        let bytes = minicbor::to_vec(value).map_err(|e| CommandFault::Document(e.to_string()))?;
        self.put(name, &entry.to_string(), Scalar::Bytes(bytes))
    }

    fn resolution(
        &mut self,
        entry: EntryId,
        text: &str,
        decision: Option<&str>,
        ballot: Option<Ballot>,
    ) -> Written {
        let count = |pick: fn(Ballot) -> u32| ballot.map(|b| Scalar::Int(i64::from(pick(b))));
        self.entry_field("resolutions", entry, "text", Some(text.into()))?;
        self.entry_field("resolutions", entry, "decision", decision.map(Scalar::from))?;
        self.entry_field("resolutions", entry, "yes", count(|b| b.yes))?;
        self.entry_field("resolutions", entry, "no", count(|b| b.no))?;
        self.entry_field("resolutions", entry, "abstain", count(|b| b.abstain))
    }

    /// The review events that nobody has superseded yet.
    fn standing_events(&self) -> Vec<EntryId> {
        let Ok(object) = self.object("events") else { return Vec::new() };
        let events = self.transaction.map_range(&object, ..).filter_map(|item| {
            let Some(Scalar::Bytes(bytes)) = scalar_of(&item.value.into_value()) else { return None };
            Some((item.key.parse().ok()?, read_entry(&bytes)?))
        });
        standing_events(&events.collect())
    }

    fn resolve(&mut self, slot: &str, keep: &Scalar) -> Written {
        let path = SlotPath::parse(slot);
        let object = self.object(path.container)?;
        let standing = self.transaction.get_all(&object, path.key)?;
        let offered = standing.iter().any(|(value, _)| scalar_of(value).as_ref() == Some(keep));
        if standing.len() < 2 || !offered {
            return Err(CommandFault::NothingToResolve { slot: slot.to_owned() });
        }
        self.put(path.container, path.key, keep.clone())
    }

    /// Writes the author's edit, also where the text has moved on since he saw it: what he changed from
    /// `before` to `after` is merged into what stands there now.
    fn edit_text(&mut self, name: &str, before: &str, after: &str) -> Written {
        let object = self.object(name)?;
        let slot = || name.to_owned();
        let Some(Holds::Text { max_chars }) = container(self.kind, name).map(|c| c.holds) else {
            return Err(CommandFault::NoSuchSlot { kind: self.kind, slot: slot() });
        };
        let current = self.transaction.text(&object)?;
        let merged = if current == before { after.to_owned() } else { merge_texts(before, &current, after)? };
        let too_long = merged.chars().count() > max_chars as usize;
        if too_long || merged.chars().any(|c| c.is_control() && c != '\n') {
            return Err(CommandFault::WrongValue { slot: slot() });
        }
        self.transaction.update_text(&object, &merged)?;
        // Of more operations the gate would take none.
        if self.transaction.pending_ops() as u64 > MAX_OPERATIONS {
            return Err(CommandFault::WrongValue { slot: slot() });
        }
        Ok(())
    }
}

/// A three-way merge of texts, by the same merge that two phones would have come to.
fn merge_texts(before: &str, theirs: &str, ours: &str) -> Result<String, AutomergeError> {
    let mut base = Automerge::new_with_encoding(TextEncoding::UnicodeCodePoint);
    base.set_actor(automerge::ActorId::from(&[0u8][..]));
    let mut transaction = base.transaction();
    let text = transaction.put_object(ROOT, "text", ObjType::Text)?;
    transaction.splice_text(&text, 0, 0, before)?;
    transaction.commit();
    let edited = |actor: u8, to: &str| {
        let mut side = base.clone().with_actor(automerge::ActorId::from(&[actor][..]));
        let mut transaction = side.transaction();
        transaction.update_text(&text, to)?;
        transaction.commit();
        Ok::<_, AutomergeError>(side)
    };
    let mut mine = edited(1, ours)?;
    let mut other = edited(2, theirs)?;
    mine.merge(&mut other)?;
    mine.text(&text)
}

fn into_automerge(value: Scalar) -> ScalarValue {
    match value {
        Scalar::Text(text) => ScalarValue::Str(text.into()),
        Scalar::Int(number) => ScalarValue::Int(number),
        Scalar::Flag(flag) => ScalarValue::Boolean(flag),
        Scalar::Bytes(bytes) => ScalarValue::Bytes(bytes),
    }
}

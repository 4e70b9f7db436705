//! Making commands again on top of what counts, after the change before them fell away.

use zhibu_domain::record::{Actor, CommandFault, Record, Stamp};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::time::Millis;
use zhibu_domain::wire::Refusal;

use crate::store::{PendingChange, RefusedChange};

/// What became of one pending change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rewritten {
    /// It is a new change now, in its old place, in no envelope.
    Again(PendingChange),
    /// Nothing is left to do: what it said stands already.
    Settled(u64),
    /// It cannot be done any more: the person must see it.
    Refused(RefusedChange),
}

/// Makes the commands of these pending changes again, in their order, on a record that holds what is accepted.
///
/// The time stays the one at which the person acted. The actor must be of an epoch that never wrote before.
pub fn rewrite(
    record: &mut Record,
    pending: Vec<PendingChange>,
    actor: Actor,
    now: Millis,
) -> Vec<Rewritten> {
    pending
        .into_iter()
        .map(|change| match record.execute(&change.command, Stamp { actor, now: change.made_at }) {
            Ok(Some(written)) => Rewritten::Again(PendingChange {
                hash: written.hash,
                change: written.bytes,
                envelope: None,
                ..change
            }),
            // Entry ids are made here: an entry that stands already is this very one, come back another way.
            Ok(None) | Err(CommandFault::AlreadyWritten { .. }) => Rewritten::Settled(change.number),
            Err(fault) => Rewritten::Refused(refuse(change, refusal_of(&fault), now)),
        })
        .collect()
}

/// The pending change as a refused one.
pub fn refuse(change: PendingChange, refusal: Refusal, refused_at: Millis) -> RefusedChange {
    let PendingChange { number, record, hash, change, command, made_at, .. } = change;
    RefusedChange { number, record, hash, change, command, made_at, refused_at, refusal, seen: false }
}

fn refusal_of(fault: &CommandFault) -> Refusal {
    let (code, slot) = match fault {
        CommandFault::NoSuchSlot { slot, .. } => (RefusalCode::UnknownField, Some(slot)),
        CommandFault::WrongValue { slot } => (RefusalCode::WrongValue, Some(slot)),
        CommandFault::AlreadyWritten { slot } => (RefusalCode::AlreadyWritten, Some(slot)),
        CommandFault::TooMany { slot, .. } => (RefusalCode::TooManyPhotos, Some(slot)),
        CommandFault::NothingToResolve { slot } => (RefusalCode::WrongStep, Some(slot)),
        CommandFault::Document(_) => (RefusalCode::MalformedChange, None),
    };
    Refusal { code, slot: slot.cloned(), detail: Some(fault.to_string()) }
}

#[cfg(test)]
mod tests {
    use zhibu_domain::command::{AboutField, Command};
    use zhibu_domain::event::Verb;
    use zhibu_domain::ids::{DeviceId, EntryId, OrgId, RecordId};
    use zhibu_domain::record::RecordRef;
    use zhibu_domain::view::ActivityView;

    use super::*;

    fn actor(epoch: u32) -> Actor {
        Actor { device: DeviceId::from_bytes([7; 16]), epoch }
    }

    fn empty() -> Record {
        let id = RecordId::from_bytes([2; 16]);
        Record::new(RecordRef::activity(OrgId::from_bytes([1; 16]), 2026, id))
    }

    fn made(record: &mut Record, number: u64, command: Command) -> PendingChange {
        let made_at = Millis(1_795_000_000_000 + number as i64 * 1000);
        let written = record.execute(&command, Stamp { actor: actor(1), now: made_at }).unwrap().unwrap();
        let (hash, change, record) = (written.hash, written.bytes, *record.reference());
        PendingChange { number, record, hash, change, command, made_at, envelope: Some(3) }
    }

    fn set(field: AboutField, text: &str) -> Command {
        Command::SetAbout(vec![(field, Some(text.into()))])
    }

    #[test]
    fn what_stood_behind_a_refused_change_stands_on_its_own() {
        let mut phone = empty();
        let refused = made(&mut phone, 1, set(AboutField::Place, "村委会"));
        let behind = made(&mut phone, 2, set(AboutField::Title, "党课"));
        let mut accepted = empty();
        assert!(accepted.apply(&behind.change).is_err(), "it depends on the refused one");

        let mut accepted = empty();
        let rewritten = rewrite(&mut accepted, vec![behind.clone()], actor(2), Millis(0));
        let [Rewritten::Again(again)] = &rewritten[..] else { panic!("{rewritten:?}") };
        assert_eq!((again.number, again.made_at, again.envelope), (2, behind.made_at, None));
        assert_ne!(again.hash, refused.hash);
        let mut server = empty();
        server.apply(&again.change).unwrap();
        assert_eq!(ActivityView::of(&server).text(AboutField::Title), Some("党课"));
        assert_eq!(ActivityView::of(&server).text(AboutField::Place), None);
    }

    #[test]
    fn what_stands_already_is_settled_and_what_cannot_stand_is_shown() {
        let mut phone = empty();
        let event = EntryId::from_bytes([5; 16]);
        let review =
            Command::Review { event, verb: Verb::Submitted, slot: None, comment: None, reason: None };
        let title = made(&mut phone, 1, set(AboutField::Title, "党课"));
        let submitted = made(&mut phone, 2, review);
        let resolve = Command::Resolve { slot: "about.place".into(), keep: "村委会".into() };
        let choice = PendingChange { number: 3, command: resolve, ..title.clone() };
        // The same words and the same event came back another way, and nobody disagrees about the place.
        let outcome = rewrite(&mut phone, vec![title, submitted, choice], actor(2), Millis(9));
        assert_eq!(outcome[..2], [Rewritten::Settled(1), Rewritten::Settled(2)]);
        let Rewritten::Refused(refused) = &outcome[2] else { panic!("{outcome:?}") };
        assert_eq!(refused.refusal.code, RefusalCode::WrongStep);
        assert_eq!(refused.refused_at, Millis(9));
    }
}

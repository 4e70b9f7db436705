//! The first change of every record: a function of its reference and of nothing else.
//!
//! It makes the record's containers, so they are one object on every device, also where two phones begin the
//! same ledger without signal; and it names the record, so that every change, depending on it, belongs to this
//! record alone and cannot be played into another. It is never sent: each side makes the same bytes.
//!
//! Actor: twenty zero bytes; time: 0; operation *n* makes the *n*-th container of [`super::shape`]; the last one
//! puts the record's id as text under the root key `record`.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, ObjId, ObjType, ROOT, TextEncoding};

use super::shape::{Container, Holds, containers};
use super::{Actor, ChangeHash, RecordKind, RecordRef};

fn genesis_actor() -> ActorId {
    ActorId::from(&[0u8; Actor::LEN][..])
}

/// A document that holds the genesis change and nothing else. Text is indexed in Unicode code points.
pub(super) fn genesis_document(reference: &RecordRef) -> Automerge {
    let mut document =
        Automerge::new_with_encoding(TextEncoding::UnicodeCodePoint).with_actor(genesis_actor());
    let mut transaction = document.transaction();
    for container in containers(reference.kind) {
        let object = match container.holds {
            Holds::Text { .. } => ObjType::Text,
            _ => ObjType::Map,
        };
        // Writing at the root of an empty document has nothing to fail on.
        let made = transaction.put_object(ROOT, container.name, object);
        debug_assert!(made.is_ok());
    }
    let named = transaction.put(ROOT, "record", reference.id().to_string());
    debug_assert!(named.is_ok());
    transaction.commit_with(CommitOptions::default().with_time(0));
    document
}

/// The bytes of the genesis change.
pub fn genesis_bytes(reference: &RecordRef) -> Vec<u8> {
    let document = genesis_document(reference);
    document.get_changes(&[]).first().map(|change| change.raw_bytes().to_vec()).unwrap_or_default()
}

/// The hash of the genesis change: the dependency of the record's first change.
pub fn genesis_hash(reference: &RecordRef) -> ChangeHash {
    let heads = genesis_document(reference).get_heads();
    heads.first().copied().map(ChangeHash::from).unwrap_or(ChangeHash([0; 32]))
}

/// How many operations the genesis change has.
pub(crate) fn genesis_operations(kind: RecordKind) -> u64 {
    containers(kind).len() as u64 + 1
}

/// The object of a container.
pub(super) fn object_of(kind: RecordKind, container: &Container) -> ObjId {
    let counter =
        containers(kind).iter().position(|c| std::ptr::eq(c, container)).map_or(0, |at| at as u64 + 1);
    ObjId::Id(counter, genesis_actor(), 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{AboutField, Command};
    use crate::ids::{DeviceId, MemberId, OrgId, RecordId, natural};
    use crate::record::{Record, Stamp};
    use crate::time::Millis;

    /// These hashes are protocol: a record of the field depends on them for ever.
    #[test]
    fn genesis_changes_never_change() {
        let org = OrgId(natural(&[b"branch"]));
        let references = [
            RecordRef::activity(org, 2026, RecordId(natural(&[b"activity"]))),
            RecordRef::points(org, 2026, MemberId(natural(&[b"member"]))),
            RecordRef::roster(org),
            RecordRef::rule_book(org),
        ];
        let hashes: Vec<_> = references.iter().map(|reference| genesis_hash(reference).to_string()).collect();
        assert_eq!(
            hashes,
            [
                "b824a1766d657d3f393c8eb3caca75356d3bb253515b2afd86d1cdd98943b549",
                "3fd5a6f600c7e18840ae0d6e45e844df73b8618a0857b57ebffbbbab3147f76c",
                "052e4fad1d4998b0adc46084e40de345450a8a2d3bea9a09369ddebb51143d59",
                "613930b43d03dde1e761d97635a5e5b90313472a299c52815fb33d0f227475a7"
            ]
        );
    }

    #[test]
    fn no_two_records_share_a_change() {
        let org = OrgId(natural(&[b"branch"]));
        let first_change = |name: &[u8]| {
            let mut record = Record::new(RecordRef::activity(org, 2026, RecordId(natural(&[name]))));
            let stamp =
                Stamp { actor: Actor { device: DeviceId::from_bytes([1; 16]), epoch: 1 }, now: Millis(0) };
            let title = Command::SetAbout(vec![(AboutField::Title, Some("主题党日".into()))]);
            record.execute(&title, stamp).unwrap().unwrap()
        };
        let (one, other) = (first_change(b"one"), first_change(b"other"));
        assert_ne!(one.hash, other.hash, "the same words at the same second by the same hand");
        let elsewhere = RecordRef::activity(org, 2026, RecordId(natural(&[b"other"])));
        assert!(Record::new(elsewhere).apply(&one.bytes).is_err());
    }
}

//! The constant first change of every record.
//!
//! It makes the record's containers, so they are one object on every device, also where two phones begin the
//! same ledger without signal. It is never sent: each side makes the same bytes. Actor: twenty zero bytes;
//! time: 0; operation *n* makes the *n*-th container of [`super::shape`].

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, ObjId, ObjType, ROOT, TextEncoding};

use super::shape::{Container, Holds, containers};
use super::{Actor, ChangeHash, RecordKind};

fn genesis_actor() -> ActorId {
    ActorId::from(&[0u8; Actor::LEN][..])
}

/// A document that holds the genesis change and nothing else. Text is indexed in Unicode code points.
pub(super) fn genesis_document(kind: RecordKind) -> Automerge {
    let mut document =
        Automerge::new_with_encoding(TextEncoding::UnicodeCodePoint).with_actor(genesis_actor());
    let mut transaction = document.transaction();
    for container in containers(kind) {
        let object = match container.holds {
            Holds::Text { .. } => ObjType::Text,
            _ => ObjType::Map,
        };
        // Making an object at the root of an empty document has nothing to fail on.
        let made = transaction.put_object(ROOT, container.name, object);
        debug_assert!(made.is_ok());
    }
    transaction.commit_with(CommitOptions::default().with_time(0));
    document
}

/// The bytes of the genesis change.
pub fn genesis_bytes(kind: RecordKind) -> Vec<u8> {
    genesis_document(kind)
        .get_changes(&[])
        .first()
        .map(|change| change.raw_bytes().to_vec())
        .unwrap_or_default()
}

/// The hash of the genesis change: the dependency of every record's first change.
pub fn genesis_hash(kind: RecordKind) -> ChangeHash {
    genesis_document(kind).get_heads().first().copied().map(ChangeHash::from).unwrap_or(ChangeHash([0; 32]))
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

    /// These hashes are protocol: a record of the field depends on them for ever.
    #[test]
    fn genesis_changes_never_change() {
        let hashes: Vec<_> = RecordKind::ALL.iter().map(|kind| genesis_hash(*kind).to_string()).collect();
        assert_eq!(
            hashes,
            [
                "5d4ae198ef57658ccac5e4cea540981bb9aa4a4f53e1fc1f3b63dda1f85d3402",
                "4608250ffc17c11b4b9b781b57fea72012aab57b8e892bcca9dfaec14642ca38",
                "74830298a29b346532e82286ef13c2f0d884161877aaf4d25d0f4ac5cdf21744",
                "d55f44438cccf5ab9192b33a0c2fd7aaa4ebf18161212e4d21a93b17d712bc67",
            ]
        );
    }
}

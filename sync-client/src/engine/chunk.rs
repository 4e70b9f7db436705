//! Who wrote a change and what it stands upon: read from its header, without decoding any operation.

use zhibu_domain::record::{Actor, ChangeHash};

/// Magic, checksum and chunk type, before the chunk's length.
const PREFIX_BYTES: usize = 9;
const HASH_BYTES: usize = 32;

/// The actor of a change chunk; none when the bytes are not one of ours.
pub fn change_author(chunk: &[u8]) -> Option<Actor> {
    let (_, mut rest) = split_dependencies(chunk)?;
    let length = take_number(&mut rest)?;
    Actor::from_bytes(rest.get(..length)?)
}

/// The changes that a change chunk depends on.
pub fn change_dependencies(chunk: &[u8]) -> impl Iterator<Item = ChangeHash> {
    let hashes = split_dependencies(chunk).map(|(hashes, _)| hashes).unwrap_or_default();
    hashes.as_chunks().0.iter().map(|hash| ChangeHash(*hash))
}

fn split_dependencies(chunk: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut rest = chunk.get(PREFIX_BYTES..)?;
    take_number(&mut rest)?;
    let dependencies = take_number(&mut rest)?;
    rest.split_at_checked(dependencies.checked_mul(HASH_BYTES)?)
}

/// An unsigned LEB128 number that fits four groups, which is more than any bounded chunk needs.
fn take_number(rest: &mut &[u8]) -> Option<usize> {
    let mut value = 0;
    for shift in [0, 7, 14, 21] {
        let (byte, behind) = rest.split_first()?;
        *rest = behind;
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use zhibu_domain::command::{AboutField, Command};
    use zhibu_domain::ids::{DeviceId, OrgId, RecordId};
    use zhibu_domain::record::{Record, RecordRef, Stamp};
    use zhibu_domain::time::Millis;

    use super::*;

    #[test]
    fn what_the_header_of_a_real_change_says_is_found_and_no_cut_panics() {
        let reference = RecordRef::activity(OrgId::from_bytes([1; 16]), 2026, RecordId::from_bytes([2; 16]));
        let actor = Actor { device: DeviceId::from_bytes([7; 16]), epoch: 3 };
        let command = Command::SetAbout(vec![(AboutField::Place, Some("村委会".into()))]);
        let stamp = Stamp { actor, now: Millis(1_795_000_000_000) };
        let mut record = Record::new(reference);
        let change = record.execute(&command, stamp).unwrap().unwrap();
        assert_eq!(change_author(&change.bytes), Some(actor));
        for end in 0..40 {
            assert_eq!(change_author(&change.bytes[..end]), None);
            change_dependencies(&change.bytes[..end]).for_each(drop);
        }
        assert_eq!(change_author(&[0xff; 64]), None);
        assert_eq!(change_dependencies(&[0xff; 64]).count(), 0);
        let next = Command::SetAbout(vec![(AboutField::Place, Some("学校".into()))]);
        let next = record.execute(&next, stamp).unwrap().unwrap().bytes;
        assert!(change_dependencies(&next).eq([change.hash]));
    }
}

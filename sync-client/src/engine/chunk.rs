//! Who wrote a change: read from its header, without decoding any operation.

use zhibu_domain::record::Actor;

/// Magic, checksum and chunk type, before the chunk's length.
const PREFIX_BYTES: usize = 9;
const HASH_BYTES: usize = 32;

/// The actor of a change chunk; none when the bytes are not one of ours.
pub fn change_author(chunk: &[u8]) -> Option<Actor> {
    let mut rest = chunk.get(PREFIX_BYTES..)?;
    take_number(&mut rest)?;
    let dependencies = take_number(&mut rest)?;
    rest = rest.get(dependencies.checked_mul(HASH_BYTES)?..)?;
    let length = take_number(&mut rest)?;
    Actor::from_bytes(rest.get(..length)?)
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
    fn the_author_of_a_real_change_is_found_and_no_cut_panics() {
        let reference = RecordRef::activity(OrgId::from_bytes([1; 16]), 2026, RecordId::from_bytes([2; 16]));
        let actor = Actor { device: DeviceId::from_bytes([7; 16]), epoch: 3 };
        let command = Command::SetAbout(vec![(AboutField::Place, Some("村委会".into()))]);
        let stamp = Stamp { actor, now: Millis(1_795_000_000_000) };
        let change = Record::new(reference).execute(&command, stamp).unwrap().unwrap().bytes;
        assert_eq!(change_author(&change), Some(actor));
        for end in 0..40 {
            assert_eq!(change_author(&change[..end]), None);
        }
        assert_eq!(change_author(&[0xff; 64]), None);
    }
}

//! Closing envelopes: which pending changes go together, and what exactly is signed.

use zhibu_domain::time::Millis;
use zhibu_domain::wire::{
    EnvelopeBody, MAX_ENVELOPE_BYTES, MAX_ENVELOPE_CHANGES, PROTOCOL, Profile, SentChange,
};

use crate::store::{DeviceState, PendingChange};

/// What CBOR adds to a change: its record's reference and the framing, generously.
const CHANGE_OVERHEAD_BYTES: usize = 96;
/// What the rest of an envelope's body takes, generously.
const BODY_OVERHEAD_BYTES: usize = 256;

/// The first changes that are in no envelope yet and fit one together; empty when nothing waits.
///
/// A single change that is larger than an envelope goes alone: the server says why it is refused.
pub fn next_batch(pending: &[PendingChange]) -> Vec<PendingChange> {
    let mut size_bytes = BODY_OVERHEAD_BYTES;
    let mut batch: Vec<PendingChange> = Vec::new();
    for change in pending.iter().filter(|change| change.envelope.is_none()) {
        size_bytes += change.change.len() + CHANGE_OVERHEAD_BYTES;
        let fits = size_bytes <= MAX_ENVELOPE_BYTES && batch.len() < MAX_ENVELOPE_CHANGES;
        if !fits && !batch.is_empty() {
            break;
        }
        batch.push(change.clone());
    }
    batch
}

/// The body of the envelope that holds these changes: the device's next one.
pub fn envelope_body(
    state: &DeviceState,
    profile: &Profile,
    changes: Vec<SentChange>,
    closed_at: Millis,
) -> EnvelopeBody {
    EnvelopeBody {
        protocol: PROTOCOL,
        district: profile.district,
        device: state.device,
        counter: state.last_counter + 1,
        closed_at,
        changes,
    }
}

#[cfg(test)]
mod tests {
    use zhibu_domain::command::Command;
    use zhibu_domain::ids::{OrgId, RecordId};
    use zhibu_domain::record::{ChangeHash, RecordRef};

    use super::*;

    fn pending(number: u64, size_bytes: usize) -> PendingChange {
        PendingChange {
            number,
            record: RecordRef::activity(OrgId::from_bytes([1; 16]), 2026, RecordId::from_bytes([2; 16])),
            hash: ChangeHash([0; 32]),
            change: vec![0; size_bytes],
            command: Command::SetAbout(Vec::new()),
            made_at: Millis(0),
            envelope: None,
        }
    }

    #[test]
    fn a_batch_ends_at_the_number_of_changes() {
        let all: Vec<_> = (0..600).map(|n| pending(n, 100)).collect();
        assert_eq!(next_batch(&all).len(), MAX_ENVELOPE_CHANGES);
    }

    #[test]
    fn a_batch_ends_at_the_size() {
        let all: Vec<_> = (0..8).map(|n| pending(n, 250 << 10)).collect();
        let batch = next_batch(&all);
        assert_eq!(batch.len(), 4);
        assert!(batch.iter().map(|c| c.change.len()).sum::<usize>() < MAX_ENVELOPE_BYTES);
        assert_eq!(next_batch(&[pending(1, 2 << 20), pending(2, 1)]).len(), 1, "a giant goes alone");
    }

    #[test]
    fn what_is_in_an_envelope_is_not_put_into_another() {
        let closed = PendingChange { envelope: Some(1), ..pending(1, 10) };
        assert_eq!(next_batch(&[closed.clone(), pending(2, 10)])[0].number, 2);
        assert!(next_batch(&[closed]).is_empty());
    }
}

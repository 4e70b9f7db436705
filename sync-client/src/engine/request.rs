//! What one request carries.

use zhibu_domain::wire::{
    Envelope, MAX_BODY_BYTES, MAX_REQUEST_ENVELOPES, MAX_REQUEST_POSITIONS, PROTOCOL, Profile, ReadMark,
    SyncRequest,
};

use super::scope::Scope;
use crate::error::SyncError;
use crate::store::{CarriedEnvelope, ClosedEnvelope};

/// Leaves room for the marks beside the envelopes.
const ENVELOPES_BYTES: usize = MAX_BODY_BYTES - (MAX_REQUEST_POSITIONS * 32) - 4096;
/// The whole year of a branch in one answer: some 50 KB once it is compressed, which a village connection carries in
/// some seconds.
const PAGE_BYTES: u32 = 1 << 20;

/// An envelope that was put into a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SentEnvelope {
    /// Written here.
    Own(ClosedEnvelope),
    /// Written elsewhere, carried here.
    Carried(CarriedEnvelope),
}

impl SentEnvelope {
    fn bytes(&self) -> &[u8] {
        match self {
            SentEnvelope::Own(envelope) => &envelope.bytes,
            SentEnvelope::Carried(envelope) => &envelope.bytes,
        }
    }

    /// The envelope, as it was stored.
    pub fn envelope(&self) -> Result<Envelope, SyncError> {
        minicbor::decode(self.bytes()).map_err(|e| SyncError::NotAnEnvelope(e.to_string()))
    }
}

/// The envelopes of the next request: own ones first and in their order, then those carried, as many as fit.
pub fn choose_envelopes(own: Vec<ClosedEnvelope>, carried: Vec<CarriedEnvelope>) -> Vec<SentEnvelope> {
    let undelivered = carried.into_iter().filter(|envelope| envelope.receipt.is_none());
    let all = own.into_iter().map(SentEnvelope::Own).chain(undelivered.map(SentEnvelope::Carried));
    let mut size_bytes = 0;
    let mut chosen = Vec::new();
    for envelope in all.take(MAX_REQUEST_ENVELOPES) {
        size_bytes += envelope.bytes().len();
        if size_bytes > ENVELOPES_BYTES && !chosen.is_empty() {
            break;
        }
        chosen.push(envelope);
    }
    chosen
}

/// The request: marks of what is in scope, older years that somebody asked for among them, so that a collection which
/// left it is not asked for again.
pub fn sync_request(
    profile: &Profile,
    marks: &[ReadMark],
    sent: &[SentEnvelope],
) -> Result<SyncRequest, SyncError> {
    let scope = Scope::of(profile);
    let marks = marks.iter().filter(|mark| scope.holds(&mark.collection));
    Ok(SyncRequest {
        protocol: PROTOCOL,
        profile_version: profile.version,
        marks: marks.take(MAX_REQUEST_POSITIONS).copied().collect(),
        envelopes: sent.iter().map(SentEnvelope::envelope).collect::<Result<_, _>>()?,
        page_bytes: PAGE_BYTES,
        recovery: None,
    })
}

#[cfg(test)]
mod tests {
    use zhibu_domain::ids::DeviceId;
    use zhibu_domain::record::ChangeHash;
    use zhibu_domain::wire::EnvelopeReceipt;

    use super::*;

    fn own(counter: u64, size_bytes: usize) -> ClosedEnvelope {
        ClosedEnvelope { counter, bytes: vec![0; size_bytes] }
    }

    fn carried(n: u8, receipt: Option<EnvelopeReceipt>) -> CarriedEnvelope {
        let (id, device) = (ChangeHash([n; 32]), DeviceId::from_bytes([n; 16]));
        CarriedEnvelope { id, bytes: vec![n], device, counter: 1, receipt }
    }

    #[test]
    fn own_work_goes_before_what_is_carried_and_delivered_ones_stay() {
        let receipt = EnvelopeReceipt { refused: None, changes: Vec::new() };
        let chosen =
            choose_envelopes(vec![own(1, 1), own(2, 1)], vec![carried(1, Some(receipt)), carried(2, None)]);
        let expected = [
            SentEnvelope::Own(own(1, 1)),
            SentEnvelope::Own(own(2, 1)),
            SentEnvelope::Carried(carried(2, None)),
        ];
        assert_eq!(chosen, expected);
    }

    #[test]
    fn a_request_stays_within_the_body_limit() {
        let chosen = choose_envelopes((1..=8).map(|n| own(n, 1 << 20)).collect(), Vec::new());
        assert!(chosen.iter().map(|e| e.bytes().len()).sum::<usize>() < MAX_BODY_BYTES);
        assert_eq!(chosen.first(), Some(&SentEnvelope::Own(own(1, 1 << 20))), "in order, without a gap");
        assert_eq!(
            choose_envelopes((1..=300).map(|n| own(n, 1)).collect(), Vec::new()).len(),
            MAX_REQUEST_ENVELOPES
        );
    }
}

//! Reading an answer: which changes count now, which were refused, and whether this phone comes from an old backup.

use std::collections::{BTreeMap, BTreeSet};

use zhibu_domain::ids::DeviceId;
use zhibu_domain::record::{ChangeHash, UnpackedChange, change_hash, history_digest, unpack};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::wire::{
    CollectionPage, EnvelopeBody, EnvelopeReceipt, PackedNames, ReadMark, Receipt, Refusal, SentChange,
    SyncResponse, Voucher,
};

use super::chunk::change_author;
use super::request::SentEnvelope;
use crate::error::SyncError;
use crate::store::{AcceptedChange, CarriedEnvelope, DeviceState};

/// What an answer says, before it meets what the phone holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Changes that count, receipted ones first, each after what it depends on.
    pub accepted: Vec<AcceptedChange>,
    /// Own changes that were refused, and why.
    pub refused: BTreeMap<ChangeHash, Refusal>,
    /// Counters of own envelopes that have their answer.
    pub answered: Vec<u64>,
    /// Carried envelopes with their receipts.
    pub delivered: Vec<CarriedEnvelope>,
    /// The new marks.
    pub marks: Vec<ReadMark>,
    /// How many of `accepted` came in pages.
    pub received: usize,
    /// The highest counter among those that the server has noted.
    pub receipted_counter: u64,
    /// What the answer's voucher is over, in that order, and the names within its packs.
    pub names: Vec<ChangeHash>,
    /// The names of the changes of each pack.
    pub packs: Vec<PackedNames>,
    /// An envelope's counter had been used before for other bytes.
    pub counter_reused: bool,
}

/// Reads an answer against what was sent. An answer that contradicts the request is an error as a whole: nothing of
/// it is taken, since what it means cannot be known.
pub fn judge(
    sent: &[SentEnvelope],
    marks: &[ReadMark],
    response: &SyncResponse,
) -> Result<Judgement, SyncError> {
    if response.receipts.len() != sent.len() {
        return Err(broken("the number of receipts is not the number of envelopes"));
    }
    let mut judgement = Judgement::default();
    for (sent, receipt) in sent.iter().zip(&response.receipts) {
        match sent {
            SentEnvelope::Own(own) => {
                let body: EnvelopeBody = minicbor::decode(&sent.envelope()?.body)
                    .map_err(|e| SyncError::NotAnEnvelope(e.to_string()))?;
                judgement.answered.push(own.counter);
                if receipt.refused.is_none() {
                    judgement.receipted_counter = judgement.receipted_counter.max(own.counter);
                }
                judgement.take_receipt(&body.changes, receipt)?;
            }
            SentEnvelope::Carried(carried) => judgement
                .delivered
                .push(CarriedEnvelope { receipt: Some(receipt.clone()), ..carried.clone() }),
        }
    }
    judgement.names = judgement.accepted.iter().map(|change| change.hash).collect();
    let mut marks = marks.to_vec();
    for page in &response.pages {
        judgement.take_page(page, &mut marks)?;
    }
    Ok(judgement)
}

/// The names of changes in an answer's pages that claim to come from this device.
pub fn own_changes(judgement: &Judgement, device: DeviceId) -> Vec<ChangeHash> {
    let receipted = judgement.accepted.len() - judgement.received;
    let (receipts, pages) = judgement.accepted.split_at(receipted);
    let receipts: BTreeSet<_> = receipts.iter().map(|change| change.hash).collect();
    pages
        .iter()
        .filter(|change| change_author(&change.change).is_some_and(|actor| actor.device == device))
        .map(|change| change.hash)
        .filter(|hash| !receipts.contains(hash))
        .collect()
}

/// Whether the server knows more of this device than the device itself: it was restored from an old backup.
pub fn is_restored(
    state: &DeviceState,
    judgement: &Judgement,
    unknown_own: &[ChangeHash],
    response: &SyncResponse,
) -> bool {
    judgement.counter_reused
        || !unknown_own.is_empty()
        || response.last_counter > state.last_counter
        || response.last_epoch > state.epoch
}

impl Judgement {
    /// The voucher of the answer, to be kept, if it came with one.
    pub fn voucher(&self, response: &SyncResponse) -> Option<Voucher> {
        Some(Voucher {
            generation: response.generation.clone(),
            code: response.voucher.clone()?,
            names: self.names.iter().flat_map(|name| name.0).collect(),
            packs: self.packs.clone(),
        })
    }

    fn take_receipt(&mut self, changes: &[SentChange], receipt: &EnvelopeReceipt) -> Result<(), SyncError> {
        match &receipt.refused {
            Some(refusal) if refusal.code == RefusalCode::CounterReused => self.counter_reused = true,
            Some(refusal) => {
                for change in changes {
                    self.refused.insert(name_of(&change.change)?, refusal.clone());
                }
            }
            None if receipt.changes.len() != changes.len() => {
                return Err(broken("the number of receipts is not the number of changes"));
            }
            None => {
                for (change, receipt) in changes.iter().zip(&receipt.changes) {
                    self.take_verdict(change, receipt)?;
                }
            }
        }
        Ok(())
    }

    fn take_verdict(&mut self, sent: &SentChange, receipt: &Receipt) -> Result<(), SyncError> {
        let hash = name_of(&sent.change)?;
        match receipt {
            Receipt::Stored(_) | Receipt::Duplicate(_) => {
                self.accepted.push(AcceptedChange { record: sent.record, hash, change: sent.change.clone() });
            }
            Receipt::Refused(refusal) => {
                self.refused.insert(hash, refusal.clone());
            }
        }
        Ok(())
    }

    fn take_page(&mut self, page: &CollectionPage, marks: &mut Vec<ReadMark>) -> Result<(), SyncError> {
        let held = marks.iter().find(|mark| mark.collection == page.collection);
        let held = held.copied().unwrap_or(ReadMark::at(page.collection, 0));
        if page.after > held.position {
            return Err(broken("a page begins behind what was read"));
        }
        let record_at = |index: u32| {
            let record = page.records.get(index as usize);
            let record = record.filter(|record| record.collection() == page.collection);
            record.copied().ok_or_else(|| broken("a page names a record that it does not hold"))
        };
        // A record's packed changes come before all others of it.
        for packed in &page.packs {
            let record = record_at(packed.record)?;
            let changes = unpack(&record, &packed.pack).map_err(|_| broken("a pack that does not open"))?;
            self.received += changes.len();
            self.names.push(history_digest(changes.iter().map(|change| change.hash)));
            self.packs.push(PackedNames(changes.iter().flat_map(|change| change.hash.0).collect()));
            let accepted = |one: UnpackedChange| AcceptedChange { record, hash: one.hash, change: one.bytes };
            self.accepted.extend(changes.into_iter().map(accepted));
        }
        for logged in &page.changes {
            let record = record_at(logged.record)?;
            let hash = name_of(&logged.change)?;
            self.accepted.push(AcceptedChange { record, hash, change: logged.change.clone() });
            self.names.push(hash);
            self.received += 1;
        }
        let read = ReadMark { collection: page.collection, position: page.position, name: page.name };
        let mark = if page.position < held.position { held } else { read };
        put_mark(marks, mark);
        self.marks.push(mark);
        Ok(())
    }
}

/// Puts a mark in the place of the one that its collection has. There are few, a hundred at the most.
pub fn put_mark(marks: &mut Vec<ReadMark>, mark: ReadMark) {
    match marks.iter_mut().find(|held| held.collection == mark.collection) {
        Some(held) => *held = mark,
        None => marks.push(mark),
    }
}

fn name_of(change: &[u8]) -> Result<ChangeHash, SyncError> {
    change_hash(change).ok_or_else(|| broken("bytes that are no change"))
}

fn broken(why: &str) -> SyncError {
    SyncError::BrokenAnswer(why.to_owned())
}

#[cfg(test)]
mod tests {
    use zhibu_domain::command::{AboutField, Command};
    use zhibu_domain::ids::{DistrictId, OrgId, RecordId};
    use zhibu_domain::record::{Actor, Record, RecordRef, Stamp, pack};
    use zhibu_domain::time::Millis;
    use zhibu_domain::wire::{Envelope, LoggedChange, LoggedPack, PROTOCOL};

    use super::*;
    use crate::store::ClosedEnvelope;

    const DEVICE: DeviceId = DeviceId::from_bytes([7; 16]);

    fn reference() -> RecordRef {
        RecordRef::activity(OrgId::from_bytes([1; 16]), 2026, RecordId::from_bytes([2; 16]))
    }

    fn change(device: DeviceId) -> Vec<u8> {
        let command = Command::SetAbout(vec![(AboutField::Place, Some("村委会".into()))]);
        let stamp = Stamp { actor: Actor { device, epoch: 1 }, now: Millis(0) };
        Record::new(reference()).execute(&command, stamp).unwrap().unwrap().bytes
    }

    fn sent(changes: Vec<Vec<u8>>) -> SentEnvelope {
        let district = DistrictId::from_bytes([9; 16]);
        let changes = changes.into_iter().map(|change| SentChange { record: reference(), change }).collect();
        let body = EnvelopeBody {
            protocol: PROTOCOL,
            district,
            device: DEVICE,
            counter: 4,
            closed_at: Millis(0),
            changes,
        };
        let envelope = Envelope { body: minicbor::to_vec(&body).unwrap(), signature: vec![0; 64] };
        SentEnvelope::Own(ClosedEnvelope { counter: 4, bytes: minicbor::to_vec(&envelope).unwrap() })
    }

    fn response(receipts: Vec<EnvelopeReceipt>, pages: Vec<CollectionPage>) -> SyncResponse {
        SyncResponse {
            protocol: PROTOCOL,
            server_time: Millis(0),
            generation: vec![1],
            receipts,
            pages,
            more: false,
            profile: None,
            last_counter: 4,
            last_epoch: 1,
            token: None,
            recovered: None,
            voucher: None,
        }
    }

    fn page(after: u64, position: u64, change: Vec<u8>) -> CollectionPage {
        CollectionPage {
            name: None,
            collection: reference().collection(),
            after,
            position,
            records: vec![reference()],
            changes: vec![LoggedChange { record: 0, change }],
            authors: Vec::new(),
            packs: Vec::new(),
        }
    }

    #[test]
    fn a_receipt_makes_a_change_count_and_moves_no_mark() {
        let receipt = EnvelopeReceipt { refused: None, changes: vec![Receipt::Stored(17)] };
        let judgement =
            judge(&[sent(vec![change(DEVICE)])], &[], &response(vec![receipt], Vec::new())).unwrap();
        assert_eq!(judgement.accepted.len(), 1);
        assert_eq!(judgement.answered, [4]);
        assert!(judgement.marks.is_empty(), "what others wrote before position 17 is not read yet");
    }

    #[test]
    fn a_refused_envelope_refuses_each_change_but_a_reused_counter_none() {
        let refused = |code| EnvelopeReceipt { refused: Some(Refusal::new(code, "")), changes: Vec::new() };
        let sent = [sent(vec![change(DEVICE)])];
        let judged =
            judge(&sent, &[], &response(vec![refused(RefusalCode::WrongSignature)], Vec::new())).unwrap();
        assert_eq!(judged.refused.len(), 1);
        let judged =
            judge(&sent, &[], &response(vec![refused(RefusalCode::CounterReused)], Vec::new())).unwrap();
        assert!(judged.counter_reused && judged.refused.is_empty());
    }

    #[test]
    fn an_answer_that_does_not_fit_the_question_is_refused_whole() {
        let receipt = EnvelopeReceipt { refused: None, changes: Vec::new() };
        let sent = [sent(vec![change(DEVICE)])];
        assert!(judge(&sent, &[], &response(Vec::new(), Vec::new())).is_err());
        assert!(judge(&sent, &[], &response(vec![receipt], Vec::new())).is_err());
        let gap = page(5, 6, change(DEVICE));
        assert!(judge(&[], &[], &response(Vec::new(), vec![gap])).is_err());
        let mut astray = page(0, 1, change(DEVICE));
        astray.collection.year = 1999;
        assert!(judge(&[], &[], &response(Vec::new(), vec![astray])).is_err());
        let nothing = page(0, 1, vec![0; 4]);
        assert!(judge(&[], &[], &response(Vec::new(), vec![nothing])).is_err());
    }

    #[test]
    fn packed_changes_are_taken_one_by_one_and_first() {
        let mut record = Record::new(reference());
        let stamp = |n| Stamp { actor: Actor { device: DEVICE, epoch: 1 }, now: Millis(n) };
        let mut written = |n: i64| {
            let place = Command::SetAbout(vec![(AboutField::Place, Some(format!("{n}").as_str().into()))]);
            record.execute(&place, stamp(n)).unwrap().unwrap().bytes
        };
        let [first, second, third] = [1, 2, 3].map(&mut written);
        let mut packed = page(0, 9, third.clone());
        let pack = pack(&reference(), &[first.clone(), second.clone()]).unwrap();
        packed.packs.push(LoggedPack { record: 0, pack });
        let judged = judge(&[], &[], &response(Vec::new(), vec![packed.clone()])).unwrap();
        let changes: Vec<_> = judged.accepted.iter().map(|accepted| accepted.change.clone()).collect();
        assert_eq!(changes, [first, second, third]);
        assert_eq!((judged.received, own_changes(&judged, DEVICE).len()), (3, 3));
        packed.packs[0].pack.truncate(40);
        assert!(judge(&[], &[], &response(Vec::new(), vec![packed])).is_err());
    }

    #[test]
    fn a_mark_never_goes_back() {
        let mark = ReadMark::at(reference().collection(), 9);
        let judged = judge(&[], &[mark], &response(Vec::new(), vec![page(3, 8, change(DEVICE))])).unwrap();
        assert_eq!(judged.marks, [mark]);
    }

    #[test]
    fn own_changes_are_those_of_this_device_that_carry_no_receipt() {
        let (mine, theirs) = (change(DEVICE), change(DeviceId::from_bytes([8; 16])));
        let pages = vec![page(0, 1, mine.clone()), page(1, 2, theirs)];
        let judged = judge(&[], &[], &response(Vec::new(), pages.clone())).unwrap();
        assert_eq!(own_changes(&judged, DEVICE), [change_hash(&mine).unwrap()]);
        let receipt = EnvelopeReceipt { refused: None, changes: vec![Receipt::Stored(1)] };
        let judged = judge(&[sent(vec![mine])], &[], &response(vec![receipt], pages)).unwrap();
        assert!(own_changes(&judged, DEVICE).is_empty());
    }
}

//! What becomes of what phones bring: a gate that knows as much as these tests need.

use std::collections::BTreeSet;

use automerge::Change;
use zhibu_domain::ids::DeviceId;
use zhibu_domain::record::{Actor, ChangeHash, change_hash, genesis_hash};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::wire::{
    Envelope, EnvelopeBody, EnvelopeReceipt, Receipt, Recovery, Refusal, SentChange, Voucher,
};

use super::{State, actor_of, code, verify};

impl State {
    pub(super) fn take_back(&mut self, recovery: &Recovery) -> Vec<Receipt> {
        let is_ours = |voucher: &&Voucher| voucher.code == code(&voucher.generation, &voucher.names);
        let ours: Vec<_> = recovery.vouchers.iter().filter(is_ours).collect();
        let vouched: BTreeSet<_> = ours.iter().flat_map(|voucher| voucher.changes()).collect();
        let mut receipts = Vec::new();
        for sent in &recovery.changes {
            let hash = change_hash(&sent.change).unwrap();
            assert!(vouched.contains(&hash), "a phone brings back what was vouched for and nothing else");
            receipts.push(match self.log.iter().position(|(_, _, held)| *held == hash) {
                Some(place) => Receipt::Duplicate(place as u64 + 1),
                None => {
                    let renews = ours.iter().any(|voucher| voucher.generation == self.generation);
                    if renews {
                        self.generation = vec![self.generation[0] + 100];
                    }
                    self.log.push((sent.record, sent.change.clone(), hash));
                    Receipt::Stored(self.log.len() as u64)
                }
            });
        }
        receipts
    }

    pub(super) fn receive(&mut self, envelope: &Envelope) -> EnvelopeReceipt {
        let whole = |code| EnvelopeReceipt { refused: Some(Refusal::new(code, "")), changes: Vec::new() };
        let body: EnvelopeBody = minicbor::decode(&envelope.body).unwrap();
        let Some(device) = self.device(body.device) else { return whole(RefusalCode::UnknownDevice) };
        if verify(&device.public_key, &Envelope::signed_bytes(&envelope.body), &envelope.signature).is_err() {
            return whole(RefusalCode::WrongSignature);
        }
        let name = (body.device, body.counter);
        match self.envelopes.get(&name) {
            Some((bytes, receipt)) if *bytes == envelope.body && !came_too_early(receipt) => {
                return again(receipt);
            }
            Some((bytes, _)) if *bytes == envelope.body => {}
            Some(_) => return whole(RefusalCode::CounterReused),
            None => {}
        }
        let receipt = if self.refused_envelopes.contains(&body.counter) {
            whole(RefusalCode::WrongSignature)
        } else {
            let changes = body.changes.iter().map(|sent| self.judge(body.device, sent)).collect();
            EnvelopeReceipt { refused: None, changes }
        };
        self.envelopes.insert(name, (envelope.body.clone(), receipt.clone()));
        receipt
    }

    fn judge(&mut self, device: DeviceId, sent: &SentChange) -> Receipt {
        let hash = change_hash(&sent.change).unwrap();
        if let Some(place) = self.log.iter().position(|(_, _, held)| *held == hash) {
            return Receipt::Duplicate(place as u64 + 1);
        }
        match self.fault_of(device, sent) {
            Some(code) => {
                if code != RefusalCode::MissingDependency {
                    self.refused.insert(hash);
                }
                Receipt::Refused(Refusal { code, slot: Some("about.place".to_owned()), detail: None })
            }
            None => {
                self.log.push((sent.record, sent.change.clone(), hash));
                Receipt::Stored(self.log.len() as u64)
            }
        }
    }

    fn fault_of(&self, device: DeviceId, sent: &SentChange) -> Option<RefusalCode> {
        let change = Change::from_bytes(sent.change.clone()).unwrap();
        let actor = Actor::from_bytes(change.actor_id().to_bytes())?;
        if actor.device != device {
            return Some(RefusalCode::WrongActor);
        }
        let of_record = || self.log.iter().filter(|(record, ..)| record == &sent.record);
        let held: BTreeSet<_> = of_record().map(|(.., hash)| *hash).collect();
        for dependency in change.deps().iter().map(|hash| ChangeHash(hash.0)) {
            if dependency != genesis_hash(&sent.record) && !held.contains(&dependency) {
                let refused = self.refused.contains(&dependency);
                return Some(if refused {
                    RefusalCode::DependsOnRefused
                } else {
                    RefusalCode::MissingDependency
                });
            }
        }
        let by_actor = of_record().filter(|(_, change, _)| actor_of(change) == Some(actor)).count() as u64;
        if change.seq() != by_actor + 1 {
            return Some(RefusalCode::SequenceConflict);
        }
        let holds = |word: &[u8]| sent.change.windows(word.len()).any(|part| part == word);
        self.forbidden.iter().find(|(word, _)| holds(word)).map(|(_, code)| *code)
    }
}

/// What it depends on may have come by now: it is judged again.
fn came_too_early(receipt: &EnvelopeReceipt) -> bool {
    let is_missing = |refusal: &Refusal| refusal.code == RefusalCode::MissingDependency;
    receipt.changes.iter().any(|one| matches!(one, Receipt::Refused(refusal) if is_missing(refusal)))
}

fn again(receipt: &EnvelopeReceipt) -> EnvelopeReceipt {
    let changes = receipt.changes.iter().map(|receipt| match receipt {
        Receipt::Stored(place) => Receipt::Duplicate(*place),
        other => other.clone(),
    });
    EnvelopeReceipt { refused: receipt.refused.clone(), changes: changes.collect() }
}

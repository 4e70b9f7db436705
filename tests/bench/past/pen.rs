//! A phone of the past: what its owner does is written into records, closed into a signed envelope, and carried to
//! the ledger as the sync API would hand it over.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::signature::Ed25519KeyPair;
use zhibu_domain::command::Command;
use zhibu_domain::ids::DeviceId;
use zhibu_domain::record::{Actor, Record, Stamp};
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{Envelope, EnvelopeBody, MAX_ENVELOPE_CHANGES, PROTOCOL, Receipt, SentChange};
use zhibu_server::App;

use super::people::{Person, district};

/// Phones are never restored here.
const EPOCH: u32 = 1;

/// One person's phone.
pub(crate) struct Pen {
    device: DeviceId,
    key: Ed25519KeyPair,
    counter: AtomicU64,
}

impl Pen {
    pub(crate) fn of(person: Person) -> Self {
        Self { device: person.device(), key: person.key(), counter: AtomicU64::new(0) }
    }

    /// Carries commands out as one change.
    pub(crate) fn write(&self, record: &mut Record, now: Millis, commands: &[Command]) -> SentChange {
        let stamp = Stamp { actor: Actor { device: self.device, epoch: EPOCH }, now };
        let written = record.execute_all(commands, stamp).unwrap().unwrap();
        SentChange { record: *record.reference(), change: written.bytes }
    }

    /// Closes changes into the phone's next envelopes.
    pub(crate) fn close(&self, now: Millis, changes: Vec<SentChange>) -> Vec<Envelope> {
        changes.chunks(MAX_ENVELOPE_CHANGES).map(|batch| self.sign(now, batch.to_vec())).collect()
    }

    fn sign(&self, closed_at: Millis, changes: Vec<SentChange>) -> Envelope {
        let body = EnvelopeBody {
            protocol: PROTOCOL,
            district: district(),
            device: self.device,
            counter: self.counter.fetch_add(1, Ordering::Relaxed) + 1,
            closed_at,
            changes,
        };
        let body = minicbor::to_vec(&body).unwrap();
        let signature = self.key.sign(&Envelope::signed_bytes(&body)).as_ref().to_vec();
        Envelope { body, signature }
    }
}

/// Delivers envelopes and demands that every change of them counts; how many those were.
pub(crate) async fn deliver(app: &Arc<App>, carrier: Person, envelopes: Vec<Envelope>) -> u64 {
    let caller = app.store.find_device(district(), carrier.device()).await.unwrap().unwrap();
    let mut stored = 0;
    for receipt in app.ledger.deliver(&caller.into(), envelopes).await.unwrap().receipts {
        assert_eq!(receipt.refused, None, "an honest envelope");
        for change in receipt.changes {
            assert!(matches!(change, Receipt::Stored(_)), "an honest change: {change:?}");
            stored += 1;
        }
    }
    stored
}

//! The way from the script to the log.

use zhibu_domain::access::Author;
use zhibu_domain::command::Command;
use zhibu_domain::ids::DistrictId;
use zhibu_domain::record::{Actor, Record, Stamp};
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{Receipt, SentChange};

use super::HistoryFault;
use crate::sync::Ledger;

/// The epoch of console devices, as the ledger writes it.
const EPOCH: u32 = 1;

/// Writes commands through the gate.
pub(super) struct Pen {
    ledger: Ledger,
    district: DistrictId,
    orgs_version: u64,
}

impl Pen {
    pub(super) fn new(ledger: Ledger, district: DistrictId, orgs_version: u64) -> Self {
        Self { ledger, district, orgs_version }
    }

    /// Carries out commands as one change of this author at that time, and waits until it is durable.
    pub(super) async fn write(
        &self,
        record: &mut Record,
        author: &Author,
        now: Millis,
        commands: &[Command],
    ) -> Result<(), HistoryFault> {
        let actor = Actor { device: author.device, epoch: EPOCH };
        let Some(written) = record.execute_all(commands, Stamp { actor, now })? else { return Ok(()) };
        let sent = SentChange { record: *record.reference(), change: written.bytes };
        match self.ledger.submit_change(self.district, author, self.orgs_version, sent).await? {
            Receipt::Stored(_) => Ok(()),
            Receipt::Duplicate(position) => Err(HistoryFault::Taken(format!("change at {position}"))),
            Receipt::Refused(refusal) => Err(HistoryFault::Refused(refusal)),
        }
    }
}

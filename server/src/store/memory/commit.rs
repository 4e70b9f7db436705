//! One commit of the log in memory. What is decided is the same for every database, see
//! [`decide`](crate::store::decide).

use std::collections::BTreeMap;

use zhibu_domain::ids::{DeviceId, DistrictId, RecordId};
use zhibu_domain::record::{ChangeHash, Collection};

use super::tables::{ChangeRow, RecordRow, Tables};
use crate::store::decide::{Appended, Asked, Outcome, Standing, by_district, decide};
use crate::store::{Committed, Delivery, StoreError};

/// Writes the deliveries in their order. A district that was never founded is found before anything is written.
pub(super) fn write(
    districts: &mut BTreeMap<DistrictId, Tables>,
    deliveries: &[Delivery],
) -> Result<Vec<Committed>, StoreError> {
    if let Some(stranger) = deliveries.iter().find(|delivery| !districts.contains_key(&delivery.district)) {
        let text = format!("there is no district {}", stranger.district);
        return Err(StoreError::Unavailable(text.into()));
    }
    let mut committed: Vec<Option<Committed>> = deliveries.iter().map(|_| None).collect();
    for (district, group) in by_district(deliveries) {
        let Some(tables) = districts.get_mut(&district) else { continue };
        let asked = Asked::of(group.iter().map(|(_, delivery)| *delivery));
        let outcome = decide(group.iter().map(|(_, delivery)| *delivery), tables.standing(&asked));
        tables.put(&outcome);
        for ((place, _), answer) in group.into_iter().zip(outcome.committed) {
            committed[place] = Some(answer);
        }
    }
    Ok(committed.into_iter().flatten().collect())
}

impl Tables {
    fn standing(&self, asked: &Asked) -> Standing {
        let digest = |number: &(DeviceId, u64)| Some((*number, self.envelopes.get(number)?.0));
        let position = |hash: &ChangeHash| Some((*hash, *self.positions.get(hash)?));
        let growth = |record: &RecordId| Some((*record, self.records.get(record)?.growth));
        let head = |collection: &Collection| Some((*collection, *self.heads.get(collection)?));
        Standing {
            digests: asked.envelopes.iter().filter_map(digest).collect(),
            positions: asked.hashes.iter().filter_map(position).collect(),
            records: asked.records.iter().filter_map(growth).collect(),
            heads: asked.collections.iter().filter_map(head).collect(),
        }
    }

    fn put(&mut self, outcome: &Outcome<'_>) {
        self.heads.extend(outcome.heads.iter());
        for (record, (reference, growth)) in &outcome.records {
            let (reference, growth) = (*reference, *growth);
            let row = self.records.entry(*record).or_insert(RecordRow { reference, growth, packed: 0 });
            row.growth = growth;
        }
        self.dirty.extend(outcome.marks());
        for Appended { delivery, verdict, position } in &outcome.changes {
            let record = verdict.record;
            let row = ChangeRow {
                record,
                holds: None,
                hash: verdict.hash,
                bytes: verdict.change.clone(),
                author: delivery.author,
                received_at: delivery.received_at,
            };
            self.log.insert((record.collection(), *position), row);
            self.rows_of.entry(record.id()).or_default().insert(*position);
            self.positions.insert(verdict.hash, *position);
        }
        for delivery in &outcome.envelopes {
            let number = (delivery.author, delivery.counter);
            self.envelopes.insert(number, (delivery.digest, delivery.received_at));
        }
        for (device, (counter, epoch)) in &outcome.numbers {
            if let Some(row) = self.devices.get_mut(device) {
                row.device.last_counter = row.device.last_counter.max(*counter);
                row.device.last_epoch = row.device.last_epoch.max(*epoch);
            }
        }
        for kept in &outcome.kept {
            self.keep(kept);
        }
        self.close_appended(&outcome.changes);
    }
}

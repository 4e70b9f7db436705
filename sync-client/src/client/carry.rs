//! Carrying another device's envelopes to the server.
//!
//! Their changes are not merged here: they come back as accepted ones, or not at all. Nobody's work ever depends on
//! a change that may still be refused.

use sha2::{Digest, Sha256};
use zhibu_domain::record::ChangeHash;
use zhibu_domain::wire::{envelopes_in, read_envelope};

use super::{Client, MAX_RACES};
use crate::error::SyncError;
use crate::keys::DeviceKey;
use crate::store::{Act, CarriedEnvelope, LocalStore, StoreError, Write};
use crate::transport::Transport;

/// What became of an envelope that was to be carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    /// It will be delivered with the next synchronisation.
    Kept,
    /// It was kept before.
    KeptAlready,
    /// It is this phone's own.
    Own,
}

impl<S: LocalStore, T: Transport, K: DeviceKey> Client<S, T, K> {
    /// Keeps every envelope of a file that another device wrote: envelopes one behind the other, as
    /// [`Client::unsent_file`] gives them. A file that breaks off keeps what came whole before the break, and fails.
    pub async fn carry_file(&self, file: &[u8]) -> Result<Vec<Carried>, SyncError> {
        let mut kept = Vec::new();
        for envelope in envelopes_in(file) {
            let envelope = envelope.map_err(|e| SyncError::NotAnEnvelope(e.to_string()))?;
            kept.push(self.carry(envelope).await?);
        }
        Ok(kept)
    }

    /// Everything unsent as a file that any other device can carry; empty when nothing is. It is sent from here,
    /// too, when there is a line again: delivered twice it counts once.
    pub async fn unsent_file(&self) -> Result<Vec<u8>, SyncError> {
        Ok(self.unsent().await?.into_iter().flat_map(|envelope| envelope.bytes).collect())
    }

    /// Keeps another device's envelope until it is delivered.
    pub async fn carry(&self, bytes: &[u8]) -> Result<Carried, SyncError> {
        let body = read_envelope(bytes).map_err(|e| SyncError::NotAnEnvelope(e.to_string()))?;
        let district = self.profile().await?.district;
        if body.district != district {
            return Err(SyncError::OtherDistrict(body.district));
        }
        if body.device == self.state().await?.device {
            return Ok(Carried::Own);
        }
        let id = ChangeHash(Sha256::digest(bytes).into());
        for _ in 0..MAX_RACES {
            let based_on = self.store.revision().await?;
            if self.store.carried().await?.iter().any(|carried| carried.id == id) {
                return Ok(Carried::KeptAlready);
            }
            let (bytes, device, counter) = (bytes.to_vec(), body.device, body.counter);
            let carried = CarriedEnvelope { id, bytes, device, counter, receipt: None };
            if self.try_commit(Act { based_on, writes: vec![Write::Carry(carried)] }).await? {
                return Ok(Carried::Kept);
            }
        }
        Err(StoreError::Raced.into())
    }

    /// The envelopes carried for others, with the receipts of those that were delivered.
    pub async fn carried(&self) -> Result<Vec<CarriedEnvelope>, SyncError> {
        Ok(self.store.carried().await?)
    }
}

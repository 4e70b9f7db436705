//! Refused work: shown with its reason, corrected, sent again, or let go.

use zhibu_domain::command::Command;

use super::{Client, MAX_RACES, Saved};
use crate::error::SyncError;
use crate::keys::DeviceKey;
use crate::store::{Act, LocalStore, RefusedChange, StoreError, Write};
use crate::transport::Transport;

/// What sending a refused change again came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resent {
    /// It is a new pending change.
    Saved(Saved),
    /// What it said stands already; it is no longer listed.
    StandsAlready,
}

impl<S: LocalStore, T: Transport, K: DeviceKey> Client<S, T, K> {
    /// The refused changes, oldest first.
    pub async fn refused(&self) -> Result<Vec<RefusedChange>, SyncError> {
        Ok(self.store.refused().await?)
    }

    /// Notes that the person has been shown these.
    pub async fn mark_refused_seen(&self, numbers: &[u64]) -> Result<(), SyncError> {
        for _ in 0..MAX_RACES {
            let based_on = self.store.revision().await?;
            let unseen = self.store.refused().await?.into_iter();
            let unseen = unseen.filter(|change| !change.seen && numbers.contains(&change.number));
            let writes: Vec<_> =
                unseen.map(|change| Write::Refuse(RefusedChange { seen: true, ..change })).collect();
            if writes.is_empty() || self.try_commit(Act { based_on, writes }).await? {
                return Ok(());
            }
        }
        Err(StoreError::Raced.into())
    }

    /// Does the same once more, as a new change.
    pub async fn resend_refused(&self, number: u64) -> Result<Resent, SyncError> {
        let refused = self.find_refused(number).await?;
        let command = refused.command.clone();
        self.replace_refused(refused, command).await
    }

    /// Does something else in its place.
    pub async fn correct_refused(&self, number: u64, command: Command) -> Result<Resent, SyncError> {
        let refused = self.find_refused(number).await?;
        self.replace_refused(refused, command).await
    }

    /// Lets it go. The server keeps its own copy in quarantine.
    pub async fn dismiss_refused(&self, number: u64) -> Result<RefusedChange, SyncError> {
        for _ in 0..MAX_RACES {
            let based_on = self.store.revision().await?;
            let refused = self.find_refused(number).await?;
            if self.try_commit(Act { based_on, writes: vec![Write::DropRefused(number)] }).await? {
                return Ok(refused);
            }
        }
        Err(StoreError::Raced.into())
    }

    async fn find_refused(&self, number: u64) -> Result<RefusedChange, SyncError> {
        let refused = self.store.refused().await?.into_iter().find(|change| change.number == number);
        refused.ok_or(SyncError::NoSuchRefused(number))
    }

    /// The new change comes and the refused one goes in one act: never both, never neither.
    async fn replace_refused(&self, refused: RefusedChange, command: Command) -> Result<Resent, SyncError> {
        let gone = [Write::DropRefused(refused.number)];
        let saved = self.execute_with(&refused.record, command, &gone).await?;
        Ok(saved.map_or(Resent::StandsAlready, Resent::Saved))
    }
}

//! Reading again what this phone's storage has damaged, without touching what is unsent.

use std::collections::BTreeSet;

use zhibu_domain::record::{Collection, RecordRef};
use zhibu_domain::wire::ReadMark;

use super::{Client, MAX_RACES};
use crate::engine::judge::{judge, put_mark};
use crate::engine::recovery::is_another_store;
use crate::engine::request::sync_request;
use crate::error::SyncError;
use crate::keys::DeviceKey;
use crate::store::{Act, LocalStore, StoreError, Write};
use crate::transport::Transport;

/// What a rebuilding brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct RebuildReport {
    /// Collections that were read anew.
    pub collections: usize,
    /// Changes read.
    pub received: usize,
}

impl<S: LocalStore, T: Transport, K: DeviceKey> Client<S, T, K> {
    /// Reads the collection of a record, or everything, from the server once more, and puts it in the place of what is
    /// here: all at once, when all of it has come. What waits, what was refused, and what is carried stay as they are.
    pub async fn rebuild(&self, record: Option<&RecordRef>) -> Result<RebuildReport, SyncError> {
        let marks = self.store.marks().await?;
        let only = record.map(RecordRef::collection);
        let chosen: BTreeSet<Collection> = marks
            .iter()
            .map(|mark| mark.collection)
            .filter(|collection| only.is_none_or(|only| only == *collection))
            .collect();
        let mut reading = marks;
        chosen.iter().for_each(|collection| put_mark(&mut reading, ReadMark::at(*collection, 0)));
        let mut report = RebuildReport { collections: chosen.len(), received: 0 };
        let mut writes: Vec<_> = chosen.into_iter().map(Write::Forget).collect();
        loop {
            let request = sync_request(&self.profile().await?, &reading, &[])?;
            let state = self.state().await?;
            let response = self.exchange(&request).await?.response;
            // A restored server is dealt with by the synchronisation, which keeps what only this phone may hold.
            if is_another_store(&state, &request, &response) {
                return Err(SyncError::BrokenAnswer("the server was restored: synchronise first".to_owned()));
            }
            let judgement = judge(&[], &reading, &response)?;
            if response.more && judgement.marks.is_empty() {
                return Err(SyncError::BrokenAnswer("more is announced, but nothing comes".to_owned()));
            }
            report.received += judgement.received;
            judgement.marks.iter().for_each(|mark| put_mark(&mut reading, *mark));
            writes.extend(judgement.voucher(&response).map(Write::Voucher));
            writes.extend(judgement.accepted.into_iter().map(Write::Accept));
            writes.extend(
                response.pages.iter().flat_map(|page| page.authors.iter().cloned().map(Write::Author)),
            );
            if !response.more {
                break;
            }
        }
        writes.extend(reading.into_iter().map(Write::Mark));
        for _ in 0..MAX_RACES {
            let based_on = self.store.revision().await?;
            if self.try_commit(Act { based_on, writes: writes.clone() }).await? {
                return Ok(report);
            }
        }
        Err(StoreError::Raced.into())
    }
}

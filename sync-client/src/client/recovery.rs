//! What a phone does when the server was restored from a backup: it reads everything anew, brings back what the server
//! has forgotten, and only then goes on. Until the last act nothing but more accepted changes is written, so a process
//! that dies in the middle begins again.

use std::collections::{BTreeMap, BTreeSet};

use zhibu_domain::record::{ChangeHash, RecordRef};
use zhibu_domain::wire::{Recovery, SentChange, SyncRequest};

use super::sync::{SyncReport, is_wider};
use super::{Client, MAX_RACES};
use crate::engine::batch::envelope_body;
use crate::engine::judge::{Judgement, is_restored, judge, own_changes};
use crate::engine::recovery::{Reading, own_batches, vouched_parts};
use crate::engine::request::sync_request;
use crate::error::SyncError;
use crate::keys::DeviceKey;
use crate::store::{
    AcceptedChange, Act, CarriedEnvelope, DeviceState, KeptBlob, LocalStore, StoreError, Write,
};
use crate::transport::{Answer, Transport};

/// How often a store may turn out to be yet another one before this gives up until the next time.
const MAX_STORES: usize = 3;

impl<S: LocalStore, T: Transport, K: DeviceKey> Client<S, T, K> {
    /// Reads the store that answered from its beginning and brings back what it lacks.
    pub(super) async fn recover(&self, report: &mut SyncReport) -> Result<(), SyncError> {
        for _ in 0..MAX_STORES {
            if self.read_anew(report).await? {
                return Ok(());
            }
        }
        Err(SyncError::BrokenAnswer("each answer is of another store".to_owned()))
    }

    /// Whether it came to its end before the server turned out to be yet another store.
    async fn read_anew(&self, report: &mut SyncReport) -> Result<bool, SyncError> {
        let mut reading = Reading::begin(&self.store.marks().await?);
        if !self.read_on(&mut reading, report).await? {
            return Ok(false);
        }
        let device = self.state().await?.device;
        let (vouchers, authors) = (self.store.vouchers().await?, self.store.authors().await?);
        let parts = vouched_parts(self.lost(&reading).await?, &vouchers, &authors);
        for part in &parts {
            if self.step(&mut reading, Some(part), report).await?.is_none() {
                return Ok(false);
            }
        }
        if !parts.is_empty() && !self.read_on(&mut reading, report).await? {
            return Ok(false);
        }
        // Also what a voucher spoke for and the server did not take.
        let batches = own_batches(self.lost(&reading).await?, device);
        self.settle_recovery(&reading, &batches).await?;
        Ok(true)
    }

    /// Reads until nothing more waits; `false` if it is another store by then.
    async fn read_on(&self, reading: &mut Reading, report: &mut SyncReport) -> Result<bool, SyncError> {
        loop {
            let before = reading.marks.clone();
            match self.step(reading, None, report).await? {
                None => return Ok(false),
                Some(false) => return Ok(true),
                Some(true) if reading.marks == before => {
                    return Err(SyncError::BrokenAnswer("more is announced, but nothing comes".to_owned()));
                }
                Some(true) => {}
            }
        }
    }

    /// One request; whether more waits, or none if another store answered.
    async fn step(
        &self,
        reading: &mut Reading,
        part: Option<&Recovery>,
        report: &mut SyncReport,
    ) -> Result<Option<bool>, SyncError> {
        let profile = self.profile().await?;
        let marks = reading.marks.clone();
        // Numbers of profiles went back with the store: the same one may mean something else by now.
        let profile_version = if reading.generation.is_none() { 0 } else { profile.version };
        let request =
            SyncRequest { profile_version, recovery: part.cloned(), ..sync_request(&profile, &marks, &[])? };
        let answer = self.exchange(&request).await?;
        report.round_trips += 1;
        report.bytes_up += answer.bytes_up;
        report.bytes_down += answer.bytes_down;
        let mut judgement = judge(&[], &marks, &answer.response)?;
        if let Some(part) = part {
            let names = reading.take_back(part, &answer.response)?;
            report.recovered += names.len();
            judgement.names.splice(0..0, names);
        }
        if !reading.take(&judgement, &answer.response) {
            return Ok(None);
        }
        report.received += judgement.received;
        report.stored += self.absorb_reading(&judgement, &answer).await?;
        let is_widened = answer.response.profile.as_ref().is_some_and(|new| is_wider(new, &profile));
        Ok(Some(answer.response.more || is_widened))
    }

    /// Keeps what came; how many of the changes that waited here count by now. The marks stay as they were: they belong to the store before.
    async fn absorb_reading(&self, judgement: &Judgement, answer: &Answer) -> Result<usize, SyncError> {
        let response = &answer.response;
        for _ in 0..MAX_RACES {
            let based_on = self.store.revision().await?;
            let mut state = self.state().await?;
            let unknown = self.store.unknown(&own_changes(judgement, state.device)).await?;
            state.restored |= is_restored(&state, judgement, &unknown, response);
            let counts: BTreeSet<_> = judgement.accepted.iter().map(|change| change.hash).collect();
            let waiting = self.store.pending().await?;
            let stored = waiting.iter().filter(|change| counts.contains(&change.hash)).count();
            state.receipted_changes += stored as u64;
            state.clock_offset_ms = response.server_time.0 - self.now().0;
            let mut writes: Vec<_> = judgement.accepted.iter().cloned().map(Write::Accept).collect();
            writes.extend(
                response.pages.iter().flat_map(|page| page.authors.iter().cloned().map(Write::Author)),
            );
            writes.extend(response.profile.clone().map(Write::Profile));
            writes.extend(judgement.voucher(response).map(Write::Voucher));
            writes.push(Write::State(state));
            if self.try_commit(Act { based_on, writes }).await? {
                return Ok(stored);
            }
        }
        Err(StoreError::Raced.into())
    }

    /// What counts here and did not come, each after what it depends on.
    async fn lost(&self, reading: &Reading) -> Result<Vec<AcceptedChange>, SyncError> {
        let mut lost = Vec::new();
        for record in self.store.records().await? {
            let accepted = self.store.accepted(record.id()).await?;
            lost.extend(accepted.into_iter().filter(|change| reading.lacks(change)));
        }
        Ok(lost)
    }

    /// The writes that take these changes from what counts here.
    async fn without(&self, declined: &BTreeMap<ChangeHash, RecordRef>) -> Result<Vec<Write>, SyncError> {
        let collections: BTreeSet<_> = declined.values().map(RecordRef::collection).collect();
        let mut writes: Vec<_> = collections.iter().copied().map(Write::Forget).collect();
        for record in self.store.records().await? {
            if collections.contains(&record.collection()) {
                let kept = self.store.accepted(record.id()).await?.into_iter();
                writes.extend(kept.filter(|change| !declined.contains_key(&change.hash)).map(Write::Accept));
            }
        }
        Ok(writes)
    }

    /// From now on this phone has read the new store. What it carries for others, and the pictures that it holds, are
    /// offered again: the server says what of them it has.
    async fn settle_recovery(&self, reading: &Reading, batches: &[Vec<SentChange>]) -> Result<(), SyncError> {
        for _ in 0..MAX_RACES {
            let based_on = self.store.revision().await?;
            let mut state = self.state().await?;
            let mut writes = self.without(&reading.declined).await?;
            // What waits upon something declined is made again, as on a phone that has gone back itself.
            let pending = self.store.pending().await?;
            state.restored |=
                reading.declined.values().any(|record| pending.iter().any(|one| one.record == *record));
            writes.extend(reading.marks.iter().copied().map(Write::Mark));
            let carried = self.store.carried().await?.into_iter();
            writes.extend(carried.map(|one| Write::Carry(CarriedEnvelope { receipt: None, ..one })));
            let blobs = self.store.blobs().await?.into_iter();
            writes.extend(
                blobs.map(|blob| Write::Blob(KeptBlob { acknowledged: 0, is_uploaded: false, ..blob })),
            );
            for changes in batches {
                let body = envelope_body(&state, &self.profile().await?, changes.clone(), self.now());
                let envelope = self.sign(&body).await?;
                state.last_counter = envelope.counter;
                writes.push(Write::Envelope(envelope));
            }
            let now = self.now();
            writes.push(Write::State(DeviceState {
                generation: reading.generation.clone().unwrap_or_default(),
                generation_changed_at: Some(now),
                receipted_counter: reading.last_counter,
                ..state
            }));
            if self.try_commit(Act { based_on, writes }).await? {
                return Ok(());
            }
        }
        Err(StoreError::Raced.into())
    }
}

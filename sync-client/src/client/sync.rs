//! Delivering and reading: rounds of one request each, until both sides have nothing left to say.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use zhibu_domain::wire::{Envelope, EnvelopeBody, Profile, ReadMark, SentChange};

use super::patience::wait_ms;
use super::{Client, MAX_RACES};
use crate::engine::batch::{envelope_body, next_batch};
use crate::engine::judge::{is_restored, judge, own_changes};
use crate::engine::recovery::is_another_store;
use crate::engine::request::{SentEnvelope, choose_envelopes, sync_request};
use crate::engine::settle::{Local, RoundOutcome, Verdict};
use crate::error::SyncError;
use crate::keys::DeviceKey;
use crate::store::{
    Act, CarriedEnvelope, ClosedEnvelope, DeviceState, LastSync, LocalStore, PendingChange, StoreError, Write,
};
use crate::transport::{Answer, Transport};

/// How often one synchronisation makes refused work again. More only happens against a server that refuses
/// everything, and then the next synchronisation may try.
const MAX_REWRITES: u32 = 3;

/// What a synchronisation did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct SyncReport {
    /// Own changes that count now: "uploaded".
    pub stored: usize,
    /// Own changes that were refused and wait for the person.
    pub refused: usize,
    /// Own changes that were made again without troubling the person.
    pub rewritten: usize,
    /// Changes read.
    pub received: usize,
    /// Envelopes of others that were delivered.
    pub delivered: usize,
    /// Changes that a server which was restored from a backup took back from this phone.
    pub recovered: usize,
    /// How often the server was asked.
    pub round_trips: u32,
    /// Body bytes sent, compressed.
    pub bytes_up: u64,
    /// Body bytes received, compressed.
    pub bytes_down: u64,
}

enum Round {
    Went(Progress),
    /// Another store answered than the one that was read. Nothing of its answer was taken.
    AnotherStore,
}

struct Progress {
    /// More waits at the server, or there is something new to ask for.
    more: bool,
    /// Refused work was made again.
    rewrote: bool,
}

impl<S: LocalStore, T: Transport, K: DeviceKey> Client<S, T, K> {
    /// Delivers what waits and reads what is new.
    ///
    /// May be interrupted at any point, and may run while commands are executed. Met by a busy server it says when to
    /// call again ([`SyncError::wait_ms`]), later from one time to the next.
    pub async fn sync(&self) -> Result<SyncReport, SyncError> {
        match self.sync_now().await {
            Err(SyncError::Busy { retry_after_s, body, .. }) => {
                let before = self.turned_away.fetch_add(1, Ordering::Relaxed);
                let chance = self.surroundings.random().ok_or(SyncError::NoRandomness)?;
                let chance = chance.iter().fold(0, |chance: u64, byte| chance << 8 | u64::from(*byte));
                let wait_ms = wait_ms(before, retry_after_s, chance);
                Err(SyncError::Busy { retry_after_s, wait_ms, body })
            }
            other => {
                self.turned_away.store(0, Ordering::Relaxed);
                other
            }
        }
    }

    async fn sync_now(&self) -> Result<SyncReport, SyncError> {
        let mut report = SyncReport::default();
        let (mut rewrites, mut recovered) = (0, false);
        loop {
            self.close_envelopes().await?;
            let round = match self.round(&mut report).await? {
                Round::Went(progress) => progress,
                Round::AnotherStore if recovered => {
                    return Err(SyncError::BrokenAnswer("another store answers each time".to_owned()));
                }
                Round::AnotherStore => {
                    self.recover(&mut report).await?;
                    recovered = true;
                    continue;
                }
            };
            rewrites += u32::from(round.rewrote);
            if !round.more && (rewrites > MAX_REWRITES || !self.has_something_to_deliver().await?) {
                break;
            }
        }
        let now = self.now();
        let SyncReport { bytes_up, bytes_down, round_trips, .. } = report;
        let last_sync = LastSync { at: now, bytes_up, bytes_down, round_trips };
        self.update_state(|state| state.last_sync = Some(last_sync)).await?;
        Ok(report)
    }

    /// Closes what waits into signed envelopes, durably, without sending them: for a synchronisation, or to hand
    /// them to a carrier. Gives all own envelopes that have no receipt.
    pub async fn close_envelopes(&self) -> Result<Vec<ClosedEnvelope>, SyncError> {
        while !self.state().await?.restored && self.close_envelope().await? {}
        Ok(self.store.envelopes().await?)
    }

    /// All that waits in signed envelopes, to be handed to a carrier, also from a phone that has no space left or may
    /// not write: what could not be closed durably is signed all the same. Once somebody delivers that, the server
    /// knows a counter that this phone does not, and the phone recovers as one from an old backup does.
    pub async fn unsent(&self) -> Result<Vec<ClosedEnvelope>, SyncError> {
        match self.close_envelopes().await {
            Err(SyncError::Store(StoreError::Full | StoreError::Fenced)) => {}
            other => return other,
        }
        let mut envelopes = self.store.envelopes().await?;
        let mut state = self.state().await?;
        let mut pending = self.store.pending().await?;
        loop {
            let batch = next_batch(&pending);
            if batch.is_empty() {
                return Ok(envelopes);
            }
            pending.retain(|change| batch.iter().all(|closed| closed.number != change.number));
            let envelope = self.sign_batch(&state, &batch).await?;
            state.last_counter = envelope.counter;
            envelopes.push(envelope);
        }
    }

    async fn sign_batch(
        &self,
        state: &DeviceState,
        batch: &[PendingChange],
    ) -> Result<ClosedEnvelope, SyncError> {
        let sent =
            |pending: &PendingChange| SentChange { record: pending.record, change: pending.change.clone() };
        let changes = batch.iter().map(sent).collect();
        self.sign(&envelope_body(state, &self.profile().await?, changes, self.now())).await
    }

    /// The envelope of this body, signed.
    pub(super) async fn sign(&self, body: &EnvelopeBody) -> Result<ClosedEnvelope, SyncError> {
        let counter = body.counter;
        let body = encode(body)?;
        let signature = self.key.sign(&Envelope::signed_bytes(&body)).await?;
        Ok(ClosedEnvelope { counter, bytes: encode(&Envelope { body, signature })? })
    }

    /// Whether one more envelope was closed.
    async fn close_envelope(&self) -> Result<bool, SyncError> {
        for _ in 0..MAX_RACES {
            let based_on = self.store.revision().await?;
            let mut state = self.state().await?;
            let batch = next_batch(&self.store.pending().await?);
            if batch.is_empty() {
                return Ok(false);
            }
            let envelope = self.sign_batch(&state, &batch).await?;
            let counter = envelope.counter;
            state.last_counter = counter;
            let mut writes = vec![Write::Envelope(envelope), Write::State(state)];
            let closed = |change| Write::Pending(PendingChange { envelope: Some(counter), ..change });
            writes.extend(batch.into_iter().map(closed));
            if self.try_commit(Act { based_on, writes }).await? {
                return Ok(true);
            }
        }
        Err(StoreError::Raced.into())
    }

    /// One request and its answer.
    async fn round(&self, report: &mut SyncReport) -> Result<Round, SyncError> {
        let rewritten_before = report.rewritten;
        let profile = self.profile().await?;
        let marks = self.store.marks().await?;
        let sent = choose_envelopes(self.store.envelopes().await?, self.store.carried().await?);
        let request = sync_request(&profile, &marks, &sent)?;
        // As it is now: another window may deliver while this one waits, and then knows more than this answer.
        let state = self.state().await?;
        let answer = self.exchange(&request).await?;
        report.round_trips += 1;
        report.bytes_up += answer.bytes_up;
        report.bytes_down += answer.bytes_down;
        if is_another_store(&state, &request, &answer.response) {
            return Ok(Round::AnotherStore);
        }
        let received = self.absorb(&sent, &marks, &answer, report).await?;
        let progress = !sent.is_empty() || received > 0 || self.store.marks().await? != marks;
        if answer.response.more && !progress {
            return Err(SyncError::BrokenAnswer("more is announced, but nothing comes".to_owned()));
        }
        let widened = answer.response.profile.as_ref().is_some_and(|new| is_wider(new, &profile));
        let rewrote = report.rewritten > rewritten_before;
        Ok(Round::Went(Progress { more: answer.response.more || widened, rewrote }))
    }

    /// Takes an answer in one act; how many changes it brought.
    async fn absorb(
        &self,
        sent: &[SentEnvelope],
        marks: &[ReadMark],
        answer: &Answer,
        report: &mut SyncReport,
    ) -> Result<usize, SyncError> {
        let response = &answer.response;
        let judgement = judge(sent, marks, response)?;
        for _ in 0..MAX_RACES {
            let based_on = self.store.revision().await?;
            let local = self.local().await?;
            let unknown = self.store.unknown(&own_changes(&judgement, local.state.device)).await?;
            let restored = local.state.restored || is_restored(&local.state, &judgement, &unknown, response);
            let verdict = Verdict { response, judgement: &judgement, restored, now: self.now() };
            let mut bases = BTreeMap::new();
            for record in verdict.records_to_rewrite(&local) {
                bases.insert(record.id(), self.store.accepted(record.id()).await?);
            }
            let (writes, outcome) = verdict.settle(&local, &bases)?;
            if self.try_commit(Act { based_on, writes }).await? {
                let RoundOutcome { stored, refused, rewritten } = outcome;
                report.stored += stored;
                report.refused += refused;
                report.rewritten += rewritten;
                report.received += judgement.received;
                report.delivered += judgement.delivered.len();
                return Ok(judgement.received);
            }
        }
        Err(StoreError::Raced.into())
    }

    async fn local(&self) -> Result<Local, SyncError> {
        Ok(Local {
            state: self.state().await?,
            profile: self.profile().await?,
            pending: self.store.pending().await?,
            refused: self.store.refused().await?,
            envelopes: self.store.envelopes().await?,
            marks: self.store.marks().await?,
            records: self.store.records().await?,
        })
    }

    async fn has_something_to_deliver(&self) -> Result<bool, SyncError> {
        let undelivered = |carried: Vec<CarriedEnvelope>| carried.iter().any(|c| c.receipt.is_none());
        Ok(!self.store.pending().await?.is_empty()
            || !self.store.envelopes().await?.is_empty()
            || undelivered(self.store.carried().await?))
    }
}

/// Whether a profile names a collection that the one before did not: only the next request reads it.
pub(super) fn is_wider(new: &Profile, old: &Profile) -> bool {
    new.collections.iter().any(|collection| !old.collections.contains(collection))
}

fn encode<T: minicbor::Encode<()>>(value: &T) -> Result<Vec<u8>, SyncError> {
    minicbor::to_vec(value).map_err(|e| StoreError::Failed(e.to_string()).into())
}

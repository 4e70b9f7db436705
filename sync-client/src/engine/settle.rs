//! From a judgement to one act of the store: what was accepted counts, what was refused falls away, and what stood
//! behind it is made again.

use std::collections::{BTreeMap, BTreeSet};

use zhibu_domain::ids::RecordId;
use zhibu_domain::record::{Actor, ChangeHash, Collection, Record, RecordFault, RecordRef};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{Profile, ReadMark, SyncResponse};

use super::chunk::change_dependencies;
use super::judge::Judgement;
use super::rewrite::{Rewritten, refuse, rewrite};
use super::scope::Scope;
use crate::error::SyncError;
use crate::store::{AcceptedChange, ClosedEnvelope, DeviceState, PendingChange, RefusedChange, Write};

/// What the phone holds, read under one revision.
#[derive(Debug, Clone)]
pub struct Local {
    /// The device state.
    pub state: DeviceState,
    /// The profile.
    pub profile: Profile,
    /// All pending changes.
    pub pending: Vec<PendingChange>,
    /// All refused changes.
    pub refused: Vec<RefusedChange>,
    /// Own envelopes that wait.
    pub envelopes: Vec<ClosedEnvelope>,
    /// How far each collection was read.
    pub marks: Vec<ReadMark>,
    /// The records held.
    pub records: Vec<RecordRef>,
}

/// What a round did, for the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RoundOutcome {
    /// Own changes that count now.
    pub stored: usize,
    /// Own changes that the person must look at.
    pub refused: usize,
    /// Own changes that were made again.
    pub rewritten: usize,
}

/// An answer and what it was found to mean; what remains is to say what follows.
#[derive(Debug, Clone, Copy)]
pub struct Verdict<'a> {
    /// The answer.
    pub response: &'a SyncResponse,
    /// What it says.
    pub judgement: &'a Judgement,
    /// Whether the phone was found, now or in a round before, to come from an old backup.
    pub restored: bool,
    /// This device's clock.
    pub now: Millis,
}

impl Verdict<'_> {
    /// The records whose pending changes must be made again in this act.
    ///
    /// After a restore that is every record, but only once everything was read: what comes back from the server
    /// may be the very change that waits here.
    pub fn records_to_rewrite(&self, local: &Local) -> BTreeSet<RecordRef> {
        let refused = |change: &&PendingChange| self.judgement.refused.contains_key(&change.hash);
        match (self.restored, self.response.more) {
            (true, true) => BTreeSet::new(),
            (true, false) => local.pending.iter().map(|change| change.record).collect(),
            (false, _) => local.pending.iter().filter(refused).map(|change| change.record).collect(),
        }
    }

    /// The writes of this answer. `bases` holds the accepted changes, as stored, of each record to rewrite.
    pub fn settle(
        &self,
        local: &Local,
        bases: &BTreeMap<RecordId, Vec<AcceptedChange>>,
    ) -> Result<(Vec<Write>, RoundOutcome), SyncError> {
        let mut settling = Settling::new(self, local);
        settling.take_accepted();
        settling.take_envelopes(&local.envelopes);
        settling.take_refused();
        let rewritten = self.records_to_rewrite(local);
        settling.begin_epoch(!rewritten.is_empty());
        for record in &rewritten {
            let base = bases.get(&record.id()).map(Vec::as_slice).unwrap_or_default();
            settling.rewrite_record(record, base)?;
        }
        settling.forget_what_left_the_scope();
        Ok(settling.finish())
    }
}

struct Settling<'a> {
    verdict: &'a Verdict<'a>,
    local: &'a Local,
    state: DeviceState,
    /// What still waits, in order.
    pending: Vec<PendingChange>,
    /// What counts now: as the answer says, each behind what it stands upon.
    accepted: Vec<AcceptedChange>,
    /// What is refused and unseen, for the question whether its collection may go.
    unseen: BTreeSet<Collection>,
    outcome: RoundOutcome,
    writes: Vec<Write>,
}

impl<'a> Settling<'a> {
    fn new(verdict: &'a Verdict<'a>, local: &'a Local) -> Self {
        let unseen = local.refused.iter().filter(|change| !change.seen);
        Self {
            verdict,
            local,
            state: local.state.clone(),
            pending: local.pending.clone(),
            accepted: Vec::new(),
            unseen: unseen.map(|change| change.record.collection()).collect(),
            outcome: RoundOutcome::default(),
            writes: Vec::new(),
        }
    }

    fn take_accepted(&mut self) {
        let Judgement { accepted, delivered, marks, .. } = self.verdict.judgement;
        self.accepted = self.implied(accepted);
        self.accepted.extend(accepted.iter().cloned());
        self.writes.extend(self.accepted.iter().cloned().map(Write::Accept));
        self.writes.extend(delivered.iter().cloned().map(Write::Carry));
        self.writes.extend(marks.iter().copied().map(Write::Mark));
        let authors = self.verdict.response.pages.iter().flat_map(|page| &page.authors);
        self.writes.extend(authors.cloned().map(Write::Author));
        let voucher = self.verdict.judgement.voucher(self.verdict.response);
        self.writes.extend(voucher.map(Write::Voucher));
        self.writes.extend(self.verdict.response.profile.clone().map(Write::Profile));
        let counts: BTreeSet<ChangeHash> = self.accepted.iter().map(|change| change.hash).collect();
        let before = self.pending.len();
        self.pending.retain(|change| !counts.contains(&change.hash));
        self.outcome.stored = before - self.pending.len();
    }

    /// What waits here and must count, too, since what was accepted stands upon it: a restored phone that may not read
    /// the record any more hears of it in no other way.
    fn implied(&self, accepted: &[AcceptedChange]) -> Vec<AcceptedChange> {
        let said: BTreeSet<_> = accepted.iter().map(|change| change.hash).collect();
        let mut stood_upon: BTreeSet<_> =
            accepted.iter().flat_map(|change| change_dependencies(&change.change)).collect();
        let mut implied = Vec::new();
        // Nothing stands upon what was written after it.
        for waiting in self.pending.iter().rev().filter(|waiting| !said.contains(&waiting.hash)) {
            if stood_upon.contains(&waiting.hash) {
                stood_upon.extend(change_dependencies(&waiting.change));
                let PendingChange { record, hash, change, .. } = waiting.clone();
                implied.push(AcceptedChange { record, hash, change });
            }
        }
        implied.reverse();
        implied
    }

    /// A restored phone's envelopes are built on counters that were used: none of them may go out again.
    fn take_envelopes(&mut self, waiting: &[ClosedEnvelope]) {
        let Judgement { answered, receipted_counter, .. } = self.verdict.judgement;
        self.writes.extend(answered.iter().copied().map(Write::DropEnvelope));
        self.state.receipted_counter = self.state.receipted_counter.max(*receipted_counter);
        if self.verdict.restored {
            self.writes.extend(waiting.iter().map(|envelope| Write::DropEnvelope(envelope.counter)));
            self.state.last_counter = self.verdict.response.last_counter.max(*receipted_counter);
            self.state.restored = true;
        }
    }

    /// Faults of the delivery stay among the pending, to be made again; faults of the content go to the person. What a
    /// restored phone wrote upon an envelope whose number was used is no more the person's fault than that is.
    fn take_refused(&mut self) {
        let refusals = &self.verdict.judgement.refused;
        let restored = self.verdict.restored;
        let is_of_delivery = |code: RefusalCode| {
            code.calls_for_rewrite() || (restored && code == RefusalCode::MissingDependency)
        };
        let mut waiting = Vec::new();
        for change in std::mem::take(&mut self.pending) {
            match refusals.get(&change.hash) {
                Some(refusal) if !is_of_delivery(refusal.code) => {
                    self.refuse(refuse(change, refusal.clone(), self.verdict.now));
                }
                _ => waiting.push(change),
            }
        }
        self.pending = waiting;
    }

    fn begin_epoch(&mut self, rewrites: bool) {
        let last_known = self.verdict.response.last_epoch.max(self.state.epoch);
        let recovered = self.state.restored && !self.verdict.response.more;
        self.state.epoch = if rewrites || recovered { last_known + 1 } else { last_known };
        if recovered {
            self.state.restored = false;
        }
    }

    fn rewrite_record(&mut self, reference: &RecordRef, base: &[AcceptedChange]) -> Result<(), SyncError> {
        let new = self.accepted.iter().filter(|change| change.record == *reference);
        let changes = base.iter().chain(new).map(|change| &change.change);
        let mut record =
            Record::from_changes(*reference, changes).map_err(|fault| damaged(reference, fault))?;
        let (behind, others) =
            std::mem::take(&mut self.pending).into_iter().partition(|change| change.record == *reference);
        self.pending = others;
        let actor = Actor { device: self.state.device, epoch: self.state.epoch };
        for rewritten in rewrite(&mut record, behind, actor, self.verdict.now) {
            match rewritten {
                Rewritten::Again(change) => {
                    self.outcome.rewritten += 1;
                    self.writes.push(Write::Pending(change.clone()));
                    self.pending.push(change);
                }
                Rewritten::Settled(number) => self.writes.push(Write::DropPending(number)),
                Rewritten::Refused(change) => self.refuse(change),
            }
        }
        Ok(())
    }

    fn refuse(&mut self, change: RefusedChange) {
        self.outcome.refused += 1;
        self.unseen.insert(change.record.collection());
        self.writes.push(Write::DropPending(change.number));
        self.writes.push(Write::Refuse(change));
    }

    /// The server no longer sends it, so it would only grow old here; but first everything of it is delivered, and
    /// what was refused is seen. A year that went by is not gone: it stays, and its mark keeps it up to date.
    fn forget_what_left_the_scope(&mut self) {
        let profile = self.verdict.response.profile.as_ref().unwrap_or(&self.local.profile);
        let scope = Scope::of(profile);
        let waiting: BTreeSet<_> = self.pending.iter().map(|change| change.record.collection()).collect();
        let held = self.local.records.iter().map(RecordRef::collection);
        let held = held.chain(self.local.marks.iter().map(|mark| mark.collection));
        let held = held.chain(self.verdict.judgement.marks.iter().map(|mark| mark.collection));
        let gone: BTreeSet<_> =
            held.filter(|c| !scope.holds(c) && !waiting.contains(c) && !self.unseen.contains(c)).collect();
        self.writes.extend(gone.into_iter().map(Write::Forget));
    }

    fn finish(mut self) -> (Vec<Write>, RoundOutcome) {
        let Verdict { response, now, .. } = self.verdict;
        self.state.receipted_changes += self.outcome.stored as u64;
        self.state.clock_offset_ms = response.server_time.0 - now.0;
        self.state.generation = response.generation.clone();
        self.writes.push(Write::State(self.state));
        (self.writes, self.outcome)
    }
}

fn damaged(reference: &RecordRef, fault: RecordFault) -> SyncError {
    SyncError::DamagedRecord { record: reference.id(), fault }
}

//! After a server was restored from a backup: whether it was, what it has forgotten, and how that comes back to it.
//!
//! A phone holds a voucher for what it was told is stored, its own work and that of others. With it anybody may bring
//! a change back, and the server takes it without judging it a second time. Own changes without a voucher (of a server
//! that gave none) are signed anew; those of others wait here for whoever has a voucher, or for their author.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use zhibu_domain::ids::DeviceId;
use zhibu_domain::record::{ChangeHash, RecordRef, change_hash};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::wire::{
    AuthorCard, CollectionPage, MAX_ENVELOPE_BYTES, MAX_ENVELOPE_CHANGES, MAX_RECOVERED_CHANGES, ReadMark,
    Receipt, Recovery, SentChange, SyncRequest, SyncResponse, Voucher,
};

use super::chunk::change_author;
use super::judge::{Judgement, put_mark};
use crate::error::SyncError;
use crate::store::{AcceptedChange, DeviceState};

/// Bytes of changes and vouchers in one request: half of what a request may have.
const PART_BYTES: usize = 2 << 20;
/// What CBOR adds to a change, generously.
const CHANGE_OVERHEAD_BYTES: usize = 96;

/// Whether another store answered than the one that this phone has read: restored from a backup, with a new name; or an
/// old one put in its place, which knows less of this device than it has receipted, or holds something else than the
/// marks of the request say.
pub fn is_another_store(state: &DeviceState, request: &SyncRequest, response: &SyncResponse) -> bool {
    let is_renamed = !state.generation.is_empty() && state.generation != response.generation;
    let begins_before = |page: &CollectionPage| {
        request.marks.iter().any(|mark| mark.collection == page.collection && page.after < mark.position)
    };
    is_renamed || response.last_counter < state.receipted_counter || response.pages.iter().any(begins_before)
}

/// A store that is read from its beginning.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The store's generation, once it has answered.
    pub generation: Option<Vec<u8>>,
    /// How far each collection was read.
    pub marks: Vec<ReadMark>,
    /// The names of everything that came.
    pub seen: BTreeSet<ChangeHash>,
    /// What was brought back, and cannot stand there any more: it lies in the server's quarantine.
    pub declined: BTreeMap<ChangeHash, RecordRef>,
    /// The highest counter that it knows of this device.
    pub last_counter: u64,
}

impl Reading {
    /// Nothing of these collections is read yet.
    pub fn begin(held: &[ReadMark]) -> Self {
        let begun = |mark: &ReadMark| ReadMark::at(mark.collection, 0);
        Self { marks: held.iter().map(begun).collect(), ..Self::default() }
    }

    /// Takes what an answer brought; `false` if it is of yet another store.
    pub fn take(&mut self, judgement: &Judgement, response: &SyncResponse) -> bool {
        if *self.generation.get_or_insert_with(|| response.generation.clone()) != response.generation {
            return false;
        }
        self.seen.extend(judgement.accepted.iter().map(|change| change.hash));
        judgement.marks.iter().for_each(|mark| put_mark(&mut self.marks, *mark));
        self.declined.retain(|name, _| !self.seen.contains(name));
        self.last_counter = response.last_counter;
        true
    }

    /// Takes what a server said about the changes that were brought back to it: the names of those that it took, in
    /// their order.
    ///
    /// What it vouched for may have lost its place: its author went back, too, and wrote another change under the same
    /// number, or wrote the same entry anew. With it goes what stands upon it. What only lacks something else, or a
    /// voucher, waits here for whoever brings that.
    pub fn take_back(
        &mut self,
        sent: &Recovery,
        response: &SyncResponse,
    ) -> Result<Vec<ChangeHash>, SyncError> {
        let receipts = response.recovered.as_deref().unwrap_or_default();
        if receipts.len() != sent.changes.len() {
            return Err(SyncError::BrokenAnswer(
                "not as many receipts as changes were brought back".to_owned(),
            ));
        }
        let mut stored = Vec::new();
        for (sent, receipt) in sent.changes.iter().zip(receipts) {
            let Some(name) = change_hash(&sent.change) else { continue };
            match receipt {
                Receipt::Refused(refusal) => {
                    let is_final = match refusal.code {
                        RefusalCode::MissingDependency => {
                            self.declined.values().any(|one| *one == sent.record)
                        }
                        code => matches!(
                            code,
                            RefusalCode::SequenceConflict
                                | RefusalCode::AlreadyWritten
                                | RefusalCode::DependsOnRefused
                        ),
                    };
                    if is_final {
                        self.declined.insert(name, sent.record);
                    }
                }
                Receipt::Stored(_) | Receipt::Duplicate(_) => stored.push(name),
            }
        }
        self.seen.extend(&stored);
        Ok(stored)
    }

    /// Whether a change that counts here did not come, and may yet be brought or delivered.
    pub fn lacks(&self, change: &AcceptedChange) -> bool {
        !self.seen.contains(&change.hash) && !self.declined.contains_key(&change.hash)
    }
}

/// What of the lost changes, each after what it depends on, a voucher speaks for: one recovery for each request.
pub fn vouched_parts(
    lost: Vec<AcceptedChange>,
    vouchers: &[Voucher],
    authors: &[AuthorCard],
) -> Vec<Recovery> {
    let mut spoken_for = HashMap::new();
    for (place, voucher) in vouchers.iter().enumerate() {
        spoken_for.extend(voucher.changes().map(|hash| (hash, place)));
    }
    let (mut parts, mut part) = (Vec::new(), Part::default());
    for AcceptedChange { record, hash, change } in lost {
        if let Some(place) = spoken_for.get(&hash) {
            parts.extend(part.add(vouchers, *place, hash, SentChange { record, change }));
        }
    }
    parts.extend(part.close(vouchers));
    for part in &mut parts {
        let wrote = |sent: &SentChange| change_author(&sent.change).map(|actor| actor.device);
        let devices: BTreeSet<_> = part.changes.iter().filter_map(wrote).collect();
        part.authors = authors.iter().filter(|card| devices.contains(&card.device)).cloned().collect();
    }
    parts
}

/// What this device wrote itself of the changes that no voucher could bring back, one list for each envelope.
pub fn own_batches(lost: Vec<AcceptedChange>, device: DeviceId) -> Vec<Vec<SentChange>> {
    let (mut batches, mut own) = (Vec::new(), Batch::default());
    for AcceptedChange { record, change, .. } in lost {
        if change_author(&change).is_some_and(|actor| actor.device == device) {
            batches.extend(own.add(SentChange { record, change }));
        }
    }
    batches.extend(Some(own.changes).filter(|changes| !changes.is_empty()));
    batches
}

/// A request in the making.
#[derive(Default)]
struct Part {
    /// By place among all vouchers, the changes that each is needed for.
    vouchers: BTreeMap<usize, BTreeSet<ChangeHash>>,
    changes: Vec<SentChange>,
    size_bytes: usize,
}

impl Part {
    /// Adds a change; what was there before, if it does not fit there any more.
    fn add(
        &mut self,
        vouchers: &[Voucher],
        place: usize,
        hash: ChangeHash,
        sent: SentChange,
    ) -> Option<Recovery> {
        let full = self.size_bytes > PART_BYTES || self.changes.len() >= MAX_RECOVERED_CHANGES;
        let closed = if full { std::mem::take(self).close(vouchers) } else { None };
        if !self.vouchers.contains_key(&place) {
            self.size_bytes += vouchers.get(place).map_or(0, |voucher| voucher.names.len());
        }
        // In a pack, all names beside it come with it: counted as if it were alone, and bounded by the page's size.
        self.size_bytes += sent.change.len() + CHANGE_OVERHEAD_BYTES;
        self.vouchers.entry(place).or_default().insert(hash);
        self.changes.push(sent);
        closed
    }

    fn close(self, vouchers: &[Voucher]) -> Option<Recovery> {
        let with_needed_packs = |(place, needed): (usize, BTreeSet<ChangeHash>)| {
            let mut voucher = vouchers.get(place)?.clone();
            let holds =
                |pack: &[u8]| pack.as_chunks().0.iter().any(|hash| needed.contains(&ChangeHash(*hash)));
            voucher.packs.retain(|pack| holds(&pack.0));
            Some(voucher)
        };
        let vouchers = self.vouchers.into_iter().filter_map(with_needed_packs).collect();
        (!self.changes.is_empty()).then_some(Recovery {
            vouchers,
            changes: self.changes,
            authors: Vec::new(),
        })
    }
}

/// An envelope in the making.
#[derive(Default)]
struct Batch {
    changes: Vec<SentChange>,
    size_bytes: usize,
}

impl Batch {
    fn add(&mut self, sent: SentChange) -> Option<Vec<SentChange>> {
        let added_bytes = sent.change.len() + CHANGE_OVERHEAD_BYTES;
        let full = self.size_bytes + added_bytes > MAX_ENVELOPE_BYTES - CHANGE_OVERHEAD_BYTES
            || self.changes.len() >= MAX_ENVELOPE_CHANGES;
        let closed = (full && !self.changes.is_empty()).then(|| std::mem::take(self).changes);
        self.size_bytes += added_bytes;
        self.changes.push(sent);
        closed
    }
}

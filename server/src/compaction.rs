//! The compactor: old changes of a record become one pack in the log.
//!
//! It works through the collections one by one, in small steps, and rests after each, so that it takes a fraction of
//! one core and holds the writer for a few milliseconds at a time. It keeps nothing in memory: it can die at any
//! point, and several servers may run it over one database, where whoever comes second finds nothing left to do. What
//! arrived lately stays as it is, since phones that come back every week want the few changes that they lack and not
//! the whole history. Nothing is replaced before its pack was opened again and compared.

use std::sync::Arc;
use std::time::{Duration, Instant};

use zhibu_domain::ids::DistrictId;
use zhibu_domain::record::{Collection, RecordKind};
use zhibu_domain::time::Millis;

use crate::clock::Clock;
use crate::metrics::{Stage, tally};
use crate::store::pack::{OpenPack, open_dictionary, seal_dictionary};
use crate::store::{LooseRecord, SealedPack, Store, StoreError};

/// How often everything is looked through.
const EVERY: Duration = Duration::from_secs(3600);
/// After a step it rests so many times as long as that took: a twentieth of a core at most.
const REST: u32 = 20;
/// A record that is still written to is packed anew when so many changes grew old since.
const WORTH_PACKING: u64 = 8;
/// Most rows of the log that one transaction replaces: some milliseconds, a push waits no longer.
const ROWS_AT_ONCE: u64 = 100;
/// Most records of one step: their packs are in memory together.
const RECORDS_AT_ONCE: usize = 32;
/// A dictionary is made once there is enough to make it of; it holds so much of each kind of record.
const SAMPLE_BYTES: usize = 6 << 10;
/// Envelope digests tell a number that is used twice. Whoever brings an envelope later than this is told by the
/// sequence of his changes.
const KEEP_ENVELOPES_DAYS: i64 = 90;
const ENVELOPES_AT_ONCE: u32 = 200;
const DAY_MS: i64 = 24 * 3_600_000;

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Records that got a pack, or a longer one.
    pub records: u64,
    /// Changes that went into packs.
    pub changes: u64,
    /// Their bytes.
    pub change_bytes: u64,
    /// Bytes of the packs that stand in their place, and of new dictionaries.
    pub pack_bytes: u64,
    /// Envelope numbers whose digest was forgotten.
    pub envelopes: u64,
}

/// Packs by itself what is older than so many days, for as long as the server runs.
pub fn start(store: Arc<dyn Store>, clock: Arc<dyn Clock>, days: u32) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            match compact(&*store, clock.now(), days, REST).await {
                Ok(Compacted { records, changes, change_bytes, pack_bytes, .. }) if records > 0 => {
                    tracing::info!(records, changes, change_bytes, pack_bytes, "the log was packed");
                }
                Ok(_) => {}
                Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "packing failed"),
            }
            tokio::time::sleep(EVERY).await;
        }
    })
}

/// Packs what is older than so many days, once and without resting; forgets old envelope numbers.
pub async fn compact_at_once(store: &dyn Store, now: Millis, days: u32) -> Result<Compacted, StoreError> {
    compact(store, now, days, 0).await
}

/// Goes through all districts once.
async fn compact(store: &dyn Store, now: Millis, days: u32, rest: u32) -> Result<Compacted, StoreError> {
    let before = now.plus(-i64::from(days) * DAY_MS);
    let envelopes_before = now.plus(-KEEP_ENVELOPES_DAYS * DAY_MS);
    let mut done = Compacted::default();
    for district in store.list_districts().await? {
        for (collection, _) in store.list_collections(district.id).await? {
            compact_collection(store, district.id, collection, before, rest, &mut done).await?;
        }
        loop {
            let begun = Instant::now();
            let forgotten = store.forget_envelopes(district.id, envelopes_before, ENVELOPES_AT_ONCE).await?;
            done.envelopes += forgotten;
            if forgotten < u64::from(ENVELOPES_AT_ONCE) {
                break;
            }
            tokio::time::sleep(begun.elapsed() * rest).await;
        }
    }
    Ok(done)
}

async fn compact_collection(
    store: &dyn Store,
    district: DistrictId,
    collection: Collection,
    before: Millis,
    rest: u32,
    done: &mut Compacted,
) -> Result<(), StoreError> {
    let begun = Instant::now();
    let mut loose = store.loose_records(district, collection, before).await?;
    loose.retain(is_worth_packing);
    tokio::time::sleep(begun.elapsed() * rest).await;
    for some in loose.chunks(RECORDS_AT_ONCE) {
        let begun = Instant::now();
        let running = Stage::Compaction.begin();
        let packs = open_packs(store, district, some, before, done).await?;
        let dictionary = dictionary(store, district, collection, &packs, done).await?;
        let sealed = seal(packs, dictionary).await?;
        running.end();
        tokio::time::sleep(begun.elapsed() * rest).await;
        replace(store, district, sealed, rest, done).await?;
    }
    Ok(())
}

/// A quiet record is packed whole; one that is written to only now and then.
fn is_worth_packing(record: &LooseRecord) -> bool {
    let is_quiet = record.packed + record.old == record.version;
    record.old >= if is_quiet { 1 } else { WORTH_PACKING }
}

async fn open_packs(
    store: &dyn Store,
    district: DistrictId,
    loose: &[LooseRecord],
    before: Millis,
    done: &mut Compacted,
) -> Result<Vec<OpenPack>, StoreError> {
    let mut packs = Vec::with_capacity(loose.len());
    for record in loose {
        let Some(stored) = store.load_record(district, record.reference.id()).await? else { continue };
        let behind = &stored.changes[stored.packed..];
        let old = behind.iter().take_while(|change| change.received_at < before).count();
        if old == 0 {
            continue;
        }
        let rows = old as u64 + u64::from(stored.packed > 0);
        let change_bytes: usize = behind[..old].iter().map(|change| change.bytes.len()).sum();
        done.changes += old as u64;
        done.change_bytes += change_bytes as u64;
        tally::compacted(change_bytes as u64);
        packs.push(OpenPack::of(record.reference, &stored.changes[..stored.packed + old], rows)?);
        // Others use this thread too.
        tokio::task::yield_now().await;
    }
    Ok(packs)
}

/// The collection's dictionary; made of these packs if there is none and they are enough.
async fn dictionary(
    store: &dyn Store,
    district: DistrictId,
    collection: Collection,
    packs: &[OpenPack],
    done: &mut Compacted,
) -> Result<Option<Vec<u8>>, StoreError> {
    if store.find_dictionary(district, collection).await?.is_none() {
        let Some(samples) = samples(packs) else { return Ok(None) };
        let sealed = seal_dictionary(&samples)?;
        done.pack_bytes += sealed.len() as u64;
        store.put_dictionary(district, collection, &sealed).await?;
    }
    // What is stored counts: another server may have been faster.
    store.find_dictionary(district, collection).await?.as_deref().map(open_dictionary).transpose()
}

/// Packs of each kind, the longest last, where a compressor reaches them cheapest.
fn samples(packs: &[OpenPack]) -> Option<Vec<u8>> {
    let mut samples = Vec::new();
    for kind in RecordKind::ALL {
        let mut of_kind: Vec<_> =
            packs.iter().filter(|pack| pack.record().kind == *kind).map(OpenPack::plain).collect();
        of_kind.sort_by_key(|plain| std::cmp::Reverse(plain.len()));
        let mut room = SAMPLE_BYTES;
        let chosen = of_kind.into_iter().take_while(|plain| {
            let is_room = room > 0;
            room = room.saturating_sub(plain.len());
            is_room
        });
        let chosen: Vec<_> = chosen.collect();
        chosen.into_iter().rev().for_each(|plain| samples.extend_from_slice(plain));
    }
    (packs.len() > 2 && samples.len() >= SAMPLE_BYTES).then_some(samples)
}

/// Compressing is the dear part: it runs beside the threads that answer requests.
async fn seal(packs: Vec<OpenPack>, dictionary: Option<Vec<u8>>) -> Result<Vec<SealedPack>, StoreError> {
    let sealing = move || packs.into_iter().map(|pack| pack.seal(dictionary.as_deref())).collect();
    tokio::task::spawn_blocking(sealing).await.map_err(|fault| StoreError::Unavailable(Box::new(fault)))?
}

async fn replace(
    store: &dyn Store,
    district: DistrictId,
    sealed: Vec<SealedPack>,
    rest: u32,
    done: &mut Compacted,
) -> Result<(), StoreError> {
    let mut waiting = sealed.as_slice();
    while !waiting.is_empty() {
        let mut rows = 0;
        let fits = |pack: &&SealedPack| {
            rows += pack.replaces;
            rows <= ROWS_AT_ONCE
        };
        let count = waiting.iter().take_while(fits).count().max(1);
        let (step, behind) = waiting.split_at(count);
        let begun = Instant::now();
        let written = store.compact(district, step).await?;
        for (pack, _) in step.iter().zip(written).filter(|(_, written)| *written) {
            done.records += 1;
            done.pack_bytes += pack.bytes.len() as u64;
        }
        tokio::time::sleep(begun.elapsed() * rest).await;
        waiting = behind;
    }
    Ok(())
}

#[cfg(test)]
mod tests;

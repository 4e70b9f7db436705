//! Packs at rest: many changes of one record in one row of the log, compressed.
//!
//! A sealed pack is one byte for the way it was compressed, then a zstd frame with a checksum; in that, where and when
//! each change stood (its position and the time of its arrival, as differences), then the [`pack`](mod@zhibu_domain::record)
//! itself. Small blocks compress badly alone, and the records of one branch repeat its members' ids: each collection
//! has a dictionary, made of the first packs in it.

use async_trait::async_trait;
use zhibu_domain::ids::{DeviceId, DistrictId};
use zhibu_domain::record::{ChangeHash, Collection, RecordRef, history_digest, pack, unpack};
use zhibu_domain::time::Millis;

use super::{StoreError, StoredChange};

/// As small as the hardest levels make it; a twenty-fourth smaller than 9.
const LEVEL: i32 = 15;
/// Matches reach this far back (256 KiB): behind most packs and their dictionary, and the compressor's tables stay small.
const WINDOW_LOG: u32 = 18;
/// The frame stands alone, or needs the collection's dictionary.
const ALONE: u8 = 0;
const WITH_DICTIONARY: u8 = 1;
/// A record holds at most 1 MiB of changes, and a pack less than they do.
const MAX_OPEN_BYTES: usize = 4 << 20;

/// A record of which something is not packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LooseRecord {
    /// Which record.
    pub reference: RecordRef,
    /// How many changes it has.
    pub version: u64,
    /// How many of them lie in its pack.
    pub packed: u64,
    /// How many of the others arrived before the time that was asked for.
    pub old: u64,
}

/// A pack as it lies in the log, and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedPack {
    /// The record.
    pub record: RecordRef,
    /// How many changes it holds: the record's first ones.
    pub holds: u64,
    /// The position of the last of them.
    pub position: u64,
    /// Who wrote the last of them.
    pub author: DeviceId,
    /// When the last of them arrived.
    pub received_at: Millis,
    /// SHA-256 over their hashes.
    pub hash: ChangeHash,
    /// What is stored.
    pub bytes: Vec<u8>,
    /// How many rows of the log it replaces.
    pub replaces: u64,
}

/// Packing the log. Part of the contract of [`Store`](super::Store).
#[async_trait]
pub trait PackStore: Send + Sync {
    /// The records of a collection of which something is not packed, in id order.
    async fn loose_records(
        &self,
        district: DistrictId,
        collection: Collection,
        before: Millis,
    ) -> Result<Vec<LooseRecord>, StoreError>;

    /// A collection's dictionary, as [`seal_dictionary`] made it.
    async fn find_dictionary(
        &self,
        district: DistrictId,
        collection: Collection,
    ) -> Result<Option<Vec<u8>>, StoreError>;

    /// Notes a collection's dictionary, unless it has one. It is never changed.
    async fn put_dictionary(
        &self,
        district: DistrictId,
        collection: Collection,
        sealed: &[u8],
    ) -> Result<(), StoreError>;

    /// Puts packs in the place of what they hold; one answer for each. `false`, and nothing of it was written, if the
    /// rows at and before its position are not as many as it replaces: somebody else packed this record meanwhile.
    /// What stands behind its position stays as it is, and so do versions, heads and receipts. A record's kept index
    /// goes when all its changes are packed: who judges it next makes it again.
    async fn compact(&self, district: DistrictId, packs: &[SealedPack]) -> Result<Vec<bool>, StoreError>;

    /// Forgets the digests of envelopes that arrived before a time, at most `limit` of them; how many they were. Their
    /// numbers stay taken: a device's highest counter does not go back.
    async fn forget_envelopes(
        &self,
        district: DistrictId,
        before: Millis,
        limit: u32,
    ) -> Result<u64, StoreError>;
}

/// Changes that were packed, unpacked and compared, not sealed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenPack {
    plain: Vec<u8>,
    seal: SealedPack,
}

impl OpenPack {
    /// Packs the first changes of a record; `replaces` is how many rows hold them now.
    pub fn of(record: RecordRef, changes: &[StoredChange], replaces: u64) -> Result<Self, StoreError> {
        let corrupt = |what: &dyn std::fmt::Display| corrupt(&record, what);
        let last = changes.last().ok_or_else(|| corrupt(&"no changes"))?;
        let pack = pack(&record, changes).map_err(|fault| corrupt(&fault))?;
        let mut places = Vec::new();
        let (mut position, mut received_at) = (0, 0);
        for change in changes {
            places.push((change.position.saturating_sub(position), change.received_at.0 - received_at));
            (position, received_at) = (change.position, change.received_at.0);
        }
        let mut plain = minicbor::to_vec(&places).map_err(|fault| corrupt(&fault))?;
        plain.extend_from_slice(&pack);
        let seal = SealedPack {
            record,
            holds: changes.len() as u64,
            position: last.position,
            author: last.author,
            received_at: last.received_at,
            hash: history_digest(changes.iter().map(|change| change.hash)),
            bytes: Vec::new(),
            replaces,
        };
        Ok(Self { plain, seal })
    }

    /// The record.
    pub fn record(&self) -> &RecordRef {
        &self.seal.record
    }

    /// What is compressed: a sample for a dictionary.
    pub fn plain(&self) -> &[u8] {
        &self.plain
    }

    /// Compresses it. It was opened again and compared before this answers.
    pub fn seal(self, dictionary: Option<&[u8]>) -> Result<SealedPack, StoreError> {
        let bytes = compress(&self.plain, dictionary).map_err(|fault| corrupt(&self.seal.record, &fault))?;
        let sealed = SealedPack { bytes, ..self.seal };
        let back = open(&sealed.record, &sealed.bytes, dictionary)?;
        let digest = history_digest(back.iter().map(|change| change.hash));
        let last = back.last().map(|change| (change.position, change.received_at, change.author));
        match digest == sealed.hash && last == Some((sealed.position, sealed.received_at, sealed.author)) {
            true => Ok(sealed),
            false => Err(corrupt(&sealed.record, &"a pack that does not open as it was")),
        }
    }
}

/// The dictionary of a collection, made of some packs in it, as it is stored.
pub fn seal_dictionary(samples: &[u8]) -> Result<Vec<u8>, StoreError> {
    compress(samples, None).map_err(|fault| StoreError::Unavailable(Box::new(fault)))
}

/// A stored dictionary, ready for use.
pub fn open_dictionary(sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
    decompress(sealed, None)
        .map_err(|fault| StoreError::Corrupt { table: "dictionaries", row: fault.to_string() })
}

/// A pack as a row of the log says it.
#[derive(Debug, Clone, Copy)]
pub struct Sealed<'a> {
    /// Where the row stands: at the position of the last of them.
    pub position: u64,
    /// How many changes it should hold.
    pub holds: i64,
    /// SHA-256 over their hashes.
    pub hash: ChangeHash,
    /// The sealed pack.
    pub bytes: &'a [u8],
}

impl Sealed<'_> {
    /// Its changes as they stood in the log, if they are the ones that the row tells of.
    pub fn open(
        &self,
        record: &RecordRef,
        dictionary: Option<&[u8]>,
    ) -> Result<Vec<StoredChange>, StoreError> {
        let changes = open(record, self.bytes, dictionary)?;
        let digest = history_digest(changes.iter().map(|change| change.hash));
        let stands_at = changes.last().map(|change| change.position);
        match (changes.len() as i64, digest, stands_at) == (self.holds, self.hash, Some(self.position)) {
            true => Ok(changes),
            false => Err(corrupt(record, &"a pack of other changes, or of another place")),
        }
    }
}

/// Opens a sealed pack: its changes as they stood in the log. `dictionary` as [`open_dictionary`] gives it.
fn open(
    record: &RecordRef,
    sealed: &[u8],
    dictionary: Option<&[u8]>,
) -> Result<Vec<StoredChange>, StoreError> {
    let plain = decompress(sealed, dictionary).map_err(|fault| corrupt(record, &fault))?;
    let (places, pack) = split(record, &plain)?;
    let changes = unpack(record, pack).map_err(|fault| corrupt(record, &fault))?;
    if changes.len() != places.len() {
        return Err(corrupt(record, &"not as many places as changes"));
    }
    let (mut position, mut received_at) = (0u64, 0i64);
    let placed = changes.into_iter().zip(places).map(|(change, (step, later))| {
        position = position.saturating_add(step);
        received_at = received_at.saturating_add(later);
        StoredChange {
            position,
            hash: change.hash,
            bytes: change.bytes,
            author: change.author.device,
            received_at: Millis(received_at),
        }
    });
    Ok(placed.collect())
}

/// The pack itself, as it is sent, if it belongs where its row stands.
pub fn open_for_sending(
    record: &RecordRef,
    position: u64,
    sealed: &[u8],
    dictionary: Option<&[u8]>,
) -> Result<Vec<u8>, StoreError> {
    let mut plain = decompress(sealed, dictionary).map_err(|fault| corrupt(record, &fault))?;
    let (places, pack) = split(record, &plain)?;
    if places.iter().fold(0, |sum: u64, (step, _)| sum.saturating_add(*step)) != position {
        return Err(corrupt(record, &"a pack of another place"));
    }
    let behind = plain.len() - pack.len();
    Ok(plain.split_off(behind))
}

type Places = Vec<(u64, i64)>;

fn split<'p>(record: &RecordRef, plain: &'p [u8]) -> Result<(Places, &'p [u8]), StoreError> {
    let mut decoder = minicbor::Decoder::new(plain);
    let places: Places = decoder.decode().map_err(|fault| corrupt(record, &fault))?;
    Ok((places, &plain[decoder.position()..]))
}

fn compress(plain: &[u8], dictionary: Option<&[u8]>) -> std::io::Result<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::with_dictionary(LEVEL, dictionary.unwrap_or_default())?;
    compressor.include_checksum(true)?;
    compressor.window_log(WINDOW_LOG)?;
    let way = if dictionary.is_some() { WITH_DICTIONARY } else { ALONE };
    let mut sealed = vec![way];
    sealed.extend(compressor.compress(plain)?);
    Ok(sealed)
}

fn decompress(sealed: &[u8], dictionary: Option<&[u8]>) -> std::io::Result<Vec<u8>> {
    let (way, frame) = sealed.split_first().ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let dictionary = match (*way, dictionary) {
        (ALONE, _) => &[],
        (WITH_DICTIONARY, Some(dictionary)) => dictionary,
        _ => return Err(std::io::Error::other("the collection's dictionary is missing")),
    };
    let size = zstd::bulk::Decompressor::upper_bound(frame).unwrap_or(MAX_OPEN_BYTES);
    if size > MAX_OPEN_BYTES {
        return Err(std::io::Error::other("larger than any record"));
    }
    zstd::bulk::Decompressor::with_dictionary(dictionary)?.decompress(frame, size)
}

fn corrupt(record: &RecordRef, what: &dyn std::fmt::Display) -> StoreError {
    StoreError::Corrupt { table: "changes", row: format!("{}: {what}", record.id()) }
}

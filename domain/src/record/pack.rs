//! A record's changes as one block, a third shorter than they are and far easier to compress: a *pack*.
//!
//! A change spends most of its bytes on names: the hashes of those it depends on, the actors. In a pack each actor
//! stands once and a dependency is a small number, the way back to it. Nothing is lost: [`unpack`] gives the changes
//! back to the byte, so their hashes still name them. An Automerge document holds the same history in about the
//! same space, but would have to be loaded, and loading is what Automerge defends least (automerge.md 1.1).
//!
//! ```text
//! pack    = format(1)  number of actors, actors (20 bytes each)  heads, columns, rest: each its length, then bytes
//! head    = number of dependencies, ways back   actor   first operation - highest of the dependencies' firsts
//!           time - time of the change before (zigzag)   length of message   other actors   length behind columns
//! columns = number of columns, (specification, length) each
//! rest    = message, the columns' bytes, what stands behind them
//! ```
//!
//! All numbers are unsigned LEB128 and count for each change in turn. Actor 0 is the genesis'; the way back 1 leads
//! to the change before, and from the first change to the genesis.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::{Actor, ChangeHash, RecordRef, change_hash, genesis_hash};
use crate::gate::{MAGIC, MAX_ACTORS};
use crate::ids::DeviceId;

const FORMAT: u8 = 1;
const HASH_BYTES: usize = 32;
/// A chunk's type: an uncompressed change.
const CHANGE_CHUNK: u8 = 1;
/// Magic, checksum and type.
const PREFIX_BYTES: usize = 9;

/// Bytes that are no pack, or changes that are no record's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PackFault {
    /// The pack, or a change, ends too early, or says something impossible.
    #[error("not a pack of changes")]
    Malformed,
    /// A change names another that does not stand before it.
    #[error("a change depends on one that does not stand before it")]
    Incomplete,
    /// What was packed would not come back to the byte.
    #[error("the changes would not come back as they are")]
    Lossy,
}

type Fallible<T> = Result<T, PackFault>;

/// Packs a record's changes, each behind what it depends on. They were unpacked and compared before this answers.
pub fn pack(reference: &RecordRef, changes: &[impl AsRef<[u8]>]) -> Fallible<Vec<u8>> {
    let mut packer = Packer::new(reference);
    for change in changes {
        packer.take(change.as_ref())?;
    }
    let pack = packer.finish();
    let back = unpack(reference, &pack)?;
    let same = back.len() == changes.len() && back.iter().zip(changes).all(|(a, b)| a.bytes == b.as_ref());
    if same { Ok(pack) } else { Err(PackFault::Lossy) }
}

/// A change that came out of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpackedChange {
    /// Its name.
    pub hash: ChangeHash,
    /// Who wrote it.
    pub author: Actor,
    /// One uncompressed change chunk.
    pub bytes: Vec<u8>,
}

/// The changes of a pack, to the byte and in their order. Never panics, and needs no more memory than a small
/// multiple of the pack's length and what it gives back.
pub fn unpack(reference: &RecordRef, pack: &[u8]) -> Fallible<Vec<UnpackedChange>> {
    let (actors, mut streams) = read_actors(pack)?;
    let mut heads = streams.block()?;
    let mut columns = streams.block()?;
    let mut rest = streams.block()?;
    let mut unpacker = Unpacker {
        actors,
        sequences: HashMap::new(),
        hashes: vec![genesis_hash(reference)],
        firsts: vec![1],
        time: 0,
    };
    let mut changes = Vec::new();
    while !heads.0.is_empty() {
        changes.push(unpacker.next(&mut heads, &mut columns, &mut rest)?);
    }
    let nothing_left = [streams, columns, rest].iter().all(|stream| stream.0.is_empty());
    if nothing_left { Ok(changes) } else { Err(PackFault::Malformed) }
}

/// The devices that wrote the changes of a pack.
pub fn pack_devices(pack: &[u8]) -> Fallible<Vec<DeviceId>> {
    let (actors, _) = read_actors(pack)?;
    let mut devices: Vec<_> = actors[1..].iter().map(|actor| actor.device).collect();
    devices.sort_unstable();
    devices.dedup();
    Ok(devices)
}

/// The name of a history: SHA-256 over the names of its changes, in their order.
pub fn history_digest(hashes: impl IntoIterator<Item = ChangeHash>) -> ChangeHash {
    let mut digest = Sha256::new();
    hashes.into_iter().for_each(|hash| digest.update(hash.0));
    ChangeHash(digest.finalize().into())
}

fn genesis_actor() -> Actor {
    Actor { device: DeviceId::from_bytes([0; 16]), epoch: 0 }
}

fn read_actors(pack: &[u8]) -> Fallible<(Vec<Actor>, Reader<'_>)> {
    let mut reader = Reader(pack);
    if reader.take(1)? != [FORMAT] {
        return Err(PackFault::Malformed);
    }
    let named = reader.number()?;
    let mut actors = vec![genesis_actor()];
    for _ in 0..named {
        actors.push(reader.actor(Actor::LEN as u64)?);
    }
    Ok((actors, reader))
}

#[derive(Default)]
struct Packer {
    actors: Vec<Actor>,
    numbers: HashMap<Actor, u64>,
    /// The place of each change; the genesis is 0.
    places: HashMap<ChangeHash, u64>,
    firsts: Vec<u64>,
    time: i64,
    heads: Vec<u8>,
    columns: Vec<u8>,
    rest: Vec<u8>,
}

impl Packer {
    fn new(reference: &RecordRef) -> Self {
        Self {
            numbers: HashMap::from([(genesis_actor(), 0)]),
            places: HashMap::from([(genesis_hash(reference), 0)]),
            firsts: vec![1],
            ..Self::default()
        }
    }

    fn take(&mut self, change: &[u8]) -> Fallible<()> {
        let hash = change_hash(change).ok_or(PackFault::Malformed)?;
        let mut reader = Reader(change.get(PREFIX_BYTES..).ok_or(PackFault::Malformed)?);
        reader.number()?;
        let place = self.firsts.len() as u64;
        let dependencies = reader.number()?;
        push_number(&mut self.heads, dependencies);
        let mut highest = 0;
        for _ in 0..dependencies {
            let hash = ChangeHash(reader.array()?);
            let at = *self.places.get(&hash).ok_or(PackFault::Incomplete)?;
            push_number(&mut self.heads, place - at);
            highest = highest.max(self.first_of(at)?);
        }
        self.put_actor(&mut reader)?;
        // The sequence is the actor's last plus one: nothing to write down.
        reader.number()?;
        let first = reader.number()?;
        push_number(&mut self.heads, first.checked_sub(highest).ok_or(PackFault::Malformed)?);
        let time = reader.signed()?;
        push_number(&mut self.heads, zigzag(time.wrapping_sub(self.time)));
        let message = reader.block()?;
        push_number(&mut self.heads, message.0.len() as u64);
        self.rest.extend_from_slice(message.0);
        let others = reader.number()?;
        push_number(&mut self.heads, others);
        for _ in 0..others {
            self.put_actor(&mut reader)?;
        }
        let columns = reader.number()?;
        push_number(&mut self.columns, columns);
        let mut length = 0u64;
        for _ in 0..columns {
            let (specification, bytes) = (reader.number()?, reader.number()?);
            push_number(&mut self.columns, specification);
            push_number(&mut self.columns, bytes);
            length = length.checked_add(bytes).ok_or(PackFault::Malformed)?;
        }
        self.rest.extend_from_slice(reader.take(length)?);
        push_number(&mut self.heads, reader.0.len() as u64);
        self.rest.extend_from_slice(reader.0);
        self.time = time;
        self.firsts.push(first);
        self.places.insert(hash, place);
        Ok(())
    }

    fn put_actor(&mut self, reader: &mut Reader<'_>) -> Fallible<()> {
        let length = reader.number()?;
        let actor = reader.actor(length)?;
        let next = self.actors.len() as u64 + 1;
        let number = *self.numbers.entry(actor).or_insert(next);
        if number == next {
            self.actors.push(actor);
        }
        push_number(&mut self.heads, number);
        Ok(())
    }

    fn first_of(&self, place: u64) -> Fallible<u64> {
        self.firsts.get(place as usize).copied().ok_or(PackFault::Incomplete)
    }

    fn finish(self) -> Vec<u8> {
        let mut pack = vec![FORMAT];
        push_number(&mut pack, self.actors.len() as u64);
        self.actors.iter().for_each(|actor| pack.extend_from_slice(&actor.to_bytes()));
        for stream in [self.heads, self.columns, self.rest] {
            push_number(&mut pack, stream.len() as u64);
            pack.extend_from_slice(&stream);
        }
        pack
    }
}

struct Unpacker {
    actors: Vec<Actor>,
    sequences: HashMap<Actor, u64>,
    hashes: Vec<ChangeHash>,
    firsts: Vec<u64>,
    time: i64,
}

impl Unpacker {
    fn next(
        &mut self,
        heads: &mut Reader<'_>,
        columns: &mut Reader<'_>,
        rest: &mut Reader<'_>,
    ) -> Fallible<UnpackedChange> {
        let mut body = Vec::new();
        let dependencies = heads.few()?;
        push_number(&mut body, dependencies);
        let mut highest = 0;
        for _ in 0..dependencies {
            let back = usize::try_from(heads.number()?).map_err(|_| PackFault::Incomplete)?;
            let at = self.hashes.len().checked_sub(back).filter(|_| back > 0).ok_or(PackFault::Incomplete)?;
            body.extend_from_slice(&self.hashes[at].0);
            highest = highest.max(self.firsts[at]);
        }
        let author = self.actor(heads)?;
        push_actor(&mut body, author);
        let sequence = self.sequences.entry(author).or_default();
        *sequence += 1;
        push_number(&mut body, *sequence);
        let first = highest.checked_add(heads.number()?).ok_or(PackFault::Malformed)?;
        push_number(&mut body, first);
        self.time = self.time.wrapping_add(unzigzag(heads.number()?));
        push_signed(&mut body, self.time);
        let message = rest.take(heads.number()?)?;
        push_number(&mut body, message.len() as u64);
        body.extend_from_slice(message);
        let others = heads.few()?;
        push_number(&mut body, others);
        for _ in 0..others {
            push_actor(&mut body, self.actor(heads)?);
        }
        let count = columns.number()?;
        push_number(&mut body, count);
        let mut length = 0u64;
        for _ in 0..count {
            let (specification, bytes) = (columns.number()?, columns.number()?);
            push_number(&mut body, specification);
            push_number(&mut body, bytes);
            length = length.checked_add(bytes).ok_or(PackFault::Malformed)?;
        }
        body.extend_from_slice(rest.take(length)?);
        body.extend_from_slice(rest.take(heads.number()?)?);
        let bytes = chunk_of(&body);
        let hash = change_hash(&bytes).ok_or(PackFault::Malformed)?;
        self.firsts.push(first);
        self.hashes.push(hash);
        Ok(UnpackedChange { hash, author, bytes })
    }

    fn actor(&self, heads: &mut Reader<'_>) -> Fallible<Actor> {
        let number = usize::try_from(heads.number()?).map_err(|_| PackFault::Malformed)?;
        self.actors.get(number).copied().ok_or(PackFault::Malformed)
    }
}

/// A change chunk around its content.
fn chunk_of(body: &[u8]) -> Vec<u8> {
    let mut chunk = [&MAGIC[..], &[0; 4], &[CHANGE_CHUNK]].concat();
    push_number(&mut chunk, body.len() as u64);
    chunk.extend_from_slice(body);
    let hash: [u8; HASH_BYTES] = Sha256::digest(&chunk[8..]).into();
    chunk[4..8].copy_from_slice(&hash[..4]);
    chunk
}

/// What is left to read. Every length is checked against it before anything is taken.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: u64) -> Fallible<&'a [u8]> {
        let length = usize::try_from(length).map_err(|_| PackFault::Malformed)?;
        let (taken, behind) = self.0.split_at_checked(length).ok_or(PackFault::Malformed)?;
        self.0 = behind;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Fallible<[u8; N]> {
        self.take(N as u64)?.try_into().map_err(|_| PackFault::Malformed)
    }

    fn actor(&mut self, length: u64) -> Fallible<Actor> {
        Actor::from_bytes(self.take(length)?).ok_or(PackFault::Malformed)
    }

    /// A length and so many bytes.
    fn block(&mut self) -> Fallible<Reader<'a>> {
        let length = self.number()?;
        self.take(length).map(Reader)
    }

    fn number(&mut self) -> Fallible<u64> {
        let mut value = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(PackFault::Malformed)
    }

    /// How many names of 20 or 32 bytes follow, each as a small number: no change that the gate lets in has more, and a
    /// pack of a megabyte could otherwise become one change of thirty-two.
    fn few(&mut self) -> Fallible<u64> {
        self.number().ok().filter(|few| *few <= MAX_ACTORS as u64).ok_or(PackFault::Malformed)
    }

    /// Signed LEB128, as changes hold their time.
    fn signed(&mut self) -> Fallible<i64> {
        let mut value = 0;
        for shift in (0..i64::BITS).step_by(7) {
            let [byte] = self.array()?;
            value |= i64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let unused = i64::BITS.saturating_sub(shift + 7);
                return Ok(value << unused >> unused);
            }
        }
        Err(PackFault::Malformed)
    }
}

fn push_number(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn push_signed(out: &mut Vec<u8>, mut value: i64) {
    while !(-64..64).contains(&value) {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8 & 0x7f);
}

fn push_actor(out: &mut Vec<u8>, actor: Actor) {
    push_number(out, Actor::LEN as u64);
    out.extend_from_slice(&actor.to_bytes());
}

/// Small numbers of either sign as small numbers.
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> (i64::BITS - 1))) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests;

//! The bounded scan: what a change claims to be, before anything of it is decoded.
//!
//! It allocates nothing and reads each byte at most once, so 69 bytes that would decode into ten million
//! operations cost no more than 69 bytes. The format is Automerge's change chunk; only the parts of it that our
//! records use pass.

use sha2::{Digest, Sha256};

use super::{MAGIC, MAX_ACTORS, MAX_CHANGE_BYTES, MAX_OPERATIONS};
use crate::record::Actor;
use crate::refusal::RefusalCode;
use crate::wire::Refusal;

/// The longest key of a record is an id, a dot and a code: 77 bytes. One long key in a run would be copied for
/// each operation of the run.
const MAX_KEY_BYTES: usize = 128;
/// A clock further from 1970 than 34,000 years. Times are stored as differences, and the difference of two far
/// ends overflows.
const MAX_SECONDS: u64 = 1 << 40;
/// Operation counters stay far below the 2^32 at which Automerge panics.
const MAX_COUNTER: i64 = 1 << 31;

/// The columns of a change chunk that our records use, by their specification number.
mod column {
    pub(super) const OBJECT_ACTOR: u64 = 0x01;
    pub(super) const OBJECT_COUNTER: u64 = 0x02;
    pub(super) const KEY_ACTOR: u64 = 0x11;
    pub(super) const KEY_COUNTER: u64 = 0x13;
    pub(super) const KEY_TEXT: u64 = 0x15;
    pub(super) const INSERT: u64 = 0x34;
    pub(super) const ACTION: u64 = 0x42;
    pub(super) const VALUE_META: u64 = 0x56;
    pub(super) const VALUE: u64 = 0x57;
    pub(super) const PREDECESSOR_COUNT: u64 = 0x70;
    pub(super) const PREDECESSOR_ACTOR: u64 = 0x71;
    pub(super) const PREDECESSOR_COUNTER: u64 = 0x73;
}

/// Actions of the format: 1 puts (or inserts), 3 deletes. Records use no other.
const ACTIONS: [u64; 2] = [1, 3];
/// Value types of the format that records use: null (of a deletion), false, true, signed integer, text, bytes.
const VALUE_TYPES: [u64; 6] = [0, 1, 2, 4, 6, 7];

type Scan<T> = Result<T, Refusal>;

fn malformed<T>(detail: &str) -> Scan<T> {
    Err(Refusal::new(RefusalCode::MalformedChange, detail))
}

/// Refuses bytes that are not one plain, bounded change chunk with a right checksum.
pub(super) fn scan(bytes: &[u8]) -> Scan<()> {
    if bytes.len() > MAX_CHANGE_BYTES {
        return Err(Refusal::new(RefusalCode::TooLarge, format!("a change of {} bytes", bytes.len())));
    }
    let mut header = Cursor { rest: bytes };
    let magic = header.take(4).is_ok_and(|magic| magic == MAGIC);
    let checksum = header.take(4)?;
    let kind = header.take(1)?;
    if !magic || kind != [1] {
        return Err(Refusal::new(RefusalCode::NotAChange, "not a plain change chunk"));
    }
    let length = header.unsigned()?;
    if length != header.rest.len() as u64 {
        return malformed("chunk length");
    }
    if Sha256::digest(&bytes[8..])[..4] != *checksum {
        return Err(Refusal::new(RefusalCode::BadChecksum, "checksum"));
    }
    scan_body(header)
}

fn scan_body(mut body: Cursor<'_>) -> Scan<()> {
    for _ in 0..body.bounded(MAX_ACTORS as u64, "dependencies")? {
        body.take(32)?;
    }
    body.actor()?;
    let sequence = body.unsigned()?;
    let start = body.unsigned()?;
    if sequence == 0 || start == 0 || sequence >= MAX_COUNTER as u64 || start >= MAX_COUNTER as u64 {
        return malformed("sequence or first operation out of range");
    }
    if body.signed()?.unsigned_abs() > MAX_SECONDS {
        return malformed("a clock beyond any calendar");
    }
    if body.unsigned()? != 0 {
        return malformed("a message");
    }
    let others = body.bounded(MAX_ACTORS as u64, "actors")?;
    for _ in 0..others {
        body.actor()?;
    }
    scan_columns(body, others + 1)
}

/// The column table, then the columns themselves, to the last byte.
fn scan_columns(mut body: Cursor<'_>, actors: u64) -> Scan<()> {
    let count = body.bounded(16, "columns")? as usize;
    let mut table = [(0u64, 0u64); 16];
    let mut last = None;
    for entry in table.iter_mut().take(count) {
        *entry = (body.unsigned()?, body.unsigned()?);
        if last.is_some_and(|last| entry.0 <= last) {
            return malformed("columns out of order");
        }
        last = Some(entry.0);
    }
    let mut operations = None;
    let mut rows = Rows { actors, ..Rows::default() };
    for (specification, length) in &table[..count] {
        let bytes = body.take(usize::try_from(*length).unwrap_or(usize::MAX))?;
        let found = rows.column(*specification, Cursor { rest: bytes })?;
        if *specification == column::ACTION {
            operations = Some(found);
        }
    }
    let operations = operations.unwrap_or(0);
    if !body.rest.is_empty() {
        return malformed("bytes behind the columns");
    }
    if operations == 0 || rows.longest > operations {
        return malformed("columns of unequal length");
    }
    if rows.predecessors < rows.predecessor_rows || rows.value_bytes != rows.value_bytes_announced {
        return malformed("grouped columns that do not add up");
    }
    Ok(())
}

/// What the columns announce.
#[derive(Default)]
struct Rows {
    /// The actors that the change names: an index beyond them makes Automerge panic.
    actors: u64,
    /// Rows of the longest per-operation column.
    longest: u64,
    /// Sum of the predecessor counts.
    predecessors: u64,
    /// Rows of the longer of the two predecessor columns.
    predecessor_rows: u64,
    value_bytes_announced: u64,
    value_bytes: u64,
}

impl Rows {
    /// Walks one column; answers how many rows it has.
    fn column(&mut self, specification: u64, bytes: Cursor<'_>) -> Scan<u64> {
        let mut announced = 0u64;
        let rows = match specification {
            column::OBJECT_ACTOR | column::KEY_ACTOR => bytes.actors(self.actors)?,
            column::OBJECT_COUNTER => bytes.run_lengths(Cursor::unsigned, |_, v| in_range(v as i64))?,
            column::KEY_TEXT => bytes.run_lengths(Cursor::text, |_, key| match key.len() {
                ..=MAX_KEY_BYTES => Ok(()),
                length => Err(Refusal::new(RefusalCode::TooLarge, format!("a key of {length} bytes"))),
            })?,
            column::KEY_COUNTER => bytes.deltas()?,
            column::INSERT => bytes.booleans()?,
            column::ACTION => {
                bytes.run_lengths(Cursor::unsigned, |_, action| match ACTIONS.contains(&action) {
                    true => Ok(()),
                    false => Err(Refusal::new(RefusalCode::ForbiddenAction, format!("action {action}"))),
                })?
            }
            column::VALUE_META => bytes.run_lengths(Cursor::unsigned, |times, meta| {
                announced = announced.saturating_add((meta >> 4).saturating_mul(times));
                match VALUE_TYPES.contains(&(meta & 15)) {
                    true => Ok(()),
                    false => {
                        Err(Refusal::new(RefusalCode::WrongValue, "a value type that records do not use"))
                    }
                }
            })?,
            column::VALUE => {
                self.value_bytes = bytes.rest.len() as u64;
                return Ok(0);
            }
            column::PREDECESSOR_COUNT => bytes.run_lengths(Cursor::unsigned, |times, each| {
                announced = announced.saturating_add(each.saturating_mul(times));
                Ok(())
            })?,
            column::PREDECESSOR_ACTOR | column::PREDECESSOR_COUNTER => {
                let rows = match specification {
                    column::PREDECESSOR_ACTOR => bytes.actors(self.actors)?,
                    _ => bytes.deltas()?,
                };
                self.predecessor_rows = self.predecessor_rows.max(rows);
                return Ok(0);
            }
            other => return malformed(&format!("column {other:#x}")),
        };
        if announced > MAX_OPERATIONS && specification == column::PREDECESSOR_COUNT {
            return Err(Refusal::new(RefusalCode::TooLarge, "too many predecessors"));
        }
        match specification {
            column::VALUE_META => self.value_bytes_announced = announced,
            column::PREDECESSOR_COUNT => self.predecessors = announced,
            _ => {}
        }
        self.longest = self.longest.max(rows);
        Ok(rows)
    }
}

fn in_range(value: i64) -> Scan<()> {
    if (0..MAX_COUNTER).contains(&value) { Ok(()) } else { malformed("a number out of range") }
}

/// Reads forward, never past its end.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Scan<&'a [u8]> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else { return malformed("cut short") };
        self.rest = rest;
        Ok(taken)
    }

    /// An unsigned LEB128 in its shortest form.
    fn unsigned(&mut self) -> Scan<u64> {
        let mut value = 0u64;
        for place in 0..10 {
            let byte = self.take(1)?[0];
            let bits = u64::from(byte & 0x7f);
            if place == 9 && bits > 1 {
                return malformed("a number beyond 64 bits");
            }
            value |= bits << (7 * place);
            if byte & 0x80 == 0 {
                return if byte == 0 && place > 0 { malformed("an over-long number") } else { Ok(value) };
            }
        }
        malformed("a number beyond 64 bits")
    }

    /// A signed LEB128 in its shortest form.
    fn signed(&mut self) -> Scan<i64> {
        let mut value = 0i64;
        let mut before = 0u8;
        for place in 0..10 {
            let byte = self.take(1)?[0];
            value |= i64::from(byte & 0x7f).checked_shl(7 * place).unwrap_or(0);
            if byte & 0x80 == 0 {
                let redundant =
                    place > 0 && ((byte == 0 && before & 0x40 == 0) || (byte == 0x7f && before & 0x40 != 0));
                if redundant || (place == 9 && byte != 0 && byte != 0x7f) {
                    return malformed("an over-long number");
                }
                let sign = 7 * (place + 1);
                return Ok(if byte & 0x40 != 0 && sign < 64 { value | (-1i64 << sign) } else { value });
            }
            before = byte;
        }
        malformed("a number beyond 64 bits")
    }

    fn bounded(&mut self, most: u64, what: &str) -> Scan<u64> {
        let count = self.unsigned()?;
        if count > most {
            return Err(Refusal::new(RefusalCode::TooLarge, format!("{count} {what}")));
        }
        Ok(count)
    }

    fn actor(&mut self) -> Scan<()> {
        if self.unsigned()? != Actor::LEN as u64 {
            return malformed("an actor of another length");
        }
        self.take(Actor::LEN).map(|_| ())
    }

    fn text(&mut self) -> Scan<&'a [u8]> {
        let length = self.unsigned()?;
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// Walks a run-length column: `see(times, value)` for each run of equal values and each literal.
    fn run_lengths<T: Copy>(
        mut self,
        read: impl Fn(&mut Self) -> Scan<T>,
        mut see: impl FnMut(u64, T) -> Scan<()>,
    ) -> Scan<u64> {
        let mut rows = 0u64;
        while !self.rest.is_empty() {
            let run = self.signed()?;
            let times = match run {
                0 => self.unsigned()?,
                _ => run.unsigned_abs(),
            };
            rows = rows.saturating_add(times);
            if rows > MAX_OPERATIONS || times == 0 {
                return Err(Refusal::new(RefusalCode::TooLarge, "too many operations"));
            }
            match run {
                0 => {}
                1.. => see(times, read(&mut self)?)?,
                _ => {
                    for _ in 0..times {
                        see(1, read(&mut self)?)?;
                    }
                }
            }
        }
        Ok(rows)
    }

    /// Walks a column of indexes into the table of actors.
    fn actors(self, known: u64) -> Scan<u64> {
        self.run_lengths(Cursor::unsigned, |_, index| match index < known {
            true => Ok(()),
            false => malformed("an actor that the change does not name"),
        })
    }

    /// Walks a delta column; the running value stays in range. Within a run it moves in one direction, so the
    /// run's end bounds it.
    fn deltas(self) -> Scan<u64> {
        let mut value = 0i64;
        self.run_lengths(Cursor::signed, |times, step| {
            let moved = step.checked_mul(times as i64).and_then(|by| value.checked_add(by));
            value = moved.unwrap_or(-1);
            in_range(value)
        })
    }

    /// Walks a boolean column: lengths of alternating runs.
    fn booleans(mut self) -> Scan<u64> {
        let mut rows = 0u64;
        while !self.rest.is_empty() {
            rows = rows.saturating_add(self.unsigned()?);
            if rows > MAX_OPERATIONS {
                return Err(Refusal::new(RefusalCode::TooLarge, "too many operations"));
            }
        }
        Ok(rows)
    }
}

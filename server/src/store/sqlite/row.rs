//! Reading a row's columns into domain values, and naming the row when they cannot be.

use std::str::FromStr;

use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row as _, Sqlite, Type};
use zhibu_domain::ids::{AccountId, DeviceId, DistrictId, EntryId, InviteId, MemberId, OrgId, RecordId};
use zhibu_domain::record::{ChangeHash, RecordRef};
use zhibu_domain::time::Millis;

use crate::store::StoreError;
use crate::store::checksum::broken;

/// One row of a known table.
pub(super) struct Columns<'r> {
    table: &'static str,
    row: &'r SqliteRow,
}

/// A type that is stored as sixteen bytes.
pub(super) trait SixteenBytes {
    fn from_sixteen(bytes: [u8; 16]) -> Self;
}

macro_rules! sixteen_bytes {
    ($($id:ty),+) => { $(impl SixteenBytes for $id {
        fn from_sixteen(bytes: [u8; 16]) -> Self { Self::from_bytes(bytes) }
    })+ };
}
sixteen_bytes!(AccountId, DeviceId, DistrictId, EntryId, InviteId, MemberId, OrgId, RecordId, uuid::Uuid);

impl<'r> Columns<'r> {
    pub(super) fn of(table: &'static str, row: &'r SqliteRow) -> Self {
        Self { table, row }
    }

    /// A row that is what was written: its column `is_whole` says so. `key` names it if not.
    pub(super) fn whole(table: &'static str, row: &'r SqliteRow, key: &str) -> Result<Self, StoreError> {
        let columns = Self::of(table, row);
        columns.check("is_whole", table, key)?;
        Ok(columns)
    }

    /// Whether what stands in a row of this table is what was written, as a column says.
    pub(super) fn check(&self, is_whole: &str, table: &'static str, key: &str) -> Result<(), StoreError> {
        if self.get(is_whole)? { Ok(()) } else { Err(broken(table, hex(self.get(key)?))) }
    }

    pub(super) fn corrupt(&self, what: impl std::fmt::Display) -> StoreError {
        StoreError::Corrupt { table: self.table, row: what.to_string() }
    }

    pub(super) fn get<T: Decode<'r, Sqlite> + Type<Sqlite>>(&self, column: &str) -> Result<T, StoreError> {
        self.row.try_get(column).map_err(|e| self.corrupt(e))
    }

    pub(super) fn id<T: SixteenBytes>(&self, column: &str) -> Result<T, StoreError> {
        Ok(T::from_sixteen(self.array(column)?))
    }

    pub(super) fn id_opt<T: SixteenBytes>(&self, column: &str) -> Result<Option<T>, StoreError> {
        let bytes: Option<&[u8]> = self.get(column)?;
        bytes.map(|bytes| bytes.try_into().map(T::from_sixteen).map_err(|_| self.corrupt(column))).transpose()
    }

    pub(super) fn array<const N: usize>(&self, column: &str) -> Result<[u8; N], StoreError> {
        self.get::<&[u8]>(column)?
            .try_into()
            .map_err(|_| self.corrupt(format_args!("{column} is not {N} bytes")))
    }

    pub(super) fn hash(&self, column: &str) -> Result<ChangeHash, StoreError> {
        Ok(ChangeHash(self.array(column)?))
    }

    pub(super) fn word<T: FromStr<Err: std::fmt::Display>>(&self, column: &str) -> Result<T, StoreError> {
        self.get::<&str>(column)?.parse().map_err(|e: T::Err| self.corrupt(e))
    }

    pub(super) fn word_opt<T: FromStr<Err: std::fmt::Display>>(
        &self,
        column: &str,
    ) -> Result<Option<T>, StoreError> {
        let word: Option<&str> = self.get(column)?;
        word.map(|word| word.parse().map_err(|e: T::Err| self.corrupt(e))).transpose()
    }

    /// Any whole number that fits the type asked for.
    pub(super) fn int<T: TryFrom<i64>>(&self, column: &str) -> Result<T, StoreError> {
        let value: i64 = self.get(column)?;
        T::try_from(value).map_err(|_| self.corrupt(format_args!("{column} = {value}")))
    }

    pub(super) fn millis(&self, column: &str) -> Result<Millis, StoreError> {
        Ok(Millis(self.get(column)?))
    }

    pub(super) fn millis_opt(&self, column: &str) -> Result<Option<Millis>, StoreError> {
        Ok(self.get::<Option<i64>>(column)?.map(Millis))
    }

    /// The columns `kind`, `org`, `year` and `key`, which `record_id` follows from.
    pub(super) fn record(&self) -> Result<RecordRef, StoreError> {
        let (reference, id) = (self.reference()?, self.id("record_id")?);
        if reference.id() == id { Ok(reference) } else { Err(broken("records", id)) }
    }

    /// The columns `kind`, `org`, `year` and `key`.
    pub(super) fn reference(&self) -> Result<RecordRef, StoreError> {
        Ok(RecordRef {
            kind: self.word("kind")?,
            org: self.id("org")?,
            year: self.int("year")?,
            key: self.id("key")?,
        })
    }
}

/// A count as SQL has it. Counts beyond 2^63 do not occur but in forged numbers, which become the largest one.
pub(super) fn sql_int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Keys as the JSON parameter of a statement that reads it with `json_each` and `unhex`.
pub(super) fn hex_list<'a>(keys: impl IntoIterator<Item = &'a [u8]>) -> String {
    let quoted: Vec<String> = keys.into_iter().map(|key| format!("\"{}\"", hex(key))).collect();
    format!("[{}]", quoted.join(","))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// Rows of values as the JSON parameter of a statement that reads it with `json_each` and `->>`: so many rows are one
/// statement of constant text. Bytes stand in hex.
#[derive(Debug, Default)]
pub(super) struct JsonRows {
    text: String,
}

impl JsonRows {
    /// Begins the next row; its values follow.
    pub(super) fn row(&mut self) -> &mut Self {
        self.text.push_str(if self.text.is_empty() { "[[" } else { "],[" });
        self
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.comma();
        self.text.push('"');
        data_encoding::HEXLOWER.encode_append(bytes, &mut self.text);
        self.text.push('"');
        self
    }

    /// A count; those that SQL cannot hold become its largest.
    pub(super) fn int(&mut self, count: impl Into<u64>) -> &mut Self {
        self.number(sql_int(count.into()))
    }

    pub(super) fn millis(&mut self, at: Millis) -> &mut Self {
        self.number(at.0)
    }

    /// A word of ours or a date, which needs no escaping.
    pub(super) fn word(&mut self, word: &str) -> &mut Self {
        self.comma();
        self.text.push('"');
        self.text.push_str(word);
        self.text.push('"');
        self
    }

    pub(super) fn finish(mut self) -> String {
        self.text.push_str(if self.text.is_empty() { "[]" } else { "]]" });
        self.text
    }

    /// Any number.
    pub(super) fn number(&mut self, number: i64) -> &mut Self {
        self.comma();
        self.text.push_str(&number.to_string());
        self
    }

    fn comma(&mut self) {
        if !self.text.ends_with('[') {
            self.text.push(',');
        }
    }
}

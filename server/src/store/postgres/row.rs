//! Reading a row's columns into domain values, and naming the row when they cannot be.

use std::borrow::Cow;
use std::str::FromStr;

use sqlx::postgres::PgRow;
use sqlx::{Column as _, Decode, Postgres, Row as _, Type, TypeInfo as _};
use uuid::Uuid;
use zhibu_domain::ids::{AccountId, DeviceId, DistrictId, EntryId, InviteId, MemberId, OrgId, RecordId};
use zhibu_domain::record::{ChangeHash, RecordRef};
use zhibu_domain::time::Millis;

use crate::store::StoreError;
use crate::store::checksum::broken;

/// One row of a known table.
pub(super) struct Columns<'r> {
    table: &'static str,
    row: &'r PgRow,
}

/// A type that is stored as a uuid.
pub(super) trait StoredId {
    fn from_uuid(id: Uuid) -> Self;
}

macro_rules! stored_id {
    ($($id:ident),+) => { $(impl StoredId for $id {
        fn from_uuid(id: Uuid) -> Self { Self(id) }
    })+ };
}
stored_id!(AccountId, DeviceId, DistrictId, EntryId, InviteId, MemberId, OrgId, RecordId);

impl StoredId for Uuid {
    fn from_uuid(id: Uuid) -> Self {
        id
    }
}

impl<'r> Columns<'r> {
    pub(super) fn of(table: &'static str, row: &'r PgRow) -> Self {
        Self { table, row }
    }

    /// A row that is what was written: its column `is_whole` says so. `key` names it if not.
    pub(super) fn whole(table: &'static str, row: &'r PgRow, key: &str) -> Result<Self, StoreError> {
        let columns = Self::of(table, row);
        columns.check("is_whole", table, key)?;
        Ok(columns)
    }

    /// Whether what stands in a row of this table is what was written, as a column says.
    pub(super) fn check(&self, is_whole: &str, table: &'static str, key: &str) -> Result<(), StoreError> {
        if self.get(is_whole)? {
            return Ok(());
        }
        let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
        let name = self.get::<Uuid>(key).map(|id| hex(id.as_bytes()));
        Err(broken(table, name.or_else(|_| self.get(key).map(hex))?))
    }

    pub(super) fn corrupt(&self, what: impl std::fmt::Display) -> StoreError {
        StoreError::Corrupt { table: self.table, row: what.to_string() }
    }

    pub(super) fn get<T: Decode<'r, Postgres> + Type<Postgres>>(
        &self,
        column: &str,
    ) -> Result<T, StoreError> {
        self.row.try_get(column).map_err(|e| self.corrupt(e))
    }

    pub(super) fn id<T: StoredId>(&self, column: &str) -> Result<T, StoreError> {
        Ok(T::from_uuid(self.get(column)?))
    }

    pub(super) fn id_opt<T: StoredId>(&self, column: &str) -> Result<Option<T>, StoreError> {
        Ok(self.get::<Option<Uuid>>(column)?.map(T::from_uuid))
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
        let found = self.row.try_column(column).map_err(|e| self.corrupt(e))?;
        let value: i64 = match found.type_info().name() {
            "INT4" => i64::from(self.get::<i32>(column)?),
            _ => self.get(column)?,
        };
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

/// A text as Postgres can hold it: not with the character 0, which only a forger sends.
pub(super) fn sql_text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

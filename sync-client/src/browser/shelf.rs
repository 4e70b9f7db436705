//! The door to IndexedDB: rows of one transaction, read or written. `web/src/core/shelf.ts` is its other side.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

use super::told;
use crate::store::StoreError;

#[wasm_bindgen]
extern "C" {
    /// One open database.
    pub type Shelf;

    /// Asks of one transaction: `[table, index or null, key or null, keysOnly]` each. Answers the revision, and for
    /// each ask a list of `[key, bytes]`.
    #[wasm_bindgen(method, catch)]
    async fn look(this: &Shelf, asks: Array) -> Result<JsValue, JsValue>;

    /// Puts of one transaction, `[table, key or null, bytes or null, columns]` each, if the revision is this
    /// one and this window is the writer.
    #[wasm_bindgen(method, catch)]
    async fn write(this: &Shelf, based_on: f64, puts: Array) -> Result<JsValue, JsValue>;
}

/// What is looked for in one table.
#[derive(Debug, Clone)]
pub struct Ask {
    table: &'static str,
    index: Option<&'static str>,
    key: JsValue,
    keys_only: bool,
}

impl Ask {
    /// Everything in a table, in the order of its keys.
    pub fn all(table: &'static str) -> Self {
        Self { table, index: None, key: JsValue::NULL, keys_only: false }
    }

    /// The row of a key.
    pub fn at(table: &'static str, key: impl Into<JsValue>) -> Self {
        Self { table, index: None, key: key.into(), keys_only: false }
    }

    /// The rows that an index leads to.
    pub fn by(table: &'static str, index: &'static str, key: impl Into<JsValue>) -> Self {
        Self { table, index: Some(index), key: key.into(), keys_only: false }
    }

    /// As asked, but the keys alone.
    pub fn keys(self) -> Self {
        Self { keys_only: true, ..self }
    }

    fn to_js(&self) -> JsValue {
        let index = self.index.map_or(JsValue::NULL, JsValue::from);
        Array::of4(&self.table.into(), &index, &self.key, &self.keys_only.into()).into()
    }
}

/// One row.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its key in the table.
    pub key: JsValue,
    /// What it holds, opened; empty when only keys were asked for.
    pub bytes: Vec<u8>,
}

/// One row to be put in its place, or taken away.
#[derive(Debug, Clone)]
pub struct Put {
    /// The table.
    pub table: &'static str,
    /// Its key; `null` lets the table count.
    pub key: JsValue,
    /// What it is to hold; none takes it away.
    pub bytes: Option<Vec<u8>>,
    /// What is looked for, by the name of the index.
    pub columns: Vec<(&'static str, JsValue)>,
}

impl Put {
    /// A row under its key, with nothing else to look for.
    pub fn row(table: &'static str, key: impl Into<JsValue>, bytes: Vec<u8>) -> Self {
        Self { table, key: key.into(), bytes: Some(bytes), columns: Vec::new() }
    }

    /// The row of this key goes.
    pub fn gone(table: &'static str, key: impl Into<JsValue>) -> Self {
        Self { table, key: key.into(), bytes: None, columns: Vec::new() }
    }

    /// With something to look for.
    pub fn with(mut self, column: &'static str, value: impl Into<JsValue>) -> Self {
        self.columns.push((column, value.into()));
        self
    }

    fn to_js(&self) -> JsValue {
        let columns = js_sys::Object::new();
        for (name, value) in &self.columns {
            // Setting a property of a plain object cannot fail.
            js_sys::Reflect::set(&columns, &(*name).into(), value).ok();
        }
        let bytes = self.bytes.as_deref().map_or(JsValue::NULL, |bytes| Uint8Array::from(bytes).into());
        Array::of4(&self.table.into(), &self.key, &bytes, &columns).into()
    }
}

impl Shelf {
    /// The rows of these asks, in their order, and the revision of the transaction.
    pub async fn read(&self, asks: &[Ask]) -> Result<(u64, Vec<Vec<Row>>), StoreError> {
        let answer = self.look(asks.iter().map(Ask::to_js).collect()).await.map_err(fault)?;
        let answer = Array::from(&answer);
        let revision = answer.get(0).as_f64().unwrap_or_default() as u64;
        let rows = answer.iter().skip(1).map(|rows| Array::from(&rows).iter().map(row).collect());
        Ok((revision, rows.collect()))
    }

    /// Writes all of it, durably, or nothing.
    pub async fn commit(&self, based_on: u64, puts: &[Put]) -> Result<(), StoreError> {
        self.write(based_on as f64, puts.iter().map(Put::to_js).collect()).await.map_err(fault)?;
        Ok(())
    }
}

fn row(row: JsValue) -> Row {
    let row = Array::from(&row);
    let bytes = row.get(1).dyn_into().map(|bytes: Uint8Array| bytes.to_vec()).unwrap_or_default();
    Row { key: row.get(0), bytes }
}

/// The names are those that the browser gives its errors, and those of `shelf.ts`.
fn fault(error: JsValue) -> StoreError {
    let (name, message) = told(&error);
    match name.as_str() {
        "Raced" => StoreError::Raced,
        "Fenced" => StoreError::Fenced,
        "Busy" => StoreError::Busy,
        "QuotaExceededError" => StoreError::Full,
        // The seal does not open: other bytes, or another key.
        "OperationError" | "Damaged" => StoreError::Damaged(message),
        _ => StoreError::Failed(format!("{name}: {message}")),
    }
}

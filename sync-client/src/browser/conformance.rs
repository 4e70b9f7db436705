//! The contract of [`LocalStore`](crate::store::LocalStore) for the one back end that no native test can reach.

use wasm_bindgen::prelude::*;

use super::Shelf;
use crate::store::indexed_db::IndexedDbStore;

/// The rules, by name.
#[wasm_bindgen(js_name = rules)]
pub fn rules() -> Vec<String> {
    crate::store_conformance!(names).map(str::to_owned).to_vec()
}

/// Tries one rule on an empty database. A broken rule traps; a name that is no rule gives `false`.
#[wasm_bindgen(js_name = tryRule)]
pub async fn try_rule(name: &str, shelf: Shelf) -> bool {
    let store = IndexedDbStore::new(shelf);
    crate::store_conformance!(run name, &store)
}

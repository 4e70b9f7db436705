//! What a browser brings: its storage, its network and its keys, each a small object that `web/src/core` hands over.
//! Nothing in here decides anything; the JavaScript side only does what cannot be done from here.

#[cfg(feature = "conformance")]
pub mod conformance;
mod line;
mod phone;
mod shelf;
mod web_key;

pub use line::FetchTransport;
pub use phone::Phone;
pub use shelf::{Ask, Put, Row, Shelf};
pub use web_key::WebKey;

use wasm_bindgen::{JsCast, JsValue};

/// What a JavaScript error calls itself, and what it says.
fn told(error: &JsValue) -> (String, String) {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => (String::from(error.name()), String::from(error.message())),
        None => (String::new(), error.as_string().unwrap_or_default()),
    }
}

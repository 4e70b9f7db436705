//! The phone's and the laptop's half of Zhibu: what a person does is saved here first, travels when it can, and
//! counts once the server says so.
//!
//! ```text
//! client ── what the screens and the command line call
//!   desk     reads for people: lists, records with their merge cards, the ledger
//!   engine   pure planning: what was answered, and what follows from it
//!     store      what the phone keeps, one atomic act at a time
//!     transport  a few questions to the server
//! ```
//!
//! Nothing in here knows which platform it runs on but `platform` and the back ends (`store::sqlite`, `http`,
//! `key_file`; `store::indexed_db`, `browser`).

pub mod client;
pub mod desk;
pub mod engine;
pub mod error;
pub mod invite;
pub mod keys;
pub mod platform;
pub mod store;
pub mod transport;

#[cfg(target_arch = "wasm32")]
pub mod browser;
#[cfg(not(target_arch = "wasm32"))]
pub mod http;
#[cfg(not(target_arch = "wasm32"))]
pub mod key_file;

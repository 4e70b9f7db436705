//! The demo district 青岭旗 and its people, made from nothing but a size and a seed: the same ones on every
//! machine and for every version. No clock, no randomness, no files.
//!
//! Everything here is synthetic. The district, its townships and all people are invented. Codes, the number of
//! villages of each township and the shape of village names follow the published list of 兴安盟 (2023-06-30),
//! because invented trees are too regular: real ones have towns of 54 villages beside others of 13.

pub mod cast;
pub mod divisions;
pub mod history;
pub mod people;

mod accounts;
mod names;
mod plan;
mod random;
mod roster;
mod story;
mod tree;

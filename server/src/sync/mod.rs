//! A change's way into the log: prepared beside each other, judged and committed by one writer.
//!
//! - `prepare`: opens an envelope: its device, its signature, the bytes of its changes. Costs CPU, needs no
//!   order, runs in the request's own task.
//! - `books`: what the judge keeps open in memory, and puts away when it is not used.
//! - `judge`: decides about each change in the state that its record has now.
//! - `ledger`: the way in: hands work to the writer and waits for its answer.
//! - `writer`: judges what is waiting, commits it in one transaction (so one fsync serves many pushes), and only then
//!   answers. It never waits for company.
//! - [`recovery`]: what phones bring back after a restore; it is not judged a second time.
//! - `tails`: the newest changes, in memory, for those who read while others write.
//! - [`scope`] and [`pages`]: what a device may read, and what of that is new.

mod books;
mod judge;
mod ledger;
pub mod pages;
mod prepare;
pub mod recovery;
pub mod scope;
mod tails;
mod writer;

pub use books::read_record;
pub use ledger::{Delivered, Ledger, Queue, WriteFault};
pub use prepare::Carrier;
pub use scope::Trees;
pub use tails::Tails;

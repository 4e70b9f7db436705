//! The engine: what follows from what. Nothing in here reads a store, a network, a clock or a random number.
//!
//! A synchronisation is a loop of rounds. In each, [`batch`] closes what waits into envelopes, [`request`] chooses
//! what one request carries, the client asks, and [`judge`] reads the answer: which changes count, which were
//! refused, whether this phone was restored from an old backup. [`settle`] turns the judgement into one act of the
//! store, in which [`rewrite`] makes the commands behind a refusal again. When the server turns out to be restored from a
//! backup, [`recovery`] says what it has forgotten and how that comes back to it.

pub mod batch;
pub mod chunk;
pub mod judge;
pub mod pictures;
pub mod recovery;
pub mod request;
pub mod rewrite;
pub mod scope;
pub mod settle;

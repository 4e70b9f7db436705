//! Several servers on one Postgres database, as real processes: a phone may speak to another one each time, any of
//! them may be killed or replaced, and nobody has to know.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop here")]

#[path = "../support/databases.rs"]
pub mod databases;
#[path = "../support/district.rs"]
pub mod district;
#[path = "../support/mod.rs"]
pub mod support;
#[path = "../support/wire_client.rs"]
pub mod wire_client;

mod province;
mod storm;
mod word;

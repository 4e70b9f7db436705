//! The API as a specification, over real HTTP: what it answers, and how it says no.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop here")]

#[path = "../support/databases.rs"]
pub mod databases;
#[path = "../support/district.rs"]
pub mod district;
#[path = "../../domain/tests/protocol/notation.rs"]
mod notation;
#[path = "../support/wire_client.rs"]
pub mod wire_client;

mod answers;
mod bad_input;
mod cast;
mod codes;
mod door;

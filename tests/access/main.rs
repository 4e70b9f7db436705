//! A hostile client with a valid login, speaking the wire itself. Each thing it tries is refused with its own code,
//! kept in quarantine with its content, and disturbs nothing that arrives with it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop here")]

#[path = "../support/bucket.rs"]
pub mod bucket;
#[path = "../support/databases.rs"]
pub mod databases;
#[path = "../support/district.rs"]
pub mod district;
#[path = "../support/picture.rs"]
pub mod picture;
#[path = "../support/wire_client.rs"]
pub mod wire_client;

mod crafted;
mod envelopes;
mod pictures;
mod pictures_in_a_bucket;
mod records;
mod tokens;

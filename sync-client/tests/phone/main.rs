//! The client against a server in memory: what is saved, delivered, refused and read back, with the connection, the
//! process and the clock failing where they can.
#![expect(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, but does not see that this whole crate is one"
)]

mod carrying;
mod crashes;
mod delivery;
mod desk;
mod foresight;
mod photos;
mod refusals;
mod restored_servers;
mod restores;
mod scope;
mod support;
mod tokens;

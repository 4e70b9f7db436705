//! The client against a server in memory: what is saved, delivered, refused and read back, with the connection, the
//! process and the clock failing where they can.

mod carrying;
mod crashes;
mod delivery;
mod refusals;
mod restores;
mod scope;
mod support;
mod tokens;

//! The district is the partition of everything: no key, no reference and no statement leaves it out, on either
//! database. Who splits the tables over many machines (Citus, or another engine that speaks Postgres) can do it by this
//! one column.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop here")]

#[path = "../support/databases.rs"]
pub mod databases;

mod catalogue;
mod plans;
mod statements;

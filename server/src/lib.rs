//! The district server.

pub mod store;

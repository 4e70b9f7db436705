//! The district server.

pub mod store;
pub mod demo;

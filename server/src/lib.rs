//! The district server.

pub mod demo;

//! The district server.

pub mod auth;
pub mod clock;
pub mod demo;
pub mod projection;
pub mod store;
pub mod sync;

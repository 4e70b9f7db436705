//! The district server.

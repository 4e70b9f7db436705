//! Auth.
pub mod proof;

//! What is true without HTTP, SQL or a browser.

pub mod access;
pub mod attendance;
pub mod command;
pub mod event;
pub mod gate;
pub mod ids;
pub mod org;
pub mod points;
pub mod quorum;
pub mod reckoning;
pub mod record;
pub mod refusal;
pub mod rule_book;
pub mod time;
pub mod view;
pub mod wire;
pub mod words;

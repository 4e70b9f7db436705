//! What is true without HTTP, SQL or a browser.

pub mod attendance;
pub mod ids;
pub mod points;
pub mod quorum;
pub mod rule_book;
pub mod time;

//! What is true without HTTP, SQL or a browser.

pub mod command;
pub mod event;
pub mod ids;
pub mod org;
pub mod record;
pub mod refusal;
pub mod time;
pub mod wire;

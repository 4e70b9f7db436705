//! The real server and the real command line, as their users start them, on a copy of the demo district.

mod binaries;
mod console;
mod phone;
mod server;

pub use binaries::Binaries;
pub use console::Console;
pub use phone::{Phone, Said};
pub use server::Server;

//! The command line. Help text is the documentation.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// 支部簿 server: keeps a district's records and answers its phones and consoles.
#[derive(Debug, Parser)]
#[command(name = "zhibu-server", version)]
pub struct Config {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the binary does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Answers requests until it is told to stop.
    Serve(ServeOptions),
}

/// Options of `serve`.
#[derive(Debug, clap::Args)]
pub struct ServeOptions {
    /// The folder that holds everything the server keeps.
    #[arg(long, env = "ZHIBU_DATA", value_name = "DIR")]
    pub data: PathBuf,
    /// Where to listen. Port 0 takes a free one, which is logged.
    #[arg(long, env = "ZHIBU_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR")]
    pub listen: SocketAddr,
    /// Where phones find this server, e.g. https://zhibu.example.cn: invite links begin with it. The listening
    /// address if it is not given.
    #[arg(long, env = "ZHIBU_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
}

impl ServeOptions {
    /// The database file inside the data folder.
    pub fn database(&self) -> PathBuf {
        self.data.join("zhibu.db")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory as _;
        Config::command().debug_assert();
        let config = Config::try_parse_from(["zhibu-server", "serve", "--data", "d"]).unwrap();
        let Command::Serve(options) = config.command;
        assert_eq!(options.database(), PathBuf::from("d/zhibu.db"));
    }
}

//! The command line. Help text is the documentation.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};
use zhibu_domain::ids::RecordId;
use zhibu_domain::org::NamingScheme;

use crate::admin::init::Plan;
use crate::demo::cast::Size;

/// The database file in a data folder.
pub const DATABASE: &str = "zhibu.sqlite";

/// The folder in a data folder where hashed files of the pages outlive their build.
pub const WEB_ASSETS: &str = "web-assets";

/// The folder in a data folder that holds the pictures.
pub const BLOBS: &str = "blobs";

/// The path of the database in this data folder.
pub fn database(data: &Path) -> PathBuf {
    data.join(DATABASE)
}

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
    /// Makes a data folder: an own district, or the demo district with --demo.
    Init(InitOptions),
    /// Answers requests until it is told to stop.
    Serve(ServeOptions),
    /// Writes one record to a plain Automerge file.
    ExportRecord(ExportOptions),
    /// Reads everything and says what cannot be true; exits with 1 if there is something.
    Verify(VerifyOptions),
    /// Computes every list anew from the log.
    Reproject(DataFolder),
    /// Takes the second factor of a login away, for one who lost the phone with it.
    ResetSecondFactor(LoginOptions),
}

/// Options of `init`.
#[derive(Debug, clap::Args)]
pub struct InitOptions {
    /// The folder that holds everything the server keeps; it must have no data yet.
    #[arg(long, env = "ZHIBU_DATA", value_name = "DIR")]
    pub data: PathBuf,
    /// The fictional district: small (10 branches), M (450) or L (2,000).
    #[arg(long, value_name = "SIZE", conflicts_with_all = ["name", "naming"])]
    pub demo: Option<Size>,
    /// Which people and which history; the same seed gives the same ones.
    #[arg(long, default_value_t = 1, requires = "demo")]
    pub seed: u64,
    /// Name of an own district.
    #[arg(long, required_unless_present = "demo")]
    pub name: Option<String>,
    /// What its levels are called: qu, xian or qi.
    #[arg(long, required_unless_present = "demo")]
    pub naming: Option<NamingScheme>,
    /// Where phones reach this server: stands in the invite links.
    #[arg(long, default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub public_url: String,
}

impl InitOptions {
    /// What is to be made. `None` if neither a demo nor name and naming are given, which the command line refuses.
    pub fn plan(&self) -> Option<Plan> {
        match self.demo {
            Some(size) => Some(Plan::Demo { size, seed: self.seed }),
            None => Some(Plan::Own { name: self.name.clone()?, naming: self.naming? }),
        }
    }
}

/// Options of `export-record`.
#[derive(Debug, clap::Args)]
pub struct ExportOptions {
    /// The record's id.
    pub record: RecordId,
    /// The file to write; it must not exist.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The folder that holds everything the server keeps.
    #[arg(long, env = "ZHIBU_DATA", value_name = "DIR")]
    pub data: PathBuf,
}

/// Options of `reset-second-factor`.
#[derive(Debug, clap::Args)]
pub struct LoginOptions {
    /// The login.
    pub login: String,
    /// The folder that holds everything the server keeps.
    #[arg(long, env = "ZHIBU_DATA", value_name = "DIR")]
    pub data: PathBuf,
}

/// Options of `verify`.
#[derive(Debug, clap::Args)]
pub struct VerifyOptions {
    /// The folder that holds everything the server keeps.
    #[arg(long, env = "ZHIBU_DATA", value_name = "DIR")]
    pub data: PathBuf,
    /// Where the pictures are, if not in the data folder: as `serve` has it.
    #[arg(long, env = "ZHIBU_BLOBS", value_name = "URL")]
    pub blobs: Option<String>,
}

/// A data folder that is there.
#[derive(Debug, clap::Args)]
pub struct DataFolder {
    /// The folder that holds everything the server keeps.
    #[arg(long, env = "ZHIBU_DATA", value_name = "DIR")]
    pub data: PathBuf,
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
    /// Where phones find this server, e.g. `https://zhibu.example.cn`: invite links begin with it. The listening
    /// address if it is not given.
    #[arg(long, env = "ZHIBU_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// Where a scraper reads `GET /metrics`; nowhere if it is not given. Not for the outside.
    #[arg(long, env = "ZHIBU_METRICS_LISTEN", value_name = "ADDR")]
    pub metrics_listen: Option<SocketAddr>,
    /// Where the pictures are, if not in the data folder: another folder, or a bucket,
    /// `s3://BUCKET/PREFIX?endpoint=https://…` with `&region=…`, `&virtual_host=true` (the bucket is part of the host's
    /// name) and `&presign=true` (readers are sent to the bucket; it must allow the pages' origin). Its keys are
    /// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.
    #[arg(long, env = "ZHIBU_BLOBS", value_name = "URL")]
    pub blobs: Option<String>,
    /// Serves the pages in this folder instead of those in the binary: for trying a new build of them.
    #[arg(long, env = "ZHIBU_WEB", value_name = "DIR")]
    pub web: Option<PathBuf>,
}

impl ServeOptions {
    /// The database file inside the data folder.
    pub fn database(&self) -> PathBuf {
        database(&self.data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory as _;
        Config::command().debug_assert();
        let parse = |line: &str| Config::try_parse_from(line.split(' '));
        let Command::Serve(options) = parse("zhibu-server serve --data d").unwrap().command else { panic!() };
        assert_eq!(options.database(), PathBuf::from("d/zhibu.sqlite"));
    }

    #[test]
    fn a_district_is_a_demo_or_has_a_name() {
        let plan = |line: &str| match Config::try_parse_from(line.split(' ')).unwrap().command {
            Command::Init(options) => options.plan().unwrap(),
            other => panic!("{other:?}"),
        };
        let demo = plan("zhibu-server init --data d --demo M --seed 3");
        assert_eq!(demo, Plan::Demo { size: Size::M, seed: 3 });
        let own = plan("zhibu-server init --data d --name 白桦县 --naming xian");
        assert_eq!(own, Plan::Own { name: "白桦县".into(), naming: NamingScheme::Xian });
        for wrong in [
            "zhibu-server init --data d",
            "zhibu-server init --data d --name 白桦县",
            "zhibu-server init --data d --demo m",
            "zhibu-server init --data d --demo M --name 白桦县 --naming xian",
        ] {
            assert!(Config::try_parse_from(wrong.split(' ')).is_err(), "{wrong}");
        }
    }
}

//! The command line. Help text is the documentation.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, Subcommand};
use jiff::Timestamp;
use zhibu_domain::ids::RecordId;
use zhibu_domain::org::NamingScheme;

use crate::admin::init::Plan;
use crate::admin::size::Extent;
use crate::admission::Limits;
use crate::demo::cast::Size;
use crate::listener::Bounds;
use crate::store::Database;
use crate::store::postgres::CONNECTIONS;

/// The database file in a data folder.
pub const DATABASE: &str = "zhibu.sqlite";

/// The folder in a data folder where hashed files of the pages outlive their build.
pub const WEB_ASSETS: &str = "web-assets";

/// The file in a data folder that says how full the log was.
pub const HIGH_WATER: &str = "high-water.json";

/// The folder in a data folder that holds the pictures.
pub const BLOBS: &str = "blobs";

/// A phone that was away for a month gets the changes that it lacks; one that was away for longer, whole packs.
const COMPACT_AFTER_DAYS: u32 = 30;

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
    Reproject(Place),
    /// Packs old changes of the log now, as a running server does by itself.
    Compact(CompactOptions),
    /// Takes the second factor of a login away, for one who lost the phone with it.
    ResetSecondFactor(LoginOptions),
    /// Copies database and pictures of a running server into a folder or a bucket: only what changed since the last time.
    Backup(BackupOptions),
    /// Makes a data folder out of a backup. Phones bring back what came after it.
    Restore(RestoreOptions),
    /// After a database was restored from a backup by other means than this program's: lets phones notice, so that they
    /// bring back what it has forgotten. While no server runs on it.
    RenewGeneration(Place),
    /// Says what a number of districts needs: disk, processors, connections.
    Size(SizeOptions),
}

/// Options of `init`.
#[derive(Debug, clap::Args)]
pub struct InitOptions {
    /// Where everything goes; there must be no data yet.
    #[command(flatten)]
    pub place: Place,
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
    /// Where the record is.
    #[command(flatten)]
    pub place: Place,
}

/// Options of `compact`.
#[derive(Debug, clap::Args)]
pub struct CompactOptions {
    /// Where the log is.
    #[command(flatten)]
    pub place: Place,
    /// Changes that arrived in the last so many days stay as they are.
    #[arg(long, env = "ZHIBU_COMPACT_AFTER_DAYS", value_name = "DAYS", default_value_t = COMPACT_AFTER_DAYS)]
    pub after_days: u32,
}

/// Options of `backup`.
#[derive(Debug, clap::Args)]
pub struct BackupOptions {
    /// Where to: a folder, or a bucket, `s3://BUCKET/PREFIX?…` as in `serve --blobs`. One backup at a time.
    #[arg(value_name = "DIR|URL")]
    pub to: String,
    /// Removes moments older than so many days, and of those older than two days all but the last of each day.
    #[arg(long, value_name = "DAYS")]
    pub keep_days: Option<u32>,
    /// What is backed up.
    #[command(flatten)]
    pub place: Place,
    /// Where the pictures are, if not in the data folder: as `serve` has it.
    #[arg(long, env = "ZHIBU_BLOBS", value_name = "URL")]
    pub blobs: Option<String>,
}

/// Options of `restore`.
#[derive(Debug, clap::Args)]
pub struct RestoreOptions {
    /// Where from: as `backup` has it.
    #[arg(value_name = "DIR|URL")]
    pub from: String,
    /// The data folder to make; there must be no data yet.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// The last moment until then, e.g. `2026-11-22T10:15` (in China) or `2026-11-22T02:15:00Z`; else the last of all.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub at: Option<Timestamp>,
    /// Where the pictures go, if not to the data folder: as `serve` has it.
    #[arg(long, env = "ZHIBU_BLOBS", value_name = "URL")]
    pub blobs: Option<String>,
}

/// A time with an offset, or one on China's clocks.
fn moment(text: &str) -> Result<Timestamp, jiff::Error> {
    match text.parse() {
        Ok(at) => Ok(at),
        Err(_) => {
            let at: jiff::civil::DateTime = text.parse()?;
            jiff::tz::Offset::constant(8).to_timestamp(at)
        }
    }
}

/// Options of `reset-second-factor`.
#[derive(Debug, clap::Args)]
pub struct LoginOptions {
    /// The login.
    pub login: String,
    /// Where the account is.
    #[command(flatten)]
    pub place: Place,
}

/// Options of `verify`.
#[derive(Debug, clap::Args)]
pub struct VerifyOptions {
    /// Where everything is kept.
    #[command(flatten)]
    pub place: Place,
    /// Where the pictures are, if not in the data folder: as `serve` has it.
    #[arg(long, env = "ZHIBU_BLOBS", value_name = "URL")]
    pub blobs: Option<String>,
    /// Also lets SQLite look at each page, index and reference of its file, and computes anew what is only kept to save time.
    #[arg(long)]
    pub deep: bool,
}

/// Options of `size`.
#[derive(Debug, clap::Args)]
pub struct SizeOptions {
    /// How many districts: one or several numbers, each of which gets a line.
    #[arg(long, num_args = 1.., default_values_t = [1, 100, 3000], value_name = "N")]
    pub districts: Vec<u32>,
    /// Branches of each.
    #[arg(long, default_value_t = 450)]
    pub branches: u32,
    /// Members of each.
    #[arg(long, default_value_t = 14_000)]
    pub members: u32,
    /// Connections of one server to Postgres.
    #[arg(long, default_value_t = CONNECTIONS)]
    pub connections: u32,
}

impl SizeOptions {
    /// What to reckon.
    pub fn extents(&self) -> Vec<Extent> {
        let Self { branches, members, connections, .. } = *self;
        let extent = |districts: &u32| Extent { districts: *districts, branches, members, connections };
        self.districts.iter().map(extent).collect()
    }
}

/// Where a server keeps what it keeps.
#[derive(Debug, Clone, clap::Args)]
pub struct Place {
    /// The folder that holds everything the server keeps, but for the records if those are in Postgres.
    #[arg(long, env = "ZHIBU_DATA", value_name = "DIR")]
    pub data: PathBuf,
    /// Keeps everything but pictures in this Postgres database, e.g. `postgres://zhibu:PASSWORD@host/zhibu`, which any
    /// number of servers may share. Without it everything is in one SQLite file in the data folder.
    #[arg(long, env = "ZHIBU_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<DatabaseUrl>,
    /// The most connections to Postgres that this server uses.
    #[arg(long, env = "ZHIBU_DATABASE_CONNECTIONS", default_value_t = CONNECTIONS, value_name = "N")]
    database_connections: u32,
}

impl Place {
    /// The database.
    pub fn database(&self) -> Database {
        match &self.database_url {
            Some(DatabaseUrl(url)) => {
                Database::Postgres { url: url.clone(), connections: self.database_connections }
            }
            None => Database::Sqlite(database(&self.data)),
        }
    }
}

/// An address with a password in it.
#[derive(Clone)]
struct DatabaseUrl(String);

impl From<String> for DatabaseUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DatabaseUrl")
    }
}

/// Options of `serve`.
#[derive(Debug, clap::Args)]
pub struct ServeOptions {
    /// Where everything is kept.
    #[command(flatten)]
    pub place: Place,
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
    /// Changes that arrived so many days ago are packed, to save space on disk and on the way to new phones.
    #[arg(long, env = "ZHIBU_COMPACT_AFTER_DAYS", value_name = "DAYS", default_value_t = COMPACT_AFTER_DAYS)]
    pub compact_after_days: u32,
    /// How long a connection may lie idle, and the head of a request may take. Three seconds at most while more than half
    /// of the connections are taken.
    #[arg(long, env = "ZHIBU_IDLE_SECONDS", value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub idle_seconds: u64,
    /// Most connections at once; more wait until one ends. Less if the system gives fewer files.
    #[arg(long, env = "ZHIBU_CONNECTIONS", value_name = "N", default_value_t = 8192, value_parser = clap::value_parser!(u32).range(1..))]
    pub connections: u32,
    /// What is let in at once.
    #[command(flatten)]
    pub limits: Limits,
    /// Where the pictures are, if not in the data folder: another folder, or a bucket,
    /// `s3://BUCKET/PREFIX?endpoint=https://…` with `&region=…`, `&virtual_host=true` (the bucket is part of the host's
    /// name) and `&presign=true` (readers are sent to the bucket; it must allow the pages' origin). Its keys are
    /// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.
    #[arg(long, env = "ZHIBU_BLOBS", value_name = "URL")]
    pub blobs: Option<String>,
    /// Backs the database and its pictures up while it serves: into a folder, or a bucket with an address as `--blobs` has it.
    /// Not for Postgres, which has its own.
    #[arg(long, env = "ZHIBU_BACKUP", value_name = "DIR|URL")]
    pub backup: Option<String>,
    /// How often, in minutes; where nothing changed there is no new moment.
    #[arg(
        long,
        env = "ZHIBU_BACKUP_EVERY",
        value_name = "MINUTES",
        default_value_t = 1,
        requires = "backup"
    )]
    pub backup_every: u32,
    /// For how many days backups are kept: each moment for two days, then the last of each day.
    #[arg(
        long,
        env = "ZHIBU_BACKUP_KEEP_DAYS",
        value_name = "DAYS",
        default_value_t = 30,
        requires = "backup"
    )]
    pub backup_keep_days: u32,
    /// Serves the pages in this folder instead of those in the binary: for trying a new build of them.
    #[arg(long, env = "ZHIBU_WEB", value_name = "DIR")]
    pub web: Option<PathBuf>,
}

impl ServeOptions {
    /// What the listener takes in.
    pub fn bounds(&self) -> Bounds {
        let bounds =
            Bounds { idle: Duration::from_secs(self.idle_seconds), connections: self.connections as usize };
        bounds.within_the_system()
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
        assert_eq!(options.place.database(), Database::Sqlite("d/zhibu.sqlite".into()));
        assert_eq!(options.limits, Limits::default());
        let line =
            "zhibu-server serve --data d --database-url postgres://u:s3cret@h/z --database-connections 5";
        let Command::Serve(options) = parse(line).unwrap().command else { panic!() };
        let database = Database::Postgres { url: "postgres://u:s3cret@h/z".into(), connections: 5 };
        assert_eq!(options.place.database(), database);
        assert!(!format!("{options:?}").contains("s3cret"));
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

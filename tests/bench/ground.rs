//! Where a district stands for one run: a data folder of its own, and its records either in a file there or in a
//! database of their own on a Postgres server. Both are copies of a past that is kept for the next run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use jiff::civil::Date;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection as _, SqlSafeStr as _};
use tempfile::TempDir;
use zhibu_server::App;
use zhibu_server::admission::Limits;
use zhibu_server::blobs::BlobPlace;
use zhibu_server::config;
use zhibu_server::store::Database;

use super::past::Past;
use super::serving::Postgres;

/// Connections of the load generator itself, which only prepares and reads back.
const CONNECTIONS: u32 = 6;
/// The file that says of which day a kept past is; written last.
const TODAY: &str = "today";

/// One run's district.
pub(crate) struct Ground {
    folder: TempDir,
    server: Option<String>,
    database: Database,
    /// The day of the open activities.
    pub(crate) today: Date,
}

impl Ground {
    /// A copy of this past; made first if none is kept. `server` is the address of a Postgres server: its database is
    /// only connected to, others are made beside it.
    pub(crate) async fn lay_out(past: &Past, server: Option<&str>) -> Self {
        let folder = TempDir::new_in(target()).unwrap();
        let name = past.name();
        let today = match server {
            None => keep_in_file(past, &name).await,
            Some(server) => keep_on_server(past, &name, server).await,
        };
        let database = match server {
            None => {
                // A clone of the blocks where the file system can, else a copy.
                let kept = config::database(&kept_at(&name));
                let own = config::database(folder.path());
                let copied = Command::new("cp").arg("--reflink=auto").args([&kept, &own]).status().unwrap();
                assert!(copied.success(), "{} is copied", kept.display());
                // Else the server's first fsync would wait for the whole copy.
                fs::File::open(&own).unwrap().sync_all().unwrap();
                Database::Sqlite(own)
            }
            Some(server) => {
                let own = format!("{name}_run_{}", std::process::id());
                tell(server, &format!("CREATE DATABASE \"{own}\" TEMPLATE \"{name}\"")).await;
                on(server, &own)
            }
        };
        Self { folder, server: server.map(str::to_owned), database, today }
    }

    /// The data folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The database.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// What is kept, beside the servers that serve it: for reading only.
    pub(crate) async fn open(&self) -> Arc<App> {
        let store = self.database.open().await.unwrap();
        let blobs = BlobPlace::folder(&self.folder.path().join(config::BLOBS)).unwrap();
        App::on_this_machine(Limits::default(), store, "http://127.0.0.1", blobs)
    }

    /// The Postgres server, if the district is on one.
    pub(crate) async fn postgres(&self) -> Option<Postgres> {
        let mut connection = connect(self.server.as_ref()?).await;
        let backend: i32 =
            sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut connection).await.unwrap();
        Postgres::behind(u32::try_from(backend).unwrap())
    }

    /// Lets the run's database go.
    pub(crate) async fn clear(self) {
        if let (Some(server), Database::Postgres { url, .. }) = (&self.server, &self.database) {
            tell(server, &format!("DROP DATABASE \"{}\" WITH (FORCE)", name_of(url))).await;
        }
    }
}

/// Where a past in a file is kept: under the target folder, by its name.
fn kept_at(name: &str) -> PathBuf {
    target().join("storm").join(name)
}

async fn keep_in_file(past: &Past, name: &str) -> Date {
    let kept = kept_at(name);
    if let Ok(today) = fs::read_to_string(kept.join(TODAY)) {
        return today.parse().unwrap();
    }
    let unfinished = kept.with_extension("unfinished");
    let _ = fs::remove_dir_all(&unfinished);
    let _ = fs::remove_dir_all(&kept);
    fs::create_dir_all(&unfinished).unwrap();
    let store = Database::Sqlite(config::database(&unfinished)).open().await.unwrap();
    let today = past.write_into(store.clone()).await;
    store.close().await;
    fs::write(unfinished.join(TODAY), today.to_string()).unwrap();
    fs::rename(&unfinished, &kept).unwrap();
    today
}

/// The same on a Postgres server: a database that becomes the template of each run's. Its comment says of which day
/// it is, and is written last.
async fn keep_on_server(past: &Past, name: &str, server: &str) -> Date {
    let mut connection = connect(server).await;
    let comment = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1";
    let kept: Option<Option<String>> =
        sqlx::query_scalar(comment).bind(name).fetch_optional(&mut connection).await.unwrap();
    if let Some(Some(today)) = kept {
        return today.parse().unwrap();
    }
    tell(server, &format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")).await;
    tell(server, &format!("CREATE DATABASE \"{name}\"")).await;
    let database = on(server, name);
    let store = database.open().await.unwrap();
    let today = past.write_into(store.clone()).await;
    store.close().await;
    let Database::Postgres { url, .. } = &database else { unreachable!("it is on the server") };
    // As the server's own housekeeping would have done in the course of the months.
    tell(url, "VACUUM ANALYZE").await;
    tell(server, &format!("COMMENT ON DATABASE \"{name}\" IS '{today}'")).await;
    today
}

async fn connect(url: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().unwrap();
    PgConnection::connect_with(&options).await.unwrap()
}

async fn tell(url: &str, statement: &str) {
    let statement = sqlx::AssertSqlSafe(statement.to_owned()).into_sql_str();
    sqlx::raw_sql(statement).execute(&mut connect(url).await).await.unwrap();
}

/// A database beside the one that the server's address names.
fn on(server: &str, name: &str) -> Database {
    let (address, options) =
        server.split_once('?').map_or((server, String::new()), |(a, o)| (a, format!("?{o}")));
    let (server, _) = address.rsplit_once('/').unwrap();
    Database::Postgres { url: format!("{server}/{name}{options}"), connections: CONNECTIONS }
}

fn name_of(url: &str) -> &str {
    url.split('?').next().and_then(|address| address.rsplit('/').next()).unwrap()
}

/// Where this program was built: on the disk that a data folder would be on, which a temporary folder need not be.
fn target() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned()
}

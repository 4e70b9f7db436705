//! A database of a test's own, on either side: a file in the test's folder, or a database named after that folder on
//! the Postgres server that `cargo xtask test` starts. Opening the same folder again opens the same database, as a
//! restart does. Databases on that server are not dropped one by one, which takes a checkpoint each: they go with it.

use std::path::Path;
use std::process::Command;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection as _, SqlSafeStr as _};
use tokio::sync::OnceCell;
use zhibu_server::config;
use zhibu_server::store::Database;

/// Names the Postgres server that tests may make databases on; `cargo xtask postgres` starts one.
const SERVER: &str = "ZHIBU_TEST_POSTGRES";
/// Says on which database tests run that have a store: `sqlite`, which is the default, or `postgres`.
const STORE: &str = "ZHIBU_TEST_STORE";
/// Connections of one store or server: many tests run at once.
const CONNECTIONS: u32 = 6;

/// A test's own database, of the sort that this run is about.
pub async fn own_database(folder: &Path) -> Database {
    if is_on_postgres() {
        postgres_database(folder).await
    } else {
        Database::Sqlite(config::database(folder))
    }
}

/// Whether this run is about Postgres.
pub fn is_on_postgres() -> bool {
    match std::env::var(STORE).as_deref() {
        Ok("postgres") => true,
        Ok("" | "sqlite") | Err(_) => false,
        Ok(other) => panic!("{STORE} is sqlite or postgres, not {other}"),
    }
}

/// Whether there is a server for tests that are about Postgres in every run. At a desk without one they are left out.
pub fn has_postgres() -> bool {
    if std::env::var_os(SERVER).is_some() {
        return true;
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "{SERVER} is not set: run `cargo xtask test`, which starts a server"
    );
    eprintln!("left out: {SERVER} is not set (`cargo xtask postgres` starts a server)");
    false
}

/// A test's own database on Postgres, empty but for its schema.
pub async fn postgres_database(folder: &Path) -> Database {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    // The schema is made once for each test program, and copied.
    let template = TEMPLATE.get_or_init(async || {
        let name = format!("zhibu_template_{}", std::process::id());
        create(&name, None).await;
        let store = on_server(&name).open().await.expect("the schema is made");
        store.close().await;
        name
    });
    let template = template.await;
    let name = database_name(folder);
    create(&name, Some(template)).await;
    on_server(&name)
}

/// A copy of a database that nobody uses, for whoever waits for it without a runtime.
pub fn copy_database(template: &Database, folder: &Path) -> Database {
    let name = database_name(folder);
    wait_for(create(&name, Some(&name_of(template))));
    on_server(&name)
}

/// [`postgres_database`], for whoever waits for it without a runtime.
pub fn new_postgres_database(folder: &Path) -> Database {
    wait_for(postgres_database(folder))
}

/// On a thread of its own: the one that asks may belong to a runtime.
fn wait_for<T: Send>(act: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(act)
        });
        waiting.join().expect("it ends")
    })
}

fn name_of(database: &Database) -> String {
    let Database::Postgres { url, .. } = database else { panic!("a database on Postgres") };
    let address = url.split('?').next().expect("an address");
    address.rsplit('/').next().expect("a name").to_owned()
}

fn database_name(folder: &Path) -> String {
    let name: String = folder.to_string_lossy().chars().filter(char::is_ascii_alphanumeric).collect();
    format!("zhibu_{}", &name[name.len().saturating_sub(48)..])
}

/// Makes a database unless it is there.
async fn create(name: &str, template: Option<&str>) {
    let server: PgConnectOptions = server_url().parse().expect("an address of Postgres");
    let mut server = PgConnection::connect_with(&server).await.expect("the Postgres server answers");
    let template = template.map(|template| format!(" TEMPLATE \"{template}\"")).unwrap_or_default();
    let statement = format!("CREATE DATABASE \"{name}\"{template}");
    match sqlx::raw_sql(sqlx::AssertSqlSafe(statement).into_sql_str()).execute(&mut server).await {
        // 42P04: it exists.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P04") => {}
        made => drop(made.expect("a database is made")),
    }
}

/// This database on the server: the address names another one, in which nothing is made.
fn on_server(name: &str) -> Database {
    let url = server_url();
    let (address, options) =
        url.split_once('?').map_or((&*url, String::new()), |(a, o)| (a, format!("?{o}")));
    let (server, _) = address.rsplit_once('/').expect("postgres://SERVER/DATABASE");
    Database::Postgres { url: format!("{server}/{name}{options}"), connections: CONNECTIONS }
}

fn server_url() -> String {
    std::env::var(SERVER)
        .unwrap_or_else(|_| panic!("{SERVER} is not set: `cargo xtask postgres` starts a server"))
}

/// Tells a `zhibu-server` that is to be started which database is its own.
pub fn give_database(server: &mut Command, database: &Database) {
    server.env_remove("ZHIBU_DATABASE_URL");
    if let Database::Postgres { url, connections } = database {
        server.env("ZHIBU_DATABASE_URL", url).env("ZHIBU_DATABASE_CONNECTIONS", connections.to_string());
    }
}

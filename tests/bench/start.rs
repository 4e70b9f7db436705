//! A large server begins: from its start to its first answer, with nothing of its file in the system's memory.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection as _, SqlSafeStr as _};
use zhibu_server::store::Database;

use super::ground::Ground;
use super::past::Past;
use super::past::people;
use super::serving::Serving;

/// Members of each branch.
const MEMBERS: u32 = 30;

/// Starts the server over so many districts with the same past, of so many branches and months each.
pub(crate) async fn start(branches: u32, months: u32, districts: u32) -> Value {
    let ground = Ground::lay_out(&Past { branches, phones: MEMBERS, months }, None).await;
    let Database::Sqlite(file) = ground.database() else { unreachable!("no server was named") };
    let changes = multiply(file, districts).await;
    let is_cold = forget(file);
    let serving = Serving::start(&ground, 1).await;
    let figures = json!({
        "figure": "start",
        "districts": districts,
        "branches": branches * districts,
        "members": branches * districts * MEMBERS,
        "history_months": months,
        "changes": changes,
        "database_mib": fs::metadata(file).unwrap().len() >> 20,
        "from_cold_disk": is_cold,
        "start_ms": serving.started_in.as_millis() as u64,
    });
    serving.stop();
    figures
}

/// Copies the district's rows under other districts until there are so many. Every key names its district, so that each
/// copy is whole. How many changes there are then.
async fn multiply(file: &Path, districts: u32) -> i64 {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Off)
        .foreign_keys(false);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let copies = copies(&mut connection).await;
    for number in 1..districts {
        let mut district = people::district().bytes().to_owned();
        district[..4].copy_from_slice(&number.to_be_bytes());
        let mut transaction = connection.begin().await.unwrap();
        for copy in &copies {
            sqlx::query(sqlx::AssertSqlSafe(copy.as_str()).into_sql_str())
                .bind(&district[..])
                .bind(&people::district().bytes()[..])
                .execute(&mut *transaction)
                .await
                .unwrap();
        }
        transaction.commit().await.unwrap();
    }
    let count = "SELECT SUM(COALESCE(holds, 1)) FROM changes";
    let changes = sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    changes
}

/// For each table the statement that copies a district's rows under another one.
async fn copies(connection: &mut SqliteConnection) -> Vec<String> {
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT t.name, group_concat(c.name) FROM sqlite_schema t, pragma_table_info(t.name) c
         WHERE t.type = 'table' AND c.name <> 'district_id'
           AND EXISTS (SELECT * FROM pragma_table_info(t.name) WHERE name = 'district_id')
         GROUP BY t.name",
    )
    .fetch_all(connection)
    .await
    .unwrap();
    let copy = |(table, columns): (String, String)| {
        format!(
            "INSERT INTO {table} (district_id, {columns}) SELECT ?1, {columns} FROM {table} WHERE district_id = ?2"
        )
    };
    columns.into_iter().map(copy).collect()
}

/// Lets the system forget what it read and wrote; whether it may be asked to.
fn forget(file: &Path) -> bool {
    fs::File::open(file).unwrap().sync_all().unwrap();
    fs::write("/proc/sys/vm/drop_caches", "1").is_ok()
}

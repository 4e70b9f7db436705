//! The contract, on Postgres.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, SqlSafeStr as _};

use crate::databases::{has_postgres, postgres_database};
use crate::store::conformance::conformance;
use crate::store::conformance::damage::{self, Hand};
use crate::store::{Database, Store};

async fn open(folder: &Path) -> Arc<dyn Store> {
    postgres_database(folder).await.open().await.unwrap()
}

conformance!(open, or_skip: has_postgres());

/// The disk under the database.
struct Disk(PgConnection);

impl Disk {
    async fn run(&mut self, statement: String) -> u64 {
        let statement = sqlx::AssertSqlSafe(statement).into_sql_str();
        sqlx::raw_sql(statement).execute(&mut self.0).await.unwrap().rows_affected()
    }

    async fn list(&mut self, question: String) -> Vec<String> {
        sqlx::query_scalar(sqlx::AssertSqlSafe(question).into_sql_str()).fetch_all(&mut self.0).await.unwrap()
    }
}

#[async_trait]
impl Hand for Disk {
    async fn begin(&mut self) {
        self.run("SET session_replication_role = replica".into()).await;
    }

    async fn columns(&mut self) -> Vec<(String, String)> {
        let named = "SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
                       AND c.relnamespace = 'public'::regnamespace AND c.relname <> '_sqlx_migrations'
                     ORDER BY c.oid, a.attnum";
        let split = |name: String| name.split_once('.').map(|(t, c)| (t.to_owned(), c.to_owned())).unwrap();
        self.list(named.into()).await.into_iter().map(split).collect()
    }

    async fn turn(&mut self, table: &str, column: &str) -> bool {
        self.run("DROP TABLE IF EXISTS pg_temp.saved".to_owned()).await;
        self.run(format!("CREATE TEMP TABLE saved AS SELECT * FROM {table}")).await;
        let sort = format!(
            "SELECT format_type(atttypid, NULL) FROM pg_attribute
             WHERE attrelid = '{table}'::regclass AND attname = '{column}'"
        );
        let other = "'0123456789abcdef', '1032547698badcfe'";
        let half = format!("length({column}) / 2 + 1");
        let turned = match &*self.list(sort).await[0] {
            "uuid" => format!(
                "overlay({column}::text placing translate(substr({column}::text, 20, 1), {other}) from 20 for 1)::uuid"
            ),
            "bytea" => format!(
                "set_bit({column}, length({column}) * 4, 1 - get_bit({column}, length({column}) * 4))"
            ),
            "text" => format!(
                "overlay({column} placing chr(ascii(substr({column}, {half}, 1)) # 1) from {half} for 1)"
            ),
            "bigint" | "integer" => format!("{column} # 1024"),
            "boolean" => format!("NOT {column}"),
            "date" => format!("{column} + 1024"),
            "json" => format!("to_json({column}::text)"),
            "text[]" => format!("array_replace({column}, {column}[1], {column}[1] || 'x')"),
            other => panic!("{table}.{column} is {other}"),
        };
        let first = format!(
            "SELECT tableoid, ctid FROM {table} WHERE {column} IS NOT NULL AND {column}::text <> '' LIMIT 1"
        );
        let update = format!("UPDATE {table} SET {column} = {turned} WHERE (tableoid, ctid) = ({first})");
        // A constraint may not let it: then there is nothing to be seen.
        let update = sqlx::raw_sql(sqlx::AssertSqlSafe(update).into_sql_str()).execute(&mut self.0).await;
        update.is_ok_and(|update| update.rows_affected() > 0)
    }

    async fn put_back(&mut self, table: &str) {
        self.run(format!("DELETE FROM {table}")).await;
        self.run(format!("INSERT INTO {table} SELECT * FROM saved")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turned_bit_is_seen_before_it_is_served() {
    if !has_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let database = postgres_database(folder.path()).await;
    let Database::Postgres { url, .. } = &database else { unreachable!() };
    let mut disk = Disk(PgConnection::connect(url).await.unwrap());
    let store = open(folder.path()).await;
    damage::a_turned_bit_is_seen_before_it_is_served(&*store, &database, &mut disk).await;
}

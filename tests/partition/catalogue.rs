//! The catalogues of both databases: tables, keys, references, unique indexes.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::Row as _;
use sqlx::postgres::PgPool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use tempfile::TempDir;
use zhibu_server::config;
use zhibu_server::store::Database;

use super::databases::{has_postgres, postgres_database};

const KEY: &str = "district_id";

/// Tables and their columns.
pub(crate) type Tables = BTreeMap<String, BTreeSet<String>>;

pub(crate) async fn sqlite(folder: &TempDir) -> SqlitePool {
    let path = config::database(folder.path());
    Database::Sqlite(path.clone()).open().await.unwrap().close().await;
    SqlitePool::connect_with(SqliteConnectOptions::new().filename(path)).await.unwrap()
}

async fn postgres(folder: &TempDir) -> PgPool {
    let Database::Postgres { url, .. } = postgres_database(folder.path()).await else {
        panic!("not Postgres")
    };
    PgPool::connect(&url).await.unwrap()
}

pub(crate) async fn sqlite_tables(pool: &SqlitePool) -> Tables {
    let rows = sqlx::query(
        "SELECT t.name, c.name AS column_name FROM pragma_table_list() t JOIN pragma_table_info(t.name) c
         WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
           AND t.name <> '_sqlx_migrations'",
    );
    collect(rows.fetch_all(pool).await.unwrap().iter().map(|row| (row.get("name"), row.get("column_name"))))
}

async fn postgres_tables(pool: &PgPool) -> Tables {
    let rows = sqlx::query(
        "SELECT c.relname::text AS name, a.attname::text AS column_name FROM pg_class c
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
           AND c.relname <> '_sqlx_migrations'",
    );
    collect(rows.fetch_all(pool).await.unwrap().iter().map(|row| (row.get("name"), row.get("column_name"))))
}

fn collect(columns: impl Iterator<Item = (String, String)>) -> Tables {
    let mut tables = Tables::new();
    for (table, column) in columns {
        tables.entry(table).or_default().insert(column);
    }
    tables
}

#[tokio::test]
async fn every_key_in_sqlite_begins_with_the_district() {
    let folder = TempDir::new().unwrap();
    let pool = sqlite(&folder).await;
    let tables = sqlite_tables(&pool).await;
    assert!(tables.len() > 12, "{tables:?}");
    for (table, columns) in &tables {
        assert!(columns.contains(KEY), "{table} has no {KEY}");
        let first: String = sqlx::query_scalar("SELECT name FROM pragma_table_info(?) WHERE pk = 1")
            .bind(table)
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(first, KEY, "the primary key of {table}");
        let references = sqlx::query(
            "SELECT id, max(\"from\" = 'district_id' AND coalesce(\"to\", 'district_id') = 'district_id') AS kept
             FROM pragma_foreign_key_list(?) GROUP BY id",
        );
        for reference in references.bind(table).fetch_all(&pool).await.unwrap() {
            assert!(
                reference.get::<bool, _>("kept"),
                "reference {} of {table}",
                reference.get::<i64, _>("id")
            );
        }
        let unique = sqlx::query(
            "SELECT l.name, i.name AS first FROM pragma_index_list(?) l JOIN pragma_index_info(l.name) i
             WHERE l.\"unique\" AND i.seqno = 0",
        );
        for index in unique.bind(table).fetch_all(&pool).await.unwrap() {
            let name: String = index.get("name");
            assert_eq!(index.get::<Option<String>, _>("first").as_deref(), Some(KEY), "{name} of {table}");
        }
    }
}

#[tokio::test]
async fn every_key_in_postgres_begins_with_the_district() {
    if !has_postgres() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let pool = postgres(&folder).await;
    let keyed = sqlx::query(
        "SELECT con.conname::text AS name, con.contype::text AS kind,
                (SELECT attname::text FROM pg_attribute
                 WHERE attrelid = con.conrelid AND attnum = con.conkey[1]) AS first,
                (SELECT attname::text FROM pg_attribute
                 WHERE attrelid = con.confrelid AND attnum = con.confkey[1]) AS referenced
         FROM pg_constraint con
         WHERE con.connamespace = 'public'::regnamespace AND con.contype IN ('p', 'u', 'f')
           AND con.conrelid <> '_sqlx_migrations'::regclass",
    );
    let keys = keyed.fetch_all(&pool).await.unwrap();
    let references = keys.iter().filter(|key| key.get::<&str, _>("kind") == "f").count();
    assert!(keys.len() > 30 && references > 12, "{} keys, {references} references", keys.len());
    for key in &keys {
        let name: String = key.get("name");
        assert_eq!(key.get::<String, _>("first"), KEY, "{name}");
        let referenced = key.get::<Option<String>, _>("referenced");
        assert!(referenced.is_none_or(|column| column == KEY), "{name}");
    }
    let unique = sqlx::query(
        "SELECT i.indexrelid::regclass::text AS name, a.attname::text AS first FROM pg_index i
         JOIN pg_class c ON c.oid = i.indrelid
         LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
         WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique AND c.relname <> '_sqlx_migrations'",
    );
    for index in unique.fetch_all(&pool).await.unwrap() {
        let name: String = index.get("name");
        assert_eq!(index.get::<Option<String>, _>("first").as_deref(), Some(KEY), "{name}");
    }
    let split = sqlx::query(
        "SELECT p.partrelid::regclass::text AS name, p.partstrat::text AS strategy, a.attname::text AS by,
                (SELECT count(*) FROM pg_inherits WHERE inhparent = p.partrelid) AS parts
         FROM pg_partitioned_table p
         JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]",
    );
    let split = split.fetch_all(&pool).await.unwrap();
    for table in &split {
        let how: (&str, &str, i64) = (table.get("strategy"), table.get("by"), table.get("parts"));
        assert_eq!(how, ("h", KEY, 8), "{}", table.get::<String, _>("name"));
    }
    // What grows with the work of a district.
    let names: BTreeSet<String> = split.iter().map(|table| table.get("name")).collect();
    for large in ["changes", "records", "collections", "envelopes", "quarantine", "audit", "blobs"] {
        assert!(names.contains(large), "{large} is not split");
    }
}

#[tokio::test]
async fn both_databases_have_the_same_tables_and_columns() {
    if !has_postgres() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let (sqlite, postgres) = (sqlite(&folder).await, postgres(&folder).await);
    assert_eq!(sqlite_tables(&sqlite).await, postgres_tables(&postgres).await);
}

#[test]
fn both_databases_have_the_same_steps() {
    let names = |database: &str| -> BTreeSet<String> {
        let folder = format!("{}/migrations/{database}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
}

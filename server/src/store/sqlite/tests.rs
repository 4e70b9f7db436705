//! The contract, on SQLite.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use sqlx::sqlite::SqliteConnection;
use sqlx::{ConnectOptions as _, SqlSafeStr as _};

use crate::store::conformance::damage::{self, Hand};
use crate::store::conformance::{DISTRICT, NOW, SECRETARY, conformance};
use crate::store::{AuditAct, AuditEntry, AuditStore as _, ChainState, Database, Store};

async fn open(folder: &Path) -> Arc<dyn Store> {
    Arc::new(super::SqliteStore::open(&folder.join("zhibu.db")).await.unwrap())
}

conformance!(open, or_skip: true);

/// Only here, because it takes a hand in the database itself.
#[tokio::test]
async fn a_changed_audit_entry_breaks_the_chain() {
    let folder = tempfile::tempdir().unwrap();
    let store = super::SqliteStore::open(&folder.path().join("zhibu.db")).await.unwrap();
    crate::store::conformance::populate(&store).await;
    for subject in ["a", "b", "c"] {
        let entry = AuditEntry {
            at: NOW,
            account: Some(SECRETARY),
            device: None,
            act: AuditAct::Exported,
            subject: subject.into(),
            detail: serde_json::Value::Null,
        };
        store.append_audit(DISTRICT, &entry).await.unwrap();
    }
    assert!(matches!(store.verify_audit(DISTRICT).await.unwrap(), ChainState::Intact { length: 3, .. }));
    sqlx::query("UPDATE audit SET subject = 'x' WHERE seq = 2").execute(&store.writer).await.unwrap();
    assert_eq!(store.verify_audit(DISTRICT).await.unwrap(), ChainState::Broken { seq: 2 });
    sqlx::query("DELETE FROM audit WHERE seq = 1").execute(&store.writer).await.unwrap();
    assert_eq!(store.verify_audit(DISTRICT).await.unwrap(), ChainState::Broken { seq: 1 });
}

/// Only here, because only this driver loses count of a transaction that the database itself has ended, as SQLite does
/// when its disk fails.
#[tokio::test]
async fn a_transaction_that_the_disk_has_ended_does_not_take_the_writer_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = super::SqliteStore::open(&folder.path().join("zhibu.db")).await.unwrap();
    let mut transaction = store.begin().await.unwrap();
    sqlx::query("ROLLBACK").execute(&mut *transaction).await.unwrap();
    assert!(transaction.commit().await.is_err());
    store.ping().await.unwrap();
}

/// The disk under the file.
struct Disk(SqliteConnection);

impl Disk {
    async fn run(&mut self, statement: String) {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement).into_sql_str()).execute(&mut self.0).await.unwrap();
    }

    async fn list(&mut self, question: String) -> Vec<String> {
        sqlx::query_scalar(sqlx::AssertSqlSafe(question).into_sql_str()).fetch_all(&mut self.0).await.unwrap()
    }
}

#[async_trait]
impl Hand for Disk {
    async fn begin(&mut self) {
        for trigger in self.list("SELECT name FROM sqlite_schema WHERE type = 'trigger'".into()).await {
            self.run(format!("DROP TRIGGER {trigger}")).await;
        }
    }

    async fn columns(&mut self) -> Vec<(String, String)> {
        let named = "SELECT m.name || '.' || c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
                     WHERE m.type = 'table' AND m.name <> '_sqlx_migrations' ORDER BY m.rowid, c.cid";
        let split = |name: String| name.split_once('.').map(|(t, c)| (t.to_owned(), c.to_owned())).unwrap();
        self.list(named.into()).await.into_iter().map(split).collect()
    }

    async fn turn(&mut self, table: &str, column: &str) -> bool {
        let columns = self.list(format!("SELECT name FROM pragma_table_info('{table}')")).await.join(", ");
        self.run(format!(
            "DROP TABLE IF EXISTS temp.saved; CREATE TEMP TABLE saved AS SELECT {columns} FROM {table}"
        ))
        .await;
        let keys = self.list(format!("SELECT name FROM pragma_table_info('{table}') WHERE pk > 0")).await;
        let row = keys
            .iter()
            .map(|key| format!("'{key} = ' || quote({key})"))
            .collect::<Vec<_>>()
            .join(" || ' AND ' || ");
        let has_any = format!("{column} IS NOT NULL AND length({column}) > 0");
        let rows = self.list(format!("SELECT {row} FROM {table} WHERE {has_any} LIMIT 1")).await;
        let Some(row) = rows.first() else { return false };
        // In hex, since that is what SQLite can cut: the digit in the middle becomes another one.
        let hex = format!("hex(CAST({column} AS BLOB))");
        let half = format!("(length({hex}) / 4 * 2 + 2)");
        let digit =
            format!("substr('1032547698BADCFE', instr('0123456789ABCDEF', substr({hex}, {half}, 1)), 1)");
        let bytes = format!("unhex(substr({hex}, 1, {half} - 1) || {digit} || substr({hex}, {half} + 1))");
        let turned = format!(
            "CASE typeof({column}) WHEN 'text' THEN CAST({bytes} AS TEXT) WHEN 'blob' THEN {bytes}
             ELSE {column} + CASE {column} & {bit} WHEN 0 THEN {bit} ELSE -{bit} END END",
            bit = if ["is_console", "is_envelope", "late"].contains(&column) { 1 } else { 1024 },
        );
        let update =
            sqlx::AssertSqlSafe(format!("UPDATE {table} SET {column} = {turned} WHERE {row}")).into_sql_str();
        // An index may not let it: then there is nothing to be seen.
        sqlx::raw_sql(update).execute(&mut self.0).await.is_ok()
    }

    async fn put_back(&mut self, table: &str) {
        let columns = self.list(format!("SELECT name FROM pragma_table_info('{table}')")).await.join(", ");
        self.run(format!(
            "DELETE FROM {table}; INSERT INTO {table} ({columns}) SELECT {columns} FROM temp.saved"
        ))
        .await;
    }
}

#[tokio::test]
async fn a_turned_bit_is_seen_before_it_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("zhibu.db");
    let store = super::SqliteStore::open(&file).await.unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file).foreign_keys(false);
    let mut disk = Disk(options.pragma("ignore_check_constraints", "on").connect().await.unwrap());
    damage::a_turned_bit_is_seen_before_it_is_served(&store, &Database::Sqlite(file), &mut disk).await;
}

//! The contract, on SQLite.

use std::path::Path;
use std::sync::Arc;

use crate::store::conformance::{DISTRICT, NOW, SECRETARY, conformance};
use crate::store::{AuditAct, AuditEntry, AuditStore as _, ChainState, Store};

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

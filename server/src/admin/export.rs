//! A record as a plain Automerge file.

use std::path::Path;

use anyhow::Context as _;
use zhibu_domain::ids::RecordId;
use zhibu_domain::record::Record;
use zhibu_domain::time::Millis;

use crate::store::{AuditAct, AuditEntry, Store};

/// Writes a record to a new file that any Automerge implementation opens, and answers its size in bytes.
///
/// # Errors
/// When there is no such record, its log is broken, or the file exists or cannot be written.
pub async fn export_record(
    store: &dyn Store,
    id: RecordId,
    out: &Path,
    now: Millis,
) -> anyhow::Result<usize> {
    for district in store.list_districts().await? {
        let Some(stored) = store.load_record(district.id, id).await? else { continue };
        let record = Record::from_changes(stored.reference, &stored.changes)
            .with_context(|| format!("记录 {id} 的日志读不出来"))?;
        let bytes = record.save().with_context(|| format!("记录 {id} 存不成文件"))?;
        // Noted before it leaves: an export that nobody wrote down would be worse than a note too many.
        let entry = AuditEntry {
            at: now,
            account: None,
            device: None,
            act: AuditAct::Exported,
            subject: id.to_string(),
            detail: serde_json::json!({ "kind": stored.reference.kind.as_str(), "bytes": bytes.len() }),
        };
        store.append_audit(district.id, &entry).await?;
        write_new(out, &bytes)?;
        return Ok(bytes.len());
    }
    anyhow::bail!("没有编号为 {id} 的记录。")
}

fn write_new(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    use std::io::Write as _;
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = file.with_context(|| format!("不能新建文件 {}", path.display()))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).with_context(|| format!("写不进 {}", path.display()))
}

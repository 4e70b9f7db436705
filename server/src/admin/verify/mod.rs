//! Looks whether what is stored can be true.

use std::collections::BTreeMap;
use std::fmt;

use uuid::Uuid;
use zhibu_domain::attachment::BlobHash;
use zhibu_domain::gate::{self, Index};
use zhibu_domain::ids::{DistrictId, RecordId};
use zhibu_domain::record::{Collection, Record, change_hash};

mod deep;

pub use deep::verify_deep;

use crate::blobs::BlobPlace;
use crate::projection;
use crate::store::{ChainState, RecordSummary, Store, StoreError, StoredRecord};

/// Records in one page.
const PAGE: u32 = 500;

/// Something that cannot be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A change does not have the hash that it is filed under.
    WrongHash(RecordId, u64),
    /// A change would not pass the gate's structural checks again.
    NotReplayable(RecordId, u64, String),
    /// The changes do not make a document.
    NoDocument(RecordId, String),
    /// The store itself calls a row impossible: its table, and what about it.
    Impossible(&'static str, String),
    /// The record's row counts other changes or bytes than its log has.
    WrongCount(RecordId),
    /// The positions of a collection have a gap or a repetition: first wrong position.
    Gap(Collection, u64),
    /// A collection's head is not its last position.
    WrongHead(Collection),
    /// The audit chain is broken at this entry.
    AuditBroken(u64),
    /// A picture that is noted as whole is not on disk, or is another one.
    WrongBlob(RecordId, BlobHash),
    /// What the lists say about a record is not what its log says.
    WrongRow(RecordId),
    /// A row is not what was written: its table, and which.
    BrokenRow(&'static str, String),
    /// SQLite finds a fault in its file.
    File(String),
    /// Something in quarantine is not what it is filed under.
    WrongItem(Uuid),
    /// What the gate remembers of a record cannot be read.
    WrongIndex(RecordId),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::WrongHash(record, at) => write!(f, "记录 {record} 第 {at} 条：内容与哈希不符"),
            Finding::NotReplayable(record, at, why) => {
                write!(f, "记录 {record} 第 {at} 条：不能再次通过检查（{why}）")
            }
            Finding::NoDocument(record, why) => write!(f, "记录 {record}：日志合不成文档（{why}）"),
            Finding::Impossible(table, row) => write!(f, "{table} 表有不可能的内容：{row}"),
            Finding::WrongCount(record) => write!(f, "记录 {record}：条数或字节数与日志不符"),
            Finding::Gap(collection, at) => {
                write!(f, "集合 {}/{}：位置 {at} 缺失或重复", collection.org, collection.year)
            }
            Finding::WrongHead(collection) => {
                write!(f, "集合 {}/{}：末位与日志不符", collection.org, collection.year)
            }
            Finding::AuditBroken(seq) => write!(f, "审计日志第 {seq} 条：链断开"),
            Finding::WrongBlob(record, hash) => write!(f, "记录 {record}：照片 {hash} 丢失或已损坏"),
            Finding::WrongRow(record) => {
                write!(f, "记录 {record}：列表内容与日志不符（可用 reproject 重算）")
            }
            Finding::BrokenRow(table, row) => write!(f, "{table} 表的一行与写入时不符：{row}"),
            Finding::File(fault) => write!(f, "数据库文件：{fault}"),
            Finding::WrongItem(item) => write!(f, "隔离件 {item}：内容与哈希不符"),
            Finding::WrongIndex(record) => write!(f, "记录 {record}：检查用的索引已损坏（会自动重建）"),
        }
    }
}

/// What was looked at, and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Records read.
    pub records: u64,
    /// Changes replayed.
    pub changes: u64,
    /// Collections whose positions were counted.
    pub collections: u64,
    /// Entries of the audit chain.
    pub audit_entries: u64,
    /// Files of pictures read.
    pub blobs: u64,
    /// What cannot be true; empty when all is well.
    pub findings: Vec<Finding>,
}

/// Reads everything of all districts. Writes nothing. A server may be running meanwhile, but what it commits during
/// the walk can show as a wrong count or head: look again before you believe that.
///
/// # Errors
/// When the store cannot be read; what it reads and cannot be true is a finding.
pub async fn verify(store: &dyn Store, blobs: &BlobPlace) -> Result<Report, StoreError> {
    let broken = store.broken_rows().await?.into_iter().map(|(table, row)| Finding::BrokenRow(table, row));
    let mut report = Report { findings: broken.collect(), ..Report::default() };
    for district in found(store.list_districts().await, &mut report.findings)?.unwrap_or_default() {
        let mut positions = BTreeMap::new();
        walk_records(store, district.id, &mut report, &mut positions).await?;
        check_positions(store, district.id, &mut report, positions).await?;
        check_blobs(store, blobs, district.id, &mut report).await?;
        match store.verify_audit(district.id).await? {
            ChainState::Intact { length, .. } => report.audit_entries += length,
            ChainState::Broken { seq } => report.findings.push(Finding::AuditBroken(seq)),
        }
        let different = projection::differences(store, district.id).await;
        if let Some(different) = found(different, &mut report.findings)? {
            report.findings.extend(different.iter().map(|reference| Finding::WrongRow(reference.id())));
        }
    }
    Ok(report)
}

/// What the store answered; that a row is impossible is a finding, and everything else is looked at all the same.
fn found<T>(answer: Result<T, StoreError>, findings: &mut Vec<Finding>) -> Result<Option<T>, StoreError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(StoreError::Corrupt { table, row }) => {
            let finding = Finding::Impossible(table, row);
            // The lists are computed from the same records: one fault is told once.
            if !findings.contains(&finding) {
                findings.push(finding);
            }
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

type Positions = BTreeMap<Collection, Vec<u64>>;

async fn walk_records(
    store: &dyn Store,
    district: DistrictId,
    report: &mut Report,
    positions: &mut Positions,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = store.list_records(district, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.reference.id());
        for summary in &page {
            let id = summary.reference.id();
            match found(store.load_record(district, id).await, &mut report.findings)? {
                None => {}
                Some(Some(stored)) => {
                    check_record(summary, &stored, &mut report.findings);
                    let of_collection = positions.entry(stored.reference.collection()).or_default();
                    of_collection.extend(stored.changes.iter().map(|change| change.position));
                    report.changes += stored.changes.len() as u64;
                }
                Some(None) => report.findings.push(Finding::WrongCount(id)),
            }
            report.records += 1;
        }
    }
}

/// Replays a record's log the way the gate saw it, and as a document.
fn check_record(summary: &RecordSummary, stored: &StoredRecord, findings: &mut Vec<Finding>) {
    let id = stored.reference.id();
    let size: usize = stored.changes.iter().map(|change| change.bytes.len()).sum();
    if stored.version != stored.changes.len() as u64 || summary.size_bytes != size as u64 {
        findings.push(Finding::WrongCount(id));
    }
    let mut index = Index::new(&stored.reference);
    for change in &stored.changes {
        if change_hash(&change.bytes) != Some(change.hash) {
            findings.push(Finding::WrongHash(id, change.position));
        }
        if let Err(refusal) = gate::replay(&mut index, &change.bytes) {
            findings.push(Finding::NotReplayable(id, change.position, refusal.code.to_string()));
            return;
        }
    }
    if let Err(fault) = Record::from_changes(stored.reference, &stored.changes) {
        findings.push(Finding::NoDocument(id, fault.to_string()));
    }
}

/// Reads every picture that is noted as whole. Bytes that cannot be read are a finding like those that are not there.
async fn check_blobs(
    store: &dyn Store,
    place: &BlobPlace,
    district: DistrictId,
    report: &mut Report,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page =
            found(store.list_blobs(district, after, PAGE).await, &mut report.findings)?.unwrap_or_default();
        let Some(last) = page.last() else { return Ok(()) };
        after = Some((last.record, last.hash));
        for blob in page {
            let bytes = place.read(district, blob.hash).await.ok().flatten();
            if bytes.is_none_or(|bytes| BlobHash::of(&bytes) != blob.hash) {
                report.findings.push(Finding::WrongBlob(blob.record, blob.hash));
            }
            report.blobs += 1;
        }
    }
}

async fn check_positions(
    store: &dyn Store,
    district: DistrictId,
    report: &mut Report,
    mut positions: Positions,
) -> Result<(), StoreError> {
    let heads = found(store.list_collections(district).await, &mut report.findings)?.unwrap_or_default();
    for (collection, head) in heads {
        let mut taken = positions.remove(&collection).unwrap_or_default();
        taken.sort_unstable();
        let gap = taken.iter().zip(1..).find(|(taken, expected)| **taken != *expected);
        report.findings.extend(gap.map(|(_, expected)| Finding::Gap(collection, expected)));
        if gap.is_none() && taken.len() as u64 != head {
            report.findings.push(Finding::WrongHead(collection));
        }
        report.collections += 1;
    }
    report.findings.extend(positions.into_keys().map(Finding::WrongHead));
    Ok(())
}

//! What takes longer to look at, or matters less: the pages of the file, what is kept apart, what only saves time.

use zhibu_domain::gate::Index;
use zhibu_domain::ids::DistrictId;

use super::{Finding, PAGE, found};
use crate::store::sqlite::faults_of_file;
use crate::store::{Database, QuarantineFilter, Store, StoreError};

/// Looks at it, and adds what it finds.
///
/// # Errors
/// When the store cannot be read.
pub async fn verify_deep(
    store: &dyn Store,
    database: &Database,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    if let Database::Sqlite(path) = database {
        findings.extend(faults_of_file(path).await?.into_iter().map(Finding::File));
    }
    for district in found(store.list_districts().await, findings)?.unwrap_or_default() {
        // Posts are rows of their own, and an account says which it has.
        found(store.list_accounts(district.id, None).await, findings)?;
        check_quarantine(store, district.id, findings).await?;
        check_indexes(store, district.id, findings).await?;
    }
    Ok(())
}

async fn check_quarantine(
    store: &dyn Store,
    district: DistrictId,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let filter = QuarantineFilter { orgs: None, author: None, open_only: false, after, limit: PAGE };
        let Some(page) = found(store.list_quarantine(district, &filter).await, findings)? else {
            return Ok(());
        };
        let Some(last) = page.last() else { return Ok(()) };
        after = Some((last.received_at, last.id));
        let wrong = page.iter().filter(|item| item.name() != item.hash);
        findings.extend(wrong.map(|item| Finding::WrongItem(item.id)));
    }
}

/// What the gate remembers of a record is made anew when it cannot be read: damage costs time and nothing else.
async fn check_indexes(
    store: &dyn Store,
    district: DistrictId,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = store.list_records(district, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.reference.id());
        for summary in page {
            let id = summary.reference.id();
            let opened = found(store.open_records(district, &[id]).await, findings)?;
            let kept = opened.into_iter().flatten().filter_map(|judged| judged.kept);
            let unreadable = kept.filter(|kept| Index::reopen(&summary.reference, &kept.bytes).is_none());
            findings.extend(unreadable.map(|_| Finding::WrongIndex(id)));
        }
    }
}

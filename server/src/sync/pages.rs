//! What is new for a caller since his marks, page by page.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use zhibu_domain::ids::DeviceId;
use zhibu_domain::record::{Collection, RecordRef};
use zhibu_domain::wire::{AuthorCard, CollectionPage, LoggedChange, ReadMark};

use super::scope::Scope;
use crate::store::{LogRow, Store, StoreError};

/// Bounds of what one answer carries, in bytes of changes, whatever the client asks for. The upper one keeps the
/// memory of many answers at once in hand; a record's hard limit is below it.
const PAGE_BYTES: std::ops::RangeInclusive<usize> = 4 << 10..=2 << 20;

/// The pages of one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// Only collections that have any.
    pub pages: Vec<CollectionPage>,
    /// Whether more waits behind the new marks.
    pub more: bool,
}

/// Reads on from the marks until the answer is full. Marks outside the scope are passed over; collections of the
/// scope without a mark are read from the beginning. Asking again with the new marks goes on where this ended.
pub async fn read(
    store: &dyn Store,
    scope: &Scope,
    marks: &[ReadMark],
    page_bytes: u32,
) -> Result<News, StoreError> {
    let marks: HashMap<Collection, u64> = marks.iter().map(|mark| (mark.collection, mark.position)).collect();
    let collections = scope.collections();
    let heads = store.collection_heads(scope.district(), &collections).await?;
    let mut room = (page_bytes as usize).clamp(*PAGE_BYTES.start(), *PAGE_BYTES.end());
    let mut news = News { pages: Vec::new(), more: false };
    let mut authors = Vec::new();
    for collection in collections {
        let head = heads.get(&collection).copied().unwrap_or(0);
        let after = marks.get(&collection).copied().unwrap_or(0);
        if head <= after {
            continue;
        }
        if room == 0 {
            news.more = true;
            break;
        }
        let rows = store.read_collection(scope.district(), collection, after, room).await?;
        let Some(last) = rows.last() else { continue };
        news.more |= last.position < head;
        room = room.saturating_sub(rows.iter().map(|row| row.change.len()).sum());
        authors.push(rows.iter().map(|row| row.author).collect::<BTreeSet<_>>());
        news.pages.push(page(collection, after, last.position, rows));
        if news.more {
            break;
        }
    }
    name_authors(store, scope, &mut news.pages, &authors).await?;
    Ok(news)
}

fn page(collection: Collection, after: u64, position: u64, rows: Vec<LogRow>) -> CollectionPage {
    let mut records = Vec::new();
    let mut index = BTreeMap::<RecordRef, u32>::new();
    let changes = rows
        .into_iter()
        .map(|row| {
            let record = *index.entry(row.record).or_insert_with(|| {
                records.push(row.record);
                records.len() as u32 - 1
            });
            LoggedChange { record, change: row.change }
        })
        .collect();
    CollectionPage { collection, after, position, records, changes, authors: Vec::new() }
}

/// Puts into each page the cards of those who wrote in it: one question for all.
async fn name_authors(
    store: &dyn Store,
    scope: &Scope,
    pages: &mut [CollectionPage],
    authors: &[BTreeSet<DeviceId>],
) -> Result<(), StoreError> {
    let devices: Vec<DeviceId> =
        authors.iter().flatten().copied().collect::<BTreeSet<_>>().into_iter().collect();
    if devices.is_empty() {
        return Ok(());
    }
    let cards: BTreeMap<DeviceId, AuthorCard> = store
        .author_cards(scope.district(), &devices)
        .await?
        .into_iter()
        .map(|card| (card.device, card))
        .collect();
    for (page, authors) in pages.iter_mut().zip(authors) {
        page.authors = authors.iter().filter_map(|device| cards.get(device).cloned()).collect();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use zhibu_domain::org::OrgTree;
    use zhibu_domain::time::Millis;

    use super::*;
    use crate::store::conformance::{BRANCH, DISTRICT, PHONE, activity, append, delivery, populate};
    use crate::store::sqlite::SqliteStore;
    use crate::store::{DeviceStore as _, DistrictStore as _, LogStore as _};

    /// 2026-11-21.
    const NOW: Millis = Millis(1_795_190_400_000);

    async fn branch_scope(store: &SqliteStore) -> Scope {
        let tree = OrgTree::new(store.list_orgs(DISTRICT).await.unwrap());
        let owner = store.find_device(DISTRICT, PHONE).await.unwrap().unwrap();
        Scope::over(Arc::new(tree), owner.into(), NOW)
    }

    #[tokio::test]
    async fn pages_go_on_from_the_new_marks_until_all_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("zhibu.db")).await.unwrap();
        populate(&store).await;
        let roster = RecordRef::roster(BRANCH);
        // Each change is 100 bytes; the smallest answer carries 4096.
        let mut verdicts: Vec<_> =
            (0..100).map(|n| append(activity((n % 2) as u8), n, u64::from(n / 2))).collect();
        verdicts.push(append(roster, 200, 0));
        store.commit(&[delivery(1, verdicts)]).await.unwrap();
        let scope = branch_scope(&store).await;
        let mut marks = HashMap::new();
        let mut seen = Vec::new();
        for round in 1.. {
            let known: Vec<_> = marks
                .iter()
                .map(|(collection, position)| ReadMark { collection: *collection, position: *position })
                .collect();
            let news = read(&store, &scope, &known, 0).await.unwrap();
            for page in &news.pages {
                assert_eq!(marks.insert(page.collection, page.position).unwrap_or(0), page.after);
                assert_eq!(page.authors.iter().map(|card| card.device).collect::<Vec<_>>(), [PHONE]);
                seen.extend(
                    page.changes
                        .iter()
                        .map(|change| (page.records[change.record as usize], change.change.clone())),
                );
            }
            if !news.more {
                assert_eq!(round, 3, "101 changes of 100 bytes, 40 to an answer");
                break;
            }
        }
        assert_eq!(seen.len(), 101);
        assert_eq!(seen[0].0, roster, "standing records come first");
        assert_eq!(seen[1..].iter().filter(|(record, _)| *record == activity(1)).count(), 50);
        let known: Vec<_> =
            marks.into_iter().map(|(collection, position)| ReadMark { collection, position }).collect();
        let quiet = read(&store, &scope, &known, 1 << 20).await.unwrap();
        assert_eq!(quiet, News { pages: vec![], more: false }, "nothing new says nothing");
    }
}

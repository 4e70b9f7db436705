//! What is new for a caller since his marks, page by page.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use zhibu_domain::ids::{DeviceId, DistrictId};
use zhibu_domain::record::{ChangeHash, Collection, PackFault, RecordRef, pack_devices, unpack};
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{AuthorCard, CollectionPage, LoggedChange, LoggedPack, PACKS_SINCE, ReadMark};

use super::Tails;
use super::scope::Scope;
use crate::metrics::tally;
use crate::store::{LogContent, LogRow, Store, StoreError};

/// Bounds of what one answer carries, in bytes of changes, whatever the client asks for; a record alone is never larger
/// than the upper one, which is what our own clients ask for.
///
/// All answers together are bounded with it. Nobody is let in while bodies and unsent answers hold 64 MiB
/// ([`Limits::bodies_mib`](crate::admission::Limits)), and of the 128 that may be in by then each adds at most one page,
/// built or not yet sent, and a picture or a list is no larger: 64 + 128 = 192 MiB with the defaults, and another MiB for
/// each core that encodes. Only a client of protocol 1, for whom packs are opened, may take a few times his page.
const PAGE_BYTES: std::ops::RangeInclusive<usize> = 4 << 10..=1 << 20;

/// The pages of one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// Only collections that have any.
    pub pages: Vec<CollectionPage>,
    /// What they hold: page by page the names of the packs, then those of the changes.
    pub names: Vec<ChangeHash>,
    /// Whether more waits behind the new marks.
    pub more: bool,
}

/// What a caller asks for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// How far he has read.
    pub marks: &'a [ReadMark],
    /// About how many bytes he wants.
    pub page_bytes: u32,
    /// The protocol that he speaks.
    pub protocol: u16,
}

/// Where the caller's own changes stand that this very answer receipts. He has them, so pages only count them.
pub type Echo = BTreeSet<(Collection, u64)>;

/// Reads on from the marks until the answer is full. Marks outside the scope are passed over; what comes by itself and
/// has no mark is read from the beginning, and after that the older years that a mark asks for. Asking again with the
/// new marks goes on where this ended. A mark that the log does not bear out counts for nothing, and its page says so:
/// the log was set back behind it.
pub async fn read(log: Log<'_>, scope: &Scope, asked: &Asked<'_>, echo: &Echo) -> Result<News, StoreError> {
    let Asked { marks, page_bytes, protocol } = *asked;
    let marks: HashMap<Collection, ReadMark> = marks.iter().map(|mark| (mark.collection, *mark)).collect();
    let mark_of = |collection| marks.get(&collection).copied().unwrap_or(ReadMark::at(collection, 0));
    let coming = scope.collections();
    let by_itself: BTreeSet<_> = coming.iter().copied().collect();
    let mut asked_for: Vec<_> =
        marks.keys().filter(|one| !by_itself.contains(one) && scope.holds(one)).copied().collect();
    asked_for.sort_unstable();
    let mut wanted: Vec<_> = coming.into_iter().chain(asked_for).map(mark_of).collect();
    let contradicted = log.contradicted(scope.district(), &wanted).await?;
    for mark in wanted.iter_mut().filter(|mark| contradicted.contains(&mark.collection)) {
        *mark = ReadMark::at(mark.collection, 0);
    }
    let room = (page_bytes as usize).clamp(*PAGE_BYTES.start(), *PAGE_BYTES.end());
    let (rows, more) = log.read(scope.district(), wanted, room).await?;
    let begin = |collection: Collection| {
        let after = if contradicted.contains(&collection) { 0 } else { mark_of(collection).position };
        PageDraft::new(collection, after, protocol >= PACKS_SINCE)
    };
    let mut drafts = Vec::<PageDraft>::new();
    for row in rows {
        let collection = row.record.collection();
        if drafts.last().is_none_or(|draft| draft.page.collection != collection) {
            drafts.push(begin(collection));
        }
        if let Some(draft) = drafts.last_mut() {
            draft.take(row, echo)?;
        }
    }
    let silent: Vec<_> =
        contradicted.iter().filter(|one| drafts.iter().all(|draft| draft.page.collection != **one)).collect();
    drafts.extend(silent.into_iter().copied().map(begin));
    let names = drafts.iter().flat_map(|draft| draft.names.0.iter().chain(&draft.names.1).copied()).collect();
    let pages = name_authors(log, scope, drafts).await?;
    Ok(News { pages, names, more })
}

/// Where the log is read, and when.
#[derive(Clone, Copy)]
pub struct Log<'a> {
    /// All of it.
    pub store: &'a dyn Store,
    /// Its newest changes.
    pub tails: &'a Tails,
    /// The server's time.
    pub now: Millis,
}

impl Log<'_> {
    /// Which of these marks the log does not bear out. The first phone of a branch asks the database, and the others of
    /// its evening find in memory what they are about.
    async fn contradicted(
        self,
        district: DistrictId,
        marks: &[ReadMark],
    ) -> Result<BTreeSet<Collection>, StoreError> {
        let said = marks.iter().filter(|mark| mark.position > 0 && mark.name.is_some());
        let unknown: Vec<_> = said.filter(|mark| !self.tails.bears_out(district, mark)).copied().collect();
        if unknown.is_empty() {
            return Ok(BTreeSet::new());
        }
        let contradicted = self.store.contradicted(district, &unknown).await?;
        let contradicted: BTreeSet<_> = contradicted.into_iter().collect();
        for mark in unknown.into_iter().filter(|mark| !contradicted.contains(&mark.collection)) {
            self.tails.bear_out(district, mark);
        }
        Ok(contradicted)
    }

    /// What stands behind these marks, in their order, until the room is full; and whether there is more.
    async fn read(
        self,
        district: DistrictId,
        marks: Vec<ReadMark>,
        room: usize,
    ) -> Result<(Vec<LogRow>, bool), StoreError> {
        let tail = |mark: &ReadMark| self.tails.read((district, mark.collection), mark.position, self.now);
        let mut newest: HashMap<Collection, Vec<LogRow>> =
            marks.iter().filter_map(|mark| Some((mark.collection, tail(mark)?))).collect();
        let older: Vec<_> =
            marks.iter().filter(|mark| !newest.contains_key(&mark.collection)).copied().collect();
        let read = self.store.read_news(district, &older, room).await?;
        let (mut more, mut bytes) = (read.more, 0);
        for row in read.rows {
            bytes += row.content.size_bytes();
            newest.entry(row.record.collection()).or_default().push(row);
        }
        let mut rows = Vec::new();
        for mark in marks {
            let is_new = !older.contains(&mark);
            for row in newest.remove(&mark.collection).into_iter().flatten() {
                if is_new {
                    bytes += row.content.size_bytes();
                    if bytes > room && !rows.is_empty() {
                        more = true;
                        break;
                    }
                }
                rows.push(row);
            }
        }
        Ok((rows, more))
    }
}

/// A page in the making.
struct PageDraft {
    page: CollectionPage,
    index: BTreeMap<RecordRef, u32>,
    authors: BTreeSet<DeviceId>,
    reads_packs: bool,
    /// Of the packs, and of the changes.
    names: (Vec<ChangeHash>, Vec<ChangeHash>),
    /// Records of which something is damaged.
    damaged: BTreeSet<RecordRef>,
}

fn damaged(record: &RecordRef, fault: &PackFault) -> StoreError {
    StoreError::Corrupt { table: "changes", row: format!("{}: {fault}", record.id()) }
}

impl PageDraft {
    fn new(collection: Collection, after: u64, reads_packs: bool) -> Self {
        let (records, changes, authors) = (Vec::new(), Vec::new(), Vec::new());
        let packs = Vec::new();
        let (position, name) = (after, None);
        let page = CollectionPage { collection, after, position, records, changes, authors, packs, name };
        Self {
            page,
            index: BTreeMap::new(),
            authors: BTreeSet::new(),
            reads_packs,
            names: Default::default(),
            damaged: BTreeSet::new(),
        }
    }

    fn take(&mut self, row: LogRow, echo: &Echo) -> Result<(), StoreError> {
        self.page.position = row.position;
        self.page.name = Some(row.name.short());
        if let LogContent::Damaged(why) = &row.content {
            // One record must not hold up the others. What stands behind it in that record would make no sense to a
            // reader; both come when the log is put right and has another generation.
            tracing::error!(record = %row.record.id(), position = row.position, why, "a row of the log is damaged");
            tally::damaged();
            self.page.name = None;
            self.damaged.insert(row.record);
        }
        if self.damaged.contains(&row.record) {
            return Ok(());
        }
        if echo.contains(&(self.page.collection, row.position)) {
            return Ok(());
        }
        let records = &mut self.page.records;
        let record = *self.index.entry(row.record).or_insert_with(|| {
            records.push(row.record);
            records.len() as u32 - 1
        });
        match row.content {
            LogContent::Change(change, author) => {
                self.names.1.push(row.name);
                self.page.changes.push(LoggedChange { record, change });
                self.authors.insert(author);
            }
            LogContent::Damaged(_) => {}
            LogContent::Pack(pack) => {
                self.authors.extend(pack_devices(&pack).map_err(|fault| damaged(&row.record, &fault))?);
                if self.reads_packs {
                    self.names.0.push(row.name);
                    self.page.packs.push(LoggedPack { record, pack });
                } else {
                    let changes = unpack(&row.record, &pack).map_err(|fault| damaged(&row.record, &fault))?;
                    self.names.1.extend(changes.iter().map(|one| one.hash));
                    let logged = changes.into_iter().map(|one| LoggedChange { record, change: one.bytes });
                    self.page.changes.extend(logged);
                }
            }
        }
        Ok(())
    }
}

/// Puts into each page the cards of those who wrote in it: one question for all.
async fn name_authors(
    log: Log<'_>,
    scope: &Scope,
    drafts: Vec<PageDraft>,
) -> Result<Vec<CollectionPage>, StoreError> {
    let devices: BTreeSet<DeviceId> = drafts.iter().flat_map(|draft| &draft.authors).copied().collect();
    let mut cards = BTreeMap::<DeviceId, AuthorCard>::new();
    let (known, unknown) = log.tails.cards(scope.district(), devices, log.now);
    if !unknown.is_empty() {
        let found = log.store.author_cards(scope.district(), &unknown).await?;
        log.tails.keep_cards(scope.district(), &found, log.now);
        cards.extend(found.into_iter().map(|card| (card.device, card)));
    }
    cards.extend(known.into_iter().map(|card| (card.device, card)));
    let with_cards = |draft: PageDraft| {
        let authors = draft.authors.iter().filter_map(|device| cards.get(device).cloned()).collect();
        CollectionPage { authors, ..draft.page }
    };
    Ok(drafts.into_iter().map(with_cards).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use zhibu_domain::ids::OrgId;
    use zhibu_domain::org::OrgTree;
    use zhibu_domain::time::Millis;
    use zhibu_domain::wire::PROTOCOL;

    use super::*;
    use crate::store::conformance::{BRANCH, DISTRICT, PHONE, activity, append, delivery, populate};
    use crate::store::sqlite::SqliteStore;
    use crate::store::{DeviceStore as _, DistrictStore as _, LogStore as _};

    /// 2026-11-21.
    const NOW: Millis = Millis(1_795_190_400_000);

    fn asked(marks: &[ReadMark], page_bytes: u32) -> Asked<'_> {
        Asked { marks, page_bytes, protocol: PROTOCOL }
    }

    fn log<'a>(store: &'a SqliteStore, tails: &'a Tails) -> Log<'a> {
        Log { store, tails, now: NOW }
    }

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
        let (scope, tails) = (branch_scope(&store).await, Tails::default());
        let mut marks = HashMap::new();
        let mut seen = Vec::new();
        for round in 1.. {
            let known: Vec<_> =
                marks.iter().map(|(collection, position)| ReadMark::at(*collection, *position)).collect();
            let news = read(log(&store, &tails), &scope, &asked(&known, 0), &Echo::new()).await.unwrap();
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
            marks.into_iter().map(|(collection, position)| ReadMark::at(collection, position)).collect();
        let quiet = read(log(&store, &tails), &scope, &asked(&known, 1 << 20), &Echo::new()).await.unwrap();
        assert_eq!(quiet, News { pages: vec![], names: vec![], more: false }, "nothing new says nothing");
    }

    #[tokio::test]
    async fn an_older_year_is_read_when_a_mark_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("zhibu.db")).await.unwrap();
        populate(&store).await;
        let old = RecordRef { year: 2019, ..activity(1) };
        store.commit(&[delivery(1, vec![append(old, 1, 0), append(activity(2), 2, 0)])]).await.unwrap();
        let (scope, tails) = (branch_scope(&store).await, Tails::default());
        let read_with = async |marks: &[ReadMark]| {
            let news = read(log(&store, &tails), &scope, &asked(marks, 1 << 20), &Echo::new()).await.unwrap();
            news.pages.iter().map(|page| (page.collection, page.position)).collect::<Vec<_>>()
        };
        let this_year = (activity(2).collection(), 1);
        assert_eq!(read_with(&[]).await, [this_year]);
        let mark = ReadMark::at(old.collection(), 0);
        assert_eq!(read_with(&[mark]).await, [this_year, (old.collection(), 1)]);
        let elsewhere = Collection { org: OrgId::from_bytes([77; 16]), year: 2019 };
        let marks = [ReadMark { position: 1, ..mark }, ReadMark::at(elsewhere, 0)];
        assert_eq!(read_with(&marks).await, [this_year], "read already, and out of scope");
    }

    #[tokio::test]
    async fn a_mark_that_the_log_does_not_bear_out_is_answered_from_the_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("zhibu.db")).await.unwrap();
        populate(&store).await;
        let record = activity(1);
        store
            .commit(&[delivery(1, (0..3).map(|n| append(record, n, u64::from(n))).collect())])
            .await
            .unwrap();
        let (scope, tails) = (branch_scope(&store).await, Tails::default());
        let pages_for = async |marks: &[ReadMark]| {
            let news = read(log(&store, &tails), &scope, &asked(marks, 1 << 20), &Echo::new()).await.unwrap();
            news.pages.iter().map(|page| (page.after, page.position, page.name)).collect::<Vec<_>>()
        };
        let [(0, 3, Some(name))] = pages_for(&[]).await[..] else { panic!("three changes") };
        let held = ReadMark { name: Some(name), ..ReadMark::at(record.collection(), 3) };
        assert_eq!(pages_for(&[held]).await, []);
        let anew = [(0, 3, Some(name))];
        assert_eq!(
            pages_for(&[ReadMark { name: Some([0; 8]), ..held }]).await,
            anew,
            "another change stands there"
        );
        assert_eq!(pages_for(&[ReadMark { position: 4, ..held }]).await, anew, "the log never came so far");
        let empty = ReadMark { collection: RecordRef::roster(BRANCH).collection(), ..held };
        assert_eq!(pages_for(&[held, empty]).await, [(0, 0, None)], "nothing is there, which is said");
        assert_eq!(
            pages_for(&[ReadMark::at(record.collection(), 4)]).await,
            [],
            "who names nothing is believed"
        );
    }

    #[tokio::test]
    async fn what_the_answer_receipts_is_counted_and_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("zhibu.db")).await.unwrap();
        populate(&store).await;
        let record = activity(1);
        let verdicts = (0..3).map(|n| append(record, n, u64::from(n))).collect();
        store.commit(&[delivery(1, verdicts)]).await.unwrap();
        let (scope, tails) = (branch_scope(&store).await, Tails::default());
        let echo = Echo::from([(record.collection(), 2), (record.collection(), 3)]);
        let news = read(log(&store, &tails), &scope, &asked(&[], 1 << 20), &echo).await.unwrap();
        let [page] = &news.pages[..] else { panic!("{news:?}") };
        assert_eq!((page.after, page.position, page.changes.len()), (0, 3, 1));
        let mark = ReadMark::at(record.collection(), 1);
        let news = read(log(&store, &tails), &scope, &asked(&[mark], 1 << 20), &echo).await.unwrap();
        let [page] = &news.pages[..] else { panic!("{news:?}") };
        assert_eq!((page.after, page.position), (1, 3), "the mark moves on all the same");
        assert!(page.changes.is_empty() && page.records.is_empty() && page.authors.is_empty());
    }
}

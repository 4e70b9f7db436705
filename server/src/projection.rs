//! The projector: rows for lists, computed from the log and always computable again.
//!
//! A commit marks what it changed; the projector reads each marked record whole, writes its row and lifts the
//! mark, if the record has not moved on meanwhile. It keeps nothing in memory, so it can die at any point. A
//! roster or rule book changes the rows of the activities that it counts for: they are computed anew with it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use minicbor::{Decode, Encode};
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::MissedTickBehavior;
use zhibu_domain::command::AboutField;
use zhibu_domain::event::{ReviewEvent, Verb};
use zhibu_domain::ids::{DistrictId, EntryId, OrgId};
use zhibu_domain::reckoning::{head_count, is_late, vote_outcome};
use zhibu_domain::record::{Collection, Record, RecordKind, RecordRef, full_history, merge_cards};
use zhibu_domain::time::Millis;
use zhibu_domain::view::{ActivityView, RosterView, RuleBookView};

use crate::metrics::Stage;
use crate::store::{
    DirtyRecord, Projected, ProjectedActivity, Projection, RecordSummary, Store, StoreError, Word,
};
use crate::sync::Ledger;

/// How many records are projected in one transaction.
const BATCH: u32 = 64;
/// How often a server asks whether a district has lost its projector: how long lists stand still after a kill.
const CLAIM_EVERY: Duration = Duration::from_secs(2);
/// How long the projector rests after a batch, in times of what the batch took, and within which bounds: in a storm
/// lists may wait a moment, those who push may not. Each batch costs them the wait for an fsync.
const REST: u32 = 3;
const SHORTEST_REST: Duration = Duration::from_millis(50);
const LONGEST_REST: Duration = Duration::from_millis(250);
/// After so many rounds all districts are looked at: word of a commit may be lost with the process that made it.
const SWEEP_EVERY: u64 = 30;

/// What a list shows of an activity beside its columns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct ActivityFacts {
    /// When the secretary first submitted it, by her clock.
    #[n(0)]
    pub submitted_at: Option<Millis>,
}

/// Starts the projector of this server, which projects the districts that no other server has claimed. It ends with the
/// ledger.
pub fn start(store: Arc<dyn Store>, ledger: &Ledger) -> tokio::task::JoinHandle<()> {
    let mut words = ledger.listen();
    let mut rounds = tokio::time::interval(CLAIM_EVERY);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::spawn(async move {
        let mut projector = Projector { store, mine: BTreeSet::new(), waiting: BTreeSet::new() };
        for round in 0_u64.. {
            if round.is_multiple_of(SWEEP_EVERY) {
                projector.waiting.extend(&projector.mine);
            }
            projector.claim().await;
            projector.catch_up().await;
            loop {
                tokio::select! {
                    _ = rounds.tick() => break,
                    word = words.recv() => match word {
                        Ok(word) => projector.hear(word),
                        Err(RecvError::Lagged(_)) => projector.hear(Word::Missed),
                        Err(RecvError::Closed) => return,
                    },
                }
                while let Ok(word) = words.try_recv() {
                    projector.hear(word);
                }
                projector.catch_up().await;
            }
        }
    })
}

struct Projector {
    store: Arc<dyn Store>,
    /// The districts that this server has claimed.
    mine: BTreeSet<DistrictId>,
    /// Those among which something may be marked.
    waiting: BTreeSet<DistrictId>,
}

impl Projector {
    fn hear(&mut self, word: Word) {
        match word {
            Word::Moved(news) => drop(self.waiting.insert(news.district)),
            Word::Missed => self.waiting.extend(&self.mine),
        }
    }

    /// What is newly claimed may have marks that the server before did not come to.
    async fn claim(&mut self) {
        let claimed = async {
            let districts: Vec<_> = self.store.list_districts().await?.iter().map(|found| found.id).collect();
            self.store.claim_projection(&districts).await
        };
        match claimed.await {
            Ok(claimed) => {
                let claimed = BTreeSet::from_iter(claimed);
                self.waiting.extend(&claimed - &self.mine);
                self.mine = claimed;
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "cannot claim any district");
                self.mine.clear();
            }
        }
    }

    /// What fails waits for the next round.
    async fn catch_up(&mut self) {
        let due: Vec<_> = self.waiting.intersection(&self.mine).copied().collect();
        self.waiting.clear();
        if due.is_empty() {
            return;
        }
        let round = Stage::Projection.begin();
        for district in due {
            loop {
                let began = Instant::now();
                match project_some(&*self.store, district).await {
                    Ok(0) => break,
                    Ok(_) => rest(began.elapsed()).await,
                    Err(error) => {
                        tracing::error!(error = &error as &dyn std::error::Error, "projection is behind");
                        self.waiting.insert(district);
                        break;
                    }
                }
            }
        }
        round.end();
    }
}

async fn rest(batch_took: Duration) {
    tokio::time::sleep((batch_took * REST).clamp(SHORTEST_REST, LONGEST_REST)).await;
}

/// Projects everything that is marked. Answers how many records that were.
pub async fn catch_up(store: &dyn Store, district: DistrictId) -> Result<u64, StoreError> {
    let mut count = 0;
    loop {
        match project_some(store, district).await? {
            0 => return Ok(count),
            some => count += some,
        }
    }
}

/// Projects one batch of what is marked. Answers how many records that were.
async fn project_some(store: &dyn Store, district: DistrictId) -> Result<u64, StoreError> {
    let dirty = store.dirty_records(district, BATCH).await?;
    if dirty.is_empty() {
        return Ok(0);
    }
    let count = dirty.len() as u64;
    let mut readings = Readings::new(store, district);
    let mut rows = Vec::with_capacity(dirty.len());
    for DirtyRecord { reference, version } in dirty {
        match reference.kind {
            RecordKind::Activity => rows.extend(readings.project(reference).await?),
            // Marked when everything is to be computed anew.
            RecordKind::Points => rows.push(nothing(reference, version)),
            RecordKind::Roster => {
                project_activities_of(store, district, reference.org).await?;
                rows.push(nothing(reference, version));
            }
            RecordKind::RuleBook => {
                project_all_activities(store, district).await?;
                rows.push(nothing(reference, version));
            }
        }
    }
    store.project(district, &rows).await?;
    Ok(count)
}

/// Kinds without a list of their own need not even be read.
fn nothing(reference: RecordRef, version: u64) -> Projection {
    Projection { record: reference.id(), version, row: Projected::Nothing }
}

/// Computes every row anew.
pub async fn reproject(store: &dyn Store, district: DistrictId) -> Result<u64, StoreError> {
    store.clear_projections(district).await?;
    catch_up(store, district).await
}

/// Compares what is stored with what would be computed now; answers the records whose rows differ. Marked records
/// are left out: they are still on their way.
pub async fn differences(store: &dyn Store, district: DistrictId) -> Result<Vec<RecordRef>, StoreError> {
    let mut different = Vec::new();
    let mut readings = Readings::new(store, district);
    for summary in all_records(store, district, RecordKind::Activity).await? {
        let reference = summary.reference;
        let stored = store.find_activity(district, reference.id()).await?;
        let computed = readings.project(reference).await?;
        if stored.map(Projected::Activity) != computed.map(|projection| projection.row) {
            different.push(reference);
        }
    }
    let marked = store.dirty_records(district, u32::MAX).await?;
    different.retain(|reference| marked.iter().all(|dirty| dirty.reference != *reference));
    Ok(different)
}

async fn all_records(
    store: &dyn Store,
    district: DistrictId,
    kind: RecordKind,
) -> Result<Vec<RecordSummary>, StoreError> {
    let mut records = Vec::new();
    let mut after = None;
    loop {
        let page = store.list_records(district, after, 1000).await?;
        let Some(last) = page.last() else { return Ok(records) };
        after = Some(last.reference.id());
        records.extend(page.into_iter().filter(|summary| summary.reference.kind == kind));
    }
}

async fn project_all_activities(store: &dyn Store, district: DistrictId) -> Result<(), StoreError> {
    let mut readings = Readings::new(store, district);
    for summary in all_records(store, district, RecordKind::Activity).await? {
        let row = readings.project(summary.reference).await?;
        store.project(district, row.as_slice()).await?;
    }
    Ok(())
}

async fn project_activities_of(
    store: &dyn Store,
    district: DistrictId,
    org: OrgId,
) -> Result<(), StoreError> {
    let mut readings = Readings::new(store, district);
    for (collection, _) in store.list_collections(district).await? {
        if collection.org != org {
            continue;
        }
        let mut rows = Vec::new();
        for summary in store.records_in(district, collection).await? {
            if summary.reference.kind == RecordKind::Activity {
                rows.extend(readings.project(summary.reference).await?);
            }
        }
        store.project(district, &rows).await?;
    }
    Ok(())
}

/// What activities are reckoned with: each roster and the rule books are read once for many of them. Short-lived, since
/// a roster or rule book that changes is marked itself and draws its activities along.
struct Readings<'a> {
    store: &'a dyn Store,
    district: DistrictId,
    books: Option<Arc<RuleBookView>>,
    rosters: HashMap<OrgId, Arc<RosterView>>,
}

impl<'a> Readings<'a> {
    fn new(store: &'a dyn Store, district: DistrictId) -> Self {
        Self { store, district, books: None, rosters: HashMap::new() }
    }

    /// What an activity projects to.
    async fn project(&mut self, reference: RecordRef) -> Result<Option<Projection>, StoreError> {
        let stored = self.store.load_record(self.district, reference.id()).await?;
        let Some(stored) = stored else { return Ok(None) };
        let (roster, books) = (self.roster(reference.org).await?, self.books().await?);
        let row = Projected::Activity(activity_row(&stored.document()?, &roster, &books));
        Ok(Some(Projection { record: reference.id(), version: stored.version, row }))
    }

    async fn roster(&mut self, org: OrgId) -> Result<Arc<RosterView>, StoreError> {
        if let Some(roster) = self.rosters.get(&org) {
            return Ok(roster.clone());
        }
        let record = self.standing(RecordRef::roster(org)).await?;
        let roster = Arc::new(record.map(|record| RosterView::of(&record)).unwrap_or_default());
        self.rosters.insert(org, roster.clone());
        Ok(roster)
    }

    async fn books(&mut self) -> Result<Arc<RuleBookView>, StoreError> {
        if let Some(books) = &self.books {
            return Ok(books.clone());
        }
        let record = self.standing(RecordRef::rule_book(self.district.into())).await?;
        let books = Arc::new(record.map(|record| RuleBookView::of(&record)).unwrap_or_default());
        self.books = Some(books.clone());
        Ok(books)
    }

    async fn standing(&self, reference: RecordRef) -> Result<Option<Record>, StoreError> {
        crate::sync::read_record(self.store, self.district, reference).await
    }
}

/// The row of an activity.
fn activity_row(record: &Record, roster: &RosterView, books: &RuleBookView) -> ProjectedActivity {
    let view = ActivityView::of(record);
    let Collection { org, year } = record.reference().collection();
    let day = view.when().unwrap_or_default().date();
    let book = books.for_day(day);
    let count = head_count(&view, roster);
    let submitted_at = first_submission(record, &view);
    let late = book.zip(submitted_at).is_some_and(|(book, at)| is_late(&view, at, book));
    let mut row = ProjectedActivity {
        record: record.reference().id(),
        org,
        year,
        title: view.text(AboutField::Title).map(str::to_owned),
        kinds: view.kinds.iter().cloned().collect(),
        planned_at: view.number(AboutField::PlannedAt).map(Millis),
        held_from: view.number(AboutField::HeldFrom).map(Millis),
        status: view.status(),
        present: count.present,
        should_attend: count.should_attend,
        cards: merge_cards(record).len() as u32,
        late,
        without_quorum: 0,
        vote_faults: 0,
        at_exactly_half: 0,
        facts: minicbor::to_vec(ActivityFacts { submitted_at }).unwrap_or_default(),
    };
    let outcomes = book.into_iter().flat_map(|book| {
        view.resolutions.keys().filter_map(|resolution| vote_outcome(&view, *resolution, roster, book))
    });
    for outcome in outcomes {
        row.without_quorum += u32::from(!outcome.presence.met);
        row.vote_faults += u32::from(!outcome.faults.is_empty());
        row.at_exactly_half += u32::from(outcome.at_exactly_half());
    }
    row
}

/// When the activity was first submitted, by the secretary's clock.
fn first_submission(record: &Record, view: &ActivityView) -> Option<Millis> {
    let submitted = |(_, event): &(&EntryId, &ReviewEvent)| event.verb == Verb::Submitted;
    let events: Vec<_> = view.events.iter().filter(submitted).map(|(id, _)| format!("events.{id}")).collect();
    if events.is_empty() {
        return None;
    }
    let history = full_history(record);
    events.iter().filter_map(|slot| history.get(slot)?.first()).map(|touch| touch.at).min()
}

use std::collections::BTreeMap;

use zhibu_domain::command::AboutField;
use zhibu_domain::event::Status;
use zhibu_domain::ids::DistrictId;
use zhibu_domain::reckoning::head_count;
use zhibu_domain::record::{ChangeHash, Collection, RecordKind, RecordRef};
use zhibu_domain::view::{ActivityView, PointsView, RosterView, RuleBookView};

use super::*;
use crate::clock::SystemEntropy;
use crate::databases::own_database;
use crate::demo::cast::Size;
use crate::store::{QuarantineFilter, RecordSummary, Store};
use crate::sync::read_record;

struct Made {
    _folder: tempfile::TempDir,
    store: Arc<dyn Store>,
    cast: Cast,
    written: Written,
}

async fn make(seed: u64) -> Made {
    let folder = tempfile::tempdir().unwrap();
    let store = own_database(folder.path()).await.open().await.unwrap();
    let cast = Cast::new(Size::Small, seed);
    let written = write(store.clone(), &SystemEntropy, &cast, seed).await.unwrap();
    Made { _folder: folder, store, cast, written }
}

impl Made {
    fn district(&self) -> DistrictId {
        self.cast.district.id
    }

    async fn heads(&self) -> BTreeMap<Collection, u64> {
        self.store.list_collections(self.district()).await.unwrap().into_iter().collect()
    }

    /// Every change of every record, by its position.
    async fn log(&self) -> BTreeMap<(Collection, u64), ChangeHash> {
        let mut log = BTreeMap::new();
        for summary in self.records().await {
            let stored =
                self.store.load_record(self.district(), summary.reference.id()).await.unwrap().unwrap();
            let collection = summary.reference.collection();
            log.extend(stored.changes.iter().map(|change| ((collection, change.position), change.hash)));
        }
        log
    }

    async fn records(&self) -> Vec<RecordSummary> {
        self.store.list_records(self.district(), None, u32::MAX).await.unwrap()
    }

    async fn story_activities(&self) -> Vec<ActivityView> {
        let mut views = Vec::new();
        for summary in self.records().await {
            let reference = summary.reference;
            if reference.kind == RecordKind::Activity && reference.org == self.cast.story.branch {
                let record = read_record(&*self.store, self.district(), reference).await.unwrap().unwrap();
                views.push(ActivityView::of(&record));
            }
        }
        views
    }

    async fn story_roster(&self) -> RosterView {
        let roster = RecordRef::roster(self.cast.story.branch);
        RosterView::of(&read_record(&*self.store, self.district(), roster).await.unwrap().unwrap())
    }
}

#[tokio::test]
async fn one_seed_gives_one_history_to_the_hash_and_nothing_is_refused() {
    let (one, again, other) = (make(1).await, make(1).await, make(2).await);
    assert_eq!(one.written, again.written);
    assert_eq!(one.heads().await, again.heads().await);
    let log = one.log().await;
    assert_eq!(log, again.log().await);
    assert_eq!(log.len() as u64, one.written.changes);
    let rosters = |log: &BTreeMap<(Collection, u64), ChangeHash>| -> Vec<_> {
        log.iter().filter(|((collection, _), _)| collection.year == 0).map(|(_, hash)| *hash).collect()
    };
    let (rosters, others) = (rosters(&log), rosters(&other.log().await));
    assert!(rosters.len() > 20 && rosters.iter().filter(|hash| others.contains(hash)).count() < 5);
    for made in [&one, &other] {
        let everything = QuarantineFilter { limit: 100, ..QuarantineFilter::default() };
        assert_eq!(made.store.list_quarantine(made.district(), &everything).await.unwrap(), []);
    }
}

#[tokio::test]
async fn the_story_finds_what_it_needs() {
    let made = make(1).await;
    let roster = made.story_roster().await;
    let activities = made.story_activities().await;
    let november: Vec<_> = activities.iter().filter(|a| a.when().unwrap().date().month() == 11).collect();
    let [planned] = november[..] else { panic!("one activity in November, not {}", november.len()) };
    assert_eq!(planned.status(), Status::Planned);
    assert!(planned.attendance.is_empty() && planned.minutes.is_empty());
    assert_eq!(planned.kinds.iter().collect::<Vec<_>>(), ["general_meeting", "party_lecture", "theme_day"]);
    assert_eq!(planned.text(AboutField::Place), None, "the story sets two places");

    let count = head_count(planned, &roster);
    assert_eq!((count.on_roster, count.should_attend, count.vote_eligible), (31, 26, 24));
    assert_eq!(count.excluded.len(), 5);
    let in_october = |a: &&ActivityView| a.when().unwrap().date().month() == 10;
    let taken = |kind: &str| activities.iter().filter(in_october).any(|a| a.kinds.contains(kind));
    assert!(!taken("general_meeting") && !taken("party_lecture"), "November's are the first of the quarter");
}

#[tokio::test]
async fn the_months_before_are_lived_through() {
    let made = make(1).await;
    let roster = made.story_roster().await;
    let book = RecordRef::rule_book(made.district().into());
    let book = read_record(&*made.store, made.district(), book).await.unwrap().unwrap();
    let books = RuleBookView::of(&book);
    let activities = made.story_activities().await;
    let meeting = activities.iter().find(|a| a.kinds.contains("general_meeting")).unwrap();
    assert_eq!(meeting.status(), Status::Filed);
    assert_eq!(meeting.attendance.len(), 31);
    let book = books.for_day(meeting.when().unwrap().date()).unwrap();
    let (resolution, _) = meeting.resolutions.iter().next().unwrap();
    let outcome = zhibu_domain::reckoning::vote_outcome(meeting, *resolution, &roster, book).unwrap();
    assert!(outcome.adopted, "{outcome:?}");
    for card in roster.members.values() {
        assert!(card.classes.values().all(|class| book.class(class).is_some()), "{card:?}");
    }

    let mut entries = 0;
    for summary in made.records().await.iter().filter(|summary| summary.reference.kind == RecordKind::Points)
    {
        let record = read_record(&*made.store, made.district(), summary.reference).await.unwrap().unwrap();
        let points = PointsView::of(&record);
        assert_ne!(summary.reference.subject(), Some(made.cast.story.member), "her first claim is the story");
        assert!(points.entries.values().all(|claim| book.point_rule(&claim.rule).is_some()));
        entries += points.entries.len();
    }
    assert!(entries > 40, "{entries}");
    assert!(made.story_activities().await.len() >= 9, "theme days, committee and group meetings");
}

#[tokio::test]
async fn a_district_is_founded_once() {
    let made = make(3).await;
    let before = made.heads().await;
    let again = write(made.store.clone(), &SystemEntropy, &made.cast, 3).await;
    assert!(matches!(again, Err(HistoryFault::Taken(_))));
    assert_eq!(made.heads().await, before);
}

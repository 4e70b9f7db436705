//! The newest changes of the collections that are being written, in memory: on the evening when a whole branch comes
//! back into signal, each phone reads what the others have just brought, and none of it is asked of the database.
//!
//! A *tail* holds every change of its collection from one position to the last, without a gap. The writer makes and
//! extends it when a commit is done; where another server has written, it is dropped, and the database is asked.

use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use zhibu_domain::ids::{DeviceId, DistrictId};
use zhibu_domain::record::Collection;
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{AuthorCard, ReadMark};

use crate::store::{LogRow, News, Word};

/// Bytes of changes that all tails may hold together; those that nobody wrote for longest go first.
const MOST_BYTES: usize = 4 << 20;
/// Authors' cards that are kept.
const MOST_CARDS: usize = 8192;
/// Marks that are remembered as borne out.
const MOST_MARKS: usize = 8192;
/// For so long, in milliseconds, a tail or a card is believed. Word from another server may be lost with it, and a name
/// may change: after a minute the database is asked again.
const BELIEVED_MS: i64 = 60_000;

type Place = (DistrictId, Collection);

/// The tails, and the cards of those who wrote in them.
pub struct Tails {
    held: Mutex<Held>,
}

struct Held {
    tails: LruCache<Place, Tail>,
    bytes: usize,
    cards: LruCache<(DistrictId, DeviceId), (Millis, AuthorCard)>,
    /// The newest mark of each collection that the database has borne out. What a log holds never changes.
    borne_out: LruCache<Place, ReadMark>,
}

struct Tail {
    since: Millis,
    rows: Vec<LogRow>,
    bytes: usize,
}

impl Tail {
    fn first(&self) -> u64 {
        self.rows.first().map_or(u64::MAX, |row| row.position)
    }

    fn last(&self) -> u64 {
        self.rows.last().map_or(0, |row| row.position)
    }
}

impl Default for Tails {
    fn default() -> Self {
        let (tails, cards, borne_out) = (LruCache::unbounded(), LruCache::unbounded(), LruCache::unbounded());
        Self { held: Mutex::new(Held { tails, bytes: 0, cards, borne_out }) }
    }
}

impl Tails {
    /// Everything of a collection behind a position, if that is known here.
    pub(super) fn read(&self, place: Place, position: u64, now: Millis) -> Option<Vec<LogRow>> {
        let mut held = self.held();
        let tail = held.tails.get(&place)?;
        if now.0.abs_diff(tail.since.0) > BELIEVED_MS.unsigned_abs() {
            held.drop_tail(&place);
            return None;
        }
        // Whoever has read further heard it from another server: the database knows.
        let covers = tail.first() <= position.saturating_add(1) && position <= tail.last();
        covers.then(|| {
            let behind = tail.rows.partition_point(|row| row.position <= position);
            tail.rows[behind..].to_vec()
        })
    }

    /// Whether it is known here that the log bears a mark out. Where a tail holds something else, the database is still
    /// to be asked: a pack may have come there since.
    pub(super) fn bears_out(&self, district: DistrictId, mark: &ReadMark) -> bool {
        let mut held = self.held();
        let place = (district, mark.collection);
        if held.borne_out.get(&place) == Some(mark) {
            return true;
        }
        let rows = held.tails.peek(&place).map_or(&[][..], |tail| &tail.rows);
        let found = rows.binary_search_by_key(&mark.position, |row| row.position);
        found.is_ok_and(|place| Some(rows[place].name.short()) == mark.name)
    }

    /// Remembers a mark that the database has borne out.
    pub(super) fn bear_out(&self, district: DistrictId, mark: ReadMark) {
        let mut held = self.held();
        let newest = held.borne_out.get_or_insert_mut((district, mark.collection), || mark);
        if newest.position <= mark.position {
            *newest = mark;
        }
        while held.borne_out.len() > MOST_MARKS {
            held.borne_out.pop_lru();
        }
    }

    /// Puts a change behind its collection's tail, once it is committed.
    pub(super) fn extend(&self, place: Place, row: LogRow, now: Millis) {
        let mut held = self.held();
        let follows = held.tails.get(&place).is_some_and(|tail| tail.last() + 1 == row.position);
        if !follows {
            held.drop_tail(&place);
        }
        let size = row.content.size_bytes();
        let tail = held.tails.get_or_insert_mut(place, || Tail { since: now, rows: Vec::new(), bytes: 0 });
        tail.rows.push(row);
        tail.bytes += size;
        held.bytes += size;
        while held.bytes > MOST_BYTES {
            let Some((_, tail)) = held.tails.pop_lru() else { break };
            held.bytes -= tail.bytes;
        }
    }

    /// Takes word of another server to heart.
    pub(super) fn hear(&self, word: Word) {
        let mut held = self.held();
        match word {
            Word::Moved(News { district, collection, position }) => {
                let place = (district, collection);
                // What is told of here was perhaps told by this server itself.
                if held.tails.peek(&place).is_some_and(|tail| position > tail.last()) {
                    held.drop_tail(&place);
                }
            }
            Word::Missed => {
                held.tails.clear();
                held.bytes = 0;
            }
        }
    }

    /// The cards of these devices that are known here; the others' devices.
    pub(super) fn cards(
        &self,
        district: DistrictId,
        devices: impl IntoIterator<Item = DeviceId>,
        now: Millis,
    ) -> (Vec<AuthorCard>, Vec<DeviceId>) {
        let mut held = self.held();
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for device in devices {
            match held.cards.get(&(district, device)) {
                Some((since, card)) if now.0.abs_diff(since.0) <= BELIEVED_MS.unsigned_abs() => {
                    known.push(card.clone());
                }
                _ => unknown.push(device),
            }
        }
        (known, unknown)
    }

    /// Keeps cards as the database gave them now.
    pub(super) fn keep_cards(&self, district: DistrictId, cards: &[AuthorCard], now: Millis) {
        let mut held = self.held();
        for card in cards {
            held.cards.put((district, card.device), (now, card.clone()));
        }
        while held.cards.len() > MOST_CARDS {
            held.cards.pop_lru();
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn drop_tail(&mut self, place: &Place) {
        if let Some(tail) = self.tails.pop(place) {
            self.bytes -= tail.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use zhibu_domain::ids::OrgId;
    use zhibu_domain::record::{ChangeHash, RecordRef};

    use super::*;
    use crate::store::LogContent;

    const DISTRICT: DistrictId = DistrictId::from_bytes([1; 16]);
    const NOW: Millis = Millis(1_795_190_400_000);

    fn place() -> Place {
        (DISTRICT, Collection { org: OrgId::from_bytes([2; 16]), year: 0 })
    }

    fn row(position: u64, bytes: usize) -> LogRow {
        let content = LogContent::Change(vec![7; bytes], DeviceId::from_bytes([3; 16]));
        LogRow {
            position,
            record: RecordRef::roster(OrgId::from_bytes([2; 16])),
            name: ChangeHash([position as u8; 32]),
            content,
        }
    }

    fn positions(tails: &Tails, after: u64, now: Millis) -> Option<Vec<u64>> {
        Some(tails.read(place(), after, now)?.iter().map(|row| row.position).collect())
    }

    #[test]
    fn a_tail_answers_for_what_it_holds_without_a_gap_and_for_nothing_else() {
        let tails = Tails::default();
        assert_eq!(positions(&tails, 4, NOW), None);
        for position in 5..=7 {
            tails.extend(place(), row(position, 10), NOW);
        }
        assert_eq!(positions(&tails, 3, NOW), None, "4 is not here");
        assert_eq!(positions(&tails, 4, NOW), Some(vec![5, 6, 7]));
        assert_eq!(positions(&tails, 7, NOW), Some(vec![]), "nothing new");
        assert_eq!(positions(&tails, 8, NOW), None, "another server knows more");
        tails.extend(place(), row(9, 10), NOW);
        assert_eq!(positions(&tails, 7, NOW), None, "8 is another server's");
        assert_eq!(positions(&tails, 8, NOW), Some(vec![9]));
    }

    #[test]
    fn a_mark_is_borne_out_by_what_stands_there() {
        let tails = Tails::default();
        let mark = |position, name| ReadMark { name: Some([name; 8]), ..ReadMark::at(place().1, position) };
        tails.extend(place(), row(5, 10), NOW);
        assert!(tails.bears_out(DISTRICT, &mark(5, 5)));
        assert!(!tails.bears_out(DISTRICT, &mark(5, 6)), "the database is asked");
        assert!(!tails.bears_out(DISTRICT, &mark(4, 4)));
        tails.bear_out(DISTRICT, mark(4, 4));
        assert!(tails.bears_out(DISTRICT, &mark(4, 4)));
        assert!(!tails.bears_out(DISTRICT, &mark(4, 5)));
        tails.bear_out(DISTRICT, mark(3, 3));
        assert!(tails.bears_out(DISTRICT, &mark(4, 4)), "the newest is kept");
    }

    #[test]
    fn word_of_another_server_and_a_minute_end_a_tail() {
        let tails = Tails::default();
        let moved = |position| Word::Moved(News { district: DISTRICT, collection: place().1, position });
        tails.extend(place(), row(5, 10), NOW);
        tails.hear(moved(5));
        assert_eq!(positions(&tails, 4, NOW.plus(BELIEVED_MS)), Some(vec![5]), "its own word");
        tails.hear(moved(6));
        assert_eq!(positions(&tails, 4, NOW), None);
        tails.extend(place(), row(7, 10), NOW);
        tails.hear(Word::Missed);
        assert_eq!(positions(&tails, 6, NOW), None);
        tails.extend(place(), row(8, 10), NOW);
        assert_eq!(positions(&tails, 7, NOW.plus(BELIEVED_MS + 1)), None);
        assert_eq!(tails.held().bytes, 0);
    }

    #[test]
    fn memory_is_bounded_and_the_quietest_collection_goes_first() {
        let tails = Tails::default();
        let other = (DISTRICT, Collection { year: 2026, ..place().1 });
        tails.extend(other, row(1, MOST_BYTES / 2), NOW);
        tails.extend(place(), row(1, MOST_BYTES / 2), NOW);
        tails.extend(place(), row(2, 1), NOW);
        assert!(tails.read(other, 0, NOW).is_none());
        assert_eq!(positions(&tails, 0, NOW), Some(vec![1, 2]));
        assert_eq!(tails.held().bytes, MOST_BYTES / 2 + 1);
    }
}

//! Bodies that cost more than they weigh: of each sort the most costly megabyte that we know.

use std::time::Duration;

use zhibu_domain::record::{pack_devices, unpack};
use zhibu_domain::rule_book::RuleBook;
use zhibu_domain::wire::{EnvelopeBody, SyncRequest, SyncResponse, envelopes_in, read_envelope};

use super::cost::cost;
use super::support::Cast;
use super::support::craft::unsigned;

/// The largest input that the bounds are about.
const MEGABYTE: usize = 1 << 20;
/// Most memory for it.
const MOST_BYTES: usize = 64 << 20;
/// Longest that it may keep a processor, also without optimisation.
const LONGEST: Duration = Duration::from_secs(1);

/// Reads within the bounds, whatever comes of it.
fn read<T>(what: &str, bytes: &[u8], read: impl FnOnce(&[u8]) -> T) -> T {
    assert!(bytes.len() <= MEGABYTE, "{what}: {} bytes", bytes.len());
    let (outcome, cost) = cost(|| read(bytes));
    assert!(cost.bytes <= MOST_BYTES, "{what}: {} MiB at once", cost.bytes >> 20);
    assert!(cost.time <= LONGEST, "{what}: {:?}", cost.time);
    outcome
}

/// A CBOR map of a body with one array, as long as fits, under this key.
fn array_of(key: u8, element: &[u8], others: &[(u8, &[u8])]) -> Vec<u8> {
    let count = (MEGABYTE - 256) / element.len();
    let mut bytes = vec![0xa0 + others.len() as u8 + 1];
    for (key, value) in others {
        bytes.push(*key);
        bytes.extend_from_slice(value);
    }
    bytes.extend_from_slice(&[key, 0x9a]);
    bytes.extend_from_slice(&(count as u32).to_be_bytes());
    bytes.extend(element.iter().copied().cycle().take(count * element.len()));
    bytes
}

#[test]
fn requests_of_a_million_nothings_cost_little() {
    // An envelope of nothing, signed by nothing.
    let envelope = [0xa2, 0, 0x40, 1, 0x40];
    let others: [(u8, &[u8]); 4] = [(0, &[2]), (1, &[0]), (2, &[0x80]), (4, &[0])];
    let request = array_of(3, &envelope, &others);
    let decoded = read("envelopes of nothing", &request, |bytes| minicbor::decode::<SyncRequest>(bytes));
    assert!(decoded.unwrap().envelopes.len() > 200_000);
    // Arrays and tags within each other, in a key that nobody knows.
    for nested in [0x81, 0xc1, 0xa1, 0x9f] {
        let bytes = [&[0xa1, 0x18, 99][..], &vec![nested; MEGABYTE - 16]].concat();
        assert!(read("nested", &bytes, |bytes| minicbor::decode::<SyncRequest>(bytes)).is_err());
        assert!(read("nested", &bytes, |bytes| minicbor::decode::<SyncResponse>(bytes)).is_err());
        assert!(read("nested", &bytes, |bytes| minicbor::decode::<EnvelopeBody>(bytes)).is_err());
        let broken = read("nested file", &bytes, |bytes| envelopes_in(bytes).filter(Result::is_err).count());
        assert_eq!(broken, 1);
    }
}

#[test]
fn a_carried_file_of_a_million_nothings_costs_little() {
    let file = vec![0; MEGABYTE];
    let whole = read("file", &file, |file| {
        envelopes_in(file).filter(|one| one.as_ref().is_ok_and(|one| read_envelope(one).is_ok())).count()
    });
    assert_eq!(whole, 0);
}

#[test]
fn a_pack_does_not_become_a_hundred_times_itself() {
    let reference = Cast::new().activity();
    let block = |bytes: &[u8]| [unsigned(bytes.len() as u64), bytes.to_vec()].concat();
    let pack =
        |heads: &[u8], columns: &[u8]| [&[1, 0][..], &block(heads), &block(columns), &block(&[])].concat();
    // One change that depends on its predecessor a million times: 32 bytes each.
    let many = MEGABYTE - 64;
    let heads = [unsigned(many as u64), vec![1; many], vec![0; 6]].concat();
    let bomb = pack(&heads, &[0]);
    assert!(read("dependencies", &bomb, |bytes| unpack(&reference, bytes)).is_err());
    // As many changes as fit, each depending as often as may be.
    let one = [unsigned(256), vec![1; 256], vec![0; 6]].concat();
    let count = (MEGABYTE - 1024) / (one.len() + 1);
    let bomb = pack(&one.repeat(count), &vec![0; count]);
    let changes = read("changes", &bomb, |bytes| unpack(&reference, bytes)).unwrap();
    assert_eq!(changes.len(), count);
    drop(changes);
    // As many of the smallest.
    let one = [1, 1, 0, 0, 0, 0, 0, 0];
    let count = (MEGABYTE - 1024) / (one.len() + 1);
    let bomb = pack(&one.repeat(count), &vec![0; count]);
    assert_eq!(read("small changes", &bomb, |bytes| unpack(&reference, bytes)).unwrap().len(), count);
    let actors = [&[1][..], &unsigned(1 << 40), &vec![7; MEGABYTE - 64]].concat();
    assert!(read("actors", &actors, pack_devices).is_err());
}

#[test]
fn a_rule_book_of_any_length_is_refused_or_read_within_the_bounds() {
    // The longest that is read, and one beyond it.
    for length in [128 << 10, MEGABYTE] {
        let fill = |piece: &str| piece.repeat((length - 16) / piece.len());
        let books = [
            ("tables", fill("[[point_rules]]\n")),
            ("nested arrays", format!("a = {}", fill("["))),
            ("nested tables", format!("a = {}", fill("{a="))),
            ("dotted keys", format!("{}a = 1", fill("a."))),
            ("numbers", format!("a = [{}]", fill("1,"))),
            ("nonsense", fill("=")),
            ("lines", fill("\n")),
        ];
        for (what, book) in books {
            assert!(read(what, book.as_bytes(), |_| RuleBook::from_toml(&book)).is_err(), "{what}");
        }
    }
}

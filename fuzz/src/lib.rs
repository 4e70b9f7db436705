//! What strangers may send, given to the code that reads it: nothing may panic, and an input of up to a megabyte may take
//! no more than 64 MiB and a second. `cargo xtask fuzz` runs the targets.

#[path = "../../domain/tests/attacks/cost.rs"]
mod cost;
#[path = "../../domain/tests/support/mod.rs"]
#[expect(dead_code, reason = "each user plays only a part of the cast")]
mod support;

use std::sync::OnceLock;
use std::time::Duration;

use minicbor::Decode;
use support::{Cast, Server, mark, minutes, place, title};
use zhibu_domain::gate::Index;
use zhibu_domain::record::{pack_devices, unpack};
use zhibu_domain::rule_book::RuleBook;
use zhibu_domain::view::ActivityView;
use zhibu_domain::wire::{Envelope, EnvelopeBody, SyncRequest, SyncResponse, envelopes_in, read_envelope};

/// The largest input that the bounds are about.
const LARGEST: usize = 1 << 20;
/// Most memory for it.
const MOST_BYTES: usize = 64 << 20;
/// Longest that it may keep a processor.
const LONGEST: Duration = Duration::from_secs(1);

/// Reads under the bounds.
pub fn bounded<T>(bytes: &[u8], read: impl FnOnce() -> T) -> T {
    let (outcome, cost) = cost::cost(read);
    if bytes.len() <= LARGEST {
        assert!(cost.bytes <= MOST_BYTES, "{} bytes at once for {}", cost.bytes, bytes.len());
        assert!(cost.time <= LONGEST, "{:?} for {} bytes", cost.time, bytes.len());
    }
    outcome
}

fn decoded<T: for<'b> Decode<'b, ()>>(bytes: &[u8]) -> Option<T> {
    bounded(bytes, || minicbor::decode(bytes).ok())
}

/// What reads a stranger's bytes, and panics if it may not take them so.
pub type Target = fn(&[u8]);

/// All of them, by their names.
pub const TARGETS: [(&str, Target); 7] = [
    ("envelope", envelope),
    ("sync_body", sync_body),
    ("pack", pack),
    ("rule_book", rule_book),
    ("change", change),
    ("kept_index", kept_index),
    ("carried_file", carried_file),
];

/// An envelope, and the body within it.
pub fn envelope(bytes: &[u8]) {
    if let Some(envelope) = decoded::<Envelope>(bytes) {
        decoded::<EnvelopeBody>(&envelope.body);
    }
    decoded::<EnvelopeBody>(bytes);
}

/// Both bodies of a synchronisation, the envelopes and vouchers of the first, and the packs of the second.
pub fn sync_body(bytes: &[u8]) {
    if let Some(request) = decoded::<SyncRequest>(bytes) {
        for envelope in &request.envelopes {
            decoded::<EnvelopeBody>(&envelope.body);
        }
        for voucher in request.recovery.iter().flat_map(|recovery| &recovery.vouchers) {
            bounded(bytes, || voucher.changes().count());
        }
    }
    if let Some(response) = decoded::<SyncResponse>(bytes) {
        response.pages.iter().flat_map(|page| &page.packs).for_each(|sent| pack(&sent.pack));
    }
}

/// A pack, and what comes out of it.
pub fn pack(bytes: &[u8]) {
    let reference = cast().activity();
    let _ = bounded(bytes, || pack_devices(bytes));
    let Ok(changes) = bounded(bytes, || unpack(&reference, bytes)) else { return };
    let packed: Vec<_> = changes.iter().map(|change| &change.bytes).collect();
    let again = zhibu_domain::record::pack(&reference, &packed).expect("what was unpacked can be packed");
    let back = unpack(&reference, &again).expect("and unpacked");
    assert!(back == changes, "a pack gives back what went in");
}

/// A rule book as an office writes it.
pub fn rule_book(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = bounded(bytes, || RuleBook::from_toml(text));
    }
    decoded::<RuleBook>(bytes);
}

/// A change with its checksum put right, at the gate of an activity in the middle of its life. What is admitted must leave
/// a record that can be read, and that the log gives again.
pub fn change(bytes: &[u8]) {
    let Some((first, body)) = bytes.split_first() else { return };
    let authors = [cast().secretary(), cast().recorder(), cast().member(4), cast().neighbour_secretary()];
    let author = &authors[usize::from(*first) % authors.len()];
    let sent = support::craft::chunk(1, body);
    let (mut server, taken) = bounded(bytes, || {
        let mut server = activity().clone();
        let taken = server.receive(author, &sent);
        (server, taken)
    });
    if taken.is_ok() {
        server.restart();
        ActivityView::of(&server.record);
    }
}

/// A kept index, damaged: it is given up, or judges on without harm.
pub fn kept_index(bytes: &[u8]) {
    let reference = cast().activity();
    let Some(index) = bounded(bytes, || Index::reopen(&reference, bytes)) else { return };
    let mut server = activity().clone();
    let honest = server.phone(cast().secretary()).write(&title("下一个题目"));
    server.index = index;
    let decoded = zhibu_domain::gate::decode(&honest).expect("an honest change");
    let scene = zhibu_domain::access::Scene {
        record: &reference,
        status: zhibu_domain::event::Status::Draft,
        orgs: &cast().orgs,
        roster: Some(&cast().roster),
    };
    let _ = zhibu_domain::gate::admit(&mut server.index, &decoded, &cast().secretary(), &scene);
}

/// A file that somebody carried here.
pub fn carried_file(bytes: &[u8]) {
    bounded(bytes, || {
        envelopes_in(bytes).map_while(Result::ok).filter(|one| read_envelope(one).is_ok()).count()
    });
}

/// The people.
fn cast() -> &'static Cast {
    static CAST: OnceLock<Cast> = OnceLock::new();
    CAST.get_or_init(Cast::new)
}

/// An activity with a title, a disagreement, marks and minutes.
fn activity() -> &'static Server<'static> {
    static ACTIVITY: OnceLock<Server<'static>> = OnceLock::new();
    ACTIVITY.get_or_init(|| {
        let mut server = Server::new(cast(), cast().activity());
        server.accept(&cast().secretary(), &title("十一月主题党日"));
        let phones = [cast().secretary(), cast().recorder()].map(|author| server.phone(author));
        for (mut phone, text) in phones.into_iter().zip(["村委会", "文化广场"]) {
            let change = phone.write(&place(text));
            server.receive(&phone.author, &change).expect("an honest change");
        }
        server.accept(&cast().secretary(), &mark(7, "present"));
        server.accept(&cast().recorder(), &minutes("", "学习文件，讨论修路。"));
        server
    })
}

/// Honest inputs of each target, by its name.
pub fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    use support::craft::body;
    use zhibu_domain::ids::{DistrictId, natural};
    use zhibu_domain::record::change_hash;
    use zhibu_domain::refusal::RefusalCode;
    use zhibu_domain::rule_book::EXAMPLE_TOML;
    use zhibu_domain::time::Millis;
    use zhibu_domain::wire::{
        AuthorCard, CollectionPage, EnvelopeReceipt, LoggedChange, LoggedPack, PROTOCOL, PackedNames,
        Receipt, Recovery, Refusal, SentChange, Voucher,
    };

    let server = activity();
    let reference = cast().activity();
    let sent = |change: &Vec<u8>| SentChange { record: reference, change: change.clone() };
    let whole = EnvelopeBody {
        protocol: PROTOCOL,
        district: DistrictId(natural(&[b"district"])),
        device: cast().secretary().device,
        counter: 1,
        closed_at: Millis(1_795_000_000_000),
        changes: server.log.iter().map(sent).collect(),
    };
    let written = minicbor::to_vec(&whole).expect("it encodes");
    let envelope = Envelope { body: written.clone(), signature: vec![7; 64] };
    let framed = minicbor::to_vec(&envelope).expect("it encodes");
    let request = SyncRequest {
        protocol: PROTOCOL,
        profile_version: 3,
        marks: vec![],
        envelopes: vec![envelope.clone(), envelope],
        page_bytes: 1 << 20,
        recovery: None,
    };
    let packed = zhibu_domain::record::pack(&reference, &server.log).expect("it packs");
    let names = server.log.iter().filter_map(|change| change_hash(change)).flat_map(|hash| hash.0);
    let names: Vec<u8> = names.collect();
    let (generation, code) = (vec![0xaa; 16], vec![0xcc; 16]);
    let author = AuthorCard {
        device: cast().secretary().device,
        name: "乌云".into(),
        device_name: "书记的手机".into(),
        member: cast().secretary().member,
    };
    let packs = vec![PackedNames(names.clone())];
    let voucher = Voucher { generation: generation.clone(), code: code.clone(), names, packs };
    let recovery = Recovery {
        vouchers: vec![voucher],
        changes: server.log.iter().map(sent).collect(),
        authors: vec![author.clone()],
    };
    let recovering = SyncRequest { envelopes: vec![], recovery: Some(recovery), ..request.clone() };
    let page = CollectionPage {
        collection: reference.collection(),
        after: 0,
        position: server.log.len() as u64,
        records: vec![reference],
        changes: server.log.iter().map(|change| LoggedChange { record: 0, change: change.clone() }).collect(),
        authors: vec![author],
        packs: vec![LoggedPack { record: 0, pack: packed.clone() }],
        name: Some([0xdd; 8]),
    };
    let refused = Refusal::new(RefusalCode::NoRight, "attendance");
    let answer = SyncResponse {
        protocol: PROTOCOL,
        server_time: Millis(1_795_000_000_000),
        generation,
        receipts: vec![EnvelopeReceipt {
            refused: None,
            changes: vec![Receipt::Stored(1), Receipt::Refused(refused)],
        }],
        pages: vec![page],
        more: false,
        profile: None,
        last_counter: 1,
        last_epoch: 1,
        token: None,
        recovered: Some(vec![Receipt::Duplicate(2)]),
        voucher: Some(code),
    };
    let mut seeds = vec![
        ("envelope", framed.clone()),
        ("envelope", written),
        ("sync_body", minicbor::to_vec(&request).expect("it encodes")),
        ("sync_body", minicbor::to_vec(&recovering).expect("it encodes")),
        ("sync_body", minicbor::to_vec(&answer).expect("it encodes")),
        ("pack", packed),
        ("rule_book", EXAMPLE_TOML.as_bytes().to_vec()),
        ("kept_index", server.index.keep()),
        ("carried_file", [framed.clone(), framed].concat()),
    ];
    for (number, change) in server.log.iter().enumerate() {
        seeds.push(("change", [&[number as u8], body(change)].concat()));
    }
    // What each could write next.
    let next = [
        title("又一个题目"),
        place("小学"),
        mark(9, "leave_work"),
        minutes("学习文件，讨论修路。", "讨论修桥。"),
    ];
    for (number, command) in next.iter().enumerate() {
        let change =
            server.phone(if number % 2 == 0 { cast().secretary() } else { cast().recorder() }).write(command);
        seeds.push(("change", [&[number as u8], body(&change)].concat()));
    }
    seeds
}

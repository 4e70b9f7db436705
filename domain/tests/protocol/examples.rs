//! The worked examples: made from fixed inputs, and read back from the page.

use std::fmt::Debug;

use crate::notation;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use minicbor::{Decode, Encode};
use uuid::Uuid;
use zhibu_domain::attachment::{Attachment, BlobHash, PhotoFormat};
use zhibu_domain::command::{AboutField, Command};
use zhibu_domain::event::{Amendment, Claim, PointsEvent, PointsVerb, ReviewEvent, Verb};
use zhibu_domain::gate;
use zhibu_domain::ids::{AccountId, DeviceId, DistrictId, EntryId, MemberId, OrgId, RecordId, new_v7};
use zhibu_domain::org::{NamingScheme, Org, OrgType, Post, Role};
use zhibu_domain::record::{
    Actor, Record, RecordKind, RecordRef, STANDING, SlotPath, Stamp, WrittenChange, change_hash,
    genesis_bytes, genesis_hash,
};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{
    AuthorCard, CollectionPage, EnrolRequest, EnrolResponse, Envelope, EnvelopeBody, EnvelopeReceipt,
    ErrorBody, ErrorCode, KeyAlgorithm, LoggedChange, PROTOCOL, Profile, ReadMark, Receipt, Recovery,
    Refusal, SentChange, SyncRequest, SyncResponse, TokenRequest, TokenResponse, Voucher,
};

/// The namespace that the page states, in the test's own hand: the code's is private and must agree.
const NAMESPACE: Uuid = Uuid::from_u128(0x5a686962_752d_8a01_b0c0_ffee00000001);
const NOW: Millis = Millis(1_795_000_000_000);
const SECRET: [u8; 32] = [0x77; 32];
const DISTRICT: DistrictId = DistrictId::from_bytes([0x11; 16]);
const BRANCH: OrgId = OrgId::from_bytes([0x22; 16]);
const DEVICE: DeviceId = DeviceId::from_bytes([0x33; 16]);
const MEMBER: MemberId = MemberId::from_bytes([0x44; 16]);
const ENTRY: EntryId = EntryId::from_bytes([0x55; 16]);
const EVENT: EntryId = EntryId::from_bytes([0x66; 16]);
const PLACE: &str = "村委会";

/// Looks at bytes of the page and panics if they are not what they should be.
type Check = Box<dyn Fn(&[u8])>;

/// One block of the page.
pub(crate) struct Example {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    is_cbor: bool,
    /// Panics unless the bytes read as what they were made from.
    pub(crate) reads_back: Check,
}

impl Example {
    /// The block as it stands on the page: size, CBOR in words where it is CBOR, bytes.
    pub(crate) fn block(&self) -> String {
        let hex: Vec<String> = self.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut lines = vec![format!("# {} bytes", self.bytes.len())];
        if self.is_cbor {
            lines.extend(notation::of(&self.bytes).lines().map(|line| format!("# {line}")));
        }
        lines.extend(hex.chunks(48).map(|line| line.concat()));
        format!("```hex\n{}\n```\n", lines.join("\n"))
    }
}

fn cbor<T>(name: &str, value: T) -> Example
where
    T: Encode<()> + for<'b> Decode<'b, ()> + PartialEq + Debug + 'static,
{
    let bytes = minicbor::to_vec(&value).unwrap();
    let reads_back = move |bytes: &[u8]| assert_eq!(minicbor::decode::<T>(bytes).unwrap(), value);
    Example { name: name.to_owned(), bytes, is_cbor: true, reads_back: Box::new(reads_back) }
}

fn raw(name: impl Into<String>, bytes: Vec<u8>, reads_back: impl Fn(&[u8]) + 'static) -> Example {
    Example { name: name.into(), bytes, is_cbor: false, reads_back: Box::new(reads_back) }
}

/// All of them.
pub(crate) fn all() -> Vec<Example> {
    let mut examples = identities();
    examples.extend(RecordKind::ALL.iter().map(|kind| genesis(*kind)));
    examples.extend(changes());
    examples.extend(entries());
    examples.extend(envelopes());
    examples.extend(receipts());
    examples.extend(sync());
    examples.extend(entrance());
    examples
}

fn key() -> Ed25519KeyPair {
    let seed: Vec<u8> = (0..32).collect();
    Ed25519KeyPair::from_seed_unchecked(&seed).unwrap()
}

fn sign(message: &[u8]) -> Vec<u8> {
    key().sign(message).as_ref().to_vec()
}

fn assert_signed(message: &[u8], signature: &[u8]) {
    UnparsedPublicKey::new(&ED25519, key().public_key()).verify(message, signature).unwrap();
}

fn activity() -> RecordRef {
    RecordRef::activity(BRANCH, 2026, RecordId(new_v7(NOW, [0x99; 10])))
}

/// The record of each kind whose genesis is shown.
pub(crate) fn reference(kind: RecordKind) -> RecordRef {
    match kind {
        RecordKind::Activity => activity(),
        RecordKind::Points => RecordRef::points(BRANCH, 2026, MEMBER),
        RecordKind::Roster => RecordRef::roster(BRANCH),
        RecordKind::RuleBook => RecordRef::rule_book(DISTRICT.into()),
    }
}

fn change() -> WrittenChange {
    let stamp = Stamp { actor: Actor { device: DEVICE, epoch: 1 }, now: NOW };
    let command = Command::SetAbout(vec![(AboutField::Place, Some(PLACE.into()))]);
    Record::new(activity()).execute(&command, stamp).unwrap().unwrap()
}

fn identities() -> Vec<Example> {
    let points = RecordRef::points(BRANCH, 2026, MEMBER);
    let mut name = Vec::new();
    for part in [&b"points"[..], BRANCH.bytes(), &[0x07, 0xea], MEMBER.bytes()] {
        name.extend((part.len() as u32).to_be_bytes());
        name.extend(part);
    }
    let id = points.id();
    vec![
        cbor("reference activity", activity()),
        cbor("reference points", points),
        raw("id name", name, move |name| assert_eq!(Uuid::new_v5(&NAMESPACE, name), id.0)),
        raw("id", id.bytes().to_vec(), move |bytes| assert_eq!(bytes, points.id().bytes())),
        raw("actor", Actor { device: DEVICE, epoch: 1 }.to_bytes().to_vec(), |bytes| {
            assert_eq!(Actor::from_bytes(bytes), Some(Actor { device: DEVICE, epoch: 1 }));
        }),
    ]
}

fn genesis(kind: RecordKind) -> Example {
    let reference = reference(kind);
    let hash = genesis_hash(&reference);
    raw(format!("genesis {kind}"), genesis_bytes(&reference), move |bytes| {
        assert_eq!(change_hash(bytes), Some(hash));
        assert!(automerge::Change::from_bytes(bytes.to_vec()).is_ok());
    })
}

fn changes() -> [Example; 2] {
    let WrittenChange { hash, bytes } = change();
    [
        raw("change", bytes, move |bytes| {
            assert_eq!(gate::decode(bytes).unwrap().hash(), hash);
            let record = Record::from_changes(activity(), [bytes]).unwrap();
            assert_eq!(record.value(SlotPath::parse("about.place")), Some(PLACE.into()));
        }),
        raw("change hash", hash.0.to_vec(), move |bytes| {
            assert_eq!(Some(bytes), change_hash(&change().bytes).as_ref().map(|hash| &hash.0[..]));
        }),
    ]
}

fn entries() -> [Example; 5] {
    let slot = "about.place".to_owned();
    [
        cbor(
            "entry review",
            ReviewEvent {
                verb: Verb::Returned,
                supersedes: vec![EVENT],
                slot: Some(slot.clone()),
                comment: Some("请写明地点".into()),
                reason: None,
            },
        ),
        cbor("entry amendment", Amendment { slot, text: PLACE.into() }),
        cbor(
            "entry claim",
            Claim {
                rule: "C01".into(),
                date: "2026-11-07".parse().unwrap(),
                units: 2,
                matter: "参加村道清雪".into(),
                points: None,
            },
        ),
        cbor("entry photo", photo()),
        cbor("entry points", PointsEvent { entry: ENTRY, verb: PointsVerb::Verified, reason: None }),
    ]
}

fn photo() -> Attachment {
    let (photo, thumb) = (BlobHash::of(b"photo"), BlobHash::of(b"thumb"));
    Attachment { photo, size_bytes: 312_480, thumb, thumb_bytes: 9_216, mime: PhotoFormat::Webp }
}

fn body() -> EnvelopeBody {
    EnvelopeBody {
        protocol: PROTOCOL,
        district: DISTRICT,
        device: DEVICE,
        counter: 1,
        closed_at: NOW,
        changes: vec![SentChange { record: activity(), change: change().bytes }],
    }
}

fn envelopes() -> [Example; 3] {
    let bytes = minicbor::to_vec(body()).unwrap();
    let signature = sign(&Envelope::signed_bytes(&bytes));
    let public_key = key().public_key().as_ref().to_vec();
    [
        raw("public key", public_key, |bytes| assert_eq!(bytes, key().public_key().as_ref())),
        cbor("envelope body", body()),
        raw("envelope signature", signature, move |s| assert_signed(&Envelope::signed_bytes(&bytes), s)),
    ]
}

fn refusal() -> Refusal {
    Refusal { code: RefusalCode::RecordFiled, slot: Some("about.place".into()), detail: None }
}

fn receipts() -> [Example; 4] {
    let whole = Refusal { code: RefusalCode::DeviceRevoked, slot: None, detail: None };
    [
        cbor("receipt stored", Receipt::Stored(41)),
        cbor("receipt duplicate", Receipt::Duplicate(41)),
        cbor("receipt refused", Receipt::Refused(refusal())),
        cbor("envelope refused", EnvelopeReceipt { refused: Some(whole), changes: Vec::new() }),
    ]
}

fn sync() -> [Example; 3] {
    let collection = activity().collection();
    let standing = RecordRef::roster(BRANCH).collection();
    assert_eq!(standing.year, STANDING);
    let held = ReadMark { name: Some([0xee; 8]), ..ReadMark::at(collection, 40) };
    let marks = vec![ReadMark::at(standing, 12), held];
    let author = AuthorCard {
        device: DEVICE,
        name: "乌云其木格".into(),
        device_name: "书记的手机".into(),
        member: Some(MEMBER),
    };
    let logged = LoggedChange { record: 0, change: change().bytes };
    let page = CollectionPage {
        collection,
        after: 40,
        position: 41,
        records: vec![activity()],
        changes: vec![logged],
        authors: vec![author.clone()],
        packs: Vec::new(),
        name: Some([0xdd; 8]),
    };
    let names = [change().hash.0, change().hash.0].concat();
    let voucher = Voucher { generation: vec![0xaa; 16], code: vec![0xcc; 16], names, packs: Vec::new() };
    let sent = SentChange { record: activity(), change: change().bytes };
    [
        cbor(
            "sync request",
            SyncRequest {
                protocol: PROTOCOL,
                profile_version: 3,
                marks,
                envelopes: Vec::new(),
                page_bytes: 512 << 10,
                recovery: None,
            },
        ),
        cbor(
            "sync answer",
            SyncResponse {
                protocol: PROTOCOL,
                server_time: NOW,
                generation: vec![0xaa; 16],
                receipts: vec![EnvelopeReceipt { refused: None, changes: vec![Receipt::Stored(41)] }],
                pages: vec![page],
                more: false,
                profile: None,
                last_counter: 1,
                last_epoch: 1,
                token: None,
                recovered: None,
                voucher: Some(vec![0xcc; 16]),
            },
        ),
        cbor(
            "recovery request",
            SyncRequest {
                protocol: PROTOCOL,
                profile_version: 3,
                marks: Vec::new(),
                envelopes: Vec::new(),
                page_bytes: 512 << 10,
                recovery: Some(Recovery {
                    vouchers: vec![voucher],
                    changes: vec![sent],
                    authors: vec![author],
                }),
            },
        ),
    ]
}

/// Enrolment, tokens, errors.
fn entrance() -> Vec<Example> {
    let public_key = key().public_key().as_ref().to_vec();
    let enrol_signed = EnrolRequest::signed_bytes(&SECRET, &public_key);
    let token_signed = TokenRequest::signed_bytes(DEVICE, NOW);
    let enrol = EnrolRequest {
        protocol: PROTOCOL,
        secret: SECRET.to_vec(),
        algorithm: KeyAlgorithm::Ed25519,
        public_key,
        device_name: "书记的手机".into(),
        proof: sign(&enrol_signed),
    };
    let token = TokenRequest { device: DEVICE, at: NOW, proof: sign(&token_signed) };
    let answer = TokenResponse { token: "a.b.c".into(), expires_at: NOW.plus(600_000), server_time: NOW };
    let error = ErrorBody {
        code: ErrorCode::InviteSpent,
        message: "邀请码已用过或已过期，请要一个新的。".into(),
        request_id: "r-1".into(),
        server_time: NOW,
    };
    let (enrol_proof, token_proof) = (enrol.proof.clone(), token.proof.clone());
    vec![
        raw("enrol signed", enrol_signed, move |bytes| assert_signed(bytes, &enrol_proof)),
        cbor("enrol request", enrol),
        cbor("enrol answer", EnrolResponse { device: DEVICE, profile: profile(), token: answer.clone() }),
        raw("token signed", token_signed, move |bytes| assert_signed(bytes, &token_proof)),
        cbor("token request", token),
        cbor("token answer", answer),
        cbor("error", error),
    ]
}

fn profile() -> Profile {
    let org = |id, parent, org_type, name: &str| Org { id, parent, org_type, name: name.to_owned() };
    Profile {
        version: 3,
        district: DISTRICT,
        naming: NamingScheme::Qi,
        account: AccountId::from_bytes([0x88; 16]),
        name: "乌云其木格".into(),
        member: Some(MEMBER),
        posts: vec![Post { role: Role::BranchSecretary, org: BRANCH }],
        orgs: vec![
            org(DISTRICT.into(), None, OrgType::District, "青岭旗"),
            org(BRANCH, Some(DISTRICT.into()), OrgType::Branch, "白桦嘎查党支部"),
        ],
        collections: vec![RecordRef::roster(BRANCH).collection(), activity().collection()],
    }
}

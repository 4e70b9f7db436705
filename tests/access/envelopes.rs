//! Lies about envelopes and requests.

use std::io::Write as _;

use reqwest::StatusCode;
use zhibu_domain::command::Command;
use zhibu_domain::ids::{DeviceId, DistrictId, RecordId, natural};
use zhibu_domain::org::Role;
use zhibu_domain::record::{Record, RecordRef};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::wire::{Envelope, EnvelopeBody, ErrorBody, ErrorCode, Receipt};
use zhibu_server::store::QuarantineFilter;

use super::district::{District, district_id, member, org, post};
use super::wire_client::{WireClient, is_stored, refused};

async fn member_of(district: &District, name: &str, number: u32) -> WireClient {
    let secret = district.invite(name, Some(member(number)), &[post(Role::Member, "branch")]).await;
    WireClient::enrol(district, secret).await
}

fn record(name: &str) -> Record {
    Record::new(RecordRef::activity(org("branch"), 2026, RecordId(natural(&[name.as_bytes()]))))
}

fn mark(number: u32, state: &str) -> Command {
    Command::RecordAttendance(vec![(member(number), Some(state.into()))])
}

#[tokio::test]
async fn an_envelope_that_is_not_what_it_says_is_refused_whole_and_kept() {
    let district = District::open().await;
    let mut client = member_of(&district, "党员", 9).await;
    let mut activity = record("a");
    let change = client.write(&mut activity, &mark(9, "present"));

    client.counter += 1;
    let honest = client.body(vec![change.clone()]);
    let mut wrong_signature = client.sign(honest.clone());
    wrong_signature.signature[5] ^= 1;
    let stranger = client.sign(EnvelopeBody { device: DeviceId::from_bytes([9; 16]), ..honest.clone() });
    let elsewhere =
        client.sign(EnvelopeBody { district: DistrictId(natural(&[b"other"])), ..honest.clone() });
    let garbage = Envelope { body: b"garbage".to_vec(), signature: vec![0; 64] };
    let good = client.sign(honest);
    let receipts = client
        .deliver(vec![wrong_signature.clone(), stranger.clone(), elsewhere.clone(), garbage.clone(), good])
        .await;
    assert_eq!(refused(&receipts[0]), RefusalCode::WrongSignature);
    assert_eq!(refused(&receipts[1]), RefusalCode::UnknownDevice);
    assert_eq!(refused(&receipts[2]), RefusalCode::WrongDistrict);
    assert_eq!(refused(&receipts[3]), RefusalCode::Malformed);
    assert!(is_stored(&receipts[4]), "the honest one that came with them counts");

    let filter = QuarantineFilter { limit: 100, ..Default::default() };
    let kept = district.store().list_quarantine(district_id(), &filter).await.unwrap();
    for envelope in [wrong_signature, stranger, elsewhere, garbage] {
        let bytes = minicbor::to_vec(&envelope).unwrap();
        assert!(kept.iter().any(|item| item.content == bytes), "kept as it came");
    }
}

#[tokio::test]
async fn a_counter_stands_for_one_envelope() {
    let district = District::open().await;
    let mut client = member_of(&district, "党员", 9).await;
    let mut activity = record("a");
    let first = client.write(&mut activity, &mark(9, "present"));
    let envelope = client.envelope(vec![first]);
    assert!(is_stored(&client.deliver(vec![envelope.clone()]).await[0]));
    let again = client.deliver(vec![envelope.clone(), envelope]).await;
    assert!(again.iter().all(|receipt| matches!(receipt.changes[..], [Receipt::Duplicate(1)])), "{again:?}");

    let second = client.write(&mut activity, &mark(9, "leave_work"));
    let replayed = client.sign(client.body(vec![second.clone()]));
    assert_eq!(refused(&client.deliver(vec![replayed]).await[0]), RefusalCode::CounterReused);
    let honest = client.envelope(vec![second]);
    assert!(is_stored(&client.deliver(vec![honest]).await[0]));
}

#[tokio::test]
async fn a_carrier_delivers_but_the_author_is_judged() {
    let district = District::open().await;
    let mut author = member_of(&district, "党员甲", 9).await;
    let secret = district.invite("书记", None, &[post(Role::BranchSecretary, "branch")]).await;
    let carrier = WireClient::enrol(&district, secret).await;
    let mut activity = record("a");
    let own = author.write(&mut activity, &mark(9, "present"));
    let foreign = author.write(&mut activity, &mark(8, "present"));
    let envelope = author.envelope(vec![own, foreign]);
    let receipt = &carrier.deliver(vec![envelope.clone()]).await[0];
    assert!(
        matches!(&receipt.changes[..], [Receipt::Stored(1), Receipt::Refused(r)] if r.code == RefusalCode::NoRight)
    );
    let receipt = &author.deliver(vec![envelope]).await[0];
    assert!(
        matches!(&receipt.changes[..], [Receipt::Duplicate(1), Receipt::Refused(r)] if r.code == RefusalCode::NoRight),
        "the author hears the same answer: {receipt:?}"
    );
}

#[tokio::test]
async fn a_revoked_device_is_heard_no_more_and_its_work_is_kept() {
    let district = District::open().await;
    let mut client = member_of(&district, "党员", 9).await;
    let secret = district.invite("书记", None, &[post(Role::BranchSecretary, "branch")]).await;
    let carrier = WireClient::enrol(&district, secret).await;
    let change = client.write(&mut record("a"), &mark(9, "present"));
    let envelope = client.envelope(vec![change]);
    assert!(
        district.store().revoke_device(district_id(), client.device, super::district::EVENING).await.unwrap()
    );
    let (status, body) = client.sync(vec![envelope.clone()]).await.unwrap_err();
    assert_eq!((status, body.code), (StatusCode::UNAUTHORIZED, ErrorCode::DeviceRevoked));
    assert_eq!(refused(&carrier.deliver(vec![envelope]).await[0]), RefusalCode::DeviceRevoked);
}

#[tokio::test]
async fn a_request_is_bounded_before_it_is_decoded() {
    let district = District::open().await;
    let client = member_of(&district, "党员", 9).await;
    let code_of = async |request: reqwest::RequestBuilder| {
        let response = request.bearer_auth(&client.token).send().await.unwrap();
        let status = response.status();
        let body: ErrorBody = minicbor::decode(&response.bytes().await.unwrap()).unwrap();
        assert!(!body.request_id.is_empty());
        (status, body.code)
    };
    let mut bomb = flate2_gzip();
    for _ in 0..64 {
        bomb.write_all(&[0; 1 << 20]).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < 100_000);
    let request = client.raw("/v1/sync").header("content-encoding", "gzip").body(bomb);
    assert_eq!(code_of(request).await, (StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLarge));
    let request = client.raw("/v1/sync").body(vec![0; 5 << 20]);
    assert_eq!(code_of(request).await, (StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLarge));
    let request = client.raw("/v1/sync").body("not cbor");
    assert_eq!(code_of(request).await, (StatusCode::BAD_REQUEST, ErrorCode::Malformed));
    // An array that claims 2^32 envelopes in nine bytes.
    let request = client.raw("/v1/sync").body(vec![0xa1, 0x03, 0x9a, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(code_of(request).await, (StatusCode::BAD_REQUEST, ErrorCode::Malformed));
    let request = client.raw("/v1/sync").header("content-encoding", "br").body(vec![1]);
    assert_eq!(code_of(request).await.1, ErrorCode::UnsupportedMedia);
    assert!(client.sync(vec![]).await.is_ok(), "and it goes on serving");
}

fn flate2_gzip() -> flate2::write::GzEncoder<Vec<u8>> {
    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best())
}

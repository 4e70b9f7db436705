//! Every code that the server can answer, with its status and its one body.

use std::collections::BTreeSet;
use std::sync::Arc;

use reqwest::Method;
use serde_json::json;
use zhibu_domain::ids::{RecordId, natural};
use zhibu_domain::org::Role;
use zhibu_domain::record::{ChangeHash, RecordRef};
use zhibu_domain::wire::{EnrolResponse, ErrorCode, MAX_BODY_BYTES, TokenRequest};
use zhibu_server::blobs::BlobPlace;
use zhibu_server::clock::{Clock as _, SeededEntropy, TestClock};
use zhibu_server::store::{Decision, Delivery, Verdict};
use zhibu_server::{App, http};

use super::cast::{empty_sync, enrolment, enrolment_by, renewal, staff};
use super::databases::own_database;
use super::district::{District, EVENING, district_id, member, org, post};
use super::door::{Answer, Door, Refused};
use super::wire_client::WireClient;

/// Codes that no request can bring about today, each with the reason. A code belongs here or in a test below.
const NOT_ANSWERED_YET: &[(ErrorCode, &str)] = &[];

fn bytes(value: impl minicbor::Encode<()>) -> Vec<u8> {
    minicbor::to_vec(value).unwrap()
}

/// What a phone can run into.
async fn phone_refusals() -> Vec<Refused> {
    let district = District::open().await;
    let door = Door::at(district.address);
    let secret = district.invite("书记", Some(member(1)), &[post(Role::BranchSecretary, "branch")]).await;
    let enrolled = door.cbor("/v1/enrol", "", bytes(enrolment(secret))).await;
    let enrolled: EnrolResponse = minicbor::decode(&enrolled.bytes).unwrap();
    let token = enrolled.token.token;
    let mut old = empty_sync();
    old.protocol = 0;
    let forged = TokenRequest { proof: vec![0; 64], ..renewal(enrolled.device, EVENING) };
    let plain =
        door.request(Method::POST, "/v1/sync").header("content-type", "text/plain").bearer_auth(&token);
    let answers = [
        door.cbor("/v1/sync", &token, b"\xff".to_vec()).await,
        door.cbor("/v1/sync", "not a token", bytes(empty_sync())).await,
        door.cbor("/v1/token", "", bytes(forged)).await,
        door.cbor("/v1/token", "", bytes(renewal(enrolled.device, EVENING.plus(3_600_000)))).await,
        door.cbor("/v1/enrol", "", bytes(enrolment([9; 32]))).await,
        door.cbor("/v1/enrol", "", bytes(enrolment_by(4, secret))).await,
        door.get("/v1/sync", &token).await,
        door.cbor("/v1/sync", &token, vec![0; MAX_BODY_BYTES + 1]).await,
        Answer::to(plain.body("x")).await,
        door.cbor("/v1/sync", &token, bytes(old)).await,
    ];
    let mut refusals: Vec<_> = answers.iter().map(|answer| answer.refusal(EVENING)).collect();
    district.clock.advance(11 * 60 * 1000);
    let late = district.clock.now();
    refusals.push(door.cbor("/v1/sync", &token, bytes(empty_sync())).await.refusal(late));
    assert!(district.store().revoke_device(district_id(), enrolled.device, late).await.unwrap());
    refusals.push(door.cbor("/v1/token", "", bytes(renewal(enrolled.device, late))).await.refusal(late));
    refusals
}

/// What staff can run into.
async fn console_refusals() -> Vec<Refused> {
    let district = District::open().await;
    let door = Door::at(district.address);
    let admin = staff(&district, "admin", Role::DistrictAdmin, "district").await;
    let reviewer = staff(&district, "reviewer", Role::DistrictReviewer, "district").await;
    let wrong = json!({ "login": "reviewer", "password": "not the password" });
    let account = |password: &str| {
        let posts = json!([{ "role": "district_reviewer", "org": district_id() }]);
        json!({ "login": "admin", "password": password, "name": "又一位", "org": district_id(), "posts": posts })
    };
    let untyped = door.request(Method::POST, "/v1/console/login").body("{}");
    let accounts = "/v1/console/accounts";
    let answers = [
        door.json("/v1/console/login", "", "{").await,
        door.get("/v1/console/me", "not a token").await,
        door.json("/v1/console/login", "", &wrong).await,
        door.get("/v1/console/audit", &reviewer).await,
        door.get("/v1/nothing", &admin).await,
        door.json("/v1/console/me", &admin, "{}").await,
        door.json(accounts, &admin, account("long enough")).await,
        door.json(accounts, &admin, " ".repeat(257 << 10)).await,
        Answer::to(untyped).await,
        door.json(accounts, &admin, account("short")).await,
    ];
    let mut refusals: Vec<_> = answers.iter().map(|answer| answer.refusal(EVENING)).collect();
    for _ in 0..4 {
        door.json("/v1/console/login", "", &wrong).await;
    }
    refusals.push(door.json("/v1/console/login", "", &wrong).await.refusal(EVENING));
    district.clock.advance(31 * 60 * 1000);
    refusals.push(door.get("/v1/console/me", &admin).await.refusal(district.clock.now()));
    refusals
}

/// What anybody runs into when the store is damaged or away.
async fn broken_server_refusals() -> Vec<Refused> {
    let district = District::open().await;
    let door = Door::at(district.address);
    let admin = staff(&district, "admin", Role::DistrictAdmin, "district").await;
    let secret = district.invite("书记", Some(member(1)), &[post(Role::BranchSecretary, "branch")]).await;
    let phone = WireClient::enrol(&district, secret).await;
    let rotten = RecordRef::activity(org("branch"), 2026, RecordId(natural(&[b"rotten"])));
    store_garbage(&district, &phone, rotten).await;
    let mut refusals =
        vec![door.get(&format!("/v1/console/records/{}", rotten.id()), &admin).await.refusal(EVENING)];
    let folder = tempfile::tempdir().unwrap();
    let store = own_database(folder.path()).await.open().await.unwrap();
    let clock = Arc::new(TestClock::new(EVENING));
    let app = App::new(
        store.clone(),
        clock,
        Arc::new(SeededEntropy::new(7)),
        "http://zhibu.test",
        BlobPlace::folder(folder.path()).unwrap(),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let away = Door::at(listener.local_addr().unwrap());
    tokio::spawn(
        async move { axum::serve(listener, http::router(app, http::Pages::default())).await.unwrap() },
    );
    store.close().await;
    refusals.push(away.get("/readyz", "").await.refusal(EVENING));
    refusals.push(away.cbor("/v1/enrol", "", bytes(enrolment(secret))).await.refusal(EVENING));
    refusals
}

/// Bytes that are no change, straight into the log, as a failing disk leaves them.
async fn store_garbage(district: &District, phone: &WireClient, record: RecordRef) {
    let verdict = Verdict {
        record,
        hash: ChangeHash([0; 32]),
        change: vec![0; 100],
        decision: Decision::Append,
        base_version: Some(0),
        admitted_by: None,
    };
    let delivery = Delivery {
        district: district_id(),
        carrier: phone.device,
        author: phone.device,
        counter: 1,
        digest: [0; 32],
        refused_envelope: None,
        verdicts: vec![verdict],
        epoch_seen: 1,
        received_at: EVENING,
    };
    district.store().commit(&[delivery]).await.unwrap();
}

fn text(refusals: &[Refused]) -> String {
    refusals.iter().map(|refused| refused.text.as_str()).collect()
}

#[tokio::test]
async fn a_phone_is_refused_in_cbor_with_a_code_a_status_and_a_reason() {
    insta::assert_snapshot!(text(&phone_refusals().await), @r"
    400 application/cbor
      { code: malformed, message: 请求的格式不对，请更新软件后再试。, request_id: [id], server_time: [now] }
    401 application/cbor
      { code: unauthenticated, message: 请先登录。, request_id: [id], server_time: [now] }
    401 application/cbor
      { code: wrong_proof, message: 这台设备的验证没有通过，请再试一次。, request_id: [id], server_time: [now] }
    401 application/cbor
      { code: clock_skew, message: 设备的时间不准，请校准时间后再试。, request_id: [id], server_time: [now] }
    404 application/cbor
      { code: not_found, message: 没有找到。, request_id: [id], server_time: [now] }
    410 application/cbor
      { code: invite_spent, message: 邀请码已用过或已过期，请要一个新的。, request_id: [id], server_time: [now] }
    405 application/cbor; allow: POST
      { code: wrong_method, message: 请求的方式不对，请更新软件后再试。, request_id: [id], server_time: [now] }
    413 application/cbor
      { code: too_large, message: 内容太大，请分几次提交。, request_id: [id], server_time: [now] }
    415 application/cbor
      { code: unsupported_media, message: 不支持这种内容格式。, request_id: [id], server_time: [now] }
    426 application/cbor
      { code: client_too_old, message: 软件版本太旧，请更新后再用。, request_id: [id], server_time: [now] }
    401 application/cbor
      { code: token_expired, message: 登录已过期，请重新登录。, request_id: [id], server_time: [now] }
    401 application/cbor
      { code: device_revoked, message: 这台设备已被停用，请联系乡镇党建办。, request_id: [id], server_time: [now] }
    ");
}

#[tokio::test]
async fn staff_are_refused_in_json_with_a_code_a_status_and_a_reason() {
    insta::assert_snapshot!(text(&console_refusals().await), @r"
    400 application/json
      { code: malformed, message: 请求的格式不对，请更新软件后再试。, request_id: [id], server_time: [now] }
    401 application/json
      { code: unauthenticated, message: 请先登录。, request_id: [id], server_time: [now] }
    401 application/json
      { code: wrong_login, message: 用户名或密码不对。, request_id: [id], server_time: [now] }
    403 application/json
      { code: forbidden, message: 您没有权限做这一步。, request_id: [id], server_time: [now] }
    404 application/json
      { code: not_found, message: 没有找到。, request_id: [id], server_time: [now] }
    405 application/json; allow: GET,HEAD
      { code: wrong_method, message: 请求的方式不对，请更新软件后再试。, request_id: [id], server_time: [now] }
    409 application/json
      { code: conflict, message: 这个登录名已有人用，请换一个。, request_id: [id], server_time: [now] }
    413 application/json
      { code: too_large, message: 内容太大，请分几次提交。, request_id: [id], server_time: [now] }
    415 application/json
      { code: unsupported_media, message: 不支持这种内容格式。, request_id: [id], server_time: [now] }
    422 application/json
      { code: rule_broken, message: 密码至少要有 10 个字符，也不能太长。, request_id: [id], server_time: [now] }
    429 application/json; retry-after: 901
      { code: too_many, message: 操作太频繁，请稍后再试。, request_id: [id], server_time: [now] }
    401 application/json
      { code: token_expired, message: 登录已过期，请重新登录。, request_id: [id], server_time: [now] }
    ");
}

#[tokio::test]
async fn a_broken_server_says_so_in_the_same_body() {
    insta::assert_snapshot!(text(&broken_server_refusals().await), @r"
    500 application/json
      { code: internal, message: 服务器出了问题，已经记录。内容没有丢失。, request_id: [id], server_time: [now] }
    503 application/json; retry-after: 2
      { code: unavailable, message: 服务器正忙，请稍后再试。内容没有丢失。, request_id: [id], server_time: [now] }
    503 application/cbor; retry-after: 2
      { code: unavailable, message: 服务器正忙，请稍后再试。内容没有丢失。, request_id: [id], server_time: [now] }
    ");
}

#[tokio::test]
async fn every_code_is_answered_above_or_says_why_not() {
    let (phone, console, broken) =
        tokio::join!(phone_refusals(), console_refusals(), broken_server_refusals());
    let answered: BTreeSet<_> =
        [phone, console, broken].iter().flatten().map(|refused| refused.code).collect();
    let excused: BTreeSet<_> = NOT_ANSWERED_YET.iter().map(|(code, _)| *code).collect();
    assert!(answered.is_disjoint(&excused), "answered after all: take it off the list");
    let known: BTreeSet<_> = answered.union(&excused).copied().collect();
    assert_eq!(known, ErrorCode::ALL.iter().copied().collect());
}

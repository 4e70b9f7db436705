//! Lies about who is calling.

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::StatusCode;
use serde_json::{Value, json};
use zhibu_domain::org::Role;
use zhibu_domain::view::ActivityView;
use zhibu_domain::wire::{ErrorBody, ErrorCode, PROOF_SCHEME, PROTOCOL, SyncRequest, SyncResponse};

use super::district::{District, EVENING, member, post};
use super::records::{Branch, mark};
use super::wire_client::{WireClient, is_stored};

async fn client(district: &District) -> WireClient {
    let secret = district.invite("党员", Some(member(9)), &[post(Role::Member, "branch")]).await;
    WireClient::enrol(district, secret).await
}

fn claims_of(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap()).unwrap()
}

async fn code(client: &WireClient) -> (StatusCode, ErrorCode) {
    let (status, body) = client.sync(vec![]).await.unwrap_err();
    (status, body.code)
}

#[tokio::test]
async fn a_token_ends_and_is_renewed_by_the_device_key_alone() {
    let district = District::open().await;
    let mut client = client(&district).await;
    district.clock.advance(11 * 60_000);
    assert_eq!(code(&client).await, (StatusCode::UNAUTHORIZED, ErrorCode::TokenExpired));
    let now = EVENING.plus(11 * 60_000);
    let far = client.renew(now.plus(-3_600_000)).await.unwrap_err();
    assert_eq!((far.0, far.1.code, far.1.server_time), (StatusCode::UNAUTHORIZED, ErrorCode::ClockSkew, now));
    client.token = client.renew(now).await.unwrap().token;
    assert!(client.sync(vec![]).await.is_ok());
    let replayed = client.renew(now).await.unwrap_err();
    assert_eq!(replayed.1.code, ErrorCode::WrongProof, "a proof is good for once");
    assert!(client.renew(now.plus(1)).await.is_ok());
}

#[tokio::test]
async fn a_proof_that_was_used_shows_no_record_and_costs_no_work() {
    let mut branch = Branch::with_activity().await;
    let proof = branch.secretary.prove(EVENING.plus(1));
    let change = branch.secretary.write(&mut branch.activity, &mark(3, "present"));
    let request = SyncRequest {
        protocol: PROTOCOL,
        profile_version: 0,
        marks: vec![],
        envelopes: vec![branch.secretary.envelope(vec![change])],
        page_bytes: 1 << 20,
        recovery: None,
    };
    let bring = async || {
        let sending = branch.secretary.raw("/v1/sync").body(minicbor::to_vec(&request).unwrap());
        let proof = format!("{PROOF_SCHEME} {}", proof.to_header());
        let answer = sending.header("authorization", proof).send().await.unwrap();
        (answer.status(), answer.bytes().await.unwrap())
    };
    let (status, first) = bring().await;
    assert!(status.is_success(), "{status}");
    let first: SyncResponse = minicbor::decode(&first).unwrap();
    assert!(is_stored(&first.receipts[0]) && !first.pages.is_empty());
    let (status, again) = bring().await;
    let again: ErrorBody = minicbor::decode(&again).unwrap();
    assert_eq!((status, again.code), (StatusCode::UNAUTHORIZED, ErrorCode::WrongProof));
    let read = branch.villain.read(*branch.activity.reference()).await;
    assert_eq!(ActivityView::of(&read).attendance.len(), 2, "stored once");
}

#[tokio::test]
async fn a_token_of_another_algorithm_key_or_purpose_opens_nothing() {
    let district = District::open().await;
    let mut client = client(&district).await;
    let honest = client.token.clone();
    let claims = claims_of(&honest);
    let forge = |header: Header, key: &EncodingKey, claims: &Value| {
        jsonwebtoken::encode(&header, claims, key).unwrap()
    };
    // The district's own secret is [2; 32] here: even who knew it could not change the algorithm or the purpose.
    let secret = EncodingKey::from_secret(&[2; 32]);
    let kid = jsonwebtoken::decode_header(&honest).unwrap();
    let mut other_purpose = claims.clone();
    other_purpose["aud"] = json!("console");
    let mut eternal = claims.clone();
    eternal["exp"] = json!(4_000_000_000_u64);
    let none = format!(
        "{}.{}.",
        BASE64URL_NOPAD.encode(br#"{"alg":"none","typ":"JWT"}"#),
        honest.split('.').nth(1).unwrap()
    );
    let forged = [
        forge(Header { alg: Algorithm::HS384, ..kid.clone() }, &secret, &claims),
        forge(Header { alg: Algorithm::HS512, ..kid.clone() }, &secret, &claims),
        forge(kid.clone(), &EncodingKey::from_secret(b"guessed"), &eternal),
        forge(kid.clone(), &secret, &other_purpose),
        none,
        honest.replace('.', ""),
        String::new(),
    ];
    for token in forged {
        client.token = token;
        assert_eq!(
            code(&client).await,
            (StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated),
            "{}",
            client.token
        );
    }
    client.token = honest;
    assert!(client.sync(vec![]).await.is_ok());
}

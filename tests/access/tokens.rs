//! Lies about who is calling.

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::StatusCode;
use serde_json::{Value, json};
use zhibu_domain::org::Role;
use zhibu_domain::wire::ErrorCode;

use super::district::{District, EVENING, member, post};
use super::wire_client::WireClient;

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

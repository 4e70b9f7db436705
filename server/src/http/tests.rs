//! The door as a stranger meets it: bytes over a socket. The stories over the real client are in `tests/`.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use zhibu_domain::ids::AccountId;
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{
    EnrolRequest, EnrolResponse, KeyAlgorithm, MAX_BODY_BYTES, PROTOCOL, SyncRequest, SyncResponse,
    TokenRequest, TokenResponse,
};

use crate::App;
use crate::admission::Limits;
use crate::blobs::BlobPlace;
use crate::clock::{Clock as _, SeededEntropy, TestClock};
use crate::databases::own_database;
use crate::store::conformance::{BRANCH, DISTRICT, NOW, invite, populate};
use crate::store::{NewAccount, NewInvite, Store};

mod crowd;

const CBOR: &str = "content-type: application/cbor\r\n";
const SECRET: [u8; 32] = [0x77; 32];

struct Server {
    address: SocketAddr,
    app: Arc<App>,
    clock: Arc<TestClock>,
    store: Arc<dyn Store>,
    _folder: tempfile::TempDir,
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    /// The error's code, read from the first entry of the body's map: `{0: code, ..`.
    fn code(&self) -> String {
        let mut decoder = minicbor::Decoder::new(&self.body);
        decoder.map().unwrap();
        assert_eq!(decoder.u8().unwrap(), 0);
        decoder.str().unwrap().to_owned()
    }
}

async fn start() -> Server {
    start_within(Limits::default()).await
}

async fn start_within(limits: Limits) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let store = own_database(folder.path()).await.open().await.unwrap();
    populate(&*store).await;
    let invite = invite(9, Sha256::digest(SECRET).into());
    assert!(store.create_invite(DISTRICT, &invite).await.unwrap());
    let clock = Arc::new(TestClock::new(NOW));
    let app = App::within(
        limits,
        store.clone(),
        clock.clone(),
        Arc::new(SeededEntropy::new(1)),
        "http://zhibu",
        BlobPlace::folder(folder.path()).unwrap(),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, super::router(app.clone(), super::Pages::default())).into_future());
    Server { address, app, clock, store, _folder: folder }
}

impl Server {
    async fn ask(&self, line: &str, headers: &str, body: Vec<u8>) -> Answer {
        let mut request = format!(
            "{line} HTTP/1.1\r\nhost: zhibu\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend(body);
        let address = self.address;
        let exchange = move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            // The server may answer and close before it has read a body that is too long.
            let _ = stream.write_all(&request);
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            answer
        };
        let answer = tokio::task::spawn_blocking(exchange).await.unwrap();
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer with a head");
        let head = String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase();
        Answer { status: head[9..12].parse().unwrap(), head, body: answer[end + 4..].to_vec() }
    }

    async fn enrol(&self, pair: &Ed25519KeyPair, secret: [u8; 32]) -> Answer {
        let public_key = pair.public_key().as_ref().to_vec();
        let request = EnrolRequest {
            protocol: PROTOCOL,
            secret: secret.to_vec(),
            algorithm: KeyAlgorithm::Ed25519,
            proof: pair.sign(&EnrolRequest::signed_bytes(&secret, &public_key)).as_ref().to_vec(),
            public_key,
            device_name: "书记的手机".into(),
        };
        self.ask("POST /v1/enrol", CBOR, minicbor::to_vec(request).unwrap()).await
    }

    async fn renew(&self, pair: &Ed25519KeyPair, device: zhibu_domain::ids::DeviceId, at: Millis) -> Answer {
        let proof = pair.sign(&TokenRequest::signed_bytes(device, at)).as_ref().to_vec();
        let request = TokenRequest { device, at, proof };
        self.ask("POST /v1/token", CBOR, minicbor::to_vec(request).unwrap()).await
    }
}

fn empty_sync() -> Vec<u8> {
    let request = SyncRequest {
        protocol: PROTOCOL,
        profile_version: 0,
        marks: vec![],
        envelopes: vec![],
        page_bytes: 1 << 20,
        recovery: None,
    };
    minicbor::to_vec(request).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_enrols_syncs_and_renews_until_it_is_revoked() {
    let server = start().await;
    let pair = Ed25519KeyPair::generate().unwrap();
    let answer = server.enrol(&pair, SECRET).await;
    assert_eq!(answer.status, 200, "{}", answer.head);
    let enrolled: EnrolResponse = minicbor::decode(&answer.body).unwrap();
    assert_eq!(enrolled.profile.district, DISTRICT);
    let again: EnrolResponse = minicbor::decode(&server.enrol(&pair, SECRET).await.body).unwrap();
    assert_eq!(again.device, enrolled.device, "a lost answer costs nothing");
    let other = Ed25519KeyPair::generate().unwrap();
    assert_eq!(server.enrol(&other, SECRET).await.code(), "invite_spent");
    assert_eq!(server.enrol(&other, [1; 32]).await.code(), "not_found");
    assert_eq!(server.store.list_audit(DISTRICT, 0, 10).await.unwrap().len(), 1, "one enrolment, one entry");

    let bearer = |token: &str| format!("{CBOR}authorization: Bearer {token}\r\n");
    let synced = server.ask("POST /v1/sync", &bearer(&enrolled.token.token), empty_sync()).await;
    assert_eq!(synced.status, 200, "{}", synced.head);
    let synced: SyncResponse = minicbor::decode(&synced.body).unwrap();
    assert_eq!((synced.more, synced.profile), (false, Some(enrolled.profile)));

    server.clock.advance(11 * 60 * 1000);
    let late = server.ask("POST /v1/sync", &bearer(&enrolled.token.token), empty_sync()).await;
    assert_eq!((late.status, late.code()), (401, "token_expired".into()));
    let now = server.clock.now();
    let renewed = server.renew(&pair, enrolled.device, now).await;
    let renewed: TokenResponse = minicbor::decode(&renewed.body).unwrap();
    assert_eq!(server.ask("POST /v1/sync", &bearer(&renewed.token), empty_sync()).await.status, 200);
    assert_eq!(server.renew(&pair, enrolled.device, now).await.code(), "wrong_proof", "no proof twice");
    assert_eq!(server.renew(&other, enrolled.device, now.plus(1)).await.code(), "wrong_proof");
    assert_eq!(server.renew(&pair, enrolled.device, now.plus(3_600_000)).await.code(), "clock_skew");

    assert!(server.store.revoke_device(DISTRICT, enrolled.device, now).await.unwrap());
    let revoked = server.ask("POST /v1/sync", &bearer(&renewed.token), empty_sync()).await;
    assert_eq!((revoked.status, revoked.code()), (401, "device_revoked".into()));
    assert_eq!(server.renew(&pair, enrolled.device, now.plus(2)).await.code(), "device_revoked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_body_gets_its_own_code_and_a_request_id() {
    let server = start().await;
    let packed = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let gzip = format!("{CBOR}content-encoding: gzip\r\n");
    let bomb = packed(&vec![0; 64 * MAX_BODY_BYTES]);
    assert!(bomb.len() < MAX_BODY_BYTES / 8, "small on the wire");
    let cases = [
        (CBOR.to_owned(), b"\xff".to_vec(), 400, "malformed"),
        (CBOR.to_owned(), Vec::new(), 400, "malformed"),
        (gzip.clone(), packed(b"\xff"), 400, "malformed"),
        (gzip.clone(), b"not gzip".to_vec(), 400, "malformed"),
        (gzip, bomb, 413, "too_large"),
        (CBOR.to_owned(), vec![0; MAX_BODY_BYTES + 1], 413, "too_large"),
        ("content-type: text/plain\r\n".to_owned(), b"x".to_vec(), 415, "unsupported_media"),
        (format!("{CBOR}content-encoding: br\r\n"), b"x".to_vec(), 415, "unsupported_media"),
    ];
    for (headers, body, status, code) in cases {
        let answer = server.ask("POST /v1/token", &headers, body).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{headers}");
        assert!(answer.head.contains("x-request-id: "), "{}", answer.head);
        assert!(answer.head.contains("content-type: application/cbor"), "{}", answer.head);
    }
    let anonymous = server.ask("POST /v1/sync", CBOR, empty_sync()).await;
    assert_eq!((anonymous.status, anonymous.code()), (401, "unauthenticated".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn supervisors_get_json() {
    let server = start().await;
    for (line, status) in [("GET /healthz", 200), ("GET /readyz", 200), ("GET /v1/nothing", 404)] {
        let answer = server.ask(line, "", Vec::new()).await;
        assert_eq!(answer.status, status, "{line}");
        serde_json::from_slice::<serde_json::Value>(&answer.body).unwrap();
    }
}

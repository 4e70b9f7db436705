//! Bad input at every door: a typed refusal each, and the next honest request is answered.

use reqwest::Method;
use serde_json::json;
use zhibu_domain::org::Role;
use zhibu_domain::record::Collection;
use zhibu_domain::wire::{
    Envelope, ErrorCode, MAX_REQUEST_ENVELOPES, MAX_REQUEST_POSITIONS, ReadMark, SyncRequest,
};

use super::cast::{PASSWORD, empty_sync, enrolment, renewal, staff};
use super::district::{District, EVENING, member, org, post};
use super::door::{Answer, Door};
use super::wire_client::WireClient;

const PHONE_PATHS: [&str; 3] = ["/v1/enrol", "/v1/token", "/v1/sync"];

fn bytes(value: impl minicbor::Encode<()>) -> Vec<u8> {
    minicbor::to_vec(value).unwrap()
}

struct Doorstep {
    district: District,
    door: Door,
    phone: WireClient,
    secret: [u8; 32],
}

impl Doorstep {
    async fn reach() -> Self {
        let district = District::open().await;
        let posts = [post(Role::BranchSecretary, "branch")];
        let used = district.invite("记录人", None, &posts).await;
        let phone = WireClient::enrol(&district, used).await;
        let secret = district.invite("书记", Some(member(1)), &posts).await;
        Self { door: Door::at(district.address), district, phone, secret }
    }

    /// A good body for each endpoint of the phones.
    fn honest(&self) -> [(&'static str, Vec<u8>); 3] {
        let renewal = renewal(self.phone.device, EVENING);
        [
            (PHONE_PATHS[0], bytes(enrolment(self.secret))),
            (PHONE_PATHS[1], bytes(renewal)),
            (PHONE_PATHS[2], bytes(empty_sync())),
        ]
    }

    #[track_caller]
    fn expect(&self, answer: &Answer, code: ErrorCode, what: &str) {
        assert_eq!(answer.refusal(EVENING).code, code, "{what}");
    }

    async fn refuses(&self, path: &str, body: Vec<u8>, code: ErrorCode, what: &str) {
        let answer = self.door.cbor(path, &self.phone.token, body).await;
        self.expect(&answer, code, &format!("{path}: {what}"));
    }

    async fn goes_on_serving(&self) {
        assert!(self.phone.sync(vec![]).await.is_ok());
        assert_eq!(self.door.get("/readyz", "").await.status, 200);
    }
}

#[tokio::test]
async fn cbor_that_is_cut_short_or_goes_on_behind_its_end_is_malformed() {
    let step = Doorstep::reach().await;
    for (path, body) in step.honest() {
        for length in 0..body.len() {
            step.refuses(path, body[..length].to_vec(), ErrorCode::Malformed, "cut short").await;
        }
        step.refuses(path, [&body[..], &[0]].concat(), ErrorCode::Malformed, "a byte too many").await;
        step.refuses(path, [&body[..], &body].concat(), ErrorCode::Malformed, "twice").await;
    }
    step.goes_on_serving().await;
}

#[tokio::test]
async fn cbor_of_the_wrong_shape_is_malformed() {
    let step = Doorstep::reach().await;
    let shapes: [(&str, Vec<u8>); 8] = [
        ("a number", vec![0x01]),
        ("a text", vec![0x61, 0x61]),
        ("an empty map", vec![0xa0]),
        ("an array", vec![0x80]),
        ("a text where a number belongs", vec![0xa1, 0x00, 0x61, 0x61]),
        ("a text where a list belongs", vec![0xa1, 0x02, 0x61, 0x61]),
        ("a map that claims 2^60 pairs", vec![0xbb, 0x10, 0, 0, 0, 0, 0, 0, 0]),
        ("deep nesting", vec![0x81; 100_000]),
    ];
    for path in PHONE_PATHS {
        for (what, body) in &shapes {
            step.refuses(path, body.clone(), ErrorCode::Malformed, what).await;
        }
    }
    step.goes_on_serving().await;
}

#[tokio::test]
async fn a_media_type_or_encoding_not_spoken_here_is_unsupported() {
    let step = Doorstep::reach().await;
    for (path, body) in step.honest() {
        for media in ["text/plain", "application/json", "application/cbor-seq"] {
            let request = step.door.request(Method::POST, path).header("content-type", media);
            let answer = Answer::to(request.bearer_auth(&step.phone.token).body(body.clone())).await;
            step.expect(&answer, ErrorCode::UnsupportedMedia, media);
        }
        let request = step.phone.raw(path).header("content-encoding", "br").bearer_auth(&step.phone.token);
        let answer = Answer::to(request.body(body)).await;
        step.expect(&answer, ErrorCode::UnsupportedMedia, "an unknown encoding");
    }
    step.goes_on_serving().await;
}

#[tokio::test]
async fn lists_and_texts_beyond_their_limits_are_refused() {
    let step = Doorstep::reach().await;
    let envelope = Envelope { body: vec![], signature: vec![] };
    let envelopes = vec![envelope; MAX_REQUEST_ENVELOPES + 1];
    let mark = ReadMark::at(Collection { org: org("branch"), year: 2026 }, 0);
    let marks = vec![mark; MAX_REQUEST_POSITIONS + 1];
    let too_many = [SyncRequest { envelopes, ..empty_sync() }, SyncRequest { marks, ..empty_sync() }];
    for request in too_many {
        step.refuses("/v1/sync", bytes(request), ErrorCode::TooLarge, "too many").await;
    }
    for name in ["名".repeat(10_000), "名".repeat(41), String::new(), "a\nb".into()] {
        let mut request = enrolment(step.secret);
        request.device_name = name;
        step.refuses("/v1/enrol", bytes(request), ErrorCode::Malformed, "device name").await;
    }
    let mut request = enrolment(step.secret);
    request.secret = vec![7; 10_000];
    step.refuses("/v1/enrol", bytes(request), ErrorCode::Malformed, "secret").await;
    for key in [vec![], vec![4; 10_000]] {
        let mut request = enrolment(step.secret);
        request.public_key = key;
        step.refuses("/v1/enrol", bytes(request), ErrorCode::WrongProof, "key").await;
    }
    let mut request = renewal(step.phone.device, EVENING);
    request.proof = vec![0; 10_000];
    step.refuses("/v1/token", bytes(request), ErrorCode::WrongProof, "proof").await;
    let answer = step.door.cbor("/v1/enrol", "", bytes(enrolment(step.secret))).await;
    assert_eq!(answer.status, 200, "none of it spent the invite");
    step.goes_on_serving().await;
}

#[tokio::test]
async fn a_wrong_method_or_path_gets_a_typed_body_too() {
    let step = Doorstep::reach().await;
    for path in PHONE_PATHS.into_iter().chain(["/v1/console/login", "/v1/console/me", "/healthz"]) {
        let answer = Answer::to(step.door.request(Method::DELETE, path)).await;
        step.expect(&answer, ErrorCode::WrongMethod, path);
        assert_eq!(answer.status, 405);
    }
    for path in
        ["/v1", "/v1/sync/", "/v1/console/records", "/v1/%00", "/v1/..%2f..%2fetc/passwd", "/assets/none.js"]
    {
        step.expect(&step.door.get(path, "").await, ErrorCode::NotFound, path);
    }
    step.goes_on_serving().await;
}

#[tokio::test]
async fn json_that_the_console_does_not_read_is_malformed() {
    let step = Doorstep::reach().await;
    let admin = staff(&step.district, "admin", Role::DistrictAdmin, "district").await;
    let id = org("branch");
    let below = |name: &str| format!("/v1/console/accounts/{id}/{name}");
    let paths = [
        "/v1/console/login".to_owned(),
        "/v1/console/accounts".to_owned(),
        below("posts"),
        below("password"),
        below("disable"),
        below("invites"),
        format!("/v1/console/records/{id}/review"),
    ];
    let deep = "[".repeat(100_000);
    for path in &paths {
        for body in ["", "{", "null", "[]", "7", r#"{"login":7}"#, r#"{"no_such_field":1}"#, "\u{0}", &deep] {
            let answer = step.door.json(path, &admin, body).await;
            step.expect(&answer, ErrorCode::Malformed, &format!("{path}: {body:.40}"));
        }
        let large = format!("\"{}\"", "x".repeat(257 << 10));
        step.expect(&step.door.json(path, &admin, large).await, ErrorCode::TooLarge, path);
        let untyped = step.door.request(Method::POST, path).bearer_auth(&admin).body("{}");
        step.expect(&Answer::to(untyped).await, ErrorCode::UnsupportedMedia, path);
    }
    let more = json!({ "login": "admin", "password": PASSWORD, "also": true });
    step.expect(&step.door.json(&paths[0], "", more).await, ErrorCode::Malformed, "an unknown field");
    let long = json!({ "login": "a".repeat(10_000), "password": PASSWORD });
    step.expect(&step.door.json(&paths[0], "", long).await, ErrorCode::Malformed, "an over-long login");
    step.goes_on_serving().await;
}

#[tokio::test]
async fn ids_and_parameters_that_are_none_are_refused() {
    let step = Doorstep::reach().await;
    let admin = staff(&step.district, "admin", Role::DistrictAdmin, "district").await;
    let cases = [
        ("/v1/console/records/not-an-id", ErrorCode::NotFound),
        ("/v1/console/quarantine/%F0%9F%90%8E", ErrorCode::NotFound),
        ("/v1/console/branches/1/points", ErrorCode::NotFound),
        ("/v1/console/activities?year=many", ErrorCode::Malformed),
        ("/v1/console/activities?status=gone", ErrorCode::Malformed),
        ("/v1/console/activities?after=nowhere", ErrorCode::Malformed),
        ("/v1/console/quarantine?after=nowhere", ErrorCode::Malformed),
        ("/v1/console/audit?limit=-1", ErrorCode::Malformed),
        ("/v1/console/orgs?limit=99999999999", ErrorCode::Malformed),
    ];
    for (path, code) in cases {
        step.expect(&step.door.get(path, &admin).await, code, path);
    }
    let books = "/v1/console/rule-books";
    step.expect(&step.door.json(books, &admin, "{}").await, ErrorCode::UnsupportedMedia, "a book in JSON");
    let toml = [(vec![0xff, 0xfe], ErrorCode::Malformed), (vec![b'#'; 257 << 10], ErrorCode::TooLarge)];
    for (body, code) in toml {
        let book = step.door.request(Method::POST, books).header("content-type", "application/toml");
        step.expect(&Answer::to(book.bearer_auth(&admin).body(body)).await, code, books);
    }
    step.goes_on_serving().await;
}

//! The console as its users meet it: requests through the whole frame, over a store in a folder of its own.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use zhibu_domain::access::Author;
use zhibu_domain::command::{AboutField, Command, MemberField, Scalar};
use zhibu_domain::ids::{AccountId, DeviceId, DistrictId, MemberId, OrgId, RecordId};
use zhibu_domain::org::{NamingScheme, Org, OrgType, Post, Role};
use zhibu_domain::record::{Actor, Record, RecordRef, Stamp};
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{KeyAlgorithm, Receipt, SentChange};

use crate::App;
use crate::auth::session;
use crate::auth::token::TokenBearer;
use crate::blobs::BlobPlace;
use crate::clock::{Clock as _, SeededEntropy, TestClock};
use crate::databases::own_database;
use crate::projection;
use crate::store::{
    DeviceKey, District, FactorPolicy, NewAccount, NewInvite, Redeemed, Redemption, SessionStage,
};

mod deciding;
mod keeping;
mod lists;
mod reading;
mod sessions;

const DISTRICT: DistrictId = DistrictId::from_bytes([1; 16]);
/// 2026-11-18, a Wednesday.
const NOW: Millis = Millis(1_794_960_000_000);

/// Orgs: 2 and 3 are townships; 4 is a branch in 2 with group 6; 5 is a branch in 3.
fn org(id: u8) -> OrgId {
    OrgId::from_bytes([id; 16])
}

fn member(number: u8) -> MemberId {
    MemberId::from_bytes([100 + number; 16])
}

/// People, by the number that all their ids are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Admin = 10,
    Reviewer = 11,
    Officer = 12,
    Neighbour = 13,
    Secretary = 14,
    Recorder = 15,
}

impl Who {
    const ALL: [Who; 6] =
        [Who::Admin, Who::Reviewer, Who::Officer, Who::Neighbour, Who::Secretary, Who::Recorder];

    fn account(self) -> AccountId {
        AccountId::from_bytes([self as u8; 16])
    }

    fn device(self) -> DeviceId {
        DeviceId::from_bytes([self as u8; 16])
    }

    fn post(self) -> Post {
        let (role, at) = match self {
            Who::Admin => (Role::DistrictAdmin, DISTRICT.into()),
            Who::Reviewer => (Role::DistrictReviewer, DISTRICT.into()),
            Who::Officer => (Role::TownshipOfficer, org(2)),
            Who::Neighbour => (Role::TownshipOfficer, org(3)),
            Who::Secretary => (Role::BranchSecretary, org(4)),
            Who::Recorder => (Role::BranchRecorder, org(4)),
        };
        Post { role, org: at }
    }

    /// The people of a branch have a phone, staff have a console.
    fn has_phone(self) -> bool {
        matches!(self, Who::Secretary | Who::Recorder)
    }

    fn author(self) -> Author {
        Author { account: self.account(), device: self.device(), member: None, posts: vec![self.post()] }
    }
}

struct Console {
    app: Arc<App>,
    router: Router,
    clock: Arc<TestClock>,
    _folder: tempfile::TempDir,
}

/// An answer: its status and its body, null unless it is JSON.
struct Answer {
    status: u16,
    body: Value,
    bytes: Vec<u8>,
}

impl Answer {
    #[track_caller]
    fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{}: {}", self.status, self.body);
        self.body
    }

    #[track_caller]
    fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.body);
        assert!(self.body["message"].is_string() && self.body["request_id"].is_string(), "{}", self.body);
        self.body
    }
}

impl Console {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = own_database(folder.path()).await.open().await.unwrap();
        let clock = Arc::new(TestClock::new(NOW));
        let app = App::new(
            store,
            clock.clone(),
            Arc::new(SeededEntropy::new(1)),
            "https://zhibu.test/",
            BlobPlace::folder(folder.path()).unwrap(),
        );
        let console = Self {
            router: crate::http::router(app.clone(), crate::http::Pages::default()),
            app,
            clock,
            _folder: folder,
        };
        console.found().await;
        console
    }

    async fn found(&self) {
        let district = District {
            id: DISTRICT,
            name: "青岭旗".into(),
            naming: NamingScheme::Qi,
            generation: [7; 16],
            token_secret: [8; 32],
            factor_policy: FactorPolicy::Optional,
            orgs_version: 1,
        };
        assert!(self.app.store.found_district(&district, NOW).await.unwrap());
        let node = |id, up: OrgId, org_type, name: &str| Org {
            id: org(id),
            parent: Some(up),
            org_type,
            name: name.into(),
        };
        let orgs = [
            node(2, DISTRICT.into(), OrgType::Township, "白桦苏木"),
            node(3, DISTRICT.into(), OrgType::Township, "红柳镇"),
            node(4, org(2), OrgType::Branch, "白桦嘎查党支部"),
            node(5, org(3), OrgType::Branch, "红柳村党支部"),
            node(6, org(4), OrgType::Group, "第一党小组"),
        ];
        self.app.store.put_orgs(DISTRICT, &orgs).await.unwrap();
        for who in Who::ALL {
            self.open_account(who).await;
        }
    }

    async fn open_account(&self, who: Who) {
        let account = NewAccount {
            id: who.account(),
            login: (!who.has_phone()).then(|| format!("{who:?}").to_lowercase()),
            password_hash: None,
            name: format!("{who:?}"),
            member: None,
            org: who.post().org,
            posts: vec![who.post()],
            created_at: NOW,
        };
        assert!(self.app.store.create_account(DISTRICT, &account).await.unwrap());
        if who.has_phone() {
            self.enrol(who).await;
        } else {
            let store = &self.app.store;
            store.ensure_console_device(DISTRICT, who.account(), who.device(), NOW).await.unwrap();
        }
    }

    async fn enrol(&self, who: Who) {
        let invite = NewInvite {
            id: zhibu_domain::ids::InviteId(who.account().0),
            secret_hash: [who as u8; 32],
            account: who.account(),
            purpose: "手机".into(),
            created_by: None,
            created_at: NOW,
            expires_at: NOW.plus(1000),
        };
        assert!(self.app.store.create_invite(DISTRICT, &invite).await.unwrap());
        let redemption = Redemption {
            secret_hash: [who as u8; 32],
            device: who.device(),
            key: DeviceKey { algorithm: KeyAlgorithm::Ed25519, public_key: vec![who as u8; 32] },
            device_name: format!("{who:?}的手机"),
            at: NOW,
        };
        let redeemed = self.app.store.redeem_invite(&redemption).await.unwrap();
        assert!(matches!(redeemed, Redeemed::Enrolled(_)));
    }

    async fn token(&self, who: Who) -> String {
        if !who.has_phone() {
            let opened = session::open(&self.app, DISTRICT, who.account(), SessionStage::Open).await;
            return opened.unwrap().0;
        }
        let bearer = TokenBearer { district: DISTRICT, device: who.device() };
        let keyring = &self.app.keyring;
        keyring.issue(&*self.app.store, bearer, self.clock.now()).await.unwrap().token
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), 4 << 20).await.unwrap().to_vec();
        Answer { status, body: serde_json::from_slice(&bytes).unwrap_or_default(), bytes }
    }

    async fn get(&self, who: Who, path: &str) -> Answer {
        let request = Request::get(format!("/v1/console{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token(who).await));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn post(&self, who: Who, path: &str, body: Value) -> Answer {
        let request = Request::post(format!("/v1/console{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token(who).await))
            .header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(body.to_string().into()).unwrap()).await
    }

    async fn adopt(&self, who: Who, toml: &str) -> Answer {
        let request = Request::post("/v1/console/rule-books")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token(who).await))
            .header(header::CONTENT_TYPE, "application/toml");
        self.send(request.body(toml.to_owned().into()).unwrap()).await
    }

    /// A phone's writing, straight into the ledger; `record` is the phone's own copy.
    async fn write(&self, who: Who, record: &mut Record, command: &Command) -> Receipt {
        let sent = written(who, record, command);
        self.app.ledger.submit_change(DISTRICT, &who.author(), 2, sent).await.unwrap()
    }

    async fn project(&self) {
        projection::catch_up(&*self.app.store, DISTRICT).await.unwrap();
    }

    /// Three full members, entered against the order of their numbers.
    async fn enter_roster(&self) {
        for (number, name) in [(3u8, "孟和"), (1, "乌云其木格"), (2, "王建国")] {
            let fields = vec![
                (MemberField::Name, Some(name.into())),
                (MemberField::Number, Some(Scalar::Int(number.into()))),
                (MemberField::Membership, Some("full".into())),
            ];
            let class = Command::AssignClass {
                member: member(number),
                class: "ORDINARY".into(),
                from: "2020-01-01".into(),
            };
            for command in [Command::SetMember { member: member(number), fields }, class] {
                let author = Who::Officer.author();
                let record = RecordRef::roster(org(4));
                assert!(self.app.ledger.write(DISTRICT, &author, 2, record, &command).await.unwrap());
            }
        }
    }
}

fn written(who: Who, record: &mut Record, command: &Command) -> SentChange {
    let stamp = Stamp { actor: Actor { device: who.device(), epoch: 1 }, now: NOW };
    let change = record.execute(command, stamp).unwrap().unwrap();
    SentChange { record: *record.reference(), change: change.bytes }
}

fn set(field: AboutField, value: impl Into<Scalar>) -> Command {
    Command::SetAbout(vec![(field, Some(value.into()))])
}

fn activity(id: u8) -> RecordRef {
    RecordRef::activity(org(4), 2026, RecordId::from_bytes([id; 16]))
}

fn path_of(record: &RecordRef) -> String {
    format!("/records/{}", record.id())
}

/// The document that is served is the one that is committed. `ZHIBU_WRITE_OPENAPI=1` writes it anew.
#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    if std::env::var_os("ZHIBU_WRITE_OPENAPI").is_some() {
        std::fs::write(&path, super::DOCUMENT.as_str()).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(committed == *super::DOCUMENT, "server/openapi.json is stale: run with ZHIBU_WRITE_OPENAPI=1");
    let document: Value = serde_json::from_str(&committed).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    let open = paths.values().flat_map(|path| path.as_object().unwrap().values());
    let open: Vec<_> = open.filter(|act| act["security"] == json!([{}])).collect();
    assert_eq!(open.len(), 1, "only the login needs no token");
}

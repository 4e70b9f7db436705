//! Who speaks: a phone with a key that is the same in every run, staff with passwords, and an evening of the branch.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use reqwest::Method;
use serde_json::json;
use zhibu_domain::command::{AboutField, Command, MemberField, Scalar};
use zhibu_domain::ids::{AccountId, DeviceId, EntryId, RecordId, natural};
use zhibu_domain::org::Role;
use zhibu_domain::record::{Record, RecordRef};
use zhibu_domain::rule_book::EXAMPLE_TOML;
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{EnrolRequest, KeyAlgorithm, PROTOCOL, SyncRequest, TokenRequest};
use zhibu_server::auth::password;
use zhibu_server::store::NewAccount;

use super::district::{District, EVENING, district_id, member, org, post};
use super::door::{Answer, Door};
use super::wire_client::{WireClient, is_stored};

/// The password of all staff here.
pub(crate) const PASSWORD: &str = "qingling-2026";

fn key(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

/// An honest enrolment.
pub(crate) fn enrolment(secret: [u8; 32]) -> EnrolRequest {
    enrolment_by(3, secret)
}

/// An honest enrolment with another key.
pub(crate) fn enrolment_by(seed: u8, secret: [u8; 32]) -> EnrolRequest {
    let public_key = key(seed).public_key().as_ref().to_vec();
    EnrolRequest {
        protocol: PROTOCOL,
        secret: secret.to_vec(),
        algorithm: KeyAlgorithm::Ed25519,
        proof: key(seed).sign(&EnrolRequest::signed_bytes(&secret, &public_key)).as_ref().to_vec(),
        public_key,
        device_name: "书记的手机".into(),
    }
}

/// An honest renewal by the key of [`enrolment`].
pub(crate) fn renewal(device: DeviceId, at: Millis) -> TokenRequest {
    let proof = key(3).sign(&TokenRequest::signed_bytes(device, at)).as_ref().to_vec();
    TokenRequest { device, at, proof }
}

/// A sync that delivers nothing and has read nothing.
pub(crate) fn empty_sync() -> SyncRequest {
    SyncRequest {
        protocol: PROTOCOL,
        profile_version: 0,
        marks: vec![],
        envelopes: vec![],
        page_bytes: 1 << 20,
        recovery: None,
    }
}

/// Opens a staff account and logs it in; its token.
pub(crate) async fn staff(district: &District, login: &str, role: Role, at: &str) -> String {
    let place = if at == "district" { district_id().into() } else { org(at) };
    let account = NewAccount {
        id: AccountId(natural(&[b"account", login.as_bytes()])),
        login: Some(login.to_owned()),
        password_hash: Some(password::hash(PASSWORD.to_owned()).await.unwrap()),
        name: login.to_owned(),
        member: None,
        org: place,
        posts: vec![zhibu_domain::org::Post { role, org: place }],
        created_at: EVENING,
    };
    assert!(district.store().create_account(district_id(), &account).await.unwrap());
    let login = json!({ "login": login, "password": PASSWORD });
    let reply = Door::at(district.address).json("/v1/console/login", "", login).await.ok();
    reply["token"].as_str().unwrap().to_owned()
}

/// The activity of [`Evening`].
pub(crate) fn activity() -> RecordRef {
    RecordRef::activity(org("branch"), 2026, RecordId(natural(&[b"activity"])))
}

/// Two phones that wrote one record apart and differ about the place; a member whose forgery was refused.
pub(crate) struct Evening {
    pub(crate) district: District,
    pub(crate) door: Door,
    pub(crate) admin: String,
    pub(crate) secretary: WireClient,
}

impl Evening {
    pub(crate) async fn pass() -> Self {
        let district = District::open().await;
        let door = Door::at(district.address);
        let admin = staff(&district, "admin", Role::DistrictAdmin, "district").await;
        let book = door.request(Method::POST, "/v1/console/rule-books").bearer_auth(&admin);
        let book = book.header("content-type", "application/toml; charset=utf-8").body(EXAMPLE_TOML);
        let adopted = Answer::to(book).await;
        assert_eq!(adopted.status, 201);
        let phone = async |name: &str, number, role| {
            let secret = district.invite(name, Some(member(number)), &[post(role, "branch")]).await;
            WireClient::enrol(&district, secret).await
        };
        let secret = district.invite("党建办", None, &[post(Role::TownshipOfficer, "township")]).await;
        let mut officer = WireClient::enrol(&district, secret).await;
        enter_roster(&mut officer).await;
        let mut secretary = phone("书记", 1, Role::BranchSecretary).await;
        let mut recorder = phone("记录人", 2, Role::BranchRecorder).await;
        let mut villain = phone("党员", 9, Role::Member).await;

        let about = |field, text: &str| (field, Some(text.into()));
        let title = Command::SetAbout(vec![about(AboutField::Title, "十一月主题党日")]);
        let mark = Command::RecordAttendance(vec![(member(1), Some("present".into()))]);
        let mut hers = Record::new(activity());
        deliver(&mut secretary, &mut hers, &[title, mark]).await;
        let mut his = hers.clone();
        let mut forged = hers.clone();
        deliver(&mut secretary, &mut hers, &[place("村委会")]).await;
        deliver(&mut recorder, &mut his, &[place("文化广场")]).await;
        let forged = villain.write(&mut forged, &place("镇政府"));
        let envelope = villain.envelope(vec![forged]);
        assert!(!is_stored(&villain.deliver(vec![envelope]).await[0]));
        zhibu_server::projection::catch_up(district.store(), district_id()).await.unwrap();
        Self { district, door, admin, secretary }
    }

    pub(crate) async fn get(&self, path: &str) -> serde_json::Value {
        self.door.get(&format!("/v1/console{path}"), &self.admin).await.ok()
    }
}

pub(crate) async fn deliver(client: &mut WireClient, record: &mut Record, commands: &[Command]) {
    let changes = commands.iter().map(|command| client.write(record, command)).collect();
    let envelope = client.envelope(changes);
    assert!(is_stored(&client.deliver(vec![envelope]).await[0]));
}

/// Members 1, 2 and 9 of the branch, under their numbers.
async fn enter_roster(officer: &mut WireClient) {
    let mut roster = Record::new(RecordRef::roster(org("branch")));
    for (number, name) in [(1, "乌云其木格"), (2, "王建国"), (9, "孟和")] {
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
        deliver(officer, &mut roster, &[Command::SetMember { member: member(number), fields }, class]).await;
    }
}

/// A points claim of a member.
pub(crate) fn claim() -> Command {
    Command::ClaimPoints {
        entry: EntryId(natural(&[b"claim"])),
        claim: zhibu_domain::event::Claim {
            rule: "C01".into(),
            date: "2026-11-07".parse().unwrap(),
            units: 4,
            matter: "清理水渠".into(),
            points: None,
        },
    }
}

/// Says where it was.
pub(crate) fn place(text: &str) -> Command {
    Command::SetAbout(vec![(AboutField::Place, Some(text.into()))])
}

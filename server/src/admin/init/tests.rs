use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest as _, Sha256};
use zhibu_domain::ids::DeviceId;
use zhibu_domain::wire::KeyAlgorithm;

use super::*;
use crate::admin::{export, open_existing, reproject, verify};
use crate::blobs::BlobPlace;
use crate::clock::SystemEntropy;
use crate::config;
use crate::store::{ChainState, DeviceKey, Redeemed, Redemption};

/// The file in a data folder.
fn of(data: &Path) -> Database {
    Database::Sqlite(config::database(data))
}

const NOW: Millis = Millis(1_795_300_000_000);
const DEMO: Plan = Plan::Demo { size: Size::Small, seed: 1 };

async fn make(data: &Path, plan: &Plan) -> anyhow::Result<String> {
    let site = Site { data, database: &of(data), public_url: "http://127.0.0.1:8080/", programs: None };
    init(&site, plan, &SystemEntropy, NOW).await
}

fn redemption(link: &str, at: Millis) -> Redemption {
    let secret = BASE64URL_NOPAD.decode(link.split_once('#').unwrap().1.as_bytes()).unwrap();
    let public_key = Ed25519KeyPair::generate().unwrap().public_key().as_ref().to_vec();
    Redemption {
        secret_hash: Sha256::digest(&secret).into(),
        device: DeviceId((&SystemEntropy as &dyn Entropy).uuid(at)),
        key: DeviceKey { algorithm: KeyAlgorithm::Ed25519, public_key },
        device_name: "手机".into(),
        at,
    }
}

#[tokio::test]
async fn a_demo_says_how_to_get_in_and_each_link_opens_one_door_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo-data");
    let text = make(&data, &DEMO).await.unwrap();
    assert_eq!(std::fs::read_to_string(data.join(WELCOME)).unwrap(), text);
    let links: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("            http")).collect();
    assert_eq!(links.len(), 6);
    let store = open_existing(&of(&data)).await.unwrap();
    let mut owners = std::collections::BTreeSet::new();
    for link in &links {
        let Redeemed::Enrolled(owner) = store.redeem_invite(&redemption(link, NOW)).await.unwrap() else {
            panic!("{link}")
        };
        owners.insert(owner.account.id);
        let again = store.redeem_invite(&redemption(link, NOW)).await.unwrap();
        assert_eq!(again, Redeemed::Spent);
    }
    assert_eq!(owners.len(), 6);
    let district = store.list_districts().await.unwrap().remove(0);
    let login = store.find_login(district.id, "reviewer").await.unwrap().unwrap();
    assert!(password::is_right("qingling-2026".into(), login.password_hash).await.unwrap());
    assert_eq!(store.find_login(district.id, "secretary").await.unwrap(), None, "phones have no password");
}

#[tokio::test]
async fn an_invite_ends_after_three_days() {
    let folder = tempfile::tempdir().unwrap();
    let text = make(folder.path(), &DEMO).await.unwrap();
    let link = text.lines().find(|line| line.contains("/enrol#")).unwrap().trim();
    let store = open_existing(&of(folder.path())).await.unwrap();
    let late = redemption(link, NOW.plus(72 * 3_600_000));
    assert_eq!(store.redeem_invite(&late).await.unwrap(), Redeemed::Expired);
}

#[tokio::test]
async fn what_is_there_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let own = Plan::Own { name: "白桦县".into(), naming: NamingScheme::Xian };
    let text = make(folder.path(), &own).await.unwrap();
    let before = std::fs::read(config::database(folder.path())).unwrap();
    let error = make(folder.path(), &DEMO).await.unwrap_err();
    assert!(error.to_string().contains("已有数据"), "{error}");
    assert_eq!(std::fs::read(config::database(folder.path())).unwrap(), before);
    assert!(
        open_existing(&of(&folder.path().join("elsewhere"))).await.is_err(),
        "a typing error makes nothing"
    );

    let secret = text.lines().find_map(|line| line.strip_prefix("口令")).unwrap().trim();
    let written = std::fs::read_to_string(folder.path().join(WELCOME)).unwrap();
    assert!(secret.len() == 16 && !written.contains(secret), "a real password is in no file");
    let store = open_existing(&of(folder.path())).await.unwrap();
    let district = store.list_districts().await.unwrap().remove(0);
    assert_eq!((district.name.as_str(), district.naming), ("白桦县", NamingScheme::Xian));
    let admin = store.find_login(district.id, "admin").await.unwrap().unwrap();
    assert!(password::is_right(secret.into(), admin.password_hash).await.unwrap());
}

#[tokio::test]
async fn verify_is_content_with_the_demo_and_not_with_a_forgery() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path(), &DEMO).await.unwrap();
    let store = open_existing(&of(folder.path())).await.unwrap();
    let blobs = BlobPlace::folder(&folder.path().join(config::BLOBS)).unwrap();
    let report = verify::verify(&*store, &blobs).await.unwrap();
    assert_eq!(report.findings, []);
    assert!(report.records > 100 && report.changes > 500 && report.audit_entries == 6, "{report:?}");
    assert_eq!(reproject(&*store).await.unwrap(), report.records);
    assert_eq!(verify::verify(&*store, &blobs).await.unwrap(), report);
    store.close().await;

    for (forgery, finding) in [
        (
            "UPDATE changes SET hash = zeroblob(32) WHERE hash = (SELECT max(hash) FROM changes)",
            "Impossible(\"changes",
        ),
        ("UPDATE collections SET head = head + 1 WHERE year = 2026", "WrongHead"),
        ("UPDATE audit SET subject = 'nobody' WHERE seq = 3", "AuditBroken(3)"),
        ("UPDATE records SET size_bytes = size_bytes + 1", "BrokenRow(\"records"),
        (
            "UPDATE changes SET position = position + 1000 WHERE position = 2 AND year = 0",
            "Impossible(\"changes",
        ),
        ("UPDATE changes SET bytes = zeroblob(90) WHERE position = 2 AND year = 0", "NotReplayable"),
        ("DELETE FROM changes WHERE position = 2 AND year = 0", "Impossible"),
        ("UPDATE projected_activities SET present = present + 1", "Impossible(\"projected_activities"),
        (
            "INSERT INTO blobs (district_id, record_id, hash, size, mime, size_bytes, arrived_at)
             SELECT district_id, record_id, zeroblob(32), 'thumb', 'image/webp', 9, 0 FROM records",
            "WrongBlob",
        ),
    ] {
        let forged = tempfile::tempdir().unwrap();
        std::fs::copy(config::database(folder.path()), config::database(forged.path())).unwrap();
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(config::database(forged.path()));
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        assert!(sqlx::query(forgery).execute(&pool).await.unwrap().rows_affected() > 0, "{forgery}");
        pool.close().await;
        let store = open_existing(&of(forged.path())).await.unwrap();
        let found = format!("{:?}", verify::verify(&*store, &blobs).await.unwrap().findings);
        assert!(found.contains(finding), "{forgery}: {finding} is not among {found}");
    }
}

#[tokio::test]
async fn an_exported_record_is_a_plain_automerge_file() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path(), &DEMO).await.unwrap();
    let store = open_existing(&of(folder.path())).await.unwrap();
    let district = store.list_districts().await.unwrap().remove(0);
    let record = store.list_records(district.id, None, 1).await.unwrap()[0];
    let out = folder.path().join("record.automerge");
    let id = record.reference.id();
    export::export_record(&*store, id, &out, NOW).await.unwrap();
    let document = automerge::Automerge::load(&std::fs::read(&out).unwrap()).unwrap();
    assert_eq!(document.get_changes(&[]).len() as u64, record.version + 1, "the genesis and every change");
    assert!(export::export_record(&*store, id, &out, NOW).await.is_err(), "no file is overwritten");
    let unknown = zhibu_domain::ids::RecordId::from_bytes([9; 16]);
    assert!(export::export_record(&*store, unknown, &folder.path().join("no"), NOW).await.is_err());
    let state = store.verify_audit(district.id).await.unwrap();
    assert!(matches!(state, ChainState::Intact { length: 8, .. }), "six invites, two attempts: {state:?}");
}

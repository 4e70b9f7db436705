//! The answers that matter, as they read. Ids and times are the same in every run; what is secret is left out.

use serde_json::Value;
use zhibu_domain::org::Role;
use zhibu_domain::record::{Record, RecordRef};
use zhibu_domain::wire::{EnrolResponse, ReadMark, SyncRequest, SyncResponse};

use super::cast::{Evening, PASSWORD, activity, claim, deliver, empty_sync, enrolment};
use super::district::{District, district_id, member, org, post};
use super::door::Door;
use super::notation;

fn bytes(value: impl minicbor::Encode<()>) -> Vec<u8> {
    minicbor::to_vec(value).unwrap()
}

/// JSON with the keys in order.
fn shown(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

async fn sync(evening: &Evening, marks: Vec<ReadMark>, profile_version: u64) -> SyncResponse {
    let request = SyncRequest { marks, profile_version, ..empty_sync() };
    let answer = evening.door.cbor("/v1/sync", &evening.secretary.token, bytes(request)).await;
    assert_eq!(answer.status, 200);
    minicbor::decode(&answer.bytes).unwrap()
}

#[tokio::test]
async fn an_enrolled_phone_learns_who_it_is() {
    let district = District::open().await;
    let secret = district.invite("书记", Some(member(1)), &[post(Role::BranchSecretary, "branch")]).await;
    let answer = Door::at(district.address).cbor("/v1/enrol", "", bytes(enrolment(secret))).await;
    assert_eq!(answer.status, 200);
    let mut enrolled: EnrolResponse = minicbor::decode(&answer.bytes).unwrap();
    assert_eq!(bytes(&enrolled), answer.bytes, "nothing but what is shown here");
    enrolled.token.token = "[token]".into();
    insta::assert_snapshot!(notation::of(&bytes(enrolled)));
}

#[tokio::test]
async fn a_phone_that_has_all_gets_nothing_and_one_behind_gets_what_is_new() {
    let evening = Evening::pass().await;
    let first = sync(&evening, vec![], 0).await;
    let version = first.profile.unwrap().version;
    let all = |page: &zhibu_domain::wire::CollectionPage| ReadMark {
        collection: page.collection,
        position: page.position,
        name: page.name,
    };
    let marks: Vec<_> = first.pages.iter().map(all).collect();
    let nothing = sync(&evening, marks.clone(), version).await;
    assert!(nothing.pages.is_empty() && nothing.profile.is_none());
    insta::assert_snapshot!("sync_with_nothing_new", notation::of(&bytes(nothing)));

    let branch = activity().collection();
    let behind = marks
        .iter()
        .map(|mark| ReadMark::at(mark.collection, mark.position - u64::from(mark.collection == branch)));
    let mut one = sync(&evening, behind.collect(), version).await;
    // Follows from what the change was named.
    assert_eq!(one.voucher.replace(vec![0xcc; 16]).unwrap().len(), 16);
    assert_eq!(one.pages.iter().map(|page| page.changes.len()).collect::<Vec<_>>(), [1]);
    insta::assert_snapshot!("sync_with_one_change", notation::of(&bytes(one)));
}

#[tokio::test]
async fn staff_log_in_and_see_the_activities_and_the_record_with_its_card() {
    let evening = Evening::pass().await;
    let request = serde_json::json!({ "login": "admin", "password": PASSWORD });
    let mut login = evening.door.json("/v1/console/login", "", request).await.ok();
    login["token"] = "[token]".into();
    insta::assert_snapshot!("login", shown(&login));
    insta::assert_snapshot!("activities", shown(&evening.get("/activities").await));
    let path = format!("/records/{}", activity().id());
    let record = evening.get(&path).await;
    assert_eq!(record["merge_cards"].as_array().unwrap().len(), 1);
    insta::assert_snapshot!("record_with_a_card", shown(&record));
    let history = evening.get(&format!("{path}/history?slot=about.place")).await;
    insta::assert_snapshot!("history", shown(&history));
}

#[tokio::test]
async fn the_notice_list_names_each_members_points() {
    let mut evening = Evening::pass().await;
    let mut ledger = Record::new(RecordRef::points(org("branch"), 2026, member(1)));
    deliver(&mut evening.secretary, &mut ledger, &[claim()]).await;
    zhibu_server::projection::catch_up(evening.district.store(), district_id()).await.unwrap();
    let notice = evening.get(&format!("/branches/{}/points?year=2026", org("branch"))).await;
    insta::assert_snapshot!("points_notice", shown(&notice));
}

#[tokio::test]
async fn what_was_refused_and_what_was_done_can_be_read() {
    let evening = Evening::pass().await;
    let items = evening.get("/quarantine?open=true").await;
    let id = items["items"][0]["id"].as_str().unwrap().to_owned();
    insta::assert_snapshot!("quarantine_item", shown(&evening.get(&format!("/quarantine/{id}")).await));
    let audit = evening.get("/audit?limit=3").await;
    assert_eq!(audit["chain"]["state"], "intact");
    insta::assert_snapshot!("audit_page", shown(&audit));
}

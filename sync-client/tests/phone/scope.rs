//! What this phone may no longer see is forgotten, but never before it is delivered.

use zhibu_domain::command::AboutField::{Place, Title};
use zhibu_domain::ids::RecordId;
use zhibu_domain::record::RecordRef;
use zhibu_domain::refusal::RefusalCode;
use zhibu_sync_client::store::LocalStore;

use crate::support::{BRANCH, NEXT_BRANCH, Phone, Server, activity, shelf};

fn elsewhere() -> RecordRef {
    RecordRef::activity(NEXT_BRANCH, 2026, RecordId::from_bytes([5; 16]))
}

fn move_to(server: &Server, orgs: &[zhibu_domain::ids::OrgId]) {
    server.with(|state| {
        state.collections = orgs.iter().copied().map(shelf).collect();
        state.profile_version += 1;
    });
}

#[tokio::test]
async fn a_collection_that_left_the_scope_is_forgotten_and_read_anew_when_it_returns() {
    let server = Server::start();
    let phone = Phone::enrolled(&server, "王书记").await;
    move_to(&server, &[BRANCH, NEXT_BRANCH]);
    phone.set(&activity(1), Title, "主题党日").await;
    phone.set(&elsewhere(), Title, "党课").await;
    phone.client.sync().await.unwrap();
    assert_eq!(phone.client.records().await.unwrap().len(), 2);

    move_to(&server, &[BRANCH]);
    phone.client.sync().await.unwrap();
    assert_eq!(phone.client.records().await.unwrap(), [activity(1)]);
    assert!(phone.client.store().accepted(elsewhere().id()).await.unwrap().is_empty());

    move_to(&server, &[BRANCH, NEXT_BRANCH]);
    phone.client.sync().await.unwrap();
    assert_eq!(phone.text(&elsewhere(), Title).await.as_deref(), Some("党课"));
}

#[tokio::test]
async fn refused_work_is_shown_before_its_collection_goes() {
    let server = Server::start();
    let phone = Phone::enrolled(&server, "王书记").await;
    phone.set(&activity(1), Title, "主题党日").await;
    phone.client.sync().await.unwrap();
    phone.set(&activity(1), Place, "村委会").await;
    server.refuse_word("村委会", RefusalCode::NoRight);
    move_to(&server, &[NEXT_BRANCH]);
    phone.client.sync().await.unwrap();
    assert_eq!(
        phone.client.records().await.unwrap(),
        [activity(1)],
        "delivered first, and the refusal unseen"
    );

    let refused = phone.client.refused().await.unwrap();
    phone.client.mark_refused_seen(&[refused[0].number]).await.unwrap();
    phone.client.sync().await.unwrap();
    assert!(phone.client.records().await.unwrap().is_empty());
    assert_eq!(phone.client.refused().await.unwrap().len(), 1, "the words themselves stay");
}

#[tokio::test]
async fn an_older_year_comes_when_it_is_wanted_and_stays() {
    let server = Server::start();
    let writer = Phone::enrolled(&server, "王书记").await;
    let old = RecordRef::activity(BRANCH, 2024, RecordId::from_bytes([6; 16]));
    writer.set(&old, Title, "党课").await;
    writer.client.sync().await.unwrap();

    let reader = Phone::enrolled(&server, "白委员").await;
    reader.client.sync().await.unwrap();
    assert!(!reader.client.records().await.unwrap().contains(&old), "it does not come by itself");
    assert_eq!(reader.client.held_years(BRANCH).await.unwrap(), [2026]);
    reader
        .client
        .want_year(NEXT_BRANCH, 2024)
        .await
        .expect_err("another branch's years are not this phone's");

    *reader.line.cut.lock().unwrap() = true;
    reader.client.want_year(BRANCH, 2024).await.unwrap();
    reader.client.sync().await.expect_err("without a signal");
    *reader.line.cut.lock().unwrap() = false;
    reader.client.sync().await.unwrap();
    assert_eq!(reader.text(&old, Title).await.as_deref(), Some("党课"));
    assert_eq!(reader.client.held_years(BRANCH).await.unwrap(), [2026, 2024]);

    // It is kept up to date, and no new profile takes it away.
    writer.set(&old, Place, "村委会").await;
    writer.client.sync().await.unwrap();
    move_to(&server, &[BRANCH]);
    reader.client.sync().await.unwrap();
    assert_eq!(reader.text(&old, Place).await.as_deref(), Some("村委会"));

    move_to(&server, &[NEXT_BRANCH]);
    reader.client.sync().await.unwrap();
    assert!(reader.client.records().await.unwrap().is_empty(), "it goes with the branch");
}

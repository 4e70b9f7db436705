//! A phone that was restored from an old backup notices, and neither loses nor repeats anything.

use zhibu_domain::command::AboutField::{Place, Theme, Title};
use zhibu_domain::record::merge_cards;

use crate::support::{NEXT_BRANCH, Phone, Server, activity, shelf};

#[tokio::test]
async fn work_that_was_delivered_before_the_restore_comes_back_once() {
    let server = Server::start();
    let mut phone = Phone::enrolled(&server, "王书记").await;
    phone.set(&activity(1), Title, "主题党日").await;
    phone.client.sync().await.unwrap();
    phone.set(&activity(1), Place, "村委会").await;
    let backup = phone.back_up().await;
    phone.client.sync().await.unwrap();
    phone.set(&activity(1), Theme, "学党史").await;
    phone.client.sync().await.unwrap();
    assert_eq!(server.log_len(), 3);

    // In the backup the place is still pending; new work is written on top of it.
    phone.restore(&backup).await;
    phone.set(&activity(1), Title, "十一月主题党日").await;
    phone.set(&activity(2), Title, "党课").await;
    server.with(|state| state.page_changes = 1);
    phone.client.sync().await.unwrap();

    let view = phone.view(&activity(1)).await;
    assert_eq!(view.text(Place), Some("村委会"));
    assert_eq!(view.text(Theme), Some("学党史"));
    assert_eq!(view.text(Title), Some("十一月主题党日"));
    assert_eq!(phone.text(&activity(2), Title).await.as_deref(), Some("党课"));
    assert_eq!(server.log_len(), 5, "the place is not there twice");
    assert!(phone.client.refused().await.unwrap().is_empty());
    let status = phone.client.status().await.unwrap();
    assert_eq!((status.pending, status.in_envelope, status.restored), (0, 0, false));
    assert!(merge_cards(&phone.client.open(&activity(1)).await.unwrap()).is_empty());
}

#[tokio::test]
async fn a_recovery_that_is_interrupted_goes_on() {
    let server = Server::start();
    let mut phone = Phone::enrolled(&server, "王书记").await;
    phone.client.sync().await.unwrap();
    let backup = phone.back_up().await;
    for n in 0..4 {
        phone.set(&activity(1), Title, &format!("第{n}稿")).await;
        phone.client.sync().await.unwrap();
    }
    phone.restore(&backup).await;
    phone.set(&activity(1), Place, "村委会").await;
    server.with(|state| state.page_changes = 1);
    // The envelope is closed and the first answer taken; then the process dies.
    phone.client.store().crash_after(2);
    phone.client.sync().await.unwrap_err();
    phone.restart().await;
    assert!(phone.client.status().await.unwrap().restored);
    assert_eq!(phone.text(&activity(1), Place).await.as_deref(), Some("村委会"));
    phone.set(&activity(1), Theme, "学党史").await;

    phone.client.sync().await.unwrap();
    let view = phone.view(&activity(1)).await;
    assert_eq!(
        (view.text(Title), view.text(Place), view.text(Theme)),
        (Some("第3稿"), Some("村委会"), Some("学党史"))
    );
    assert_eq!(server.log_len(), 6);
    assert!(phone.client.refused().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_idle_restored_phone_writes_on_without_a_clash() {
    let server = Server::start();
    let mut phone = Phone::enrolled(&server, "王书记").await;
    let backup = phone.back_up().await;
    phone.set(&activity(1), Title, "主题党日").await;
    phone.client.sync().await.unwrap();
    phone.restore(&backup).await;
    phone.client.sync().await.unwrap();
    assert_eq!(phone.text(&activity(1), Title).await.as_deref(), Some("主题党日"));
    phone.set(&activity(1), Place, "村委会").await;
    let report = phone.client.sync().await.unwrap();
    assert_eq!((report.stored, report.rewritten), (1, 0));
}

#[tokio::test]
async fn what_hangs_on_a_number_that_was_used_is_written_anew() {
    let server = Server::start();
    let mut phone = Phone::enrolled(&server, "王书记").await;
    let backup = phone.back_up().await;
    phone.set(&activity(1), Title, "主题党日").await;
    phone.client.sync().await.unwrap();
    phone.restore(&backup).await;
    // Two envelopes: the number of the first was used, and the second depends on the first.
    phone.set(&activity(2), Title, "党课").await;
    phone.client.close_envelopes().await.unwrap();
    phone.set(&activity(2), Place, "村委会").await;
    phone.client.close_envelopes().await.unwrap();
    phone.client.sync().await.unwrap();
    assert_eq!(phone.client.refused().await.unwrap(), [], "nobody did anything wrong");
    let view = phone.view(&activity(2)).await;
    assert_eq!((view.text(Title), view.text(Place)), (Some("党课"), Some("村委会")));
    assert_eq!((server.log_len(), phone.client.status().await.unwrap().pending), (3, 0));
}

/// What counts there he learns from receipts alone, and the receipt of the first envelope says only that its number was used.
#[tokio::test]
async fn what_was_delivered_before_the_restore_counts_in_a_branch_that_is_out_of_sight() {
    let server = Server::start();
    let mut phone = Phone::enrolled(&server, "王书记").await;
    phone.set(&activity(1), Title, "主题党日").await;
    let backup = phone.back_up().await;
    phone.client.sync().await.unwrap();
    phone.restore(&backup).await;
    phone.surroundings.advance(60_000);
    phone.client.close_envelopes().await.unwrap();
    phone.set(&activity(1), Place, "村委会").await;
    phone.client.close_envelopes().await.unwrap();
    server.with(|state| {
        state.collections = vec![shelf(NEXT_BRANCH)];
        state.profile_version += 1;
    });
    let report = phone.client.sync().await.unwrap();
    assert_eq!((report.stored, report.refused, server.log_len()), (2, 0, 2));
    let status = phone.client.status().await.unwrap();
    assert_eq!((status.pending, status.in_envelope), (0, 0));
    assert!(phone.client.records().await.unwrap().is_empty(), "delivered, and then forgotten");
}

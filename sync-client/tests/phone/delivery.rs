//! Saved here, delivered there, read by the other.

use zhibu_domain::command::AboutField::{Place, Theme, Title};
use zhibu_domain::record::merge_cards;
use zhibu_sync_client::error::SyncError;
use zhibu_sync_client::store::LocalStore;

use crate::support::{MORNING, Phone, Server, activity, set};

#[tokio::test]
async fn what_is_saved_is_not_called_uploaded_before_the_receipt() {
    let server = Server::start();
    let phone = Phone::enrolled(&server, "王书记").await;
    phone.set(&activity(1), Title, "主题党日").await;
    let status = phone.client.status().await.unwrap();
    assert_eq!((status.pending, status.in_envelope, status.receipted), (1, 0, 0));

    *phone.line.cut.lock().unwrap() = true;
    let error = phone.client.sync().await.unwrap_err();
    assert!(matches!(error, SyncError::Offline(_)) && error.is_retryable());
    let status = phone.client.status().await.unwrap();
    assert_eq!((status.pending, status.in_envelope, status.receipted), (1, 1, 0));
    assert_eq!(status.last_sync, None, "only a synchronisation that came to its end is told");

    *phone.line.cut.lock().unwrap() = false;
    let report = phone.client.sync().await.unwrap();
    assert_eq!((report.stored, report.round_trips), (1, 1));
    let status = phone.client.status().await.unwrap();
    assert_eq!((status.pending, status.in_envelope, status.receipted), (0, 0, 1));
    assert_eq!(status.last_sync.map(|last| last.at), Some(MORNING));
    assert!(status.last_sync.is_some_and(|last| last.bytes_up > 0 && last.bytes_down > 0));
    assert_eq!(phone.text(&activity(1), Title).await.as_deref(), Some("主题党日"));
    assert_eq!(server.log_len(), 1);
}

#[tokio::test]
async fn a_busy_server_is_waited_for_longer_each_time_and_nothing_is_called_uploaded() {
    let server = Server::start();
    let phone = Phone::enrolled(&server, "王书记").await;
    phone.set(&activity(1), Title, "主题党日").await;
    *phone.line.busy.lock().unwrap() = Some(5);
    let mut waits = Vec::new();
    for _ in 0..4 {
        let busy = phone.client.sync().await.unwrap_err();
        assert!(busy.is_retryable() && busy.plain().contains("服务器正忙，稍后自动再试"), "{busy}");
        waits.push(busy.wait_ms().unwrap());
    }
    // Asked for 5 seconds; 2, 4, 8 and 16 by itself; up to twice as long, so that not all come at once.
    for (wait, least) in waits.iter().zip([5_000, 5_000, 8_000, 16_000]) {
        assert!((least..2 * least).contains(wait), "{waits:?}");
    }
    let status = phone.client.status().await.unwrap();
    assert_eq!((status.pending, status.receipted, status.last_sync), (1, 0, None));

    *phone.line.busy.lock().unwrap() = None;
    assert_eq!(phone.client.sync().await.unwrap().stored, 1);
    *phone.line.busy.lock().unwrap() = Some(0);
    let again = phone.client.sync().await.unwrap_err().wait_ms().unwrap();
    assert!((2_000..4_000).contains(&again), "who was served begins anew: {again}");
    assert_eq!(server.log_len(), 1);
}

#[tokio::test]
async fn a_change_is_held_once_whether_its_receipt_or_its_page_comes_first() {
    let server = Server::start();
    let phone = Phone::enrolled(&server, "王书记").await;
    phone.set(&activity(1), Title, "主题党日").await;
    phone.client.sync().await.unwrap();
    phone.client.sync().await.unwrap();
    let held = phone.client.store().accepted(activity(1).id()).await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(phone.client.store().marks().await.unwrap()[0].position, 1);
}

#[tokio::test]
async fn two_phones_read_each_other_and_disagree_only_where_they_do() {
    let server = Server::start();
    let wang = Phone::enrolled(&server, "王书记").await;
    let bao = Phone::enrolled(&server, "包·那仁").await;
    wang.set(&activity(1), Title, "主题党日").await;
    wang.client.sync().await.unwrap();
    bao.client.sync().await.unwrap();
    wang.set(&activity(1), Place, "村委会").await;
    bao.set(&activity(1), Place, "文化广场").await;
    bao.set(&activity(1), Theme, "学党史").await;
    wang.client.sync().await.unwrap();
    bao.client.sync().await.unwrap();
    wang.client.sync().await.unwrap();

    let (hers, his) = (wang.client.open(&activity(1)).await, bao.client.open(&activity(1)).await);
    let (hers, his) = (hers.unwrap(), his.unwrap());
    assert_eq!(hers.save().unwrap(), his.save().unwrap());
    let cards = merge_cards(&hers);
    assert_eq!(cards.len(), 1);
    let authors = wang.client.authors().await.unwrap();
    let names: Vec<_> = cards[0]
        .values
        .iter()
        .map(|touch| authors.iter().find(|card| card.device == touch.by.device).unwrap().name.as_str())
        .collect();
    assert!(names.contains(&"王书记") && names.contains(&"包·那仁"));
}

#[tokio::test]
async fn an_envelope_whose_answer_was_lost_is_sent_again_byte_for_byte() {
    let server = Server::start();
    let mut phone = Phone::enrolled(&server, "王书记").await;
    phone.set(&activity(1), Title, "主题党日").await;
    *phone.line.lose_answer.lock().unwrap() = true;
    assert!(phone.client.sync().await.unwrap_err().is_retryable());
    phone.restart().await;
    phone.surroundings.advance(5000);
    phone.set(&activity(1), Place, "村委会").await;
    phone.client.sync().await.unwrap();

    let sent = server.with(|state| state.requests.clone());
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].envelopes[0], sent[1].envelopes[0]);
    assert_eq!(sent[1].envelopes.len(), 2, "what was added since is in an envelope of its own");
    assert_eq!(server.log_len(), 2);
    assert_eq!(phone.client.status().await.unwrap().receipted, 2);
}

#[tokio::test]
async fn a_long_answer_comes_page_by_page_and_goes_on_after_a_cut() {
    let server = Server::start();
    let wang = Phone::enrolled(&server, "王书记").await;
    for n in 1..=10 {
        wang.set(&activity(n), Title, &format!("第{n}次")).await;
    }
    wang.client.sync().await.unwrap();
    server.with(|state| state.page_changes = 3);
    let bao = Phone::enrolled(&server, "包·那仁").await;
    let report = bao.client.sync().await.unwrap();
    assert_eq!((report.round_trips, report.received), (4, 10));
    assert_eq!(bao.client.records().await.unwrap().len(), 10);
    assert_eq!(bao.client.sync().await.unwrap().received, 0);
}

#[tokio::test]
async fn a_command_that_changes_nothing_saves_nothing() {
    let server = Server::start();
    let phone = Phone::enrolled(&server, "王书记").await;
    phone.set(&activity(1), Title, "主题党日").await;
    assert_eq!(phone.client.execute(&activity(1), set(Title, "主题党日")).await.unwrap(), None);
    assert_eq!(phone.client.status().await.unwrap().pending, 1);
}

#[tokio::test]
async fn more_changes_than_an_envelope_takes_go_in_two_and_one_request() {
    let server = Server::start();
    let phone = Phone::enrolled(&server, "王书记").await;
    for n in 0..520 {
        phone.set(&activity((n % 40) as u8), Title, &format!("第{n}稿")).await;
    }
    let report = phone.client.sync().await.unwrap();
    assert_eq!(server.with(|state| state.requests[0].envelopes.len()), 2);
    assert_eq!(report.stored, 520);
    assert_eq!(phone.text(&activity(39), Title).await.as_deref(), Some("第519稿"));
}

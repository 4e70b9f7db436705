//! What the server does not accept falls away, stays readable, and holds up nothing else.

use zhibu_domain::command::AboutField::{Place, Theme, Title};
use zhibu_domain::refusal::RefusalCode;
use zhibu_sync_client::client::Resent;
use zhibu_sync_client::error::SyncError;

use crate::support::{Phone, Server, activity, set};

#[tokio::test]
async fn a_refused_change_drops_out_and_what_was_made_after_it_goes_through() {
    let server = Server::start();
    server.refuse_word("禁地", RefusalCode::WrongValue);
    let phone = Phone::enrolled(&server, "王书记").await;
    phone.set(&activity(1), Title, "主题党日").await;
    phone.set(&activity(1), Place, "禁地").await;
    phone.set(&activity(1), Theme, "学党史").await;
    phone.set(&activity(2), Title, "党课").await;
    let report = phone.client.sync().await.unwrap();
    assert_eq!((report.stored, report.refused, report.rewritten), (3, 1, 1));
    assert_eq!(server.log_len(), 3);

    assert_eq!(phone.text(&activity(1), Place).await, None, "back to what is accepted");
    assert_eq!(phone.text(&activity(1), Theme).await.as_deref(), Some("学党史"));
    assert_eq!(phone.text(&activity(2), Title).await.as_deref(), Some("党课"));
    let refused = phone.client.refused().await.unwrap();
    assert_eq!(refused.len(), 1, "the one behind it is nobody's fault and is not shown");
    assert_eq!(refused[0].command, set(Place, "禁地"));
    assert_eq!(refused[0].refusal.code, RefusalCode::WrongValue);
    assert_eq!(refused[0].refusal.slot.as_deref(), Some("about.place"));
    let status = phone.client.status().await.unwrap();
    assert_eq!((status.pending, status.in_envelope, status.refused), (0, 0, 1));
}

#[tokio::test]
async fn a_refused_change_can_be_corrected_sent_again_or_let_go() {
    let server = Server::start();
    server.refuse_word("禁", RefusalCode::NoRight);
    let phone = Phone::enrolled(&server, "王书记").await;
    phone.set(&activity(1), Place, "禁地").await;
    phone.set(&activity(2), Place, "禁区").await;
    phone.set(&activity(3), Place, "禁苑").await;
    phone.client.sync().await.unwrap();
    let numbers: Vec<_> =
        phone.client.refused().await.unwrap().iter().map(|refused| refused.number).collect();
    assert_eq!(numbers, [1, 2, 3]);

    let corrected = phone.client.correct_refused(1, set(Place, "村委会")).await.unwrap();
    assert!(matches!(corrected, Resent::Saved(_)));
    server.allow_everything();
    phone.client.resend_refused(2).await.unwrap();
    phone.client.dismiss_refused(3).await.unwrap();
    assert!(phone.client.refused().await.unwrap().is_empty());
    assert!(matches!(phone.client.dismiss_refused(3).await, Err(SyncError::NoSuchRefused(3))));
    phone.client.sync().await.unwrap();
    assert_eq!(phone.text(&activity(1), Place).await.as_deref(), Some("村委会"));
    assert_eq!(phone.text(&activity(2), Place).await.as_deref(), Some("禁区"));
    assert_eq!(phone.text(&activity(3), Place).await, None);
    assert_eq!(server.log_len(), 2);
}

#[tokio::test]
async fn work_in_a_later_envelope_is_made_again_before_its_own_answer_comes() {
    let server = Server::start();
    server.refuse_word("禁地", RefusalCode::WrongValue);
    let phone = Phone::enrolled(&server, "王书记").await;
    phone.set(&activity(1), Place, "禁地").await;
    phone.client.close_envelopes().await.unwrap();
    phone.set(&activity(1), Title, "党课").await;
    phone.client.close_envelopes().await.unwrap();
    phone.client.sync().await.unwrap();
    assert_eq!(phone.text(&activity(1), Title).await.as_deref(), Some("党课"));
    assert_eq!(phone.client.refused().await.unwrap().len(), 1);
    assert_eq!(server.log_len(), 1);
}

#[tokio::test]
async fn an_envelope_refused_as_a_whole_comes_back_change_by_change() {
    let server = Server::start();
    server.refuse_envelope(1);
    let phone = Phone::enrolled(&server, "王书记").await;
    phone.set(&activity(1), Place, "村委会").await;
    phone.set(&activity(2), Place, "广场").await;
    phone.client.sync().await.unwrap();
    let refused = phone.client.refused().await.unwrap();
    assert!(refused.iter().all(|refused| refused.refusal.code == RefusalCode::WrongSignature));
    assert_eq!(refused.len(), 2);
    for refused in refused {
        phone.client.resend_refused(refused.number).await.unwrap();
    }
    phone.client.sync().await.unwrap();
    assert_eq!(phone.text(&activity(2), Place).await.as_deref(), Some("广场"));
    assert_eq!(server.log_len(), 2);
}

#[tokio::test]
async fn a_server_that_refuses_everything_does_not_keep_the_phone_busy_for_ever() {
    let server = Server::start();
    server.refuse_word("党课", RefusalCode::SequenceConflict);
    let phone = Phone::enrolled(&server, "王书记").await;
    phone.set(&activity(1), Title, "党课").await;
    let report = phone.client.sync().await.unwrap();
    assert!(report.round_trips <= 5, "{report:?}");
    assert!(phone.client.refused().await.unwrap().is_empty());
    server.allow_everything();
    phone.client.sync().await.unwrap();
    assert_eq!(server.log_len(), 1);
}

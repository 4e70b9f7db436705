//! One phone carries another's envelopes.

use zhibu_domain::command::AboutField::Title;
use zhibu_domain::ids::DistrictId;
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::wire::{Envelope, EnvelopeBody, Receipt};
use zhibu_sync_client::client::Carried;
use zhibu_sync_client::error::SyncError;
use zhibu_sync_client::store::LocalStore;

use crate::support::{Phone, Server, activity};

#[tokio::test]
async fn an_envelope_is_delivered_by_a_carrier_and_counts_once() {
    let server = Server::start();
    let far = Phone::enrolled(&server, "包·那仁").await;
    let carrier = Phone::enrolled(&server, "李干事").await;
    *far.line.cut.lock().unwrap() = true;
    far.set(&activity(1), Title, "主题党日").await;
    let envelopes = far.client.close_envelopes().await.unwrap();

    assert_eq!(carrier.client.carry(&envelopes[0].bytes).await.unwrap(), Carried::Kept);
    assert_eq!(carrier.client.carry(&envelopes[0].bytes).await.unwrap(), Carried::KeptAlready);
    assert_eq!(far.client.carry(&envelopes[0].bytes).await.unwrap(), Carried::Own);
    assert_eq!(carrier.text(&activity(1), Title).await, None, "nothing is built on what may be refused");
    let report = carrier.client.sync().await.unwrap();
    assert_eq!((report.delivered, report.stored), (1, 0));
    assert_eq!(carrier.text(&activity(1), Title).await.as_deref(), Some("主题党日"));
    let receipt = carrier.client.carried().await.unwrap()[0].receipt.clone().unwrap();
    assert_eq!(receipt.changes, [Receipt::Stored(1)]);

    *far.line.cut.lock().unwrap() = false;
    assert_eq!(far.client.sync().await.unwrap().stored, 1);
    assert_eq!(server.log_len(), 1);
    assert_eq!(carrier.client.sync().await.unwrap().delivered, 0);
}

#[tokio::test]
async fn what_is_refused_to_a_carrier_is_told_to_its_author() {
    let server = Server::start();
    server.refuse_word("党课", RefusalCode::NoRight);
    let far = Phone::enrolled(&server, "包·那仁").await;
    let carrier = Phone::enrolled(&server, "李干事").await;
    far.set(&activity(1), Title, "党课").await;
    let envelopes = far.client.close_envelopes().await.unwrap();
    carrier.client.carry(&envelopes[0].bytes).await.unwrap();
    carrier.client.sync().await.unwrap();
    assert!(carrier.client.refused().await.unwrap().is_empty());
    far.client.sync().await.unwrap();
    assert_eq!(far.client.refused().await.unwrap()[0].refusal.code, RefusalCode::NoRight);
}

#[tokio::test]
async fn only_envelopes_of_this_district_are_carried() {
    let server = Server::start();
    let far = Phone::enrolled(&server, "包·那仁").await;
    let carrier = Phone::enrolled(&server, "李干事").await;
    far.set(&activity(1), Title, "党课").await;
    let envelopes = far.client.close_envelopes().await.unwrap();
    let mut envelope: Envelope = minicbor::decode(&envelopes[0].bytes).unwrap();
    let mut body: EnvelopeBody = minicbor::decode(&envelope.body).unwrap();
    body.district = DistrictId::from_bytes([0; 16]);
    envelope.body = minicbor::to_vec(&body).unwrap();
    let foreign = carrier.client.carry(&minicbor::to_vec(&envelope).unwrap()).await;
    assert!(matches!(foreign, Err(SyncError::OtherDistrict(_))));
    assert!(matches!(carrier.client.carry(b"a picture").await, Err(SyncError::NotAnEnvelope(_))));
    assert!(matches!(carrier.client.carry(&vec![0; 2 << 20]).await, Err(SyncError::NotAnEnvelope(_))));
}

#[tokio::test]
async fn a_file_of_unsent_work_is_carried_whole_and_a_torn_one_as_far_as_it_goes() {
    let server = Server::start();
    let far = Phone::enrolled(&server, "包·那仁").await;
    let carrier = Phone::enrolled(&server, "李干事").await;
    assert!(far.client.unsent_file().await.unwrap().is_empty());
    far.set(&activity(1), Title, "主题党日").await;
    let first = far.client.unsent_file().await.unwrap();
    far.set(&activity(1), Title, "党课").await;
    let both = far.client.unsent_file().await.unwrap();
    assert!(both.starts_with(&first), "an envelope that may be on its way is never written anew");

    let torn = carrier.client.carry_file(&both[..both.len() - 1]).await;
    assert!(matches!(torn, Err(SyncError::NotAnEnvelope(_))));
    assert_eq!(carrier.client.carried().await.unwrap().len(), 1, "what came whole is kept");
    assert_eq!(carrier.client.carry_file(&both).await.unwrap(), [Carried::KeptAlready, Carried::Kept]);
    assert_eq!(carrier.client.sync().await.unwrap().delivered, 2);
    assert_eq!(carrier.text(&activity(1), Title).await.as_deref(), Some("党课"));
    assert_eq!(far.client.sync().await.unwrap().stored, 2);
    assert_eq!(server.log_len(), 2);
}

/// What it handed over was signed under a counter that it could not write down.
#[tokio::test]
async fn a_full_phone_hands_its_work_over_and_goes_on_once_it_has_space() {
    let server = Server::start();
    let far = Phone::enrolled(&server, "包·那仁").await;
    let carrier = Phone::enrolled(&server, "李干事").await;
    far.set(&activity(1), Title, "主题党日").await;
    far.client.store().fill(true);
    let unsent = far.client.unsent().await.unwrap();
    assert_eq!(unsent.len(), 1);
    assert!(far.client.store().envelopes().await.unwrap().is_empty(), "nothing could be written");
    carrier.client.carry(&unsent[0].bytes).await.unwrap();
    assert_eq!(carrier.client.sync().await.unwrap().delivered, 1);

    far.client.store().fill(false);
    far.set(&activity(2), Title, "党课").await;
    let report = far.client.sync().await.unwrap();
    assert_eq!(report.refused, 0, "{report:?}");
    assert!(far.client.waiting().await.unwrap().is_empty());
    assert_eq!(far.text(&activity(1), Title).await.as_deref(), Some("主题党日"));
    assert_eq!(server.log_len(), 2, "each counts once");
}

/// Only its synchronisation rests: whoever has a newer version takes its work along.
#[tokio::test]
async fn a_phone_that_is_too_old_goes_on_writing_and_hands_its_work_over() {
    let server = Server::start();
    let old = Phone::enrolled(&server, "包·那仁").await;
    let new = Phone::enrolled(&server, "李干事").await;
    old.set(&activity(1), Title, "主题党日").await;
    old.client.sync().await.unwrap();
    server.with(|state| state.is_newer = true);
    old.set(&activity(1), Title, "党课").await;
    assert!(matches!(old.client.sync().await, Err(SyncError::TooOld)));
    old.set(&activity(2), Title, "支委会").await;
    assert_eq!(old.text(&activity(1), Title).await.as_deref(), Some("党课"));
    assert_eq!(old.client.status().await.unwrap().pending, 2);
    let file = old.client.unsent_file().await.unwrap();
    server.with(|state| state.is_newer = false);
    assert_eq!(new.client.carry_file(&file).await.unwrap().len(), 2);
    assert_eq!(new.client.sync().await.unwrap().delivered, 2);
    assert_eq!(new.text(&activity(2), Title).await.as_deref(), Some("支委会"));
    assert_eq!(old.client.sync().await.unwrap().stored, 2, "and once it is renewed it knows");
}

//! A server that was restored from a backup gets back what it had receipted, and nobody reads past anything.

use zhibu_domain::command::AboutField::{Place, Theme, Title};
use zhibu_domain::ids::EntryId;
use zhibu_domain::wire::{Envelope, EnvelopeBody};
use zhibu_sync_client::store::LocalStore;

use crate::support::{MORNING, Phone, Server, activity, picture};

/// Everything of a server's log, by name, each once.
fn names(server: &Server) -> Vec<[u8; 32]> {
    let mut names: Vec<_> = server.with(|state| state.log.iter().map(|(.., hash)| hash.0).collect());
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "each counts once");
    names
}

#[tokio::test]
async fn it_is_noticed_and_told() {
    let server = Server::start();
    let phone = Phone::enrolled(&server, "王书记").await;
    phone.client.sync().await.unwrap();
    assert_eq!(phone.client.status().await.unwrap().server_restored_at, None);
    server.with(|state| state.generation = vec![2]);
    phone.client.sync().await.unwrap();
    assert_eq!(phone.client.status().await.unwrap().server_restored_at, Some(MORNING));
    assert_eq!(phone.client.sync().await.unwrap().round_trips, 1, "once");
}

#[tokio::test]
async fn one_phone_brings_back_what_it_wrote_and_what_it_read() {
    let server = Server::start();
    let wang = Phone::enrolled(&server, "王书记").await;
    let bao = Phone::enrolled(&server, "包·那仁").await;
    wang.set(&activity(1), Title, "主题党日").await;
    wang.client.sync().await.unwrap();
    let backup = server.back_up();
    bao.client.sync().await.unwrap();
    bao.set(&activity(1), Place, "村委会").await;
    bao.client.sync().await.unwrap();
    wang.client.sync().await.unwrap();
    wang.set(&activity(1), Theme, "学党史").await;
    wang.set(&activity(2), Title, "党课").await;
    wang.client.sync().await.unwrap();
    let before = names(&server);
    assert_eq!(before.len(), 4);

    // What waits was written over what is lost.
    wang.set(&activity(1), Title, "十一月主题党日").await;
    server.with(|state| {
        state.restore(&backup);
        state.generation = vec![2];
        state.page_changes = 1;
    });
    let report = wang.client.sync().await.unwrap();
    assert_eq!((report.recovered, report.stored, report.refused, report.rewritten), (3, 1, 0, 0));
    let after = names(&server);
    assert!(before.iter().all(|name| after.contains(name)) && after.len() == 5);
    // Bao's phone lies in the drawer meanwhile; when it comes it reads everything, past nothing.
    let report = bao.client.sync().await.unwrap();
    assert_eq!((report.recovered, report.refused), (0, 0));
    assert_eq!(names(&server), after);
    for record in [activity(1), activity(2)] {
        let (hers, his) = (wang.client.open(&record).await.unwrap(), bao.client.open(&record).await.unwrap());
        assert_eq!(hers.save().unwrap(), his.save().unwrap());
    }
    assert_eq!(bao.text(&activity(1), Title).await.as_deref(), Some("十一月主题党日"));
}

#[tokio::test]
async fn positions_that_were_given_out_anew_are_read() {
    let server = Server::start();
    let wang = Phone::enrolled(&server, "王书记").await;
    let bao = Phone::enrolled(&server, "包·那仁").await;
    let backup = server.back_up();
    for n in 1..=3 {
        wang.set(&activity(n), Title, "丢失的").await;
    }
    wang.client.sync().await.unwrap();
    bao.client.sync().await.unwrap();
    server.with(|state| {
        state.restore(&backup);
        state.generation = vec![2];
    });
    // A third phone fills the very positions that the others have read.
    let li = Phone::enrolled(&server, "李干事").await;
    for n in 4..=6 {
        li.set(&activity(n), Title, "新写的").await;
    }
    li.client.sync().await.unwrap();
    bao.client.sync().await.unwrap();
    for n in 4..=6 {
        assert_eq!(bao.text(&activity(n), Title).await.as_deref(), Some("新写的"));
    }
    wang.client.sync().await.unwrap();
    li.client.sync().await.unwrap();
    for n in 1..=6 {
        let expected = if n <= 3 { "丢失的" } else { "新写的" };
        for phone in [&wang, &bao, &li] {
            assert_eq!(phone.text(&activity(n), Title).await.as_deref(), Some(expected), "{n}");
        }
    }
    assert_eq!(names(&server).len(), 6);
}

#[tokio::test]
async fn an_old_store_put_in_its_place_unnamed_is_found_out_by_whoever_wrote_since() {
    let server = Server::start();
    let wang = Phone::enrolled(&server, "王书记").await;
    let bao = Phone::enrolled(&server, "包·那仁").await;
    wang.set(&activity(1), Title, "主题党日").await;
    wang.client.sync().await.unwrap();
    let backup = server.back_up();
    wang.set(&activity(1), Place, "村委会").await;
    wang.client.sync().await.unwrap();
    bao.client.sync().await.unwrap();
    server.with(|state| state.restore(&backup));
    // The request that finds it out delivers something itself: it must not hide what is missing.
    wang.set(&activity(2), Title, "党课").await;
    let report = wang.client.sync().await.unwrap();
    assert_eq!((report.recovered, report.stored, report.refused), (1, 1, 0));
    // The server knows now what happened, and says so to those who could not see it.
    bao.client.sync().await.unwrap();
    assert!(bao.client.status().await.unwrap().server_restored_at.is_some());
    assert_eq!(bao.text(&activity(2), Title).await.as_deref(), Some("党课"));
    assert_eq!(names(&server).len(), 3);
}

#[tokio::test]
async fn a_recovery_that_dies_anywhere_begins_again() {
    for commits in 0..6 {
        let server = Server::start();
        let mut phone = Phone::enrolled(&server, "王书记").await;
        let backup = server.back_up();
        for n in 1..=3 {
            phone.set(&activity(n), Title, "主题党日").await;
            phone.client.sync().await.unwrap();
        }
        phone.set(&activity(1), Place, "村委会").await;
        server.with(|state| {
            state.restore(&backup);
            state.generation = vec![2];
            state.page_changes = 1;
        });
        phone.client.store().crash_after(commits);
        phone.client.sync().await.unwrap_err();
        assert!(phone.client.store().has_crashed());
        phone.restart().await;
        assert_eq!(phone.text(&activity(1), Place).await.as_deref(), Some("村委会"));
        phone.client.sync().await.unwrap();
        assert_eq!(names(&server).len(), 4, "killed before commit {commits}");
        assert_eq!(phone.text(&activity(1), Place).await.as_deref(), Some("村委会"));
        let status = phone.client.status().await.unwrap();
        assert_eq!((status.pending, status.refused), (0, 0));
    }
}

#[tokio::test]
async fn without_a_voucher_each_author_brings_his_own_and_nobody_drops_the_others() {
    let server = Server::start();
    server.with(|state| state.vouches = false);
    let wang = Phone::enrolled(&server, "王书记").await;
    let bao = Phone::enrolled(&server, "包·那仁").await;
    let backup = server.back_up();
    bao.set(&activity(1), Title, "主题党日").await;
    bao.client.sync().await.unwrap();
    wang.client.sync().await.unwrap();
    wang.set(&activity(2), Title, "党课").await;
    wang.client.sync().await.unwrap();
    let before = names(&server);
    server.with(|state| {
        state.restore(&backup);
        state.generation = vec![2];
    });
    wang.client.sync().await.unwrap();
    assert_eq!(server.log_len(), 1, "his own");
    assert_eq!(wang.text(&activity(1), Title).await.as_deref(), Some("主题党日"), "still shown");
    bao.client.sync().await.unwrap();
    wang.client.sync().await.unwrap();
    assert_eq!(names(&server), before);
    assert_eq!(wang.client.store().accepted(activity(1).id()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_carried_is_delivered_again() {
    let server = Server::start();
    let far = Phone::enrolled(&server, "包·那仁").await;
    let carrier = Phone::enrolled(&server, "李干事").await;
    far.set(&activity(1), Title, "主题党日").await;
    let envelopes = far.client.close_envelopes().await.unwrap();
    let backup = server.back_up();
    carrier.client.carry(&envelopes[0].bytes).await.unwrap();
    assert_eq!(carrier.client.sync().await.unwrap().delivered, 1);
    server.with(|state| {
        state.restore(&backup);
        state.generation = vec![2];
    });
    let report = carrier.client.sync().await.unwrap();
    assert_eq!(report.delivered, 1);
    let envelope: Envelope = minicbor::decode(&envelopes[0].bytes).unwrap();
    let body: EnvelopeBody = minicbor::decode(&envelope.body).unwrap();
    assert_eq!(server.log_len(), body.changes.len());
    far.client.sync().await.unwrap();
    assert_eq!(names(&server).len(), 1);
}

#[tokio::test]
async fn a_picture_that_the_server_lost_is_sent_again() {
    let server = Server::start();
    let phone = Phone::enrolled(&server, "王书记").await;
    let backup = server.back_up();
    let entry = EntryId::from_bytes([1; 16]);
    phone.client.attach_photo(&activity(1), entry, picture(1, 4000), picture(2, 600)).await.unwrap();
    phone.client.sync().await.unwrap();
    assert_eq!(phone.client.upload_blobs().await.unwrap().photos, 1);
    assert_eq!(phone.client.status().await.unwrap().photos_waiting, 0);
    server.with(|state| {
        state.restore(&backup);
        state.blobs = Default::default();
        state.generation = vec![2];
    });
    phone.client.sync().await.unwrap();
    let report = phone.client.upload_blobs().await.unwrap();
    assert_eq!((report.photos, report.thumbs), (1, 1));
}

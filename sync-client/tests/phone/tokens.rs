//! The access token and the clocks.

use zhibu_domain::command::AboutField::Title;
use zhibu_domain::wire::PROOF_TOLERANCE_MS;
use zhibu_sync_client::error::SyncError;
use zhibu_sync_client::store::LocalStore;

use crate::support::{Phone, Server, TOKEN_MS, activity};

#[tokio::test]
async fn a_token_is_renewed_when_it_is_over_and_the_proofs_only_grow() {
    let server = Server::start();
    let phone = Phone::enrolled(&server, "王书记").await;
    let mut last = phone.client.store().state().await.unwrap().unwrap().last_proof_at;
    for _ in 0..3 {
        server.with(|state| state.now = state.now.plus(TOKEN_MS));
        // The phone's clock stands still: the proof must be later all the same.
        phone.client.sync().await.unwrap();
        let proof = phone.client.store().state().await.unwrap().unwrap().last_proof_at;
        assert!(proof > last);
        last = proof;
    }
}

#[tokio::test]
async fn a_clock_that_is_years_off_is_corrected_by_the_servers() {
    let server = Server::start();
    let mut phone = Phone::enrolled(&server, "王书记").await;
    server.with(|state| state.now = state.now.plus(TOKEN_MS));
    for years in [4, -8] {
        phone.surroundings.advance(years * 31_536_000_000);
        phone.restart().await;
        phone.set(&activity(1), Title, &format!("差{years}年")).await;
        phone.client.sync().await.unwrap();
        server.with(|state| state.now = state.now.plus(TOKEN_MS));
    }
    let offset = phone.client.status().await.unwrap().clock_offset_ms;
    assert!(offset > 3 * 31_536_000_000, "{offset}");
    assert_eq!(server.log_len(), 2);
}

#[tokio::test]
async fn a_proof_far_ahead_whose_answer_was_lost_locks_nobody_out() {
    let server = Server::start();
    let phone = Phone::enrolled(&server, "王书记").await;
    server.with(|state| state.now = state.now.plus(TOKEN_MS));
    phone.surroundings.advance(31_536_000_000);
    *phone.line.lose_answer.lock().unwrap() = true;
    assert!(matches!(phone.client.sync().await, Err(SyncError::Offline(_))));
    phone.client.sync().await.unwrap();
}

/// The proof after it would be one millisecond too far ahead.
#[tokio::test]
async fn a_lost_proof_that_lies_just_as_far_ahead_as_may_be_locks_nobody_out() {
    let server = Server::start();
    let phone = Phone::enrolled(&server, "王书记").await;
    server.with(|state| state.now = state.now.plus(TOKEN_MS));
    phone.surroundings.advance(TOKEN_MS + 2 * PROOF_TOLERANCE_MS);
    *phone.line.lose_answer.lock().unwrap() = true;
    assert!(matches!(phone.client.sync().await, Err(SyncError::Offline(_))));
    server.with(|state| state.now = state.now.plus(PROOF_TOLERANCE_MS));
    phone.client.sync().await.unwrap();
}

#[tokio::test]
async fn nothing_is_asked_of_a_phone_that_is_not_enrolled() {
    let server = Server::start();
    let phone = Phone::unenrolled(&server).await;
    assert!(matches!(phone.client.sync().await, Err(SyncError::NotEnrolled)));
    assert!(matches!(phone.client.status().await, Err(SyncError::NotEnrolled)));
}

//! `POST /v1/sync`: one round trip delivers envelopes and brings what is new.

use std::sync::Arc;

use axum::extract::State;
use zhibu_domain::wire::{
    MAX_REQUEST_ENVELOPES, MAX_REQUEST_POSITIONS, OLDEST_PROTOCOL, PROTOCOL, SyncRequest, SyncResponse,
};

use super::Cbor;
use super::token::issue_for;
use crate::App;
use crate::auth::Arrival;
use crate::auth::token::TokenBearer;
use crate::error::ApiError;
use crate::metrics::Stage;
use crate::sync::scope::Scope;
use crate::sync::{pages, recovery};

pub(super) async fn exchange(
    arrival: Arrival,
    State(app): State<Arc<App>>,
    Cbor(request): Cbor<SyncRequest>,
) -> Result<Cbor<SyncResponse>, ApiError> {
    check(&request)?;
    let caller = &arrival.caller;
    let lengths: Vec<_> = request.envelopes.iter().map(|envelope| envelope.body.len() as u64).collect();
    app.admission.deliver(caller.account.id, caller.device.id, lengths.iter().sum())?;
    let recovered = match request.recovery {
        Some(recovery) => Some(recovery::recover(&app, caller, recovery).await?),
        None => None,
    };
    let delivered = app.ledger.deliver(caller, request.envelopes).await?;
    app.admission.note_refused(caller.device.id, &lengths, &delivered.receipts);
    let caller = arrival.settled().await?;
    // After the delivery, so that the marks move past what it wrote.
    let scope = Scope::of(&app, &caller).await?;
    let asked =
        pages::Asked { marks: &request.marks, page_bytes: request.page_bytes, protocol: request.protocol };
    let log = pages::Log { store: &*app.store, tails: app.ledger.tails(), now: app.clock.now() };
    let reading = pages::read(log, &scope, &asked, &delivered.echo);
    let news = Stage::News.time(reading).await?;
    let is_known = request.profile_version == scope.version();
    let profile = if is_known { None } else { Some(scope.profile(&app).await?) };
    let bearer = TokenBearer { district: caller.district, device: caller.device.id };
    let token = if caller.is_proven { Some(issue_for(&app, bearer).await?) } else { None };
    let recovered_names = recovered.iter().flat_map(|recovered| &recovered.stored);
    let names: Vec<_> = delivered.stored.iter().chain(recovered_names).chain(&news.names).copied().collect();
    let voucher = app.keyring.vouch(&*app.store, caller.district, &caller.generation, &names).await?;
    Ok(Cbor(SyncResponse {
        protocol: PROTOCOL,
        server_time: app.clock.now(),
        generation: caller.generation.to_vec(),
        receipts: delivered.receipts,
        pages: news.pages,
        more: news.more,
        profile,
        // As they stood before this request: one that went back shows, whatever this one brought.
        last_counter: caller.device.last_counter,
        last_epoch: caller.device.last_epoch,
        token,
        recovered: recovered.map(|recovered| recovered.receipts),
        voucher,
    }))
}

fn check(request: &SyncRequest) -> Result<(), ApiError> {
    if request.protocol < OLDEST_PROTOCOL {
        return Err(ApiError::ClientTooOld);
    }
    if request.envelopes.len() > MAX_REQUEST_ENVELOPES {
        return Err(ApiError::TooLarge("envelopes of one request".into()));
    }
    if request.recovery.as_ref().is_some_and(recovery::is_too_large) {
        return Err(ApiError::TooLarge("changes brought back in one request".into()));
    }
    if request.marks.len() > MAX_REQUEST_POSITIONS {
        return Err(ApiError::TooLarge("marks of one request".into()));
    }
    Ok(())
}

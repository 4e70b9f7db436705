//! `POST /v1/sync`: one round trip delivers envelopes and brings what is new.

use std::sync::Arc;

use axum::extract::State;
use zhibu_domain::wire::{
    MAX_REQUEST_ENVELOPES, MAX_REQUEST_POSITIONS, OLDEST_PROTOCOL, PROTOCOL, SyncRequest, SyncResponse,
};

use super::Cbor;
use crate::App;
use crate::auth::DeviceCaller;
use crate::error::ApiError;
use crate::metrics::Stage;
use crate::sync::scope::Scope;
use crate::sync::{Carrier, pages};

pub(super) async fn exchange(
    caller: DeviceCaller,
    State(app): State<Arc<App>>,
    Cbor(request): Cbor<SyncRequest>,
) -> Result<Cbor<SyncResponse>, ApiError> {
    check(&request)?;
    let today = app.clock.now().date();
    if caller.device.last_seen_on < Some(today) {
        app.store.note_contact(caller.district, caller.device.id, today).await?;
    }
    let carrier = Carrier { district: caller.district, device: caller.device.id };
    let delivered = app.ledger.deliver(carrier, request.envelopes).await?;
    // After the delivery, so that the marks move past what it wrote.
    let scope = Scope::of(&app, &caller).await?;
    let asked =
        pages::Asked { marks: &request.marks, page_bytes: request.page_bytes, protocol: request.protocol };
    let reading = pages::read(&*app.store, &scope, &asked, &delivered.echo);
    let news = Stage::News.time(reading).await?;
    let profile =
        if request.profile_version == scope.version() { None } else { Some(scope.profile(&app).await?) };
    let district = app.store.find_district(caller.district).await?.ok_or(ApiError::NotFound)?;
    let owner =
        app.store.find_device(caller.district, caller.device.id).await?.ok_or(ApiError::Unauthenticated)?;
    Ok(Cbor(SyncResponse {
        protocol: PROTOCOL,
        server_time: app.clock.now(),
        generation: district.generation.to_vec(),
        receipts: delivered.receipts,
        pages: news.pages,
        more: news.more,
        profile,
        last_counter: owner.device.last_counter,
        last_epoch: owner.device.last_epoch,
    }))
}

fn check(request: &SyncRequest) -> Result<(), ApiError> {
    if request.protocol < OLDEST_PROTOCOL {
        return Err(ApiError::ClientTooOld);
    }
    if request.envelopes.len() > MAX_REQUEST_ENVELOPES {
        return Err(ApiError::TooLarge("envelopes of one request".into()));
    }
    if request.marks.len() > MAX_REQUEST_POSITIONS {
        return Err(ApiError::TooLarge("marks of one request".into()));
    }
    Ok(())
}

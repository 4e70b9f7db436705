//! `POST /v1/token`: a device renews its access by a proof with its key. There is no refresh token to lose.

use std::sync::Arc;

use axum::extract::State;
use zhibu_domain::wire::{TokenRequest, TokenResponse};

use super::Cbor;
use crate::App;
use crate::auth::proof;
use crate::auth::token::TokenBearer;
use crate::error::ApiError;
use crate::store::DeviceOwner;

/// How far a proof's time may be from ours, in milliseconds (PROTOCOL.md, tokens).
const TOLERANCE_MS: i64 = 10 * 60 * 1000;

pub(super) async fn renew_token(
    State(app): State<Arc<App>>,
    Cbor(request): Cbor<TokenRequest>,
) -> Result<Cbor<TokenResponse>, ApiError> {
    // An unknown device and a wrong proof get the same answer: who cannot sign learns nothing.
    let owner = app.store.locate_device(request.device).await?.ok_or(ApiError::WrongProof)?;
    let message = TokenRequest::signed_bytes(request.device, request.at);
    let is_proven =
        owner.device.key.as_ref().is_some_and(|key| proof::is_signed_by(key, &message, &request.proof));
    if !is_proven {
        return Err(ApiError::WrongProof);
    }
    if !owner.is_active() {
        return Err(ApiError::DeviceRevoked);
    }
    if app.clock.now().0.abs_diff(request.at.0) > TOLERANCE_MS.unsigned_abs() {
        return Err(ApiError::ClockSkew);
    }
    if !app.store.advance_proof(owner.device.district, request.device, request.at).await? {
        return Err(ApiError::WrongProof);
    }
    issue_for(&app, &owner).await.map(Cbor)
}

/// A fresh access token for a device.
pub(super) async fn issue_for(app: &App, owner: &DeviceOwner) -> Result<TokenResponse, ApiError> {
    let now = app.clock.now();
    let bearer = TokenBearer { district: owner.device.district, device: owner.device.id };
    let issued = app.keyring.issue(&*app.store, bearer, now).await?;
    Ok(TokenResponse { token: issued.token, expires_at: issued.expires_at, server_time: now })
}

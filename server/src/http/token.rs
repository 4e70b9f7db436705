//! `POST /v1/token`: a device renews its access by a proof with its key. There is no refresh token to lose.

use std::sync::Arc;

use axum::extract::State;
use zhibu_domain::wire::{TokenRequest, TokenResponse};

use super::Cbor;
use crate::App;
use crate::auth::proof;
use crate::auth::token::TokenBearer;
use crate::error::ApiError;

pub(super) async fn renew_token(
    State(app): State<Arc<App>>,
    Cbor(request): Cbor<TokenRequest>,
) -> Result<Cbor<TokenResponse>, ApiError> {
    let owner = proof::accept(&app, &request).await?;
    let bearer = TokenBearer { district: owner.device.district, device: owner.device.id };
    issue_for(&app, bearer).await.map(Cbor)
}

/// A fresh access token for a device.
pub(super) async fn issue_for(app: &App, bearer: TokenBearer) -> Result<TokenResponse, ApiError> {
    let now = app.clock.now();
    let issued = app.keyring.issue(&*app.store, bearer, now).await?;
    Ok(TokenResponse { token: issued.token, expires_at: issued.expires_at, server_time: now })
}

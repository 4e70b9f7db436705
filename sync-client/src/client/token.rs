//! The access token: renewed by a proof with the device key, whose time only ever grows.

use zhibu_domain::time::Millis;
use zhibu_domain::wire::{ErrorCode, TokenRequest, TokenResponse};

use super::Client;
use crate::error::SyncError;
use crate::keys::DeviceKey;
use crate::store::{DeviceState, HeldToken, LocalStore};
use crate::transport::{Transport, TransportError};

/// A token that ends within this time is renewed: the request it is for may take a while.
const RENEW_BEFORE_MS: i64 = 60_000;

impl<S: LocalStore, T: Transport, K: DeviceKey> Client<S, T, K> {
    /// The token held, if it is good for a while yet; else a new one.
    pub(super) async fn token(&self) -> Result<String, SyncError> {
        let state = self.state().await?;
        let server_now = self.now().plus(state.clock_offset_ms);
        match state.token {
            Some(held) if server_now.plus(RENEW_BEFORE_MS) < held.expires_at => Ok(held.token),
            _ => self.renew_token().await,
        }
    }

    /// Asks under the token held, and once more under a new one when that is over.
    pub(super) async fn with_token<R>(
        &self,
        ask: impl AsyncFn(&str) -> Result<R, TransportError>,
    ) -> Result<R, SyncError> {
        let token = self.token().await?;
        match ask(&token).await {
            Err(TransportError::Refused(body))
                if matches!(body.code, ErrorCode::TokenExpired | ErrorCode::Unauthenticated) =>
            {
                let token = self.renew_token().await?;
                Ok(ask(&token).await?)
            }
            other => Ok(other?),
        }
    }

    /// A new token. A wrong clock is corrected by the server's, once.
    pub(super) async fn renew_token(&self) -> Result<String, SyncError> {
        let (request, before) = self.prove().await?;
        let response = match self.transport.renew_token(&request).await {
            Err(TransportError::Refused(body)) if body.code == ErrorCode::ClockSkew => {
                let offset = body.server_time.0 - self.now().0;
                self.update_state(|state| {
                    state.clock_offset_ms = offset;
                    // That proof was not taken, so it binds nobody; a far future would lock the device out.
                    state.last_proof_at = before;
                })
                .await?;
                let (request, _) = self.prove().await?;
                self.transport.renew_token(&request).await?
            }
            other => other?,
        };
        self.keep_token(response).await
    }

    /// The time is durable before the proof leaves: after a crash the next one is later still.
    async fn prove(&self) -> Result<(TokenRequest, Millis), SyncError> {
        let before = self.state().await?.last_proof_at;
        let now = self.now();
        let next = |state: &mut DeviceState| {
            let server_now = now.plus(state.clock_offset_ms);
            state.last_proof_at = server_now.max(state.last_proof_at.plus(1));
        };
        let state = self.update_state(next).await?;
        let (device, at) = (state.device, state.last_proof_at);
        let proof = self.key.sign(&TokenRequest::signed_bytes(device, at)).await?;
        Ok((TokenRequest { device, at, proof }, before))
    }

    async fn keep_token(&self, response: TokenResponse) -> Result<String, SyncError> {
        let offset = response.server_time.0 - self.now().0;
        let held = HeldToken { token: response.token.clone(), expires_at: response.expires_at };
        self.update_state(|state| {
            state.token = Some(held.clone());
            state.clock_offset_ms = offset;
        })
        .await?;
        Ok(response.token)
    }
}

//! The access token: renewed by a proof with the device key, whose time only ever grows.

use zhibu_domain::time::Millis;
use zhibu_domain::wire::{
    ErrorBody, ErrorCode, PROOF_TOLERANCE_MS, SyncRequest, TokenRequest, TokenResponse,
};

use super::Client;
use crate::error::SyncError;
use crate::keys::DeviceKey;
use crate::store::{DeviceState, HeldToken, LocalStore};
use crate::transport::{Answer, Credential, Transport, TransportError};

/// A token that ends within this time is renewed: the request it is for may take a while.
const RENEW_BEFORE_MS: i64 = 60_000;

impl<S: LocalStore, T: Transport, K: DeviceKey> Client<S, T, K> {
    /// The token held, if it is good for a while yet.
    async fn held_token(&self) -> Result<Option<String>, SyncError> {
        let state = self.state().await?;
        let server_now = self.now().plus(state.clock_offset_ms);
        let good = |held: &HeldToken| server_now.plus(RENEW_BEFORE_MS) < held.expires_at;
        Ok(state.token.filter(good).map(|held| held.token))
    }

    /// The token held, or a new one.
    pub(super) async fn token(&self) -> Result<String, SyncError> {
        match self.held_token().await? {
            Some(token) => Ok(token),
            None => self.renew_token().await,
        }
    }

    /// Synchronises under the token held; without a good one under a proof, which costs no trip of its own.
    pub(super) async fn exchange(&self, request: &SyncRequest) -> Result<Answer, SyncError> {
        if let Some(token) = self.held_token().await? {
            match self.transport.sync(&Credential::Token(token), request).await {
                Err(TransportError::Refused(body)) if is_over(&body) => {}
                other => return Ok(other?),
            }
        }
        let ask = async |proof| self.transport.sync(&Credential::Proof(proof), request).await;
        let answer = self.with_proof(ask).await?;
        if let Some(token) = answer.response.token.clone() {
            self.keep_token(token).await?;
        }
        Ok(answer)
    }

    /// Asks under the token held, and once more under a new one when that is over.
    pub(super) async fn with_token<R>(
        &self,
        ask: impl AsyncFn(&str) -> Result<R, TransportError>,
    ) -> Result<R, SyncError> {
        let token = self.token().await?;
        match ask(&token).await {
            Err(TransportError::Refused(body)) if is_over(&body) => {
                let token = self.renew_token().await?;
                Ok(ask(&token).await?)
            }
            other => Ok(other?),
        }
    }

    /// A new token.
    pub(super) async fn renew_token(&self) -> Result<String, SyncError> {
        let ask = async |proof| self.transport.renew_token(&proof).await;
        let response = self.with_proof(ask).await?;
        self.keep_token(response).await
    }

    /// Asks with a proof. A wrong clock is corrected by the server's, once.
    async fn with_proof<R>(
        &self,
        ask: impl AsyncFn(TokenRequest) -> Result<R, TransportError>,
    ) -> Result<R, SyncError> {
        let (proof, before) = self.prove().await?;
        match ask(proof).await {
            Err(TransportError::Refused(body)) if body.code == ErrorCode::ClockSkew => {
                let offset = body.server_time.0 - self.now().0;
                // That proof was not taken, so it binds nobody; a far future would lock the device out. Nor was one
                // before it that lies as far ahead, whose answer may have been lost: the next one is later still.
                let is_far = before >= body.server_time.plus(PROOF_TOLERANCE_MS);
                self.update_state(|state| {
                    state.clock_offset_ms = offset;
                    state.last_proof_at = if is_far { body.server_time } else { before };
                })
                .await?;
                let (proof, _) = self.prove().await?;
                Ok(ask(proof).await?)
            }
            other => Ok(other?),
        }
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

/// Whether a token does not open anything any more.
fn is_over(body: &ErrorBody) -> bool {
    matches!(body.code, ErrorCode::TokenExpired | ErrorCode::Unauthenticated)
}

//! [`Transport`] over the browser's `fetch`, which also packs and unpacks (`web/src/core/line.ts`).

use js_sys::{Array, Uint8Array};
use minicbor::{Decode, Encode};
use wasm_bindgen::prelude::*;
use zhibu_domain::wire::{
    EnrolRequest, EnrolResponse, SyncRequest, SyncResponse, TokenRequest, TokenResponse,
};

use super::told;
use crate::transport::{Answer, Transport, TransportError};

#[wasm_bindgen]
extern "C" {
    /// The way to the server that this page came from.
    pub type Line;

    /// Asks once: `[status, body, bytesUp, bytesDown]`. Fails when there is no answer.
    #[wasm_bindgen(method, catch)]
    async fn post(
        this: &Line,
        path: &str,
        token: Option<String>,
        body: Uint8Array,
    ) -> Result<JsValue, JsValue>;
}

/// Speaks to the server that the page came from.
pub struct FetchTransport {
    line: Line,
}

struct Exchange<T> {
    response: T,
    bytes_up: u64,
    bytes_down: u64,
}

impl FetchTransport {
    /// Over this line.
    pub fn new(line: Line) -> Self {
        Self { line }
    }

    async fn ask<Q, R>(
        &self,
        path: &str,
        token: Option<&str>,
        question: &Q,
    ) -> Result<Exchange<R>, TransportError>
    where
        Q: Encode<()>,
        R: for<'b> Decode<'b, ()>,
    {
        let body = minicbor::to_vec(question).map_err(|e| TransportError::unreadable(0, e))?;
        let answer = self.line.post(path, token.map(str::to_owned), Uint8Array::from(&body[..])).await;
        let answer = Array::from(&answer.map_err(|e| TransportError::Offline(told(&e).1))?);
        let number = |place| answer.get(place).as_f64().unwrap_or_default();
        let (status, bytes) = (number(0) as u16, Uint8Array::new(&answer.get(1)).to_vec());
        if !(200..300).contains(&status) {
            return Err(TransportError::refusal(status, &bytes));
        }
        let response = minicbor::decode(&bytes).map_err(|e| TransportError::unreadable(status, e))?;
        Ok(Exchange { response, bytes_up: number(2) as u64, bytes_down: number(3) as u64 })
    }
}

impl Transport for FetchTransport {
    async fn enrol(&self, request: &EnrolRequest) -> Result<EnrolResponse, TransportError> {
        Ok(self.ask("/v1/enrol", None, request).await?.response)
    }

    async fn renew_token(&self, request: &TokenRequest) -> Result<TokenResponse, TransportError> {
        Ok(self.ask("/v1/token", None, request).await?.response)
    }

    async fn sync(&self, token: &str, request: &SyncRequest) -> Result<Answer, TransportError> {
        let exchange = self.ask::<_, SyncResponse>("/v1/sync", Some(token), request).await?;
        let Exchange { response, bytes_up, bytes_down } = exchange;
        Ok(Answer { response, bytes_up, bytes_down })
    }
}

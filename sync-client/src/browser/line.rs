//! [`Transport`] over the browser's `fetch`, which also packs and unpacks (`web/src/core/line.ts`).

use js_sys::{Array, Uint8Array};
use minicbor::{Decode, Encode};
use wasm_bindgen::prelude::*;
use zhibu_domain::attachment::BlobHash;
use zhibu_domain::ids::RecordId;
use zhibu_domain::wire::{
    BlobProgress, EnrolRequest, EnrolResponse, SyncRequest, SyncResponse, TokenRequest, TokenResponse,
};

use super::told;
use crate::transport::{Answer, Credential, Transport, TransportError};

#[wasm_bindgen]
extern "C" {
    /// The way to the server that this page came from.
    pub type Line;

    /// Asks once, with this `Authorization`: `[status, body, bytesUp, bytesDown, retryAfter]`. Fails when there is no answer.
    #[wasm_bindgen(method, catch)]
    async fn post(
        this: &Line,
        path: &str,
        authorization: Option<String>,
        body: Uint8Array,
    ) -> Result<JsValue, JsValue>;

    /// As `post`, without a body.
    #[wasm_bindgen(method, catch)]
    async fn get(this: &Line, path: &str, authorization: &str) -> Result<JsValue, JsValue>;

    /// As `post`, the body as it is.
    #[wasm_bindgen(method, catch)]
    async fn put(this: &Line, path: &str, authorization: &str, body: Uint8Array) -> Result<JsValue, JsValue>;
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
        credential: Option<&Credential>,
        question: &Q,
    ) -> Result<Exchange<R>, TransportError>
    where
        Q: Encode<()>,
        R: for<'b> Decode<'b, ()>,
    {
        let body = minicbor::to_vec(question).map_err(|e| TransportError::unreadable(0, e))?;
        let answer =
            self.line.post(path, credential.map(Credential::header), Uint8Array::from(&body[..])).await;
        let answered = Answered::of(answer)?;
        let (bytes_up, bytes_down) = (answered.bytes_up, answered.bytes_down);
        Ok(Exchange { response: answered.decoded()?, bytes_up, bytes_down })
    }
}

/// An answer of success, undecoded.
struct Answered {
    status: u16,
    body: Vec<u8>,
    bytes_up: u64,
    bytes_down: u64,
}

impl Answered {
    fn of(answer: Result<JsValue, JsValue>) -> Result<Self, TransportError> {
        let answer = Array::from(&answer.map_err(|e| TransportError::Offline(told(&e).1))?);
        let number = |place| answer.get(place).as_f64().unwrap_or_default();
        let (status, body) = (number(0) as u16, Uint8Array::new(&answer.get(1)).to_vec());
        if !(200..300).contains(&status) {
            let retry_after = answer.get(4).as_string();
            return Err(TransportError::refusal(status, retry_after.as_deref(), &body));
        }
        Ok(Self { status, body, bytes_up: number(2) as u64, bytes_down: number(3) as u64 })
    }

    fn decoded<R: for<'b> Decode<'b, ()>>(&self) -> Result<R, TransportError> {
        minicbor::decode(&self.body).map_err(|e| TransportError::unreadable(self.status, e))
    }
}

impl Transport for FetchTransport {
    async fn enrol(&self, request: &EnrolRequest) -> Result<EnrolResponse, TransportError> {
        Ok(self.ask("/v1/enrol", None, request).await?.response)
    }

    async fn renew_token(&self, request: &TokenRequest) -> Result<TokenResponse, TransportError> {
        Ok(self.ask("/v1/token", None, request).await?.response)
    }

    async fn sync(&self, credential: &Credential, request: &SyncRequest) -> Result<Answer, TransportError> {
        let exchange = self.ask::<_, SyncResponse>("/v1/sync", Some(credential), request).await?;
        let Exchange { response, bytes_up, bytes_down } = exchange;
        Ok(Answer { response, bytes_up, bytes_down })
    }

    async fn blob_progress(
        &self,
        token: &str,
        record: RecordId,
        hash: BlobHash,
    ) -> Result<BlobProgress, TransportError> {
        let path = format!("/v1/records/{record}/blobs/{hash}/offset");
        Answered::of(self.line.get(&path, &bearer(token)).await)?.decoded()
    }

    async fn put_blob_chunk(
        &self,
        token: &str,
        record: RecordId,
        hash: BlobHash,
        offset: u64,
        chunk: &[u8],
    ) -> Result<BlobProgress, TransportError> {
        let path = format!("/v1/records/{record}/blobs/{hash}/offset/{offset}");
        Answered::of(self.line.put(&path, &bearer(token), Uint8Array::from(chunk)).await)?.decoded()
    }

    async fn blob(&self, token: &str, record: RecordId, hash: BlobHash) -> Result<Vec<u8>, TransportError> {
        let path = format!("/v1/records/{record}/blobs/{hash}");
        Ok(Answered::of(self.line.get(&path, &bearer(token)).await)?.body)
    }
}

fn bearer(token: &str) -> String {
    Credential::Token(token.to_owned()).header()
}

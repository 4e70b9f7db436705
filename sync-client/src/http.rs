//! [`Transport`] over HTTP for laptops and the command line.
//!
//! Bodies are compressed here and not by the HTTP library, so that the bytes counted are the bytes that travelled.

use std::io::{Read, Write};
use std::time::Duration;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use minicbor::{Decode, Encode};
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Method, RequestBuilder};
use zhibu_domain::attachment::{BlobHash, MAX_PHOTO_BYTES};
use zhibu_domain::ids::RecordId;
use zhibu_domain::wire::{
    BlobProgress, EnrolRequest, EnrolResponse, SyncRequest, SyncResponse, TokenRequest, TokenResponse,
};

use crate::transport::{Answer, Credential, Transport, TransportError};

const CBOR: &str = "application/cbor";
/// Below this a gzip header costs about what it saves.
const COMPRESS_FROM_BYTES: usize = 512;
/// A page is a few MiB at most; more than this is not our server.
const MAX_ANSWER_BYTES: u64 = 64 << 20;
/// Village networks: slow to connect, slower to carry a first sync.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);

/// Speaks to the server at one address.
#[derive(Debug, Clone)]
pub struct HttpTransport {
    base: String,
    client: reqwest::Client,
}

struct Exchange<T> {
    response: T,
    bytes_up: u64,
    bytes_down: u64,
}

impl HttpTransport {
    /// A transport to this base address, e.g. `https://zhibu.example`.
    pub fn new(base: &str) -> Result<Self, TransportError> {
        let client = reqwest::Client::builder()
            .no_gzip()
            .no_zstd()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .build()
            .map_err(offline)?;
        Ok(Self { base: base.trim_end_matches('/').to_owned(), client })
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
        let (body, compressed) = pack(body)?;
        let bytes_up = body.len() as u64;
        let mut request = self.client.post(format!("{}{path}", self.base)).header(CONTENT_TYPE, CBOR);
        if compressed {
            request = request.header(CONTENT_ENCODING, "gzip");
        }
        if let Some(credential) = credential {
            request = request.header(AUTHORIZATION, credential.header());
        }
        let (response, bytes_down) = answer_of(request.body(body)).await?;
        Ok(Exchange { response, bytes_up, bytes_down })
    }

    fn blob_request(&self, method: Method, token: &str, record: RecordId, rest: &str) -> RequestBuilder {
        let address = format!("{}/v1/records/{record}/blobs/{rest}", self.base);
        self.client.request(method, address).header(AUTHORIZATION, format!("Bearer {token}"))
    }
}

/// Asks, and reads the answer and how many bytes it travelled in.
async fn answer_of<R>(request: RequestBuilder) -> Result<(R, u64), TransportError>
where
    R: for<'b> Decode<'b, ()>,
{
    let request = request.header(ACCEPT, CBOR).header(ACCEPT_ENCODING, "gzip");
    let answer = request.send().await.map_err(offline)?;
    let status = answer.status().as_u16();
    let retry_after = retry_after(&answer);
    let gzip = answer.headers().get(CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip");
    let bytes = receive(answer, MAX_ANSWER_BYTES).await?;
    let bytes_down = bytes.len() as u64;
    let bytes = if gzip { unpack(status, &bytes)? } else { bytes };
    if !(200..300).contains(&status) {
        return Err(TransportError::refusal(status, retry_after.as_deref(), &bytes));
    }
    let response = minicbor::decode(&bytes).map_err(|e| TransportError::unreadable(status, e))?;
    Ok((response, bytes_down))
}

impl Transport for HttpTransport {
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
        let request = self.blob_request(Method::GET, token, record, &format!("{hash}/offset"));
        Ok(answer_of(request).await?.0)
    }

    async fn put_blob_chunk(
        &self,
        token: &str,
        record: RecordId,
        hash: BlobHash,
        offset: u64,
        chunk: &[u8],
    ) -> Result<BlobProgress, TransportError> {
        let request = self.blob_request(Method::PUT, token, record, &format!("{hash}/offset/{offset}"));
        let request = request.header(CONTENT_TYPE, "application/octet-stream").body(chunk.to_vec());
        Ok(answer_of(request).await?.0)
    }

    async fn blob(&self, token: &str, record: RecordId, hash: BlobHash) -> Result<Vec<u8>, TransportError> {
        // A picture does not shrink any more, so nothing is packed.
        let request = self.blob_request(Method::GET, token, record, &hash.to_string());
        let answer = request.send().await.map_err(offline)?;
        let status = answer.status().as_u16();
        let retry_after = retry_after(&answer);
        let bytes = receive(answer, MAX_PHOTO_BYTES.into()).await?;
        match status {
            200..300 => Ok(bytes),
            _ => Err(TransportError::refusal(status, retry_after.as_deref(), &bytes)),
        }
    }
}

fn retry_after(answer: &reqwest::Response) -> Option<String> {
    answer.headers().get(RETRY_AFTER)?.to_str().ok().map(str::to_owned)
}

/// Reads the body piece by piece, so that an endless one ends at the limit and not with the memory.
async fn receive(mut answer: reqwest::Response, most_bytes: u64) -> Result<Vec<u8>, TransportError> {
    let status = answer.status().as_u16();
    let mut bytes = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(offline)? {
        if (bytes.len() + piece.len()) as u64 > most_bytes {
            return Err(TransportError::unreadable(status, "the answer is too long"));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

fn pack(body: Vec<u8>) -> Result<(Vec<u8>, bool), TransportError> {
    if body.len() < COMPRESS_FROM_BYTES {
        return Ok((body, false));
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&body).map_err(|e| TransportError::unreadable(0, e))?;
    let packed = encoder.finish().map_err(|e| TransportError::unreadable(0, e))?;
    Ok(if packed.len() < body.len() { (packed, true) } else { (body, false) })
}

fn unpack(status: u16, packed: &[u8]) -> Result<Vec<u8>, TransportError> {
    let mut bytes = Vec::new();
    let mut decoder = GzDecoder::new(packed).take(MAX_ANSWER_BYTES + 1);
    decoder.read_to_end(&mut bytes).map_err(|e| TransportError::unreadable(status, e))?;
    if bytes.len() as u64 > MAX_ANSWER_BYTES {
        return Err(TransportError::unreadable(status, "the answer unpacks to too much"));
    }
    Ok(bytes)
}

fn offline(error: reqwest::Error) -> TransportError {
    // The address is left out: it tells a reader of logs nothing new. The cause below tells why.
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(below) = cause {
        text = format!("{text}: {below}");
        cause = below.source();
    }
    TransportError::Offline(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_bodies_travel_plain_and_large_ones_packed() {
        let (small, packed) = pack(vec![7; 100]).unwrap();
        assert!(!packed && small == vec![7; 100]);
        let (large, packed) = pack(vec![7; 100_000]).unwrap();
        assert!(packed && large.len() < 1000);
        assert_eq!(unpack(200, &large).unwrap(), vec![7; 100_000]);
    }

    #[test]
    fn an_answer_that_unpacks_beyond_the_limit_is_refused() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let piece = vec![0; 1 << 20];
        for _ in 0..=64 {
            encoder.write_all(&piece).unwrap();
        }
        let bomb = encoder.finish().unwrap();
        assert!(matches!(unpack(200, &bomb), Err(TransportError::Unreadable { .. })));
    }
}

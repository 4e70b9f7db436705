//! Bodies in CBOR, read under a limit that counts what comes out of decompression.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use minicbor::{Decode, Decoder, Encode};
use zhibu_domain::wire::MAX_BODY_BYTES;

use crate::admission::Entry;
use crate::error::ApiError;
use crate::metrics::Stage;

/// The content type of the protocol.
pub(super) const CBOR: &str = "application/cbor";

/// A CBOR body: as an argument at most [`MAX_BODY_BYTES`] long when unpacked, as an answer of any length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cbor<T>(pub T);

impl<T, S> FromRequest<S> for Cbor<T>
where
    T: for<'b> Decode<'b, ()>,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let headers = request.headers();
        let is_cbor = headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(CBOR.as_bytes()));
        // The layer before removes the encodings that it undid; one that is left is not spoken here.
        let is_packed = headers.get(header::CONTENT_ENCODING).is_some_and(|value| value != "identity");
        if !is_cbor || is_packed {
            return Err(ApiError::UnsupportedMedia);
        }
        let receiving = Stage::Receive.begin();
        let (parts, body) = request.into_parts();
        let bytes = read_body(body, MAX_BODY_BYTES, parts.extensions.get()).await?;
        let value = decode(&bytes)?;
        receiving.end();
        Ok(Self(value))
    }
}

impl<T: Encode<()>> IntoResponse for Cbor<T> {
    fn into_response(self) -> Response {
        let writing = Stage::Answer.begin();
        let written = minicbor::to_vec(&self.0);
        writing.end();
        match written {
            Ok(bytes) => ([(header::CONTENT_TYPE, HeaderValue::from_static(CBOR))], bytes).into_response(),
            Err(error) => ApiError::internal(error).into_response(),
        }
    }
}

/// Reads chunk by chunk and stops at the first byte too many, so that a bomb costs no more than an honest body. What was
/// read counts against the memory that all requests together may take.
pub(super) async fn read_body(
    body: Body,
    limit: usize,
    entry: Option<&Arc<Entry>>,
) -> Result<Vec<u8>, ApiError> {
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk =
            chunk.map_err(|_| ApiError::Malformed("the body broke off or cannot be unpacked".into()))?;
        if bytes.len() + chunk.len() > limit {
            return Err(ApiError::TooLarge("request body".into()));
        }
        entry.map_or(Ok(()), |entry| entry.hold(chunk.len()))?;
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The whole of the bytes and nothing behind it.
fn decode<T: for<'b> Decode<'b, ()>>(bytes: &[u8]) -> Result<T, ApiError> {
    let mut decoder = Decoder::new(bytes);
    let value = decoder.decode().map_err(|error| {
        // The decoder's own words may quote the body.
        let at = error.position().map_or_else(String::new, |at| format!(" at byte {at}"));
        ApiError::Malformed(format!("not the CBOR that this endpoint reads{at}").into())
    })?;
    if decoder.position() == bytes.len() {
        Ok(value)
    } else {
        Err(ApiError::Malformed("bytes behind the end".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(content_type: &str, encoding: Option<&str>, body: Vec<u8>) -> Request {
        let mut request = Request::new(Body::from(body));
        request.headers_mut().insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        if let Some(encoding) = encoding {
            request.headers_mut().insert(header::CONTENT_ENCODING, encoding.parse().unwrap());
        }
        request
    }

    #[tokio::test]
    async fn a_body_is_read_whole_or_refused_by_its_own_code() {
        let read = async |request| Cbor::<Vec<u32>>::from_request(request, &()).await;
        let good = minicbor::to_vec(vec![1u32, 2]).unwrap();
        assert_eq!(read(request(CBOR, None, good.clone())).await.unwrap(), Cbor(vec![1, 2]));
        assert_eq!(read(request(CBOR, Some("identity"), good.clone())).await.unwrap(), Cbor(vec![1, 2]));
        let refused = [
            (request("application/json", None, good.clone()), "unsupported_media"),
            (request(CBOR, Some("br"), good.clone()), "unsupported_media"),
            (request(CBOR, None, [&good[..], &[0]].concat()), "malformed"),
            (request(CBOR, None, good[..2].to_vec()), "malformed"),
            // An array that claims 2^60 items.
            (request(CBOR, None, vec![0x9b, 0x10, 0, 0, 0, 0, 0, 0, 0]), "malformed"),
            (request(CBOR, None, vec![0; MAX_BODY_BYTES + 1]), "too_large"),
        ];
        for (request, code) in refused {
            assert_eq!(read(request).await.unwrap_err().code().as_str(), code);
        }
    }
}

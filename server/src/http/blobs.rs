//! `/v1/records/RECORD/blobs/HASH`: the pictures of a record, sent in pieces and read whole.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{self, HeaderMap, HeaderName};
use axum::response::{IntoResponse, Redirect, Response};
use zhibu_domain::attachment::BlobHash;
use zhibu_domain::ids::RecordId;
use zhibu_domain::wire::{BlobProgress, MAX_BLOB_CHUNK_BYTES};

use super::Cbor;
use super::cbor::read_body;
use crate::App;
use crate::admission::Entry;
use crate::auth::DeviceCaller;
use crate::blobs::{CACHED, Picture};
use crate::error::ApiError;

const OCTETS: &[u8] = b"application/octet-stream";

/// How much of a picture is there.
pub(super) async fn read_progress(
    caller: DeviceCaller,
    State(app): State<Arc<App>>,
    Path((record, hash)): Path<(String, String)>,
) -> Result<Cbor<BlobProgress>, ApiError> {
    let (record, hash) = named(&record, &hash)?;
    let ask = async move { app.blob_progress(&caller, record, hash).await };
    tokio::spawn(ask).await.map_err(ApiError::internal)?.map(Cbor)
}

/// One piece of a picture.
pub(super) async fn put_chunk(
    caller: DeviceCaller,
    State(app): State<Arc<App>>,
    Path((record, hash, offset)): Path<(String, String, String)>,
    entry: Option<Extension<Arc<Entry>>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Cbor<BlobProgress>, ApiError> {
    let (record, hash) = named(&record, &hash)?;
    let offset = offset.parse().map_err(|_| ApiError::NotFound)?;
    let is_octets = headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes() == OCTETS);
    // The layer before removes the encodings that it undid; one that is left is not spoken here.
    if !is_octets || headers.contains_key(header::CONTENT_ENCODING) {
        return Err(ApiError::UnsupportedMedia);
    }
    let piece = read_body(body, MAX_BLOB_CHUNK_BYTES, entry.as_deref()).await?;
    app.admission.picture(caller.account.id, piece.len() as u64)?;
    // A task of its own: when the phone hangs up, a write that has begun comes to its end before the next one.
    let put = async move { app.put_blob_chunk(&caller, record, hash, offset, &piece).await };
    tokio::spawn(put).await.map_err(ApiError::internal)?.map(Cbor)
}

/// The whole picture.
pub(super) async fn read_whole(
    caller: DeviceCaller,
    State(app): State<Arc<App>>,
    Path((record, hash)): Path<(String, String)>,
) -> Result<impl IntoResponse, ApiError> {
    let (record, hash) = named(&record, &hash)?;
    app.read_blob(&caller, record, hash).await.map(shown)
}

/// A picture as an answer, or the way to it: that holds for a minute, so nobody keeps it.
pub(super) fn shown(picture: Picture) -> Response {
    match picture {
        Picture::Bytes(blob, bytes) => {
            let headers: [(HeaderName, &str); 3] = [
                (header::CONTENT_TYPE, blob.mime.as_str()),
                (header::CACHE_CONTROL, CACHED),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ];
            (headers, bytes).into_response()
        }
        Picture::At(address) => {
            ([(header::CACHE_CONTROL, "no-store")], Redirect::temporary(address.as_str())).into_response()
        }
    }
}

/// Names in the path; one that is none names nothing.
fn named(record: &str, hash: &str) -> Result<(RecordId, BlobHash), ApiError> {
    record.parse().ok().zip(hash.parse().ok()).ok_or(ApiError::NotFound)
}

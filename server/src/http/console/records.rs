//! One record: read, reviewed, exported.

use axum::Json;
use axum::http::header;
use axum::response::IntoResponse;
use zhibu_domain::attachment::PhotoSize;
use zhibu_domain::ids::{EntryId, RecordId};

use super::extract::{InBody, InPath, InQuery};
use super::openapi::Errors;
use crate::console::StaffCaller;
use crate::console::history::{HistoryQuery, RecordHistory};
use crate::console::record::ActivityRecord;
use crate::console::review::{ReviewReply, ReviewRequest};
use crate::error::ApiError;
use crate::http::blobs::shown;

/// The merged record of an activity, with its merge cards.
#[utoipa::path(get, path = "/v1/console/records/{id}", tag = "records",
    params(("id" = String, Path, format = "uuid")),
    responses((status = 200, body = ActivityRecord), Errors))]
pub(super) async fn read_record(
    caller: StaffCaller,
    InPath(id): InPath<RecordId>,
) -> Result<Json<ActivityRecord>, ApiError> {
    caller.read_activity(id).await.map(Json)
}

/// Who wrote what when, slot by slot; for records of every kind.
#[utoipa::path(get, path = "/v1/console/records/{id}/history", tag = "records",
    params(("id" = String, Path, format = "uuid"), HistoryQuery),
    responses((status = 200, body = RecordHistory), Errors))]
pub(super) async fn read_history(
    caller: StaffCaller,
    InPath(id): InPath<RecordId>,
    InQuery(query): InQuery<HistoryQuery>,
) -> Result<Json<RecordHistory>, ApiError> {
    caller.read_history(id, &query).await.map(Json)
}

/// Says a review word about an activity.
#[utoipa::path(post, path = "/v1/console/records/{id}/review", tag = "records",
    params(("id" = String, Path, format = "uuid")), request_body = ReviewRequest,
    responses((status = 200, body = ReviewReply), Errors))]
pub(super) async fn review_record(
    caller: StaffCaller,
    InPath(id): InPath<RecordId>,
    InBody(request): InBody<ReviewRequest>,
) -> Result<Json<ReviewReply>, ApiError> {
    caller.review(id, request).await.map(Json)
}

/// A photo of an activity; `size` is `thumb` or `full`. Not found while its picture has not come.
#[utoipa::path(get, path = "/v1/console/records/{id}/attachments/{entry}/{size}", tag = "records",
    params(
        ("id" = String, Path, format = "uuid"),
        ("entry" = String, Path, format = "uuid"),
        ("size" = String, Path),
    ),
    responses(
        (status = 200, content_type = "image/*", body = Vec<u8>),
        (status = 307, description = "It is to be had there for a minute."),
        Errors,
    ))]
pub(super) async fn read_photo(
    caller: StaffCaller,
    InPath((id, entry, size)): InPath<(RecordId, EntryId, PhotoSize)>,
) -> Result<impl IntoResponse, ApiError> {
    caller.read_photo(id, entry, size).await.map(shown)
}

/// The record as a plain Automerge file that any Automerge implementation opens.
#[utoipa::path(get, path = "/v1/console/records/{id}/export", tag = "records",
    params(("id" = String, Path, format = "uuid")),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), Errors))]
pub(super) async fn export_record(
    caller: StaffCaller,
    InPath(id): InPath<RecordId>,
) -> Result<impl IntoResponse, ApiError> {
    let file = caller.export_record(id).await?;
    let name = format!("attachment; filename=\"{id}.automerge\"");
    let headers =
        [(header::CONTENT_TYPE, "application/octet-stream".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, file))
}

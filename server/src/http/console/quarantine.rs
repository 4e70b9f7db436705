//! What was refused.

use axum::Json;
use uuid::Uuid;

use super::extract::{InPath, InQuery};
use super::openapi::Errors;
use crate::console::StaffCaller;
use crate::console::paging::Page;
use crate::console::quarantine::{QuarantineItem, QuarantineQuery, QuarantineRow};
use crate::error::ApiError;

/// Refused changes and envelopes of the caller's scope, oldest first.
#[utoipa::path(get, path = "/v1/console/quarantine", tag = "quarantine", params(QuarantineQuery),
    responses((status = 200, body = Page<QuarantineRow>), Errors))]
pub(super) async fn list_quarantine(
    caller: StaffCaller,
    InQuery(query): InQuery<QuarantineQuery>,
) -> Result<Json<Page<QuarantineRow>>, ApiError> {
    caller.list_quarantine(&query).await.map(Json)
}

/// One item with its content in plain words.
#[utoipa::path(get, path = "/v1/console/quarantine/{id}", tag = "quarantine",
    params(("id" = String, Path, format = "uuid")),
    responses((status = 200, body = QuarantineItem), Errors))]
pub(super) async fn read_quarantined(
    caller: StaffCaller,
    InPath(id): InPath<Uuid>,
) -> Result<Json<QuarantineItem>, ApiError> {
    caller.read_quarantined(id).await.map(Json)
}

/// Lets a refused change in, with the caller's right.
#[utoipa::path(post, path = "/v1/console/quarantine/{id}/admit", tag = "quarantine",
    params(("id" = String, Path, format = "uuid")),
    responses((status = 200, body = QuarantineItem), Errors))]
pub(super) async fn admit_quarantined(
    caller: StaffCaller,
    InPath(id): InPath<Uuid>,
) -> Result<Json<QuarantineItem>, ApiError> {
    caller.admit_quarantined(id).await.map(Json)
}

/// Puts a refused item aside for good; its content stays.
#[utoipa::path(post, path = "/v1/console/quarantine/{id}/dismiss", tag = "quarantine",
    params(("id" = String, Path, format = "uuid")),
    responses((status = 200, body = QuarantineItem), Errors))]
pub(super) async fn dismiss_quarantined(
    caller: StaffCaller,
    InPath(id): InPath<Uuid>,
) -> Result<Json<QuarantineItem>, ApiError> {
    caller.dismiss_quarantined(id).await.map(Json)
}

//! Devices and the invites that they enrol with.

use axum::Json;
use axum::http::StatusCode;
use zhibu_domain::ids::{AccountId, DeviceId};

use super::extract::{InBody, InPath, InQuery};
use super::openapi::Errors;
use crate::console::StaffCaller;
use crate::console::device::{DeviceQuery, DeviceRow, InviteReply, InviteRequest, OwnedDevice};
use crate::console::paging::Page;
use crate::error::ApiError;

/// Issues an invite: single use, 72 hours. The link is shown this once.
#[utoipa::path(post, path = "/v1/console/accounts/{id}/invites", tag = "accounts",
    params(("id" = String, Path, format = "uuid")), request_body = InviteRequest,
    responses((status = 201, body = InviteReply), Errors))]
pub(super) async fn invite_device(
    caller: StaffCaller,
    InPath(id): InPath<AccountId>,
    InBody(request): InBody<InviteRequest>,
) -> Result<(StatusCode, Json<InviteReply>), ApiError> {
    let invite = caller.invite(id, request).await?;
    Ok((StatusCode::CREATED, Json(invite)))
}

/// An account's devices, oldest first.
#[utoipa::path(get, path = "/v1/console/accounts/{id}/devices", tag = "accounts",
    params(("id" = String, Path, format = "uuid")),
    responses((status = 200, body = Vec<DeviceRow>), Errors))]
pub(super) async fn list_devices(
    caller: StaffCaller,
    InPath(id): InPath<AccountId>,
) -> Result<Json<Vec<DeviceRow>>, ApiError> {
    caller.list_devices(id).await.map(Json)
}

/// Ends a device for good, at once.
#[utoipa::path(post, path = "/v1/console/devices/{id}/revoke", tag = "accounts",
    params(("id" = String, Path, format = "uuid")),
    responses((status = 200, body = DeviceRow), Errors))]
pub(super) async fn revoke_device(
    caller: StaffCaller,
    InPath(id): InPath<DeviceId>,
) -> Result<Json<DeviceRow>, ApiError> {
    caller.revoke_device(id).await.map(Json)
}

/// The phones and laptops of accounts of which the caller disposes, in the district's order of orgs.
#[utoipa::path(get, path = "/v1/console/devices", tag = "accounts", params(DeviceQuery),
    responses((status = 200, body = Page<OwnedDevice>), Errors))]
pub(super) async fn list_all_devices(
    caller: StaffCaller,
    InQuery(query): InQuery<DeviceQuery>,
) -> Result<Json<Page<OwnedDevice>>, ApiError> {
    caller.list_all_devices(&query).await.map(Json)
}

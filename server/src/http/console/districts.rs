//! The district and its words.

use axum::Json;

use super::openapi::Errors;
use crate::console::StaffCaller;
use crate::console::district::DistrictReply;
use crate::error::ApiError;

/// The district, and the Chinese words for every code that the rule book of today defines.
#[utoipa::path(get, path = "/v1/console/district", tag = "orgs",
    responses((status = 200, body = DistrictReply), Errors))]
pub(super) async fn read_district(caller: StaffCaller) -> Result<Json<DistrictReply>, ApiError> {
    caller.read_district().await.map(Json)
}

//! The audit log.

use axum::Json;

use super::extract::InQuery;
use super::openapi::Errors;
use crate::console::StaffCaller;
use crate::console::audit::{AuditPage, AuditQuery};
use crate::error::ApiError;

/// The audit log, oldest first; the first page says whether the chain holds. For district administrators.
#[utoipa::path(get, path = "/v1/console/audit", tag = "audit", params(AuditQuery),
    responses((status = 200, body = AuditPage), Errors))]
pub(super) async fn read_audit(
    caller: StaffCaller,
    InQuery(query): InQuery<AuditQuery>,
) -> Result<Json<AuditPage>, ApiError> {
    caller.read_audit(&query).await.map(Json)
}
